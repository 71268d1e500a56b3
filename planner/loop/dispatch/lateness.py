"""Lateness: an order that a device refuses because it comes too late has done nothing.

The trial gets another run, and after a few it is let go. It is no failure: the settings may be as
good as any, and the device has nothing wrong with it.
"""

from __future__ import annotations

from datetime import datetime

from planner.ledger.entries import Record, RunMoved, TrialMoved
from planner.trials import Run, RunState, Trial, TrialState

MOST_LATE = 3  # orders of one trial that come too late, before it is let go

# Devices refuse by their own clock, which is at most half of an order's time ahead of ours: beyond
# that none is sent. What is refused earlier was refused for something else.
_EARLIEST = 0.5


def came_too_late(run: Run, refused_at: datetime) -> bool:
    """Tells whether a run that is refused at this time came too late for its device."""
    if run.not_after is None:
        return False
    return refused_at > run.opened_at + _EARLIEST * (run.not_after - run.opened_at)


def is_too_late(run: Run) -> bool:
    """Tells whether a run was refused because it came too late."""
    was_refused = run.state is RunState.REFUSED and run.heard_at is not None
    return was_refused and came_too_late(run, run.heard_at or run.opened_at)


def give_back(trial: Trial, run: Run, *, reason: str) -> list[Record]:
    """Returns the records of a run that came too late: the trial is approved again, or expires."""
    n = 1 + sum(map(is_too_late, trial.runs))
    why = f"{reason}; order {n} of {MOST_LATE}"
    records: list[Record] = [
        RunMoved(key=run.key, to=RunState.REFUSED, evidence=reason),
        TrialMoved(trial=trial.number, to=TrialState.APPROVED, reason=why),
    ]
    if n >= MOST_LATE:
        why = f"{MOST_LATE} orders came too late for the device, the last one: {reason}"
        records.append(TrialMoved(trial=trial.number, to=TrialState.EXPIRED, reason=why))
    return records
