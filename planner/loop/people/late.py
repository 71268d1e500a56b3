"""Results that came after their run had ended: a person takes one in, or leaves them out."""

from __future__ import annotations

from dataclasses import replace

from planner.errors import InputError, Refused
from planner.labs import RESULTS
from planner.ledger.entries import (
    LEAVE_OUT,
    TAKE_IN,
    OutcomesObserved,
    Record,
    ResultArrived,
    TrialMoved,
    VerdictGiven,
)
from planner.ledger.replay import is_open
from planner.loop.people.deciding import Decided
from planner.loop.people.told import Told
from planner.loop.results.check import check_result
from planner.loop.rules.late import late_results
from planner.loop.sensors.sensed import sense_trial, with_sensed
from planner.loop.sessions.session import Session
from planner.trials import Run, Trial, TrialState

_WAITS = (TrialState.APPROVED, TrialState.HELD)


def decide_late(session: Session, number: int, verdict: str, told: Told) -> Decided:
    """Returns what is to be written of a verdict on late results.

    Raises:
        Refused: none waits, the trial is in doubt or under way, or the result fails its checks.
        InputError: values were given, or no reason.
    """
    state = session.state
    trial = state.trial(number)
    if told.outcomes:
        raise InputError(f"'{verdict}' is about the device's own result: leave the values out.")
    if not told.reason.strip():
        raise InputError("A verdict needs a reason: say what you saw (--reason).")
    late = late_results(state, trial)
    given = VerdictGiven(trial=number, verdict=verdict, reason=told.reason)
    is_held = trial.held_by == "late word"
    if not late and not (is_held and verdict == LEAVE_OUT):
        hint = "; abort the trial, or wait for the result" if is_held else ""
        raise Refused(f"No late result of trial {number} waits{hint}.")
    records: list[Record] = [given]
    if verdict == TAKE_IN:
        records += _taking_in(session, trial, late[-1], reason=told.reason)
    elif is_held:
        records.append(TrialMoved(trial=number, to=TrialState.APPROVED, reason=told.reason))
    return Decided(says="", records=tuple(records), trials={number: trial.state})


def _taking_in(
    session: Session, trial: Trial, arrived: ResultArrived, *, reason: str
) -> list[Record]:
    """Returns a late result as a version of the trial's result; one that waits ends with it."""
    number, run = trial.number, session.state.run_of(arrived.key)[1]
    if trial.state is TrialState.IN_DOUBT:
        raise Refused(f"Trial {number} is in doubt: give your verdict on that first.")
    if trial.run is not None and is_open(trial.run):
        raise Refused(
            f"Run {trial.run.number} of trial {number} is under way: abort it, or wait for its "
            f"end; the late result is kept."
        )
    observed = _observed(session, trial, run, arrived, reason=reason)
    if trial.state not in _WAITS:
        return [observed]
    ways = [TrialState.RUNNING, TrialState.COMPLETED]
    if trial.state is TrialState.HELD:
        ways.insert(0, TrialState.APPROVED)
    *before, last = (TrialMoved(trial=number, to=to, reason=reason) for to in ways)
    return [*before, observed, last]


def _observed(
    session: Session, trial: Trial, run: Run, arrived: ResultArrived, *, reason: str
) -> OutcomesObserved:
    result = RESULTS.validate_python(arrived.payload or {"outcomes": {}})
    checked = check_result(
        result,
        spec=session.state.spec,
        space=session.space,
        intake=session.intake,
        requested=trial.configuration,
    )
    then = replace(trial, runs=tuple(each for each in trial.runs if each.number <= run.number))
    sensed = sense_trial(session, then, told=result.achieved)
    problems = (*checked.problems, *(f"{n} is not known: {w}" for n, w in sensed.unknown.items()))
    if problems:
        tell = "--correct " if trial.observation is not None else ""
        raise Refused(
            f"The late result of trial {trial.number} cannot be taken in: {'; '.join(problems)}. "
            f"Tell what it should be (planner tell FILE {trial.number} NAME=VALUE {tell}--reason "
            f"WHY), and leave this one out."
        )
    return OutcomesObserved(
        trial=trial.number,
        outcomes=checked.outcomes,
        source=run.source,
        achieved=with_sensed(checked.achieved, then, sensed),
        key=run.key,
        version=trial.observation.version + 1 if trial.observation is not None else 1,
        reason=reason,
        result_digest=arrived.result_digest,
    )
