"""The verbs that stop a campaign and let it go on, against a process that is at work on it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from planner.clock import SystemClock
from planner.errors import UnknownName
from planner.ledger import open_ledger
from tests.cli.conftest import Typed
from tests.cli.desks import Desk
from tests.loop.conftest import campaign_text

DEADLINE_S = 60.0


@pytest.fixture
def at_work(desk: Desk) -> Iterator[Desk]:
    text = campaign_text(
        source="capacity: 2", budget="trials: 1000", policy="start: 100", stop="failures: 900"
    )
    (desk.folder / "bench.yaml").write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(desk.project / "tests" / "cli" / "stopping_program.py")],
        cwd=desk.folder,
        env=desk.environment(),
        stdin=subprocess.PIPE,
    )
    try:
        yield desk
        assert process.poll() is None, "it ended by itself"
    finally:
        process.communicate(timeout=30)


def records_since(desk: Desk, wanted: str) -> list[dict[str, Any]]:
    """Returns the records after the last one that says what is wanted."""
    records = [each["record"] for each in desk.records("bench")]
    last = max(
        i
        for i, each in enumerate(records)
        if each["kind"] == "wanted set" and each["wanted"] == wanted
    )
    return records[last + 1 :]


def kinds(records: list[dict[str, Any]]) -> set[str]:
    return {each["kind"] for each in records}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def standing(desk: Desk) -> Counter[str]:
    """Returns how many trials are in each state."""
    place = desk.folder / "bench.planner" / "ledger.db"
    ledger = open_ledger(place, clock=SystemClock(), create=False)
    try:
        return Counter(str(each.state) for each in ledger.trial_rows("bench"))
    finally:
        ledger.close()


@pytest.mark.slow
def test_each_verb_does_what_it_says_to_a_process_at_work(at_work: Desk, typed: Typed) -> None:
    """Hold proposes and sends nothing, drain the other way about, pause neither, go both."""

    def have_ended() -> int:
        try:
            return at_work.kinds("bench").count("outcomes observed")
        except UnknownName:  # it has not begun
            return 0

    until(lambda: have_ended() >= 2)

    typed("stop", "bench.yaml", "--dispatching", "--reason", "the pump is primed")
    until(lambda: standing(at_work)["approved"] == 2)  # as many as have a place
    assert not standing(at_work).keys() & {"running"}
    since = records_since(at_work, "hold")
    assert "run opened" not in kinds(since)
    assert "trial proposed" in kinds(since)

    typed("stop", "bench.yaml", "--proposing")
    until(lambda: not standing(at_work).keys() & {"approved", "running"})
    since = records_since(at_work, "drain")
    assert [each["kind"] for each in since].count("run opened") == 2
    assert "trial proposed" not in kinds(since)

    typed("go", "bench.yaml")
    ended = have_ended()
    until(lambda: have_ended() >= ended + 4)
    assert {"trial proposed", "run opened"} <= kinds(records_since(at_work, "run"))

    said = typed("stop", "bench.yaml", "--reason", "lunch").out
    assert "nothing is proposed or sent to a device; what runs there runs to its end" in said
    until(lambda: "running" not in standing(at_work))
    for _ in range(3):  # and it stays like that
        standing(at_work)
    assert not kinds(records_since(at_work, "pause")) & {"trial proposed", "run opened"}
    assert "It was so before." in typed("stop", "bench.yaml").out
    reasons = [
        each["record"]["reason"]
        for each in at_work.records("bench")
        if each["record"]["kind"] == "wanted set"
    ]
    assert reasons == ["the pump is primed", "", "", "lunch"]
