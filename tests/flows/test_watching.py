"""What the supervisor concludes from the ledger about a stretch that it has asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.watching import BOOKKEEPING_S, Outlook, Watched
from planner.clock import ManualClock
from planner.ledger import Ledger, open_ledger, this_process
from planner.loop.sessions.desk import Place

CAMPAIGN = """
schema: 1
campaign: bench
parameters:
  temperature: {low: 100, high: 150, unit: degC}
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
objectives: [{aim: maximise, outcome: yield}]
sources:
  oven: {kind: person}
budget: {trials: 5}
policy: {start: 5}
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 5, 8, tzinfo=UTC))


@pytest.fixture
def watched(tmp_path: Path, clock: ManualClock) -> Iterator[Watched]:
    (tmp_path / "bench.yaml").write_text(CAMPAIGN)
    watched = Watched(Place(file=tmp_path / "bench.yaml"), on_message=print, clock=clock)
    yield watched
    watched.close()


@pytest.fixture
def ledger(tmp_path: Path, watched: Watched, clock: ManualClock) -> Iterator[Ledger]:
    """The same ledger, as the process of a stretch has it open."""
    ledger = open_ledger(tmp_path / "bench.planner" / "ledger.db", clock=clock, create=False)
    yield ledger
    ledger.close()


def test_a_stretch_that_let_the_lease_go_has_had_its_turn_once_it_could_say_so(
    watched: Watched, ledger: Ledger, clock: ManualClock
) -> None:
    assert watched.look() is Outlook.DUE
    watched.note_start()
    clock.wait_s(100.0)  # it is still on its way to the lease
    assert watched.look() is Outlook.DUE
    assert not watched.has_had_its_turn()
    lease = ledger.take("bench", holder=this_process())
    assert watched.look() is Outlook.AT_WORK
    assert not watched.has_had_its_turn()
    ledger.release(lease)
    assert watched.look() is Outlook.DUE
    clock.wait_s(BOOKKEEPING_S - 1)
    assert not watched.has_had_its_turn()
    clock.wait_s(1.0)
    assert watched.has_had_its_turn()
    watched.note_start()  # the next one is on its way
    assert not watched.has_had_its_turn()
    ledger.release(ledger.take("bench", holder=this_process()))  # between two looks
    assert watched.look() is Outlook.DUE
    assert not watched.has_had_its_turn(), "it may still be telling Prefect"
    clock.wait_s(BOOKKEEPING_S)
    assert watched.has_had_its_turn()
