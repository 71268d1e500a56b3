"""Results that came after their run had ended: which of them wait for a person, and what they mean.

A run that a person took for not performed may have begun after all, and its trial may have been
performed a second time.
"""

from __future__ import annotations

from planner.ledger.entries import ResultArrived
from planner.ledger.replay import CampaignState
from planner.trials import BEGUN, Run, RunState, Trial, is_used

_UNKNOWN = frozenset({RunState.DISPATCHING, RunState.IN_DOUBT})


def late_results(state: CampaignState, trial: Trial) -> list[ResultArrived]:
    """Returns the results of a trial that came late and wait for a person, the last one last."""
    keys = {run.key for run in trial.runs}
    return [each for (key, _), each in state.late.items() if key in keys]


def describe_late(state: CampaignState) -> list[tuple[Trial, str]]:
    """Returns the trials of which late results wait for a person, each with what they mean."""
    runs = dict.fromkeys(key for key, _ in state.late)
    return [(trial, say_late(trial, run)) for trial, run in map(state.run_of, runs)]


def say_late(trial: Trial, run: Run) -> str:
    """Says what it means that a run told its result, or is at work, after it had been closed."""
    number = trial.number
    if run.state is RunState.VOID:
        again = [each for each in trial.runs if each.number > run.number and is_used(each)]
        if not again:
            return (
                f"Run {run.number} of trial {number} was said not to be performed, and its device "
                f"{_now(run)}"
            )
        verb = "may have been" if again[-1].state in _UNKNOWN else "was"
        return (
            f"Trial {number} {verb} performed twice: run {run.number} was said not to be "
            f"performed, and its device {_now(run)}; run {again[-1].number} is {again[-1].state}. "
            f"Count material for both"
        )
    if run.state is RunState.COMPLETED:
        return f"Run {run.number} of trial {number} has told another result than before"
    return f"A result of run {run.number} of trial {number} came after it was {run.state}"


def _now(run: Run) -> str:
    if run.heard_late is not None and run.heard_late not in BEGUN:
        return "has the order and may begin it"
    said = run.heard_late or "done"
    return f"says that it is {said}"
