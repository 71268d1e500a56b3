"""Charging: what counts against the budget, which is what was used up or may have been."""

from __future__ import annotations

from planner.trials.records import Run, Trial
from planner.trials.states import (
    CHARGED,
    CHARGED_AS_USED,
    TERMINAL_TRIALS,
    DeviceState,
    RunState,
)

_NOTHING_DONE = frozenset({RunState.VOID, RunState.REFUSED})
# what a device says of a run that has used something up, or may have
BEGUN = frozenset(
    {
        DeviceState.STARTED,
        DeviceState.PAUSED,
        DeviceState.DONE,
        DeviceState.FAILED,
        DeviceState.ABORTED,
    }
)


def is_used(run: Run) -> bool:
    """Tells whether a run used something up, or may have.

    One that a person took for not performed did, where the device said later that it had begun.
    """
    is_nothing = run.state in _NOTHING_DONE or run.was_never_taken
    return not is_nothing or run.heard_late in BEGUN


def is_charged(trial: Trial) -> bool:
    """Tells whether a trial that has ended counts against the budget."""
    if trial.state in CHARGED:
        return True
    if trial.state in TERMINAL_TRIALS and trial.observation is not None:
        return True  # its result came late
    return trial.state in CHARGED_AS_USED and any(map(is_used, trial.runs))
