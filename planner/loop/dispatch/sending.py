"""Sending: which orders may leave now, and when they may leave again.

Nothing leaves to a device that was not heard to be what the file says, nor where an interlock is
open. Why an order waits is written down.
"""

from __future__ import annotations

from planner.errors import Conflict, LabUnavailable, Locked, PlannerError, Unanswered
from planner.labs import Answer, DeliveryClass, DeviceLab
from planner.ledger.entries import OrderKeptBack
from planner.loop.dispatch.clocks import find_offset, why_not_by_clock
from planner.loop.dispatch.handing_over import (
    deaf,
    hand_over,
    may_have_left,
    only_ours,
    recall,
)
from planner.loop.dispatch.hearing import check_reality
from planner.loop.dispatch.keeper import hold_devices
from planner.loop.rules.limits import find_breach, why_outside
from planner.loop.sensors.preconditions import unmet_at
from planner.loop.sessions.session import Session
from planner.trials import DISPATCHING, DeviceState, KeptBy, Run, RunState, Trial

FIRST_RESEND_S = 0.5
LONGEST_RESEND_S = 10.0
SAY_BUSY_AFTER_S = 5.0  # campaigns that share devices take turns, and most wait is short


def send(session: Session, trial: Trial, run: Run) -> Answer | None:
    """Hands one order to the source.

    Returns:
        Its answer; ``unknown`` where a source that knows no keys gave none; None where the order
        is to be sent again, or the source to be asked first.

    Raises:
        LabUnavailable: the source's adapter failed in a way that it should not.
    """
    if _is_only_asked(session, run):
        return hand_over(session, trial, run) if hold_devices(session) else None
    if session.state.latched is not None or not _may_begin(session, trial, run):
        return None
    if not _is_as_said(session, trial, run):
        return None
    _plan_next(session, run)
    answer = _try(session, trial, run)
    if answer is not None:
        session.unreachable_since = None
        session.attempts.pop(run.key, None)
        if answer.state is DeviceState.REFUSED:
            session.known_as_said.discard(run.device)  # perhaps a clock was set meanwhile
    return answer


def _try(session: Session, trial: Trial, run: Run) -> Answer | None:
    """Hands an order over, and keeps what is known of its having left."""
    was_left = run.key in session.left
    session.left.add(run.key)
    try:
        return hand_over(session, trial, run)
    except Unanswered as error:
        may_ask = session.lab.delivery is not DeliveryClass.FIRE_AND_OBSERVE
        return None if may_ask else deaf(run, f"no answer came: {error}")
    except Conflict as error:
        return Answer(key=run.key, state=DeviceState.REFUSED, reason=str(error))
    except (Locked, LabUnavailable) as error:
        if not was_left:
            session.left.discard(run.key)
        _note_not_taken(session, trial, run, error)
        return None
    except PlannerError:
        raise
    except Exception as error:
        raise _broken(session, error) from error


def _note_not_taken(session: Session, trial: Trial, run: Run, error: LabUnavailable) -> None:
    if isinstance(error, Locked):
        session.unreachable_since = None
        _keep_back(session, trial, run, by="locked", reason=str(error))
    else:
        note_unreachable(session)


def _is_only_asked(session: Session, run: Run) -> bool:
    """Tells whether an order has left for good: nothing is sent again, whatever may begin now."""
    is_sent_once = session.lab.delivery is DeliveryClass.FIRE_AND_OBSERVE
    return is_sent_once and may_have_left(session, run)


def _may_begin(session: Session, trial: Trial, run: Run) -> bool:
    """Tells whether an order may leave now; why it may not is written down once."""
    state = session.state
    out = state.out_of_service
    if state.wanted not in DISPATCHING:
        reason = f"the campaign is to dispatch nothing ({state.wanted}; planner go)"
        _keep_back(session, trial, run, by="person", reason=reason)
        return False
    if None in out or run.device in out:
        reason = f"it is out of service: {out.get(run.device, out.get(None, ''))}"
        _keep_back(session, trial, run, by="service", reason=reason)
        return False
    breach = find_breach(state.spec, trial.configuration)
    if breach is not None:
        _keep_back(session, trial, run, by="limits", reason=why_outside(breach))
        return False
    unmet = unmet_at(session, run.device)
    if unmet:
        _keep_back(session, trial, run, by="precondition", reason=unmet)
        return False
    if hold_devices(session):
        return True
    if session.now_s - run.opened_at.timestamp() > SAY_BUSY_AFTER_S:
        _keep_back(session, trial, run, by="busy", reason=session.held_elsewhere)
    return False


def _keep_back(session: Session, trial: Trial, run: Run, *, by: KeptBy, reason: str) -> None:
    """Writes down why an order waits, unless that is known."""
    is_known = run.kept_by == by and (by != "locked" or run.kept_back == reason)
    if not is_known and run.state is RunState.DISPATCHING:
        said = OrderKeptBack(key=run.key, by=by, reason=reason)
        session.write([said], trials={trial.number: trial.state})


def _is_as_said(session: Session, trial: Trial, run: Run) -> bool:
    """Tells whether a device was heard to be as real as the file says, and its clock near ours.

    Before that nothing leaves.

    Raises:
        Refused: it is not.
    """
    lab, device = session.lab, run.device
    if not isinstance(lab, DeviceLab) or device in session.known_as_said:
        return True
    asked = session.clock.now()
    try:
        beat = lab.heartbeat(device)
    except LabUnavailable:
        _plan_next(session, run)
        note_unreachable(session)
        return False
    source = session.state.spec.source
    check_reality(source, device, beat)
    offset = find_offset(beat, asked=asked, answered=session.clock.now())
    shut = why_not_by_clock(source, device, offset)
    if shut:
        _plan_next(session, run)
        _keep_back(session, trial, run, by="clock", reason=shut)
        return False
    session.known_as_said.add(device)
    return True


def send_waiting(session: Session, runs: list[tuple[Trial, Run]]) -> list[Answer]:
    """Sends the orders of runs that the source has not answered and that may be sent now.

    A run that the source acknowledged and no longer knows is sent again only where repeating costs
    nothing.
    """
    answers = []
    for trial, run in runs:
        may_send = run.state is RunState.DISPATCHING or session.lab.is_repeatable
        if may_send and session.resend_at.get(run.key, 0.0) <= session.elapsed_s:
            answer = send(session, trial, run)
            if answer is not None:
                answers.append(answer)
    return answers


def is_fresh(session: Session, run: Run) -> bool:
    """Tells whether an order was never sent, as far as this process knows."""
    return run.state is RunState.DISPATCHING and run.n_sent == 0 and run.key not in session.attempts


def poll(session: Session, runs: list[tuple[Trial, Run]]) -> dict[str, Answer] | None:
    """Asks the source about runs; None where it cannot be reached.

    Raises:
        LabUnavailable: the source's adapter failed in a way that it should not.
    """
    try:
        recall(session, runs)
        answers = only_ours(session, session.lab.poll([run.key for _, run in runs]))
    except (LabUnavailable, Unanswered):
        note_unreachable(session)
        return None
    except PlannerError:
        raise
    except Exception as error:
        raise _broken(session, error) from error
    if answers:
        session.unreachable_since = None
    return answers


def note_unreachable(session: Session) -> float:
    """Notes that the source did not answer, and returns for how many seconds it has not."""
    if session.unreachable_since is None:
        session.unreachable_since = session.elapsed_s
    return session.elapsed_s - session.unreachable_since


def _plan_next(session: Session, run: Run) -> None:
    """Decides when the order may be sent again: each time later."""
    attempt = session.attempts.get(run.key, 0) + 1
    session.attempts[run.key] = attempt
    pause = min(LONGEST_RESEND_S, FIRST_RESEND_S * 2 ** (attempt - 1))
    session.resend_at[run.key] = session.elapsed_s + pause


def _broken(session: Session, error: Exception) -> LabUnavailable:
    source = session.state.spec.source.name
    return LabUnavailable(
        f"The adapter of source {source!r} failed with {type(error).__name__}: {error}. Nothing in "
        f"the ledger is lost: mend the adapter, then run the campaign again."
    )
