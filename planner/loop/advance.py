"""One step of a campaign: reconcile, collect, assess, ask, approve, dispatch.

``advance`` can be called again at any time, by anyone, after any crash: all it knows comes from
the ledger and from asking the source. An engine calls it and may wrap what it does, by giving
``perform``; taking the wrapping off leaves the same campaign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from planner.errors import LabUnavailable
from planner.labs import Answer
from planner.ledger.entries import CampaignStopped
from planner.loop.collect import (
    end_overdue,
    open_runs,
    poll_source,
    record_answers,
    settle_inbox,
)
from planner.loop.orders import open_run
from planner.loop.propose import decide, room, write_proposals
from planner.loop.sending import send
from planner.loop.session import Session
from planner.loop.stopping import assess
from planner.loop.waiting import describe_waiting
from planner.trials import TERMINAL_TRIALS, RunState, Trial, TrialState, Wanted

T = TypeVar("T")

PATIENCE_S = 60.0  # how long a source may be out of reach before the engine gives up

PROPOSING = (Wanted.RUN, Wanted.HOLD)
DISPATCHING = (Wanted.RUN, Wanted.DRAIN)


class Waiting(StrEnum):
    """What a campaign waits for when nothing moved."""

    NOTHING = "nothing"  # something moved: call again
    MACHINE = "machine"  # a source will have news
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
    """

    waiting: Waiting
    why: str = ""


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
    stop = assess(session.state, session.space, now_s=session.now_s)
    if stop is None and session.state.stopped is None:
        moved |= _ask(session, perform)
    moved |= _dispatch(session, perform)
    if moved:
        return Step(Waiting.NOTHING)
    if stop is not None and _is_settled(session):
        session.write([stop], is_decision=True)
        return Step(Waiting.END, stop.reason)
    _give_up_if_unreachable(session)
    return what_next(session)


def _collect(session: Session, perform: Perform) -> bool:
    answers = poll_source(session)
    if answers:
        perform("collect", lambda: _record_and_settle(session, answers))
        return True
    return bool(settle_inbox(session) + end_overdue(session))


def _record_and_settle(session: Session, answers: list[Answer]) -> int:
    record_answers(session, answers)
    return settle_inbox(session)


def _ask(session: Session, perform: Perform) -> bool:
    q = room(session.state)
    if q == 0 or session.state.wanted not in PROPOSING:
        return False

    def ask() -> list[int]:
        chosen = decide(session.state, session.space, q=q)
        if not chosen.choice.picks:
            reason = "no configuration is left that was not tried"
            session.write([CampaignStopped(rule="exhausted", reason=reason)], is_decision=True)
            return []
        return write_proposals(session, chosen)

    return bool(perform("ask", ask)) or session.state.stopped is not None


def _dispatch(session: Session, perform: Perform) -> bool:
    if session.state.wanted not in DISPATCHING:
        return False
    trials = dispatchable(session)
    if not trials:
        return False

    def dispatch() -> int:
        for trial in trials:
            _dispatch_one(session, trial.number)
        return settle_inbox(session)

    perform("dispatch", dispatch)
    return True


def dispatchable(session: Session) -> list[Trial]:
    """Returns the approved trials for which the source has a place."""
    approved = [each for each in session.state.in_state(TrialState.APPROVED) if not each.handed]
    busy = [run for _, run in open_runs(session) if run.state is not RunState.IN_DOUBT]
    return approved[: max(0, session.state.spec.source.places - len(busy))]


def _dispatch_one(session: Session, number: int) -> None:
    """Writes the intent, then sends: the key is in the ledger before the first byte leaves."""
    trial = session.state.trial(number)
    records = open_run(session.state, trial, source=session.state.spec.source.name)
    session.write(
        records,
        trials={number: TrialState.APPROVED},
        wanted=frozenset(DISPATCHING),
        is_decision=True,
    )
    trial = session.state.trial(number)
    assert trial.run is not None
    answer = send(session, trial, trial.run)
    if answer is not None:
        record_answers(session, [answer])


def _is_settled(session: Session) -> bool:
    """Tells whether every trial has come to an end, as far as machines can bring it there."""
    return all(trial.state in TERMINAL_TRIALS for trial in session.state.trials.values())


def _give_up_if_unreachable(session: Session) -> None:
    since = session.unreachable_since
    if since is not None and session.now_s - since > PATIENCE_S:
        raise LabUnavailable(
            f"Source {session.state.spec.source.name!r} of campaign {session.campaign!r} has been "
            f"out of reach for {PATIENCE_S:g} s. Nothing is lost: check the device and its "
            f"network, then run the campaign again."
        )


def what_next(session: Session) -> Step:
    """Says what a campaign waits for in which nothing moves."""
    machine = [run for _, run in open_runs(session) if not session.lab.is_person]
    if any(run.state is not RunState.IN_DOUBT for run in machine):
        return Step(Waiting.MACHINE)
    return Step(Waiting.PERSON, describe_waiting(session))
