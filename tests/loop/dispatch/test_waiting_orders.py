"""Orders that wait: what keeps them from leaving, and what their wait is no part of."""

from __future__ import annotations

import pytest

from planner.campaign import parse_campaign
from planner.clock import ManualClock
from planner.errors import LabUnavailable
from planner.labs import DeliveryClass
from planner.loop.dispatch.driver import Driver
from planner.loop.dispatch.keeper import hold_devices, let_devices_go
from planner.loop.dispatch.service import set_service
from planner.loop.people.judging import want
from planner.loop.sessions.opening import agree, open_campaign
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import Run, RunState, TrialState, Wanted
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import devices
from tests.loop.scripted_lab import ScriptedLab, done

OTHER = campaign_text().replace("campaign: bench", "campaign: next")
BOTH = campaign_text(source="devices: [left, right]", budget="trials: 2", policy="start: 2")
CLASSES = [DeliveryClass.KEYED, DeliveryClass.FIRE_AND_OBSERVE]


def robot(delivery: DeliveryClass = DeliveryClass.KEYED) -> ScriptedLab:
    return ScriptedLab(
        lambda order, _: done(order, **{"yield": 50.0}), latency=9, delivery=delivery
    )


def waiting(
    make_session: MakeSession, lab: ScriptedLab, text: str | None = None
) -> tuple[Session, Driver, Session]:
    """A campaign whose first order waits for another campaign's turn at the device to end."""
    other = make_session(lab, text=(text or OTHER).replace("campaign: bench", "campaign: next"))
    assert hold_devices(other)
    session, driver = make_session(lab, text=text), Driver(make_session(lab, text=text))
    session.driver = driver
    advance(session)
    driver.step()
    assert lab.orders == []
    return session, driver, other


def run_of(session: Session) -> Run:
    run = session.refresh().trial(1).run
    assert run is not None
    return run


@pytest.mark.parametrize("delivery", CLASSES)
@pytest.mark.parametrize("wanted", [Wanted.HOLD, Wanted.PAUSE])
def test_who_says_hold_is_heard_by_orders_that_wait(
    make_session: MakeSession, clock: ManualClock, wanted: Wanted, delivery: DeliveryClass
) -> None:
    lab = robot(delivery)
    session, driver, other = waiting(make_session, lab)
    want(make_session(lab), wanted, reason="hands in the oven")
    let_devices_go(other)
    for _ in range(3):
        clock.wait_s(20)
        driver.step()
    assert lab.orders == []
    assert run_of(session).kept_by == "person"
    assert f"{wanted}; planner go" in run_of(session).kept_back
    want(make_session(lab), Wanted.RUN, reason="out again")
    clock.wait_s(20)
    driver.step()
    assert [order.key for order in lab.orders] == ["bench/1/1"]
    let_devices_go(driver.session)


def test_a_campaign_that_holds_leaves_the_device_to_others(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot()
    _, driver, other = waiting(make_session, lab)
    want(make_session(lab), Wanted.HOLD, reason="tonight is theirs")
    let_devices_go(other)
    clock.wait_s(20)
    driver.step()
    assert hold_devices(other)
    let_devices_go(other)


def test_a_hold_that_comes_at_the_last_moment_keeps_a_noted_order(
    make_session: MakeSession,
) -> None:
    """Between looking at the ledger and writing that the order leaves."""
    lab = robot(DeliveryClass.FIRE_AND_OBSERVE)
    session = make_session(lab)
    person = make_session(lab)
    driver = Driver(make_session(lab))
    session.driver = driver
    advance(session)
    write = driver.session.ledger.append

    def append(*args: object, **how: object) -> object:
        if person.state.wanted is not Wanted.HOLD:
            want(person, Wanted.HOLD, reason="now")
        return write(*args, **how)  # type: ignore[arg-type]

    driver.session.ledger.append = append  # type: ignore[method-assign,assignment]
    driver.step()
    assert lab.orders == []
    assert run_of(session).n_sent == 0
    let_devices_go(driver.session)


def test_nothing_that_waits_goes_to_a_device_out_of_service(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = devices(latency=9)
    session, driver, other = waiting(make_session, lab, BOTH)
    advance(session)
    set_service(make_session(lab, text=BOTH), "left", in_service=False, reason="pump open")
    let_devices_go(other)
    for _ in range(3):
        clock.wait_s(20)
        advance(session)
        driver.step()
    assert [order.device for order in lab.orders] == ["right"]
    (kept,) = [
        trial.run
        for trial in session.refresh().trials.values()
        if trial.run is not None and trial.run.state is RunState.DISPATCHING
    ]
    assert (kept.device, kept.kept_by) == ("left", "service")
    assert "pump open" in kept.kept_back
    let_devices_go(driver.session)


def test_what_waits_is_held_to_the_limits_in_force_when_it_would_leave(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot()
    session, driver, other = waiting(make_session, lab)
    asked = session.state.trial(1).configuration["temperature"]
    assert isinstance(asked, float)
    narrow = campaign_text().replace("high: 150", f"high: {asked - 1}")
    person = make_session(lab)
    spec = parse_campaign(narrow, path="bench.yaml")
    open_campaign(person.ledger, spec, author="ada", may_amend=agree)
    let_devices_go(other)
    clock.wait_s(20)
    driver.step()
    assert lab.orders == []
    assert run_of(session).kept_by == "limits"
    assert "planner amend, or planner abort" in run_of(session).kept_back
    let_devices_go(driver.session)


@pytest.mark.parametrize("delivery", CLASSES)
def test_waiting_ones_turn_is_no_part_of_the_time_limit(
    make_session: MakeSession, clock: ManualClock, delivery: DeliveryClass
) -> None:
    lab = robot(delivery)
    lab.latency = 10**6
    text = campaign_text(source="time_limit: 100")
    session, driver, other = waiting(make_session, lab, text)
    for _ in range(12):
        clock.wait_s(10)
        assert other.hold is not None
        other.ledger.renew(other.hold._lease)
        driver.step()
    assert run_of(session).state is RunState.DISPATCHING
    let_devices_go(other)
    clock.wait_s(1)
    driver.step()
    assert len(lab.orders) == 1
    for _ in range(9):
        clock.wait_s(10)
        driver.step()
    assert run_of(session).state is RunState.STARTED
    clock.wait_s(20)
    driver.step()
    assert session.refresh().trial(1).state is TrialState.IN_DOUBT
    let_devices_go(driver.session)


def test_a_device_out_of_reach_leaves_no_doubt_of_what_never_reached_it(
    make_session: MakeSession, clock: ManualClock
) -> None:
    def unreachable(*_: object) -> Exception:
        return LabUnavailable("nobody is there")

    lab = ScriptedLab(unreachable)
    text = campaign_text(source="time_limit: 100")
    session = make_session(lab, text=text)
    driver = Driver(make_session(lab, text=text))
    session.driver = driver
    advance(session)
    for _ in range(20):
        clock.wait_s(10)
        driver.step()
    assert run_of(session).state is RunState.DISPATCHING
    assert len(lab.orders) > 5
    let_devices_go(driver.session)


def test_a_restarted_process_counts_from_when_the_device_knew(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot()
    lab.latency = 10**6
    text = campaign_text(source="time_limit: 1000")
    session, driver, other = waiting(make_session, lab, text)
    for _ in range(90):
        clock.wait_s(10)
        assert other.hold is not None
        other.ledger.renew(other.hold._lease)
    let_devices_go(other)
    driver.step()
    assert run_of(session).state is RunState.STARTED
    clock.wait_s(500)  # 1,400 s after it was opened
    let_devices_go(driver.session)
    again = Driver(make_session(lab, text=text))
    again.step()
    assert run_of(session).state is RunState.STARTED
    clock.wait_s(600)
    again.step()
    assert run_of(session).state is RunState.IN_DOUBT
    let_devices_go(again.session)


def test_a_silent_device_is_heard_before_its_next_order(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = devices(devices=("only",))
    text = campaign_text(source="devices: [only]", budget="trials: 3", policy="start: 3")
    session, driver = make_session(lab, text=text), Driver(make_session(lab, text=text))
    session.driver = driver
    advance(session)
    driver.step()
    assert len(lab.orders) == 1
    lab.shut = {"only": "silent"}
    lab.submit = ScriptedLab.submit.__get__(lab)  # type: ignore[method-assign]  # it hears orders
    for _ in range(5):
        clock.wait_s(6)
        driver.step()
        advance(session)
    assert len(lab.orders) == 1
    lab.shut = {}
    for _ in range(3):
        clock.wait_s(6)
        driver.step()
    assert len(lab.orders) == 2
    let_devices_go(driver.session)
