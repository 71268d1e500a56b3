"""Sending: which orders may leave, and which may leave again.

The class of the source decides. One that knows keys is sent the same order until it answers. One
that prepares an order before it begins is told to begin once, and asked before it is told again.
Any other is sent an order once. That it is about to leave is written down first, and where no
answer came, also after a crash, nobody knows what became of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from planner.errors import LabUnavailable, LedgerUnavailable, Locked, PlannerError, Unanswered
from planner.labs import Answer, DeliveryClass, DeviceLab, Order, RecallingLab, TwoPhaseLab
from planner.ledger.entries import OrderKeptBack, OrderSent
from planner.loop.dispatch.hearing import check_reality
from planner.loop.dispatch.keeper import hold_devices
from planner.loop.dispatch.orders import reorder
from planner.loop.sensors.preconditions import unmet_at
from planner.loop.sessions.session import Session
from planner.trials import DeviceState, KeptBy, Run, RunState, Trial

UNDER_WAY_S = 5.0  # longer than a source takes to answer that knows no keys
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
    if session.state.latched is not None or not _may_begin(session, trial, run):
        return None
    if not _is_as_said(session, run):
        return None
    _plan_next(session, run)
    try:
        answer = _hand_over(session, trial, run)
    except Unanswered as error:
        may_ask = session.lab.delivery is not DeliveryClass.FIRE_AND_OBSERVE
        return None if may_ask else _deaf(run, f"no answer came: {error}")
    except Locked as error:
        session.unreachable_since = None
        _keep_back(session, trial, run, by="locked", reason=str(error))
        return None
    except LabUnavailable:
        note_unreachable(session)
        return None
    except PlannerError:
        raise
    except Exception as error:
        raise _broken(session, error) from error
    if answer is not None:
        session.unreachable_since = None
        session.attempts.pop(run.key, None)
    return answer


def _may_begin(session: Session, trial: Trial, run: Run) -> bool:
    """Tells whether an order may leave now; why it may not is written down once."""
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


def _is_as_said(session: Session, run: Run) -> bool:
    """Tells whether a device was heard to be as real as the file says; before that nothing leaves.

    Raises:
        Refused: it is not.
    """
    lab, device = session.lab, run.device
    if not isinstance(lab, DeviceLab) or device in session.known_as_said:
        return True
    try:
        beat = lab.heartbeat(device)
    except LabUnavailable:
        _plan_next(session, run)
        note_unreachable(session)
        return False
    check_reality(session.state.spec.source, device, beat)
    session.known_as_said.add(device)
    return True


def _hand_over(session: Session, trial: Trial, run: Run) -> Answer | None:
    """Hands an order over as the class of the source admits."""
    if session.lab.delivery is DeliveryClass.KEYED:
        return session.lab.submit(_addressed(session, trial, run))
    if isinstance(session.lab, TwoPhaseLab):
        return _send_in_two_phases(session, session.lab, trial, run)
    return _send_once(session, trial, run)


def _send_once(session: Session, trial: Trial, run: Run) -> Answer | None:
    """Sends an order that must not arrive twice."""
    if _may_have_left(session, run):
        if _may_be_under_way(session, run):
            return None
        return _deaf(run, "the order was sent before, and no answer is known")
    if _is_too_late(session, run):
        return _refuse(session, trial, run)
    return _submit_noted(
        session, trial, run, lambda: session.lab.submit(_addressed(session, trial, run))
    )


def _send_in_two_phases(
    session: Session, lab: TwoPhaseLab, trial: Trial, run: Run
) -> Answer | None:
    """Has an order prepared, and lets it begin; again only what is known not to have begun."""
    order, handle = _addressed(session, trial, run), run.handle
    if _may_have_left(session, run):
        if _may_be_under_way(session, run):
            return None
        recall(session, [(trial, run)])
        is_prepared = lab.is_prepared(handle)
        if not is_prepared or _is_too_late(session, run):
            # it may have begun since it was asked about
            known = lab.poll([run.key]).get(run.key)
            return known or _deaf(run, "it was told to begin, and the source does not know it")
    elif _is_too_late(session, run):
        return _refuse(session, trial, run)
    else:
        handle = lab.prepare(order)  # one that was prepared before may be forgotten by now
    return _submit_noted(session, trial, run, lambda: lab.commit(order, handle), handle=handle)


def _submit_noted(
    session: Session, trial: Trial, run: Run, leave: Callable[[], Answer], *, handle: str = ""
) -> Answer:
    """Writes down that an order is about to leave, and lets it leave."""
    attempt = run.n_sent + 1
    sent = OrderSent(key=run.key, attempt=attempt, token=_token(session), handle=handle)
    try:
        session.write([sent], trials={trial.number: trial.state}, is_sending=True)
    except LedgerUnavailable:
        session.unsent[run.key] = attempt  # it may be written; nothing has left
        raise
    session.sent_here[run.key] = attempt
    try:
        return leave()
    except LabUnavailable:
        session.unsent[run.key] = attempt
        raise


def _may_have_left(session: Session, run: Run) -> bool:
    return run.n_sent > session.unsent.get(run.key, 0)


def _may_be_under_way(session: Session, run: Run) -> bool:
    """Tells whether another process may be sending it at this moment, and be told the answer.

    Its lease may have run out by our clock and not by its own. Meanwhile the source is asked.
    """
    if session.sent_here.get(run.key) == run.n_sent:
        return False
    attempt, first_s = session.sent_elsewhere.get(run.key, (0, 0.0))
    if attempt != run.n_sent:
        first_s = session.elapsed_s
        session.sent_elsewhere[run.key] = (run.n_sent, first_s)
    return session.elapsed_s - first_s < UNDER_WAY_S


def _is_too_late(session: Session, run: Run) -> bool:
    return run.not_after is not None and session.clock.now() > run.not_after


def _refuse(session: Session, trial: Trial, run: Run) -> Answer:
    """Lets nothing leave, and says so: written down like a sending, so that nobody else sends."""
    assert run.not_after is not None
    reason = f"it was to begin by {run.not_after.isoformat()}, which has passed: it was not sent"
    answer = Answer(key=run.key, state=DeviceState.REFUSED, reason=reason)
    return _submit_noted(session, trial, run, lambda: answer)


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


def send_aborts(session: Session, runs: list[tuple[Trial, Run]]) -> list[Answer]:
    """Asks the source to end the runs that a person wants to end; asking twice is harmless."""
    answers = []
    for _, run in runs:
        is_asked = run.state is RunState.ABORTING and run.key not in session.aborts_sent
        if is_asked and run.device not in session.left_alone and hold_devices(session):
            try:
                answer = session.lab.abort(run.key, token=_token(session), ledger=session.ledger.id)
            except (LabUnavailable, Unanswered):
                note_unreachable(session)
                continue
            session.aborts_sent.add(run.key)
            answers.append(answer)
    return answers


def poll(session: Session, runs: list[tuple[Trial, Run]]) -> dict[str, Answer] | None:
    """Asks the source about runs; None where it cannot be reached.

    Raises:
        LabUnavailable: the source's adapter failed in a way that it should not.
    """
    try:
        recall(session, runs)
        answers = dict(session.lab.poll([run.key for _, run in runs]))
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


def recall(session: Session, runs: list[tuple[Trial, Run]]) -> None:
    """Tells a lab that cannot ask by key alone what it is asked about."""
    if not isinstance(session.lab, RecallingLab):
        return
    for trial, run in runs:
        if session.recalled.get(run.key) != run.handle:
            session.lab.recall(_addressed(session, trial, run), run.handle)
            session.recalled[run.key] = run.handle


def note_unreachable(session: Session) -> float:
    """Notes that the source did not answer, and returns for how many seconds it has not."""
    if session.unreachable_since is None:
        session.unreachable_since = session.elapsed_s
    return session.elapsed_s - session.unreachable_since


def _token(session: Session) -> int:
    return session.hold.token if session.hold is not None else 0


def _addressed(session: Session, trial: Trial, run: Run) -> Order:
    """Returns the order with what lets a device refuse who may not give it, or gives it late."""
    order = reorder(session.state, trial, run)
    return replace(order, token=_token(session), ledger=session.ledger.id, not_after=run.not_after)


def _plan_next(session: Session, run: Run) -> None:
    """Decides when the order may be sent again: each time later."""
    attempt = session.attempts.get(run.key, 0) + 1
    session.attempts[run.key] = attempt
    pause = min(LONGEST_RESEND_S, FIRST_RESEND_S * 2 ** (attempt - 1))
    session.resend_at[run.key] = session.elapsed_s + pause


def _deaf(run: Run, reason: str) -> Answer:
    return Answer(key=run.key, state=DeviceState.UNKNOWN, reason=reason)


def _broken(session: Session, error: Exception) -> LabUnavailable:
    source = session.state.spec.source.name
    return LabUnavailable(
        f"The adapter of source {source!r} failed with {type(error).__name__}: {error}. Nothing in "
        f"the ledger is lost: mend the adapter, then run the campaign again."
    )
