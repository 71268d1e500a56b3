"""What people do to a campaign: ask, tell, approve, abort, resolve.

Each verb checks before it writes and is one transaction, under the person's name. None of them
needs the campaign's lease: a person may act while an engine is at work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from planner.campaign import Person
from planner.errors import InputError, Refused
from planner.labs import Reported, Result
from planner.ledger.entries import (
    OutcomesObserved,
    Record,
    RunMoved,
    TrialMoved,
    VerdictGiven,
    WantedSet,
)
from planner.ledger.replay import is_open
from planner.loop.budget import budget_left
from planner.loop.check import Checked, check_result
from planner.loop.orders import open_run
from planner.loop.session import Session
from planner.trials import (
    TERMINAL_TRIALS,
    DeviceState,
    Measured,
    Run,
    RunState,
    Trial,
    TrialState,
    Wanted,
)


class Verdict(StrEnum):
    """What a person can say of a trial in doubt."""

    PERFORMED = "performed"
    NO_RESULT = "no-result"
    PARTLY = "partly"
    NOT_PERFORMED = "not-performed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person says of one trial.

    Args:
        outcomes: by name; empty where it failed.
        achieved: parameters that were set otherwise than asked.
        failed: ``machine`` or ``process`` where it brought no result.
        reason: why it failed, or a remark.
    """

    outcomes: Mapping[str, Reported] = field(default_factory=dict)
    achieved: Mapping[str, Reported] = field(default_factory=dict)
    failed: str | None = None
    reason: str = ""


def ask(session: Session, n: int) -> list[Trial]:
    """Hands the next ``n`` trials to who asks: approved, with an open run, pending until told.

    Raises:
        InputError: ``n`` is not above 0.
        Refused: the campaign has stopped, or the budget does not admit as many.
    """
    if n < 1:
        raise InputError(f"Ask for at least one trial, not {n}.")
    state = session.refresh()
    if state.stopped is not None:
        raise Refused(f"Campaign {state.campaign!r} has stopped: {state.stopped.reason}.")
    left = budget_left(state)
    if n > left:
        raise Refused(
            f"The budget of campaign {state.campaign!r} admits {left} more trials, not {n}. "
            f"Ask for fewer, or raise budget.trials and run with --amend."
        )
    # the models take seconds to import, which nobody who tells should wait for
    from planner.loop.propose import decide, write_proposals

    chosen = decide(state, session.space, q=n)
    if not chosen.choice.picks:
        raise Refused(f"Campaign {state.campaign!r} has no configuration left that was not tried.")
    numbers = write_proposals(session, chosen, handed_to=session.author)
    for number in numbers:
        trial = session.state.trial(number)
        records: list[Record] = open_run(session.state, trial, source=session.author)
        session.write(records, trials={number: TrialState.APPROVED})
    return [session.state.trial(number) for number in numbers]


def tell(session: Session, number: int, told: Told) -> str:
    """Enters what became of a trial.

    Returns:
        What was done, in words; telling the same twice does nothing and says so.

    Raises:
        UnknownName: no such trial or outcome.
        InputError: a value is no number, of a wrong unit or outside its bounds.
        Refused: a machine has the trial, or it ended otherwise.
    """
    trial = session.refresh().trial(number)
    if told.failed is not None:
        return _tell_failure(session, trial, told)
    checked = _check(session, trial, told)
    if trial.state in TERMINAL_TRIALS:
        return _tell_again(trial, checked)
    run = _run_of_person(session, trial)
    observed = _observed(trial, run, checked, source=session.author, reason=told.reason)
    records: list[Record] = [
        RunMoved(key=run.key, to=RunState.COMPLETED, evidence=f"told by {session.author}"),
        observed,
        TrialMoved(trial=number, to=TrialState.COMPLETED, reason=told.reason),
    ]
    session.write(records, trials={number: trial.state})
    values = ", ".join(f"{name}={each.value:g}" for name, each in checked.outcomes.items())
    return f"Trial {number} is completed with {values}."


def approve(session: Session, numbers: Sequence[int]) -> None:
    """Approves trials that wait for it.

    Raises:
        Refused: one does not wait for approval.
    """
    _decide_waiting(session, numbers, to=TrialState.APPROVED, reason="")


def reject(session: Session, numbers: Sequence[int], *, reason: str) -> None:
    """Turns down trials that wait for approval.

    Raises:
        Refused: one does not wait for approval.
    """
    _decide_waiting(session, numbers, to=TrialState.REJECTED, reason=reason)


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
    """Enters a person's verdict on a trial in doubt.

    Raises:
        Refused: the trial is not in doubt.
        InputError: the verdict needs a result, or a reason is missing.
    """
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
            checked = _check(session, trial, told)
            observed = _observed(trial, run, checked, source=session.author, reason=reason)
            run_end, trial_end = RunState.COMPLETED, TrialState.COMPLETED
            extra: list[Record] = [observed]
        case Verdict.NOT_PERFORMED:
            if not ended:
                raise Refused(f"Run {run.key} has brought a result; it was performed.")
            run_end, trial_end, extra = RunState.VOID, TrialState.APPROVED, []
        case Verdict.NO_RESULT | Verdict.PARTLY:
            run_end, trial_end, extra = RunState.FAILED, TrialState.FAILED_BY_MACHINE, []
    moved: list[Record] = [RunMoved(key=run.key, to=run_end, evidence=reason)] if ended else []
    return [*moved, *extra, TrialMoved(trial=number, to=trial_end, reason=reason)]


def _abort_run(session: Session, trial: Trial, run: Run, *, reason: str) -> TrialState:
    number = trial.number
    if trial.handed or session.lab.is_person or session.lab.is_repeatable:
        session.lab.abort(run.key)
        records: list[Record] = [
            RunMoved(key=run.key, to=RunState.ABORTED, evidence=reason),
            TrialMoved(trial=number, to=TrialState.ABORTED, reason=reason),
        ]
    else:
        session.write(
            [RunMoved(key=run.key, to=RunState.ABORTING, evidence=reason)],
            trials={number: trial.state},
        )
        answer = session.lab.abort(run.key)
        if answer.state is not DeviceState.ABORTED:
            return session.state.trial(number).state
        records = [
            RunMoved(key=run.key, to=RunState.ABORTED, evidence=answer.reason or reason),
            TrialMoved(trial=number, to=TrialState.ABORTED, reason=reason),
        ]
    session.write(records, trials={number: trial.state})
    return session.state.trial(number).state


def _decide_waiting(
    session: Session, numbers: Sequence[int], *, to: TrialState, reason: str
) -> None:
    state = session.refresh()
    waiting = {TrialState.PROPOSED, TrialState.AWAITING_APPROVAL}
    trials = [state.trial(number) for number in numbers]
    for trial in trials:
        if trial.state not in waiting:
            raise Refused(f"Trial {trial.number} is {trial.state}; it does not wait for approval.")
    session.write(
        [TrialMoved(trial=trial.number, to=to, reason=reason) for trial in trials],
        trials={trial.number: trial.state for trial in trials},
    )


def _tell_failure(session: Session, trial: Trial, told: Told) -> str:
    if not told.reason.strip():
        raise InputError("A failure needs a reason: say what happened (--reason).")
    ends = {"machine": TrialState.FAILED_BY_MACHINE, "process": TrialState.FAILED_BY_PROCESS}
    to = ends[str(told.failed)]
    if trial.state is to:
        return f"Trial {trial.number} is {to} already; nothing was changed."
    if trial.state in TERMINAL_TRIALS:
        raise Refused(f"Trial {trial.number} is {trial.state}; an end does not change.")
    run = _run_of_person(session, trial)
    session.write(
        [
            RunMoved(key=run.key, to=RunState.FAILED, evidence=f"told by {session.author}"),
            TrialMoved(trial=trial.number, to=to, reason=told.reason),
        ],
        trials={trial.number: trial.state},
    )
    return f"Trial {trial.number} is {to}."


def _tell_again(trial: Trial, checked: Checked) -> str:
    known = trial.observation
    if known is not None and dict(known.outcomes) == checked.outcomes:
        return f"Trial {trial.number} was told the same before; nothing was changed."
    if known is not None:
        values = ", ".join(f"{name}={each.value:g}" for name, each in known.outcomes.items())
        raise Refused(
            f"Trial {trial.number} is completed with {values}. A result is not overwritten: "
            f"a correction is a new version of it, with a reason."
        )
    raise Refused(f"Trial {trial.number} is {trial.state}; it takes no result.")


def _check(session: Session, trial: Trial, told: Told) -> Checked:
    result = Result(outcomes=dict(told.outcomes), achieved=dict(told.achieved))
    checked = check_result(
        result,
        spec=session.state.spec,
        space=session.space,
        intake=session.intake,
        requested=trial.configuration,
    )
    if checked.problems:
        problems = "; ".join(problem.rstrip(".") for problem in checked.problems)
        raise InputError(f"Trial {trial.number}: {problems}. Nothing was entered.")
    return checked


def _observed(
    trial: Trial, run: Run, checked: Checked, *, source: str, reason: str
) -> OutcomesObserved:
    version = trial.observation.version + 1 if trial.observation is not None else 1
    outcomes: dict[str, Measured] = dict(checked.outcomes)
    return OutcomesObserved(
        trial=trial.number,
        outcomes=outcomes,
        source=source,
        achieved=checked.achieved,
        key=run.key,
        version=version,
        reason=reason,
    )


def _run_of_person(session: Session, trial: Trial) -> Run:
    """Returns the open run of a trial that a person or script has.

    Raises:
        Refused: a machine has it, or nobody does.
    """
    run = trial.run
    if run is None or not is_open(run):
        raise Refused(
            f"Trial {trial.number} is {trial.state} and nobody has it; it takes no result yet."
        )
    is_persons = trial.handed or isinstance(session.state.spec.source, Person)
    if not is_persons:
        raise Refused(
            f"Trial {trial.number} runs at source {run.source!r}, which reports its own results. "
            f"If it is in doubt, use planner resolve."
        )
    return run
