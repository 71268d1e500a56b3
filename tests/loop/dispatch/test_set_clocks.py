"""Who sets the clock by an hour moves no pause, no patience and no time limit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from planner.clock import ManualClock
from planner.errors import LabUnavailable, StaleWrite, Unanswered
from planner.labs import Answer, DeliveryClass, Order
from planner.loop.dispatch.collect import open_runs
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.dispatch.sending import send_waiting
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import PATIENCE_S, advance
from planner.trials import DeviceState, RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

HOUR = timedelta(hours=1)
LATE = campaign_text(source="time_limit: 30 min", policy="start: 6")


def lab_that(*fails: Exception, **how: object) -> ScriptedLab:
    """A lab that fails so often, and then answers."""

    def script(order: Order, n: int) -> Answer | Exception:
        return fails[n] if n < len(fails) else done(order, **{"yield": 50.0})

    return ScriptedLab(script, **how)  # type: ignore[arg-type]


def only_run_state(session: Session) -> RunState:
    run = session.refresh().trial(1).run
    assert run is not None
    return run.state


def test_an_order_is_sent_again_although_the_clock_was_set_back(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = lab_that(Unanswered("no answer"))
    session = make_session(lab, text=campaign_text(policy="start: 6"))
    advance(session)
    clock.set(clock.now() - HOUR)
    clock.wait_s(1.0)
    advance(session)
    assert "bench/1/1" in lab.acts


def test_patience_with_a_lab_out_of_reach_is_not_used_up_by_setting_the_clock(
    make_session: MakeSession, clock: ManualClock
) -> None:
    away = LabUnavailable("nobody listens")
    session = make_session(lab_that(*[away] * 99), text=campaign_text(policy="start: 6"))
    advance(session)
    clock.set(clock.now() + HOUR)
    advance(session)
    clock.wait_s(PATIENCE_S + 1)
    with pytest.raises(LabUnavailable):
        advance(session)


def test_a_run_under_way_is_overdue_by_time_that_passed_and_not_by_a_set_clock(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session = make_session(lab_that(latency=10**6), text=LATE)
    advance(session)
    advance(session)
    clock.set(clock.now() + HOUR)
    advance(session)
    assert only_run_state(session) is RunState.STARTED
    clock.set(clock.now() - 2 * HOUR)
    clock.wait_s(31 * 60)
    advance(session)
    assert only_run_state(session) is RunState.IN_DOUBT


def test_a_run_that_is_found_open_is_watched_before_it_is_overdue(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """Its beginning was entered by a clock that may have been another one."""
    lab = lab_that(latency=10**6)
    advance(make_session(lab, text=LATE))
    clock.set(clock.now() + HOUR)
    session = make_session(lab, text=LATE)
    session.refresh()
    advance(session)
    assert session.state.trial(1).state is TrialState.RUNNING
    clock.wait_s(11.0)
    advance(session)
    assert session.state.trial(1).state is TrialState.IN_DOUBT


@pytest.mark.parametrize("step", [-HOUR, timedelta(0), HOUR])
def test_what_has_expired_before_it_left_is_not_sent(
    make_session: MakeSession, clock: ManualClock, step: timedelta
) -> None:
    """By the clock as it is when it would leave, at a source that is sent an order but once."""
    text = campaign_text(policy="start: 6").replace(
        "kind: adapter, adapter: none", "kind: command, program: [date], not_after: 1 min"
    )
    away = LabUnavailable("nobody listens")
    lab = lab_that(away, delivery=DeliveryClass.FIRE_AND_OBSERVE)
    session = make_session(lab, text=text)
    advance(session)
    clock.set(clock.now() + step)
    clock.wait_s(30.0)
    advance(session)
    was_sent = "bench/1/1" in lab.acts
    assert was_sent is (step <= timedelta(0))
    first = session.state.trial(1).runs[0]
    assert first.state is (RunState.COMPLETED if was_sent else RunState.REFUSED)


def test_who_finds_an_order_expired_says_so_only_if_nobody_else_has_sent_it(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """Two drivers by two clocks: one sends, the other believes that it is too late."""
    text = campaign_text(policy="start: 6").replace(
        "kind: adapter, adapter: none", "kind: command, program: [date], not_after: 1 min"
    )
    lab = lab_that(latency=9, delivery=DeliveryClass.FIRE_AND_OBSERVE)
    first = make_session(lab, text=text)
    elsewhere = first.ledger.take_device("robot")
    advance(first)
    late = make_session(lab, text=text)
    late.refresh()
    first.ledger.release(elsewhere)
    (sent,) = send_waiting(first, open_runs(first))
    assert sent.state is DeviceState.STARTED
    let_devices_go(first)
    clock.set(clock.now() + HOUR)
    with pytest.raises(StaleWrite):
        send_waiting(late, open_runs(late))
    let_devices_go(late)
    assert only_run_state(late) is RunState.DISPATCHING
