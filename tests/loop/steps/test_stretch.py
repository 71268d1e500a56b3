"""A stretch: where it ends, what it makes of people who act meanwhile, and what is due next."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from planner.clock import ManualClock
from planner.errors import StaleWrite
from planner.labs import Answer, Order
from planner.loop import people
from planner.loop.dispatch.keeper import holding
from planner.loop.steps.advance import Waiting, advance
from planner.loop.steps.outlook import has_work
from planner.loop.steps.stretch import Limits, run_stretch
from planner.trials import TrialState, Wanted
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

FOREVER = 10**9  # polls that a run takes: longer than any test


def fifty(order: Order, _: int) -> Answer:
    return done(order, **{"yield": 50.0 + order.parameters["flow"].value})  # type: ignore[operator]


def test_a_stretch_ends_after_its_steps_and_the_next_one_goes_on(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(fifty))
    assert run_stretch(session, limits=Limits(steps=2)).waiting is Waiting.NOTHING
    assert 0 < len(session.state.trials) < 6
    assert run_stretch(session).waiting is Waiting.END
    assert len(session.state.in_state(TrialState.COMPLETED)) == 6


def test_a_stretch_does_not_sit_through_the_hours_of_a_machine(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(ScriptedLab(fifty, latency=FOREVER))
    before = clock.now()
    assert run_stretch(session, limits=Limits(still_s=30.0)).waiting is Waiting.MACHINE
    assert 30.0 <= (clock.now() - before).total_seconds() < 35.0  # 30 s and the last pause, of 2 s


def test_asked_to_leave_it_ends_after_the_step(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(fifty))
    run_stretch(session, is_asked_to_leave=lambda: len(session.state.trials) == 2)
    assert len(session.state.trials) == 2
    assert session.state.stopped is None


def test_a_person_who_acts_during_a_decision_ends_nothing(make_session: MakeSession) -> None:
    """What was decided on the former state is thrown away, and the stretch looks again."""
    lab = ScriptedLab(fifty)
    session, other = make_session(lab), make_session(lab)
    has_acted: list[bool] = []

    def interrupted(name: str, act: Callable[[], object]) -> object:
        if name == "ask" and len(session.state.trials) == 2 and not has_acted:
            has_acted.append(True)
            people.want(other, Wanted.DRAIN, reason="lunch")
        return act()

    with holding(session):
        step = run_stretch(session, perform=interrupted)  # type: ignore[arg-type]
    assert has_acted
    assert step.waiting is Waiting.PERSON
    assert "asked to drain" in step.why
    assert len(session.state.trials) == 2


def test_a_stretch_whose_campaign_was_taken_stops_at_once(make_session: MakeSession) -> None:
    lab = ScriptedLab(fifty)
    session, other = make_session(lab), make_session(lab)

    def robbed(_name: str, act: Callable[[], object]) -> object:
        other.ledger.take("bench")  # the same process may take it again, as another epoch
        return act()

    with holding(session), pytest.raises(StaleWrite, match="epoch"):
        run_stretch(session, perform=robbed)  # type: ignore[arg-type]
    assert lab.acts == {}


def test_what_is_due_agrees_with_what_a_step_does(make_session: MakeSession) -> None:
    """Asked before every step of a whole campaign, on a lab that takes three polls a run."""
    session = make_session(ScriptedLab(fifty, latency=3))
    watcher = make_session(session.lab)
    for _ in range(100):
        is_due = has_work(watcher)
        step = advance(session)
        assert is_due or step.waiting is not Waiting.NOTHING
        if step.waiting is Waiting.END:
            break
    assert step.waiting is Waiting.END
    assert not has_work(watcher)


def test_nothing_is_due_while_only_people_can_move_it(make_session: MakeSession) -> None:
    text = campaign_text(policy="start: 3, approval: person")
    lab = ScriptedLab(fifty)
    session = make_session(lab, text=text)
    assert has_work(session)
    assert run_stretch(session).waiting is Waiting.PERSON
    assert not has_work(session)
    people.approve(session, [1])
    assert has_work(session)
