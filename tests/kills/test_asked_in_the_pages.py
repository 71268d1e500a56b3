"""What people ask in Prefect's pages: each word drains the campaign, and only 'go' ends that."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from campaigns_under_fire import PATIENCE_S
from kill_bench import Bench, until

from planner.errors import Refused
from planner.ledger.entries import TrialMoved, TrialProposed
from planner.loop.people import want
from planner.loop.sessions.desk import Place, at_work
from planner.trials import Proposal, TrialState, Wanted

pytestmark = [pytest.mark.slow, pytest.mark.prefect, pytest.mark.timeout(600)]

RANDOM = "acquisition: random"  # waits for no model
TRIALS = 500
PEOPLE_ASKED = 3  # exit code
N_WAITING = 4


@pytest.fixture
def bench(tmp_path: Path, started_home: Path) -> Iterator[Bench]:
    with Bench(tmp_path, trials=TRIALS, latency_s=0.5, policy=RANDOM, home=started_home) as made:
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Bench]:
    """Another campaign with a lab of its own, to be deployed on the server of the first one."""
    (tmp_path / "other").mkdir()
    folder = tmp_path / "other"
    with Bench(folder, trials=TRIALS, latency_s=0.5, policy=RANDOM, name="other") as made:
        yield made


def test_a_run_drains_when_it_is_cancelled_or_suspended_and_goes_on_only_when_told(
    bench: Bench,
) -> None:
    pages = Pages(bench)
    planner = bench.planner("run", str(bench.file))
    await_acts(bench)
    let_some_wait(bench)
    assert pages.suspend("bench") == "ACCEPT"
    await_wish(bench, "suspended")
    go(bench)  # it is still draining
    await_acts(bench)
    let_some_wait(bench)
    assert pages.cancel("bench") == "ACCEPT"
    assert planner.wait(timeout=PATIENCE_S) == PEOPLE_ASKED
    assert_drained(bench)
    assert_told_once(bench, ["suspended", "cancelled"])
    assert "asked to drain by Prefect's pages" in (bench.folder / "out.txt").read_text()


def test_served_campaigns_drain_by_their_next_stretches_and_go_on_without_a_restart(
    bench: Bench, other: Bench
) -> None:
    """One campaign under ``planner up`` is cancelled, one that was deployed there is suspended.

    The other word means the same to either: it is the stretch that enters it, and what the
    supervisor makes of both is in tests/flows/test_asked.py.
    """
    pages = Pages(bench)
    bench.planner("up", str(bench.file))
    await_acts(bench)  # so the server is there
    home = str(bench.folder / ".prefect")
    other.planner("deploy", str(other.file), "--interval", "15", "--home", home)
    let_some_wait(bench)
    assert pages.cancel("bench") == "ACCEPT"
    await_wish(bench, "cancelled")
    await_acts(other)
    let_some_wait(other)
    assert pages.suspend("other") == "ACCEPT"
    await_wish(other, "suspended")
    await_drain(bench)
    go(bench)
    await_drain(other)
    assert_told_once(other, ["suspended"])
    assert "Suspended" not in bench.flow_run_states(), "the pages offer a resume"
    await_acts(bench)
    assert_told_once(bench, ["cancelled"])


class Pages:
    """Sends what Prefect's pages send.

    Args:
        bench: whose server.
    """

    def __init__(self, bench: Bench) -> None:
        self._address = bench.folder / ".prefect" / "server.json"

    def cancel(self, campaign: str) -> str:
        return self._ask(campaign, {"state": {"type": "CANCELLING", "name": "Cancelling"}})

    def suspend(self, campaign: str) -> str:
        in_five_minutes = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        details = {"pause_timeout": in_five_minutes, "pause_reschedule": True}
        state = {"type": "PAUSED", "name": "Suspended", "state_details": details}
        return self._ask(campaign, {"state": state, "force": True})

    def _ask(self, campaign: str, body: object) -> str:
        """Ask it of the campaign's running stretch; return the answer's status."""
        found: list[dict[str, Any]] = []
        until(
            lambda: bool(found.extend(self._running(campaign)) or found),
            within_s=PATIENCE_S,
            what="a stretch runs",
        )
        return str(self._post(f"flow_runs/{found[0]['id']}/set_state", body)["status"])

    def _running(self, campaign: str) -> list[dict[str, Any]]:
        of_it = {"state": {"type": {"any_": ["RUNNING"]}}, "tags": {"all_": [campaign]}}
        found: list[dict[str, Any]] = self._post("flow_runs/filter", {"flow_runs": of_it})
        return found

    def _post(self, path: str, body: object) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{json.loads(self._address.read_text())['port']}/api/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read())


def go(bench: Bench) -> None:
    """Do what ``planner go`` does."""
    with at_work(Place(file=bench.file), with_lab=False, may_begin=False) as session:
        want(session, Wanted.RUN, reason="go")


def let_some_wait(bench: Bench) -> None:
    """Bring trials that are approved and wait for their turn; the campaign may be at work."""
    for k in range(N_WAITING):
        settings = {"temperature": 110.0 + k, "flow": 2.5}
        until(lambda: is_entered(bench, settings), within_s=60, what="a trial waits")  # noqa: B023


def is_entered(bench: Bench, settings: dict[str, float]) -> bool:
    with at_work(Place(file=bench.file), with_lab=False, may_begin=False) as session:
        number = session.state.next_trial
        proposal = Proposal(origin="random", reason="A test's.", seed=0, seen=0)
        proposed = TrialProposed(
            trial=number, configuration=settings, proposal=proposal, source="robot"
        )
        with suppress(Refused):  # the planner has just proposed one of this number
            session.write([proposed, TrialMoved(trial=number, to=TrialState.APPROVED)])
            return True
    return False


def await_acts(bench: Bench) -> None:
    before = bench.n_acts()
    until(lambda: bench.n_acts() >= before + 2, within_s=PATIENCE_S, what="two more acts")


def await_wish(bench: Bench, word: str) -> None:
    until(
        lambda: wishes(bench)[-1:] and wishes(bench)[-1]["reason"].startswith(word),
        within_s=60,
        what=f"the ledger says that it was {word}",
    )


def await_drain(bench: Bench) -> None:
    until(
        lambda: set(bench.count().trials) == {"completed"},
        within_s=PATIENCE_S,
        what="all that was approved has come to its end",
    )
    assert_drained(bench)


def assert_drained(bench: Bench) -> None:
    """Check that all was performed once, what waited too, and nothing proposed since."""
    count = bench.count()
    assert count.acts == count.distinct < TRIALS
    assert count.keys_agree
    assert set(count.trials) == {"completed"}
    *_, last = wishes(bench)
    assert last["wanted"] == "drain"
    query = f"select count(*) from entries where kind = 'trial proposed' and sequence > {last['n']}"
    assert read(bench, query) == [(0,)]


def assert_told_once(bench: Bench, words: list[str]) -> None:
    """Check that the ledger names each act in the pages once, and where it was done."""
    told = [said for said in wishes(bench) if said["act"]]
    assert [said["reason"] for said in told] == [f"{word} in Prefect's pages" for word in words]
    assert {said["author"] for said in told} == {"Prefect's pages"}


def wishes(bench: Bench) -> list[dict[str, Any]]:
    """Return what was wanted of the campaign, as its ledger says."""
    query = "select sequence, author, body from entries where kind = 'wanted set' order by 1"
    return [{"n": n, "author": who, **json.loads(what)} for n, who, what in read(bench, query)]


def read(bench: Bench, query: str) -> list[Any]:
    with closing(sqlite3.connect(bench.ledger)) as ledger:
        return list(ledger.execute(query))
