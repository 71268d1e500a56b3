"""One step of a campaign: reconcile, collect, assess, ask, approve, dispatch.

``advance`` can be called again at any time, by anyone, after any crash: all it knows comes from
the ledger and from asking the source. An engine calls it and may wrap what it does, by giving
``perform``; taking the wrapping off leaves the same campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from planner.errors import LabUnavailable
from planner.labs import Answer
from planner.loop.deciding.chosen import with_remark
from planner.loop.deciding.propose import decide, write_proposals
from planner.loop.deciding.stopping import NOTHING_LEFT, assess, is_settled
from planner.loop.dispatch.adjusting import send_adjustments
from planner.loop.dispatch.collect import (
    end_overdue,
    open_runs,
    poll_source,
    record_answers,
    settle_inbox,
)
from planner.loop.dispatch.expiring import expire
from planner.loop.dispatch.holding_back import moves_due
from planner.loop.dispatch.interlocks import (
    Interlock,
    interlock_moves,
    interlock_now,
    is_interlocked,
)
from planner.loop.dispatch.orders import open_run
from planner.loop.dispatch.sending import send
from planner.loop.sensors.sensed import sense_now
from planner.loop.sessions.session import Session
from planner.loop.steps.waiting import describe_time, describe_waiting
from planner.loop.timetable.placing import Placement, place, room, wait_until
from planner.trials import DISPATCHING, PROPOSING, RunState, TrialState

T = TypeVar("T")

PATIENCE_S = 60.0  # how long a source may be out of reach before the engine gives up


class Waiting(StrEnum):
    """What a campaign waits for when nothing moved."""

    NOTHING = "nothing"  # something moved: call again
    MACHINE = "machine"  # a source will have news
    TIME = "time"  # the source will open
    PERSON = "person"  # only people can move it on
    END = "end"  # it has stopped


class Perform(Protocol):
    """How an engine runs one part of a step, such as a task that shows in its pages."""

    def __call__(self, name: str, act: Callable[[], T], /) -> T:
        """Runs ``act`` under this name and returns what it returns."""
        ...


def perform_plainly(_name: str, act: Callable[[], T]) -> T:
    """Runs it, no more."""
    return act()


@dataclass(frozen=True, slots=True)
class Step:
    """What one call of ``advance`` did.

    Args:
        waiting: what the campaign waits for now.
        why: in words, for a person.
        until: when to go on, where it waits for a time.
    """

    waiting: Waiting
    why: str = ""
    until: datetime | None = None


def advance(session: Session, *, perform: Perform = perform_plainly) -> Step:
    """Moves a campaign one step.

    Args:
        session: under a lease.
        perform: wraps the parts that do something.

    Raises:
        StaleWrite: somebody else has taken the campaign, or it changed: open it again.
        LabUnavailable: the source was out of reach for a minute.
    """
    state = session.refresh()
    if state.stopped is not None and not state.open_trials:
        return Step(Waiting.END, state.stopped.reason)
    moved = _collect(session, perform)
    moved |= bool(expire(session))
    stop = assess(session.state, session.space, now_s=session.now_s)
    if stop is None and session.state.stopped is None:
        moved |= _ask(session, perform)
    interlock = interlock_now(session)
    moved |= _hold_back(session, interlock)
    moved |= _dispatch(session, perform, interlock)
    if moved:
        return Step(Waiting.NOTHING)
    if stop is not None and is_settled(session.state):
        session.write([stop], is_decision=True)
        return Step(Waiting.END, stop.reason)
    _give_up_if_unreachable(session)
    return what_next(session)


def _collect(session: Session, perform: Perform) -> bool:
    answers = poll_source(session)
    if answers:
        perform("collect", lambda: _record_and_settle(session, answers))
        return True
    return bool(settle_inbox(session) + send_adjustments(session) + end_overdue(session))


def _record_and_settle(session: Session, answers: list[Answer]) -> int:
    record_answers(session, answers)
    return settle_inbox(session)


def _ask(session: Session, perform: Perform) -> bool:
    state = session.state
    q = room(state, now=session.clock.now()) if state.may_propose else 0
    if q == 0:
        return False
    before = state.sequence

    def ask() -> list[int]:
        space, remark = sense_now(session, session.space)
        chosen = with_remark(decide(session.state, space, q=q, whole=session.space), remark)
        if chosen.picks:
            return write_proposals(session, chosen)
        if chosen.short is not None:
            session.write([chosen.short], wanted=PROPOSING, is_decision=True)
        else:
            session.write([NOTHING_LEFT], is_decision=True)
        return []

    perform("ask", ask)
    return session.state.sequence > before


def _hold_back(session: Session, interlock: Interlock) -> bool:
    """Holds trials that may begin nowhere or are short of something, and lets others go on."""
    state = session.state
    moves = interlock_moves(state, interlock) or moves_due(state)
    if moves:
        states = {each.trial: session.state.trial(each.trial).state for each in moves}
        session.write(moves, trials=states, is_decision=True)
    return bool(moves)


def _dispatch(session: Session, perform: Perform, interlock: Interlock) -> bool:
    if not session.state.may_dispatch or interlock.everywhere:
        return False
    now = session.clock.now()
    placements = place(session.state, now=now, closed=interlock.closed).now
    if not placements:
        return False

    def dispatch() -> int:
        if session.driver is not None:
            _open_runs(session, placements)
            session.driver.wake()
            return settle_inbox(session)
        for placement in placements:
            _dispatch_one(session, placement)
        return settle_inbox(session)

    perform("dispatch", dispatch)
    return True


def _dispatch_one(session: Session, placement: Placement) -> None:
    """Writes the intent, then sends: the key is in the ledger before the first byte leaves."""
    _open_runs(session, [placement])
    trial = session.state.trial(placement.trial)
    assert trial.run is not None
    answer = send(session, trial, trial.run)
    if answer is not None:
        record_answers(session, [answer])


def _open_runs(session: Session, placements: Sequence[Placement]) -> None:
    """Writes the intents, one transaction for all."""
    state, now = session.state, session.clock.now()
    source, records = state.spec.source.name, []
    for each in placements:
        trial = state.trial(each.trial)
        records += open_run(state, trial, source=source, now=now, device=each.device)
    session.write(
        records,
        trials={each.trial: TrialState.APPROVED for each in placements},
        wanted=DISPATCHING,
        is_decision=True,
    )


def _give_up_if_unreachable(session: Session) -> None:
    since = session.unreachable_since
    if session.driver is not None:
        if session.driver.error is not None:
            raise session.driver.error
        since = session.driver.unreachable_since
    if since is not None and session.elapsed_s - since > PATIENCE_S:
        raise LabUnavailable(
            f"Source {session.state.spec.source.name!r} of campaign {session.campaign!r} has been "
            f"out of reach for {PATIENCE_S:g} s. Nothing is lost: check the device and its "
            f"network, then run the campaign again."
        )


def what_next(session: Session) -> Step:
    """Says what a campaign waits for in which nothing moves."""
    state, now = session.state, session.clock.now()
    machine = [run for _, run in open_runs(session) if not session.lab.is_person]
    if any(run.state is not RunState.IN_DOUBT for run in machine) or state.unsettled:
        return Step(Waiting.MACHINE)
    if state.latched is None and any(is_interlocked(each) for each in state.open_trials):
        return Step(Waiting.MACHINE)
    if state.may_dispatch:
        is_proposing = state.may_propose and state.stopped is None
        until = wait_until(state, is_proposing=is_proposing, now=now)
        stop = None
        if until is not None:
            stop = assess(state, session.space, now_s=session.now_s) if is_proposing else None
        if stop is not None:
            until = wait_until(state, is_proposing=False, now=now)
        if until is not None:
            return Step(Waiting.TIME, describe_time(state, until, now=now), until)
    return Step(Waiting.PERSON, describe_waiting(session))
