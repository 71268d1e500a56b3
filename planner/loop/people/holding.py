"""One trial that is to wait: a person holds it before it is sent, and lets it go on."""

from __future__ import annotations

from planner.errors import InputError, Refused
from planner.ledger.entries import TrialMoved
from planner.ledger.replay import CampaignState
from planner.loop.people.deciding import Decided, decide_and_write
from planner.loop.sessions.session import Session
from planner.trials import TERMINAL_TRIALS, Trial, TrialState


def hold(session: Session, number: int, *, reason: str, undo: bool = False) -> str:
    """Keeps an approved trial from its source until it is let go on.

    It stays reserved in the budget. What else may hold a trial, such as an interlock, does not let
    it go on meanwhile, and is looked at again when it may.

    Args:
        session: whose campaign.
        number: of the trial.
        reason: why.
        undo: whether it may go on.

    Returns:
        What was done, in words; doing it twice does nothing and says so.

    Raises:
        InputError: there is no reason.
        UnknownName: no such trial.
        Refused: it is not approved, or somebody has it already.
    """
    if not reason.strip():
        raise InputError("Holding a trial, or letting it go on, needs a reason (--reason).")
    why = f"{reason.strip()} ({session.author})"
    decide = _let_go_on if undo else _hold
    return decide_and_write(session, lambda: decide(session.state, number, why)).says


def is_held_by_person(trial: Trial) -> bool:
    """Tells whether a trial waits because somebody said so."""
    return trial.state is TrialState.HELD and trial.held_by == "person"


def _hold(state: CampaignState, number: int, why: str) -> Decided:
    trial = state.trial(number)
    if is_held_by_person(trial) or trial.held_by == "late word":
        return Decided(says=f"Trial {number} is held already; nothing was changed.")
    if trial.handed or trial.state not in (TrialState.APPROVED, TrialState.HELD):
        raise Refused(_why_not(trial))
    records = [TrialMoved(trial=number, to=TrialState.HELD, reason=why, held_by="person")]
    if trial.state is TrialState.HELD:
        records.insert(0, TrialMoved(trial=number, to=TrialState.APPROVED, reason=why))
    return Decided(
        says=f"Trial {number} is held until you let it go on: planner hold FILE {number} --undo "
        f"--reason WHY.",
        records=tuple(records),
        trials={number: trial.state},
    )


def _let_go_on(state: CampaignState, number: int, why: str) -> Decided:
    trial = state.trial(number)
    if trial.held_by == "late word":
        raise Refused(f"Trial {number} is not held by a person: {trial.reason}.")
    if trial.state is TrialState.HELD and not is_held_by_person(trial):
        raise Refused(
            f"Trial {number} is not held by a person: {trial.reason}. It goes on by itself when "
            f"that has changed."
        )
    if trial.state is not TrialState.HELD:
        return Decided(says=f"Trial {number} is {trial.state}, not held; nothing was changed.")
    return Decided(
        says=f"Trial {number} may go on.",
        records=(TrialMoved(trial=number, to=TrialState.APPROVED, reason=why),),
        trials={number: trial.state},
    )


def _why_not(trial: Trial) -> str:
    number = trial.number
    if trial.state in TERMINAL_TRIALS:
        return f"Trial {number} is {trial.state}, so there is nothing to hold."
    if trial.state is TrialState.IN_DOUBT:
        return f"Trial {number} is in doubt. Give your verdict: planner resolve FILE {number} ..."
    if trial.state is TrialState.RUNNING or trial.handed:
        return (
            f"Trial {number} has been handed over, and cannot be held any more. To end it: planner "
            f"abort FILE {number} --reason WHY."
        )
    return f"Trial {number} is {trial.state}, and waits as it is; leave it unapproved."
