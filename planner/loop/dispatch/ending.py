"""Ending runs that a person wants to end: the device is asked, and its word decides.

An order that provably never left ends at once. A device that never took it does not know the key;
one that took it and knows it no more leaves doubt, and so does one that has said nothing for long.
"""

from __future__ import annotations

from planner.errors import LabUnavailable, Unanswered, UnknownKey
from planner.labs import Answer
from planner.loop.dispatch.handing_over import UNDER_WAY_S, deaf, never_left, token_of
from planner.loop.dispatch.keeper import hold_devices
from planner.loop.dispatch.sending import note_unreachable
from planner.loop.sessions.session import Session
from planner.trials import DeviceState, Run, RunState, Trial

PATIENCE_S = 30.0  # without a word, before nobody knows whether a run has ended


def send_aborts(session: Session, runs: list[tuple[Trial, Run]]) -> list[Answer]:
    """Asks the source to end the runs that a person wants to end; asking twice is harmless."""
    answers = []
    for _, run in runs:
        if run.state is RunState.IN_DOUBT:  # whoever wants to end it again is heard again
            session.aborts_sent.discard(run.key)
            session.word_at.pop(run.key, None)
        is_asked = run.state is RunState.ABORTING and run.key not in session.aborts_sent
        if is_asked and run.device not in session.left_alone and hold_devices(session):
            answer = _end(session, run)
            if answer is not None:
                session.aborts_sent.add(run.key)
                session.word_at[run.key] = session.elapsed_s
                answers.append(answer)
    return answers


def unheard(session: Session, runs: list[tuple[Trial, Run]]) -> list[Answer]:
    """Returns what stands for the word of sources that say nothing of runs that are to end."""
    found = []
    for _, run in runs:
        if run.state is RunState.ABORTING:
            since_s = session.word_at.setdefault(run.key, session.elapsed_s)
            if session.elapsed_s - since_s > PATIENCE_S:
                reason = f"it was asked to end, and nothing was heard for {PATIENCE_S:g} s"
                found.append(deaf(run, reason))
    return found


def _end(session: Session, run: Run) -> Answer | None:
    """Asks to end one run; None where nobody has answered."""
    if never_left(session, run):
        return _ended(session, run, "its order never left")
    try:
        return session.lab.abort(run.key, token=token_of(session), ledger=session.ledger.id)
    except UnknownKey:
        if run.acknowledged_at is not None:
            return deaf(run, "the device took it before, and does not know it any more")
        return (
            None
            if _may_arrive(session, run)
            else _ended(session, run, "the device never took its order")
        )
    except (LabUnavailable, Unanswered):
        note_unreachable(session)
        return None


def _may_arrive(session: Session, run: Run) -> bool:
    """Tells whether an order that this process has sent may still be on its way."""
    if run.key not in session.left:
        return False
    return session.elapsed_s - session.word_at.setdefault(run.key, session.elapsed_s) < UNDER_WAY_S


def _ended(session: Session, run: Run, reason: str) -> Answer:
    session.never_taken.add(run.key)
    return Answer(key=run.key, state=DeviceState.ABORTED, reason=reason)
