"""Handing an order over, as the class of its source admits.

One that knows keys is sent the same order until it answers. One that prepares an order before it
begins is told to begin once, and asked before it is told again. Any other is sent an order once.
That it is about to leave is written down first, and where no answer came, also after a crash,
nobody knows what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from planner.errors import LabUnavailable, LedgerUnavailable, Refused
from planner.labs import Answer, DeliveryClass, Order, RecallingLab, TellingLab, TwoPhaseLab
from planner.ledger.entries import OrderSent
from planner.loop.dispatch.orders import reorder
from planner.loop.sessions.session import Session
from planner.trials import DISPATCHING, DeviceState, Run, Trial

UNDER_WAY_S = 5.0  # longer than a source takes to answer that knows no keys


def hand_over(session: Session, trial: Trial, run: Run) -> Answer | None:
    """Hands an order over as the class of the source admits.

    Raises:
        Refused: the source knows the key from another ledger.
    """
    answer = _leave(session, trial, run)
    if answer is not None and not is_ours(session, answer):
        raise Refused(
            f"Source {run.source!r} knows the key {run.key} from ledger {answer.ledger}: a "
            f"campaign of this name was run before this one was begun. Nothing was done. Give this "
            f"campaign another name, so that its keys are new."
        )
    return answer


def _leave(session: Session, trial: Trial, run: Run) -> Answer | None:
    if session.lab.delivery is DeliveryClass.KEYED:
        return _send_by_key(session, trial, run)
    if isinstance(session.lab, TwoPhaseLab):
        return _send_in_two_phases(session, session.lab, trial, run)
    return _send_once(session, trial, run)


def recall(session: Session, runs: list[tuple[Trial, Run]]) -> None:
    """Tells a lab which device has which run, and one that cannot ask by key alone the orders."""
    if isinstance(session.lab, TellingLab):
        session.lab.learn({run.key: run.device for _, run in runs})
    if not isinstance(session.lab, RecallingLab):
        return
    for trial, run in runs:
        if session.recalled.get(run.key) != run.handle:
            session.lab.recall(_addressed(session, trial, run), run.handle)
            session.recalled[run.key] = run.handle


def _send_by_key(session: Session, trial: Trial, run: Run) -> Answer:
    """Sends an order that may arrive twice; the first time it is written down, if it is noted."""
    order = _addressed(session, trial, run)
    if not run.is_noted:
        return session.lab.submit(order)
    if run.n_sent == 0:
        return _submit_noted(session, trial, run, lambda: session.lab.submit(order))
    never_left = not may_have_left(session, run)
    session.unsent.pop(run.key, None)
    try:
        return session.lab.submit(order)
    except LabUnavailable:
        if never_left:
            session.unsent[run.key] = run.n_sent
        raise


def _send_once(session: Session, trial: Trial, run: Run) -> Answer | None:
    """Sends an order that must not arrive twice."""
    if may_have_left(session, run):
        if _may_be_under_way(session, run):
            return None
        return deaf(run, "the order was sent before, and no answer is known")
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
    if may_have_left(session, run):
        if _may_be_under_way(session, run):
            return None
        recall(session, [(trial, run)])
        is_prepared = lab.is_prepared(handle)
        if not is_prepared or _is_too_late(session, run):
            # it may have begun since it was asked about
            known = lab.poll([run.key]).get(run.key)
            return known or deaf(run, "it was told to begin, and the source does not know it")
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
    sent = OrderSent(key=run.key, attempt=attempt, token=token_of(session), handle=handle)
    try:
        session.write(
            [sent], trials={trial.number: trial.state}, wanted=DISPATCHING, is_sending=True
        )
    except LedgerUnavailable:
        session.unsent[run.key] = attempt  # it may be written; nothing has left
        raise
    session.sent_here[run.key] = attempt
    try:
        return leave()
    except LabUnavailable:
        session.unsent[run.key] = attempt
        raise


def may_have_left(session: Session, run: Run) -> bool:
    """Tells whether an order whose sendings are written down may have reached its device."""
    return run.n_sent > session.unsent.get(run.key, 0)


def never_left(session: Session, run: Run) -> bool:
    """Tells whether an order provably never left: that it does is written down, and was not."""
    is_noted = run.is_noted or session.lab.delivery is not DeliveryClass.KEYED
    return is_noted and run.acknowledged_at is None and not may_have_left(session, run)


def may_be_there(session: Session, run: Run) -> bool:
    """Tells whether the device may know a run, as far as this process knows."""
    is_sent = run.key in session.left or may_have_left(session, run)
    return run.acknowledged_at is not None or is_sent


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


def _addressed(session: Session, trial: Trial, run: Run) -> Order:
    """Returns the order with what lets a device refuse who may not give it, or gives it late."""
    order = reorder(session.state, trial, run)
    return replace(
        order, token=token_of(session), ledger=session.ledger.id, not_after=run.not_after
    )


def token_of(session: Session) -> int:
    """Returns the fencing token of the lease that is held; 0 where none is needed."""
    return session.hold.token if session.hold is not None else 0


def deaf(run: Run, reason: str) -> Answer:
    """Returns the answer that stands for none: nobody knows what became of a run."""
    return Answer(key=run.key, state=DeviceState.UNKNOWN, reason=reason)


def only_ours(session: Session, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Leaves out what a device did for another ledger: a campaign begun anew repeats its keys."""
    return {key: each for key, each in answers.items() if is_ours(session, each)}


def is_ours(session: Session, answer: Answer) -> bool:
    """Tells whether an answer is about an order of this ledger, as far as the device says."""
    return answer.ledger in ("", session.ledger.id)
