"""Remarks on what is there: notes, results that are left out, trials that are never to be run."""

from __future__ import annotations

from planner.errors import InputError, Refused, UnknownName
from planner.ledger.entries import (
    ImportExcluded,
    Noted,
    Record,
    RunMoved,
    TrialExcluded,
    TrialMoved,
    TrialVetoed,
)
from planner.ledger.replay import CampaignState, is_open
from planner.loop.people.deciding import Decided, decide_and_write
from planner.loop.people.results import run_of_person
from planner.loop.sessions.session import Session
from planner.trials import TERMINAL_TRIALS, RunState, Trial, TrialState

_WAITING = (TrialState.PROPOSED, TrialState.AWAITING_APPROVAL, TrialState.HELD)


def note(session: Session, text: str, *, trial: int | None = None) -> str:
    """Enters a remark, on a trial or on the campaign.

    Raises:
        InputError: it says nothing.
        UnknownName: no such trial.
    """
    if not text.strip():
        raise InputError("The note is empty. Say what is to be remembered.")

    def decide() -> Decided:
        if trial is not None:
            session.state.trial(trial)
        what = f"trial {trial}" if trial is not None else f"campaign {session.campaign!r}"
        return Decided(says=f"Noted on {what}.", records=(Noted(text=text.strip(), trial=trial),))

    return decide_and_write(session, decide).says


def exclude(session: Session, which: str | int, *, reason: str, undo: bool = False) -> str:
    """Leaves a result out of what is learned from, or takes it in again.

    Args:
        session: whose campaign.
        which: number of a trial, or ``import:3`` for the third imported measurement.
        reason: why.
        undo: whether it is taken in again.

    Returns:
        What was done, in words; doing it twice does nothing and says so.

    Raises:
        InputError: there is no reason, or ``which`` is neither.
        UnknownName: no such trial or measurement.
        Refused: the trial has no result, and did not fail by process.
    """
    if not reason.strip():
        raise InputError("Leaving a result out, or taking it in again, needs a reason (--reason).")
    kind, number = _read_which(which)

    def decide() -> Decided:
        if kind == "import":
            return _exclude_import(session.state, number, reason=reason, undo=undo)
        return _exclude_trial(session.state.trial(number), reason=reason, undo=undo)

    return decide_and_write(session, decide).says


def veto(session: Session, number: int, *, reason: str) -> str:
    """Rejects a trial that waits or was handed out, for good: it is never proposed again.

    What was not performed costs nothing of the budget.

    Raises:
        InputError: there is no reason.
        UnknownName: no such trial.
        Refused: it has ended, or a machine has it.
    """
    if not reason.strip():
        raise InputError("A veto needs a reason (--reason).")
    return decide_and_write(session, lambda: _veto(session.state, number, reason=reason)).says


def _veto(state: CampaignState, number: int, *, reason: str) -> Decided:
    trial = state.trial(number)
    if trial.vetoed:
        return Decided(says=f"Trial {number} was vetoed before; nothing was changed.")
    if trial.state in TERMINAL_TRIALS:
        raise Refused(
            f"Trial {number} is {trial.state}; a veto comes before that. To leave its result out "
            f"of what is learned from: planner exclude FILE {number} --reason WHY."
        )
    if trial.state is TrialState.IN_DOUBT:
        raise Refused(
            f"Trial {number} is in doubt ({trial.reason}). Give your verdict first: planner "
            f"resolve FILE {number} not-performed --reason WHY; then veto it."
        )
    records: list[Record] = []
    if trial.run is not None and is_open(trial.run):
        run = run_of_person(state, trial)  # what a machine has is aborted, not vetoed
        records.append(RunMoved(key=run.key, to=RunState.REFUSED, evidence=reason))
    records += [
        TrialMoved(trial=number, to=to, reason=reason) for to in _way_to_rejected(trial.state)
    ]
    records.append(TrialVetoed(trial=number, reason=reason))
    return Decided(
        says=f"Trial {number} is rejected; its settings are not proposed again.",
        records=tuple(records),
        trials={number: trial.state},
    )


def _way_to_rejected(state: TrialState) -> tuple[TrialState, ...]:
    """Returns the moves of a trial that was not performed: none of them is charged."""
    if state in _WAITING:
        return (TrialState.REJECTED,)
    if state is TrialState.APPROVED:
        return (TrialState.HELD, TrialState.REJECTED)
    return (TrialState.APPROVED, TrialState.HELD, TrialState.REJECTED)


def _read_which(which: str | int) -> tuple[str, int]:
    kind, _, number = str(which).rpartition(":")
    if kind not in ("", "trial", "import") or not number.strip().isdigit():
        raise InputError(
            f"{which!r} is neither the number of a trial nor an imported measurement such as "
            f"import:3."
        )
    return kind or "trial", int(number)


def _exclude_trial(trial: Trial, *, reason: str, undo: bool) -> Decided:
    number = trial.number
    is_failure = trial.state is TrialState.FAILED_BY_PROCESS  # which is learned from too
    if trial.observation is None and not is_failure:
        raise Refused(f"Trial {number} is {trial.state} and has no result that could be left out.")
    if bool(trial.excluded) is not undo:
        word = "left out already" if trial.excluded else "not left out"
        return Decided(says=f"Trial {number} is {word}; nothing was changed.")
    return Decided(
        says=f"Trial {number} is {_done(undo=undo)}.",
        records=(TrialExcluded(trial=number, reason=reason, excluded=not undo),),
        trials={number: trial.state},
    )


def _exclude_import(state: CampaignState, number: int, *, reason: str, undo: bool) -> Decided:
    if not 1 <= number <= len(state.imported):
        has = f"1 to {len(state.imported)}" if state.imported else "none"
        raise UnknownName(
            f"Campaign {state.campaign!r} has no imported measurement {number} (it has {has})."
        )
    is_out = number in state.excluded_imports
    what = f"Imported measurement {number}"
    if is_out is not undo:
        word = "left out already" if is_out else "not left out"
        return Decided(says=f"{what} is {word}; nothing was changed.")
    return Decided(
        says=f"{what} is {_done(undo=undo)}.",
        records=(ImportExcluded(number=number, reason=reason, excluded=not undo),),
    )


def _done(*, undo: bool) -> str:
    return "taken in again" if undo else "left out of what is learned from"
