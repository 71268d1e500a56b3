"""planner labs check: what it says before it begins, what it refuses, what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from planner.clock import SystemClock
from planner.device import Agent
from planner.ledger import open_ledger
from tests.cli.conftest import Typed, typed
from tests.device.devices import make_order, write_device
from tests.free_ports import free_port
from tests.labs.broken_devices import device_process
from tests.labs.test_checking_labs import CAMPAIGN

__all__ = ["typed"]  # the fixture


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A good device, and a campaign for it in the folder where commands are typed."""
    (tmp_path / "clear.token").write_text("a person's")
    (tmp_path / "clear.token").chmod(0o600)
    port = free_port()
    file = write_device(
        tmp_path,
        act={
            "kind": "virtual",
            "outcomes": {"yield": {"formula": "2 * temperature", "unit": "percent"}},
            "duration": 1.0,  # long enough to be taken back on a busy machine
        },
        http={"port": port, "clear_token": {"file": "clear.token"}},
    )
    where = f"http://127.0.0.1:{port}"
    (tmp_path / "growth.yaml").write_text(
        CAMPAIGN.replace("SOURCE", f"kind: http\n    url: {where}")
    )
    with device_process(Agent, file):
        yield where


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def bound_to(url: str) -> str:
    return str(httpx.get(f"{url}/status").json()["ledger"])


def test_a_check_says_first_what_it_will_do_and_leaves_the_device_as_it_was(
    typed: Typed, url: str, tmp_path: Path
) -> None:
    restart = "false; echo no shell reads this"
    ended = typed(
        "labs",
        "check",
        "growth.yaml",
        "--yes",
        "--clear-token",
        "clear.token",
        "--restart",
        restart,
    )
    assert ended.code == 3  # none is broken, and those about restarts were not tried
    said = in_one_line(ended.out)
    for words in (
        "This performs real runs at furnace: one to its end, one that is taken back, "
        "one that a restart cuts off.",
        "temperature = 60.0 degC",
        "It tries the 22 promises of class keyed, in the name of ledger check-",
        f"The device is restarted twice, by: {restart}",
        "kept answers: the first order was answered",
        "kept refuses stale tokens: heard 2, then 1: an order and an abort were refused.",
        "not tried keeps keys: false; did not restart it: [Errno 2] No such file",
        "22 promises: 17 kept, 0 broken, 5 not tried.",
        "What remains: The device keeps the keys check-",
    ):
        assert words in said, words
    assert bound_to(url) == ""
    assert "It obeys" not in said
    assert not list(tmp_path.glob("*.planner"))


def test_without_a_clear_token_it_says_before_and_after_whom_the_device_obeys(
    typed: Typed, url: str
) -> None:
    ended = typed("labs", "check", "growth.yaml", "temperature=313.15K", "--yes", "--json")
    assert ended.code == 3
    facts = ended.facts
    name = bound_to(url)
    assert name.startswith("check-")
    assert "Without --clear-token it obeys that ledger afterwards" in in_one_line(ended.err)
    assert "temperature = 40.0 degC" in ended.err
    assert "Nobody restarts the device, so what it knows then is not tried" in ended.err
    assert any(name in line and "--release REASON" in line for line in facts["remains"])
    (stops,) = [each for each in facts["promises"] if each["promise"] == "stops"]
    assert stops["finding"] == "not tried"
    again = typed("labs", "check", "growth.yaml", "--yes")
    assert again.code == 4
    assert f"obeys ledger {name}, and no ledger is here yet" in in_one_line(again.err)


@pytest.mark.slow
def test_nothing_is_sent_to_a_device_that_a_campaign_holds_or_that_is_at_work(
    typed: Typed, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = ("labs", "check", "growth.yaml", "--yes")
    ledger = open_ledger(tmp_path / "growth.planner" / "ledger.db", clock=SystemClock())
    lease = ledger.take_device("furnace")
    held = typed(*check)
    ledger.release(lease)
    ledger.latch_stop(by="ada", reason="smoke")
    stopped = typed(*check)
    ledger.clear_stop(by="ada", reason="aired")
    assert (held.code, stopped.code) == (4, 4)
    assert "furnace" in held.err
    assert "emergency stop is on" in in_one_line(stopped.err)
    httpx.post(f"{url}/stop", json={"by": "ada", "reason": "smoke"})
    locked = typed(*check)
    assert "says that it is stopped (stopped by ada: smoke)" in in_one_line(locked.err)
    assert bound_to(url) == ""
    httpx.post(
        f"{url}/clear",
        json={"by": "ada", "reason": "aired"},
        headers={"authorization": "Bearer a person's"},
    )
    # a device of the campaign's own ledger is spoken to in its name, with its tokens
    token = ledger.take_device("furnace")
    order = make_order(token=token.epoch, ledger=ledger.id)
    assert httpx.put(f"{url}/jobs/c/1/1", json=order).status_code == 200
    ledger.release(token)
    while httpx.get(f"{url}/status").json()["current_key"]:
        pass
    ended = typed(*check, "--clear-token", "clear.token")
    assert ended.code == 3
    assert "0 broken" in ended.out
    assert f"It obeys ledger {ledger.id}, as its campaigns do." in in_one_line(ended.out)
    assert bound_to(url) == ledger.id
    ledger.close()


REFUSED = [
    ([], 4, "Nothing was sent: it performs real runs. Say --yes"),
    (["--source", "oven", "--yes"], 2, "Trials of growth.yaml run at 'furnace', not at 'oven'"),
    (["--device", "left", "--yes"], 2, "has no device 'left'"),
    (["temperature=2000", "--yes"], 2, "outside 20 to 100 degC"),
    (["--clear-token", "env:NO_SUCH", "--yes"], 2, "has no variable NO_SUCH, which holds the"),
    (["--restart", "", "--yes"], 2, "--restart names no command"),
]


def test_what_cannot_be_checked_is_refused_before_anything_is_sent(typed: Typed, url: str) -> None:
    for arguments, code, words in REFUSED:
        ended = typed("labs", "check", "growth.yaml", *arguments)
        assert ended.code == code, arguments
        assert words in in_one_line(ended.err)
    assert bound_to(url) == ""


def test_a_source_without_a_device_is_not_checked(typed: Typed, tmp_path: Path) -> None:
    head, _, tail = CAMPAIGN.partition("sources:")
    person = f"{head}sources: {{ada: {{kind: person}}}}\nbudget:{tail.partition('budget:')[2]}"
    (tmp_path / "growth.yaml").write_text(person)
    ended = typed("labs", "check", "growth.yaml", "--yes")
    assert ended.code == 2
    assert "is of kind person, behind which no device speaks" in in_one_line(ended.err)
