"""Leases of devices, what devices said, and the emergency stop: each on every kind of database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.clock import ManualClock
from planner.errors import HeldByAnother, Refused, StaleWrite
from planner.ledger import Expectation, Holder, Ledger
from planner.ledger.entries import Noted, StopCleared, StopLatched
from planner.trials import Heartbeat, TrialState
from tests.ledger.ledger_records import CAMPAIGN, begin, moved, proposed, run_opened

ELSEWHERE = Holder(host="lab-2", pid=41, boot_id="b", process_started=7.5)


def test_the_token_rises_with_every_taking_and_over_all_campaigns(ledger: Ledger) -> None:
    tokens = []
    for _ in range(3):
        lease = ledger.take_device("robot")
        tokens.append(lease.epoch)
        ledger.release(lease)
    assert tokens == [1, 2, 3]


def test_a_device_under_two_names_obeys_whoever_came_last(ledger: Ledger) -> None:
    """Nobody may have noticed that two names lead to it; its tokens rise all the same."""
    tokens = [ledger.take_device(name).epoch for name in ("robot", "arm")]
    assert tokens == [1, 2]


def test_a_second_driver_is_refused_even_in_the_same_process(ledger: Ledger) -> None:
    ledger.take_device("robot")
    with pytest.raises(HeldByAnother, match="Source 'robot' is held by process"):
        ledger.take_device("robot")


def test_a_device_lease_that_has_run_out_is_taken_and_its_token_is_stale(
    ledger: Ledger, clock: ManualClock
) -> None:
    begin(ledger)
    ledger.take_device("robot", holder=ELSEWHERE)
    clock.wait_s(30)
    assert ledger.take_device("robot").epoch == 2
    for token, is_held in ((1, False), (2, True)):
        expect = Expectation(source="robot", token=token)
        if is_held:
            ledger.append(CAMPAIGN, [Noted(text="sent")], author="planner", expect=expect)
        else:
            with pytest.raises(StaleWrite, match="the token is 2 now"):
                ledger.append(CAMPAIGN, [Noted(text="sent")], author="planner", expect=expect)
    assert sum(entry.record.kind == "noted" for entry in ledger.read()) == 1


def test_what_a_device_said_last_is_kept_with_who_spoke_to_it(
    ledger: Ledger, clock: ManualClock
) -> None:
    def note(campaign: str) -> None:
        ledger.note_device(
            "robot", delivery="keyed", simulated=False, campaign=campaign, folder=Path("/lab")
        )

    note("bench")
    note("next")
    heard = Heartbeat(
        boot_id="b2", sequence=7, at=datetime(2026, 1, 1, tzinfo=UTC), state="busy",
        current_key="next/1/1", ledger=ledger.id,
    )  # fmt: skip
    ledger.note_heartbeat("robot", heard)
    ledger.note_heartbeat("never noted", heard)
    (row,) = ledger.devices()
    assert (row.name, row.campaign) == ("robot", "next")
    assert (row.boot_id, row.heartbeat_sequence, row.current_key) == ("b2", 7, "next/1/1")
    assert row.heartbeat_at == clock.now()


def test_the_emergency_stop_refuses_dispatch_and_nothing_else(ledger: Ledger) -> None:
    begin(ledger, [proposed(1), moved(1, TrialState.APPROVED)])
    to_run = [moved(1, TrialState.RUNNING), run_opened(1)]
    ledger.latch_stop(by="mara", reason="smoke")
    with pytest.raises(Refused, match=r"emergency stop is on since .* \(by mara\)"):
        ledger.append(CAMPAIGN, to_run, author="planner")
    ledger.append(CAMPAIGN, [Noted(text="window opened")], author="mara")
    ledger.latch_stop(by="ben", reason="again")
    latch = ledger.latch()
    assert latch is not None
    assert latch.by == "mara"
    ledger.clear_stop(by="mara", reason="a candle")
    assert ledger.latch() is None
    ledger.append(CAMPAIGN, to_run, author="planner")
    assert ledger.trial_rows(CAMPAIGN)[0].state is TrialState.RUNNING
    kinds = [type(e.record) for e in ledger.read() if "stop " in e.record.kind]
    assert kinds == [StopLatched, StopLatched, StopCleared]


def test_nothing_is_cleared_that_is_not_on(ledger: Ledger) -> None:
    with pytest.raises(Refused, match="not on"):
        ledger.clear_stop(by="mara", reason="")
