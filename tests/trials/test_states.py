"""The life cycle of trials and runs, against the tables of the dispatch contract.

The tables are written out here a second time, in words, so that a change on either side is seen.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from planner.errors import Refused
from planner.trials import (
    CHARGED,
    CHARGED_AS_USED,
    PENDING,
    RESERVED,
    TERMINAL_RUNS,
    TERMINAL_TRIALS,
    DeviceState,
    RunState,
    TrialState,
    Wanted,
    check_run_move,
    check_trial_move,
)
from tests.strategies.trials import run_histories, trial_histories

# state: pending for the model, charged to the budget, leads to
TRIALS: dict[str, tuple[bool, str, str]] = {
    "proposed": (False, "no", "awaiting approval, approved, rejected, expired, superseded"),
    "awaiting approval": (True, "no", "approved, rejected, expired, superseded"),
    "approved": (True, "reserved", "running, held, expired, aborted"),
    "held": (True, "reserved", "approved, rejected, expired, aborted"),
    "running": (
        True,
        "reserved",
        "completed, failed by machine, failed by process, aborted, expired, in doubt, approved",
    ),
    # evidence or a verdict: performed with or without a result, partly, or not at all; the run is
    # found open again, or ended
    "in doubt": (
        True,
        "reserved",
        "running, completed, failed by machine, failed by process, aborted, approved",
    ),
    "completed": (False, "charged", ""),
    "failed by process": (False, "charged", ""),
    "failed by machine": (False, "as used", ""),
    "aborted": (False, "as used", ""),
    "rejected": (False, "no", ""),
    "expired": (False, "no", ""),
    "superseded": (False, "no", ""),
}

# state: leads to; states that a fast device skips are entered together, so that an open run may
# go straight to what a later one leads to
RUNS: dict[str, str] = {
    "dispatching": "accepted, refused, completed, failed, void, in doubt",
    "accepted": "started, completed, failed, refused, aborting, aborted, in doubt",
    "started": "paused, adjusting, completed, failed, aborting, aborted, in doubt",
    "paused": "started, adjusting, completed, failed, aborting, aborted, in doubt",
    "adjusting": "started, completed, failed, aborting, aborted, in doubt",
    "aborting": "completed, failed, aborted, in doubt",
    "in doubt": "accepted, started, completed, failed, aborting, aborted, void",
    "completed": "",
    "failed": "",
    "aborted": "",
    "refused": "",
    "void": "",
}

# What the planner allows beyond the table, and why.
SKIPPED: dict[str, str] = {
    # a device that answers an order with a later word than accepted: accepted is skipped
    "dispatching": "started, paused, aborted, aborting",
    "accepted": "paused",  # started is skipped
    "adjusting": "paused",  # started is skipped
    "in doubt": "paused",  # started is skipped
}


def words(text: str) -> set[str]:
    return set(filter(None, text.split(", ")))


def test_every_state_is_in_the_table() -> None:
    assert set(TrialState) == set(TRIALS)
    assert set(RunState) == set(RUNS)
    assert {each.value for each in DeviceState} == words(
        "accepted, refused, started, paused, done, failed, aborted, unknown"
    )
    assert {each.value for each in Wanted} == words("run, drain, hold, pause")


@pytest.mark.parametrize(("now", "to"), list(itertools.product(TrialState, TrialState)))
def test_a_trial_goes_where_the_table_leads(now: TrialState, to: TrialState) -> None:
    if to in words(TRIALS[now][2]):
        check_trial_move(7, now=now, to=to)
    else:
        with pytest.raises(Refused, match=f"Trial 7 is {now}"):
            check_trial_move(7, now=now, to=to)


@pytest.mark.parametrize(("now", "to"), list(itertools.product(RunState, RunState)))
def test_a_run_goes_where_the_table_leads(now: RunState, to: RunState) -> None:
    if to in words(RUNS[now]) | words(SKIPPED.get(now, "")):
        check_run_move("c/1/1", now=now, to=to)
    else:
        with pytest.raises(Refused, match=f"Run c/1/1 is {now}"):
            check_run_move("c/1/1", now=now, to=to)


def test_what_is_skipped_could_be_reached_one_state_at_a_time() -> None:
    """By moves of the table, none of them through doubt, that a fast device does not tell."""
    told = {state: words(leads) - {"in doubt"} for state, leads in RUNS.items()}
    for now, skipped in SKIPPED.items():
        assert words(skipped) <= _reachable(told, now)


def test_pending_reserved_and_charged_are_those_of_the_table() -> None:
    assert {state for state, (pending, _, _) in TRIALS.items() if pending} == PENDING
    assert {state for state, (_, budget, _) in TRIALS.items() if budget == "reserved"} == RESERVED
    assert {state for state, (_, budget, _) in TRIALS.items() if budget == "charged"} == CHARGED
    as_used = {state for state, (_, budget, _) in TRIALS.items() if budget == "as used"}
    assert as_used == CHARGED_AS_USED


def test_what_leads_nowhere_is_terminal() -> None:
    assert {state for state, (_, _, leads) in TRIALS.items() if not leads} == TERMINAL_TRIALS
    assert {state for state, leads in RUNS.items() if not leads} == TERMINAL_RUNS


def test_an_end_says_that_it_is_one() -> None:
    with pytest.raises(Refused, match="completed, which is an end: it cannot become running"):
        check_trial_move(7, now=TrialState.COMPLETED, to=TrialState.RUNNING)


@given(trial_histories())
def test_no_trial_is_run_without_approval_or_changed_after_its_end(
    history: list[TrialState],
) -> None:
    for state in history[:-1]:
        assert state not in TERMINAL_TRIALS
    if TrialState.RUNNING in history:
        assert TrialState.APPROVED in history[: history.index(TrialState.RUNNING)]


@given(run_histories())
def test_only_evidence_leads_out_of_doubt(history: list[RunState]) -> None:
    """Out of doubt no run goes back to dispatching: nothing is sent again."""
    assert history.count(RunState.DISPATCHING) == 1
    for state in history[:-1]:
        assert state not in TERMINAL_RUNS


def test_every_state_can_be_reached_and_every_open_one_can_end() -> None:
    for leads, start, ends in (
        ({state: words(row[2]) for state, row in TRIALS.items()}, "proposed", TERMINAL_TRIALS),
        ({state: words(row) for state, row in RUNS.items()}, "dispatching", TERMINAL_RUNS),
    ):
        assert _reachable(leads, start) == set(leads)
        for state in leads:
            assert _reachable(leads, state) & set(ends)


def _reachable(leads: dict[str, set[str]], start: str) -> set[str]:
    found, new = {start}, {start}
    while new:
        new = {to for state in new for to in leads[state]} - found
        found |= new
    return found
