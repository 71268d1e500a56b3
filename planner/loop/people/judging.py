"""Judging: what a person decides of a trial, and of the campaign as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from planner.errors import InputError, Refused
from planner.ledger.entries import (
    LEAVE_OUT,
    TAKE_IN,
    ApprovalGiven,
    Record,
    RunMoved,
    TrialMoved,
    VerdictGiven,
    WantedSet,
)
from planner.ledger.replay import is_open
from planner.loop.dispatch.collect import record_answers
from planner.loop.dispatch.ending import send_aborts
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.people.deciding import Decided, decide_and_write
from planner.loop.people.late import decide_late
from planner.loop.people.results import observed_parts
from planner.loop.people.told import Told, check_with_sensors
from planner.loop.rules.approval import n_missing
from planner.loop.rules.limits import find_breach
from planner.loop.sessions.session import Session
from planner.trials import (
    TERMINAL_TRIALS,
    Run,
    RunState,
    Trial,
    TrialState,
    Wanted,
)


class Verdict(StrEnum):
    """What a person can say of a trial in doubt, or of a result that came late."""

    PERFORMED = "performed"
    NO_RESULT = "no-result"
    PARTLY = "partly"
    NOT_PERFORMED = "not-performed"
    TAKE_IN = TAKE_IN
    LEAVE_OUT = LEAVE_OUT


def approve(session: Session, numbers: Sequence[int], *, reason: str = "") -> None:
    """Approves trials that wait for it; those that two people approve go on after the second.

    Raises:
        Refused: one does not wait for approval, is outside of the limits now in force, or the same
            person has approved it already.
    """

    def decide() -> Decided:
        trials = [session.state.trial(number) for number in numbers]
        records = [each for trial in trials for each in _approval_of(session, trial, reason)]
        states = {trial.number: trial.state for trial in trials}
        return Decided(says="", records=tuple(records), trials=states)

    decide_and_write(session, decide)


def reject(session: Session, numbers: Sequence[int], *, reason: str) -> None:
    """Turns down trials that wait for approval.

    Raises:
        Refused: one does not wait for approval.
    """

    def decide() -> Decided:
        trials = [session.state.trial(number) for number in numbers]
        for trial in trials:
            _check_waiting(trial)
        moves = (
            TrialMoved(trial=each.number, to=TrialState.REJECTED, reason=reason) for each in trials
        )
        states = {trial.number: trial.state for trial in trials}
        return Decided(says="", records=tuple(moves), trials=states)

    decide_and_write(session, decide)


def abort(session: Session, number: int, *, reason: str) -> TrialState:
    """Ends a trial: at once if nothing runs, otherwise when the source confirms.

    Returns:
        The trial's state afterwards.

    Raises:
        Refused: it has ended already.
    """
    trial = session.refresh().trial(number)
    if trial.state in TERMINAL_TRIALS:
        raise Refused(f"Trial {number} is {trial.state} already; there is nothing to abort.")
    if trial.state in (TrialState.PROPOSED, TrialState.AWAITING_APPROVAL):
        reject(session, [number], reason=reason)
        return session.state.trial(number).state
    run = trial.run
    if run is None or not is_open(run):
        session.write(
            [TrialMoved(trial=number, to=TrialState.ABORTED, reason=reason)],
            trials={number: trial.state},
        )
        return TrialState.ABORTED
    return _abort_run(session, trial, run, reason=reason)


def resolve(session: Session, number: int, verdict: Verdict, told: Told) -> TrialState:
    """Enters a person's verdict on a trial in doubt, or on a result that came late.

    Raises:
        Refused: the trial is not in doubt, or no late result waits.
        InputError: the verdict needs a result, or a reason is missing.
    """
    if verdict in (Verdict.TAKE_IN, Verdict.LEAVE_OUT):
        decide_and_write(session, lambda: decide_late(session, number, verdict, told))
        return session.state.trial(number).state
    trial = session.refresh().trial(number)
    if trial.state is not TrialState.IN_DOUBT:
        raise Refused(f"Trial {number} is {trial.state}, not in doubt; no verdict is asked.")
    if not told.reason.strip():
        raise InputError("A verdict needs a reason: say what you saw (--reason).")
    run = trial.run
    assert run is not None
    records: list[Record] = [VerdictGiven(trial=number, verdict=verdict, reason=told.reason)]
    records += _verdict_records(session, trial, run, verdict, told)
    session.write(records, trials={number: trial.state})
    return session.state.trial(number).state


def want(session: Session, wanted: Wanted, *, reason: str) -> None:
    """Sets what people want of the campaign: run, drain, hold or pause."""
    session.refresh()
    session.write([WantedSet(wanted=wanted, reason=reason)])


def _verdict_records(
    session: Session, trial: Trial, run: Run, verdict: Verdict, told: Told
) -> list[Record]:
    number, reason = trial.number, told.reason
    ended = is_open(run)
    match verdict:
        case Verdict.PERFORMED:
            if not told.outcomes:
                raise InputError("The verdict 'performed' needs its result: give outcome=value.")
            checked = check_with_sensors(session, session.state, trial, told)
            run_end, trial_end = RunState.COMPLETED, TrialState.COMPLETED
            extra: list[Record] = [
                *observed_parts(
                    session,
                    session.state,
                    trial,
                    checked.outcomes,
                    achieved=checked.achieved,
                    key=run.key,
                    reason=reason,
                )
            ]
        case Verdict.NOT_PERFORMED:
            if not ended:
                raise Refused(f"Run {run.key} has brought a result; it was performed.")
            run_end, trial_end, extra = RunState.VOID, TrialState.APPROVED, []
        case Verdict.NO_RESULT | Verdict.PARTLY:
            run_end, trial_end, extra = RunState.FAILED, TrialState.FAILED_BY_MACHINE, []
    moved: list[Record] = []
    if ended:
        # the device may still have a result, and is asked about it
        unheard = verdict is not Verdict.PERFORMED
        moved.append(RunMoved(key=run.key, to=run_end, evidence=reason, unheard=unheard))
    return [*moved, *extra, TrialMoved(trial=number, to=trial_end, reason=reason)]


def _abort_run(session: Session, trial: Trial, run: Run, *, reason: str) -> TrialState:
    number = trial.number
    if trial.handed or session.lab.is_person or session.lab.is_repeatable:
        records: list[Record] = [
            RunMoved(key=run.key, to=RunState.ABORTED, evidence=reason),
            TrialMoved(trial=number, to=TrialState.ABORTED, reason=reason),
        ]
        session.write(records, trials={number: trial.state})
        # after it was allowed; what still runs can do no harm
        session.lab.abort(run.key, token=0, ledger=session.ledger.id)
        return session.state.trial(number).state
    asked: list[Record] = [RunMoved(key=run.key, to=RunState.ABORTING, evidence=reason)]
    if trial.state is TrialState.IN_DOUBT:
        asked.append(TrialMoved(trial=number, to=TrialState.RUNNING, reason="it is asked to end"))
    session.write(asked, trials={number: trial.state})
    try:  # whoever holds the devices asks them; nobody does where no process runs the campaign
        record_answers(session, send_aborts(session, [session.state.run_of(run.key)]))
    finally:
        let_devices_go(session)
    return session.state.trial(number).state


def _approval_of(session: Session, trial: Trial, reason: str) -> list[Record]:
    _check_waiting(trial)
    breach = find_breach(session.state.spec, trial.configuration)
    if breach is not None:
        raise Refused(
            f"Trial {trial.number} cannot be approved: {breach} The limits were amended after it "
            f"was proposed. Turn it down (--reject), or put the limits back (planner amend)."
        )
    if session.author in trial.approved_by:
        raise Refused(
            f"{session.author} has approved trial {trial.number} already; it takes somebody else "
            f"as well."
        )
    by = (*trial.approved_by, session.author)
    given = ApprovalGiven(trial=trial.number, number=len(by), reason=reason)
    if n_missing(session.state, trial) > 1:
        return [given]
    said = f"approved by {' and '.join(by)}" + (f": {reason}" if reason.strip() else "")
    return [given, TrialMoved(trial=trial.number, to=TrialState.APPROVED, reason=said)]


def _check_waiting(trial: Trial) -> None:
    if trial.state not in (TrialState.PROPOSED, TrialState.AWAITING_APPROVAL):
        raise Refused(f"Trial {trial.number} is {trial.state}; it does not wait for approval.")
