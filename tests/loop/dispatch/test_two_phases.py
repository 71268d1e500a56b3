"""A source that prepares an order before it begins: told to begin once, asked before told again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from planner.clock import ManualClock
from planner.errors import LabUnavailable, Unanswered
from planner.labs import Answer, DeliveryClass, Order
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import DeviceState, RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import done

TEXT = campaign_text(budget="trials: 1", policy="start: 1")


@dataclass
class PreparingLab:
    """Forgets what it is told to forget, and acts as often as it is told to begin.

    ``loses`` names what gets lost, in order: ``prepare`` and ``begin`` before they arrive,
    ``begun`` the answer to one that did.
    """

    loses: list[str] = field(default_factory=list)
    delivery: DeliveryClass = DeliveryClass.TWO_PHASE
    is_repeatable: bool = False
    is_person: bool = False
    prepared: dict[str, Order] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)

    def prepare(self, order: Order) -> str:
        self._lose("prepare")
        handle = f"h{len(self.prepared)}"
        self.prepared[handle] = order
        return handle

    def commit(self, order: Order, handle: str) -> Answer:
        self.known[order.key] = handle
        self._lose("begin")
        self.acts.append(self.prepared[handle].key)
        self._lose("begun")
        return Answer(key=order.key, state=DeviceState.STARTED)

    def is_prepared(self, handle: str) -> bool:
        return handle in self.prepared and self.prepared[handle].key not in self.acts

    def recall(self, order: Order, handle: str) -> None:
        self.known[order.key] = handle

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        begun = [key for key in keys if self.known.get(key) in self.prepared and key in self.acts]
        return {key: done(self.prepared[self.known[key]], **{"yield": 50.0}) for key in begun}

    def submit(self, order: Order) -> Answer:
        raise AssertionError("the loop keeps the phases apart")

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        raise AssertionError("nobody asked for that")

    def close(self) -> None:
        pass

    def _lose(self, what: str) -> None:
        if self.loses[:1] == [what]:
            self.loses.pop(0)
            raise Unanswered(f"{what} was lost")


def go_on(session: Session, clock: ManualClock, *, times: int = 6) -> TrialState:
    for _ in range(times):
        advance(session)
        clock.wait_s(11.0)
    return session.state.trial(1).state


@pytest.mark.parametrize(
    "loses", [[], ["prepare", "prepare"], ["begin"], ["begun"], ["prepare", "begin", "begun"]]
)
def test_whatever_is_lost_on_the_way_it_begins_once(
    make_session: MakeSession, clock: ManualClock, loses: list[str]
) -> None:
    lab = PreparingLab(loses=list(loses))
    session = make_session(lab, text=TEXT)
    assert go_on(session, clock) is TrialState.COMPLETED
    assert (lab.acts, lab.loses) == (["bench/1/1"], [])


@pytest.mark.parametrize("lost", ["begin", "begun"])
def test_after_a_crash_the_ledger_knows_the_handle(
    make_session: MakeSession, clock: ManualClock, lost: str
) -> None:
    lab = PreparingLab(loses=[lost])
    advance(make_session(lab, text=TEXT))
    lab.known.clear()
    session = make_session(lab, text=TEXT)
    session.refresh()
    assert go_on(session, clock) is TrialState.COMPLETED
    assert lab.acts == ["bench/1/1"]
    run = session.state.trial(1).run
    assert run is not None
    assert run.handle == "h0"


@pytest.mark.parametrize(("lost", "acts"), [("begin", []), ("begun", ["bench/1/1"])])
def test_not_found_after_it_was_told_to_begin_is_in_doubt_and_not_failed(
    make_session: MakeSession, clock: ManualClock, lost: str, acts: list[str]
) -> None:
    lab = PreparingLab(loses=[lost])
    session = make_session(lab, text=TEXT)
    advance(session)
    lab.prepared.clear()  # as after a restart
    assert go_on(session, clock) is TrialState.IN_DOUBT
    assert lab.acts == acts


def test_what_began_and_is_not_known_any_more_is_in_doubt(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = PreparingLab()
    session = make_session(lab, text=TEXT)
    advance(session)
    run = session.refresh().trial(1).run
    assert run is not None
    assert run.state is RunState.STARTED
    lab.prepared.clear()
    assert go_on(session, clock) is TrialState.IN_DOUBT


def test_out_of_reach_when_asked_is_asked_again(
    make_session: MakeSession, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = PreparingLab(loses=["begin"])
    session = make_session(lab, text=TEXT)
    advance(session)

    def be_away(_handle: str) -> bool:
        raise LabUnavailable("nobody listens")

    with monkeypatch.context() as away:
        away.setattr(lab, "is_prepared", be_away)
        assert go_on(session, clock, times=2) is TrialState.RUNNING
    assert go_on(session, clock) is TrialState.COMPLETED
    assert lab.acts == ["bench/1/1"]


def test_what_another_process_is_about_to_begin_is_not_begun_beside_it(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """By clocks that differ two drivers may both believe to have the lease."""
    lab = PreparingLab(loses=["begin"])
    first = make_session(lab, text=TEXT)
    advance(first)  # written down, and as if it had not left yet
    other = make_session(lab, text=TEXT)
    other.refresh()
    for _ in range(4):
        advance(other)
        clock.wait_s(1.0)
    assert lab.acts == []
    assert go_on(other, clock) is TrialState.COMPLETED
    assert lab.acts == ["bench/1/1"]
