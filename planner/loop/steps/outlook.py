"""What a step would find to do, without doing it: for whoever decides when the next one is due."""

from __future__ import annotations

from planner.errors import LabUnavailable
from planner.loop.deciding.stopping import assess, is_settled
from planner.loop.dispatch.collect import is_news, open_runs, overdue_runs
from planner.loop.dispatch.expiring import expired
from planner.loop.dispatch.handing_over import recall
from planner.loop.dispatch.holding_back import moves_due
from planner.loop.dispatch.interlocks import interlock_moves, interlock_now
from planner.loop.dispatch.sending import note_unreachable
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import PATIENCE_S
from planner.loop.timetable.placing import place, room
from planner.trials import RunState


def has_work(session: Session) -> bool:
    """Tells whether a step would move something; asks the source, writes and sends nothing.

    Args:
        session: with or without a lease.
    """
    state = session.refresh()
    if state.stopped is not None and not state.open_trials:
        return False
    if state.unsettled or overdue_runs(session) or _has_answers(session):
        return True
    interlock = interlock_now(session)
    now = session.clock.now()
    if expired(state, now=now) or moves_due(state) or interlock_moves(state, interlock):
        return True
    may_begin = state.may_dispatch and not interlock.everywhere
    if may_begin and place(state, now=now, closed=interlock.closed).now:
        return True
    if state.stopped is not None:
        return False
    if assess(state, session.space, now_s=session.now_s) is not None:
        return is_settled(state)
    return state.may_propose and room(state, now=now) > 0


def _has_answers(session: Session) -> bool:
    """Tells whether the source has news, or does not know an order that was to be sent."""
    if session.driver is not None:
        return session.driver.error is not None  # what it hears is in the ledger
    found = open_runs(session)
    runs = [run for _, run in found]
    if session.lab.is_person:
        return any(run.state is RunState.DISPATCHING for run in runs)
    if not runs or session.lab.is_repeatable:
        return bool(runs)  # asking a simulator takes its answer; whoever steps waits for it
    try:
        recall(session, found)
        answers = dict(session.lab.poll([run.key for run in runs]))
    except LabUnavailable:
        return note_unreachable(session) > PATIENCE_S  # the step says so
    session.unreachable_since = None
    if any(is_news(session, answer) for answer in answers.values()):
        return True
    return any(run.state is RunState.DISPATCHING for run in runs if run.key not in answers)
