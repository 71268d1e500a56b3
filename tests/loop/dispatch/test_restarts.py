"""A device that began anew while a run was under way cannot know what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from planner.clock import ManualClock
from planner.labs import Answer
from planner.loop.dispatch.driver import HEARTBEAT_S, Driver
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import DeviceState, Heartbeat, RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import Devices
from tests.loop.scripted_lab import done

TEXT = campaign_text(source="devices: [only]", budget="trials: 1", policy="start: 1")


@dataclass
class Rebooting(Devices):
    boot: str = "first"

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        self.n_beats += 1
        return Heartbeat(boot_id=self.boot, sequence=self.n_beats, state="busy")


def furnace() -> Rebooting:
    return Rebooting(
        lambda order, _: done(order, **{"yield": 50.0}), latency=10**6, devices=("only",)
    )


def at_work(make_session: MakeSession, lab: Rebooting) -> tuple[Session, Driver]:
    session, driver = make_session(lab, text=TEXT), Driver(make_session(lab, text=TEXT))
    session.driver = driver
    advance(session)
    driver.step()
    assert state_of(session) is TrialState.RUNNING
    return session, driver


def state_of(session: Session) -> TrialState:
    return session.refresh().trial(1).state


def beat(driver: Driver, clock: ManualClock) -> None:
    clock.wait_s(HEARTBEAT_S + 1)
    driver.step()


@pytest.mark.parametrize("is_ours_new", [False, True])
def test_what_it_says_is_still_under_way_is_in_doubt_until_it_has_ended(
    make_session: MakeSession, clock: ManualClock, is_ours_new: bool
) -> None:
    """Also where the power was cut, so that the planner began anew as well."""
    lab = furnace()
    session, driver = at_work(make_session, lab)
    beat(driver, clock)
    lab.boot = "second"
    if is_ours_new:
        let_devices_go(driver.session)
        driver = Driver(make_session(lab, text=TEXT))
    beat(driver, clock)
    assert state_of(session) is TrialState.IN_DOUBT
    assert "began anew while the run was under way" in session.state.trial(1).reason
    for _ in range(3):
        beat(driver, clock)
    assert state_of(session) is TrialState.IN_DOUBT  # that it says so again is no evidence
    lab.polls_left = dict.fromkeys(lab.ends, 0)
    beat(driver, clock)
    advance(session)
    assert state_of(session) is TrialState.COMPLETED
    let_devices_go(driver.session)


def test_nothing_is_doubted_where_the_device_went_on(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = furnace()
    session, driver = at_work(make_session, lab)
    for _ in range(5):
        beat(driver, clock)
    let_devices_go(driver.session)
    driver = Driver(make_session(lab, text=TEXT))
    for _ in range(3):
        beat(driver, clock)
    assert state_of(session) is TrialState.RUNNING
    let_devices_go(driver.session)


def test_what_had_ended_before_the_device_began_anew_counts(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = furnace()
    session, driver = at_work(make_session, lab)
    beat(driver, clock)
    lab.boot = "second"
    lab.polls_left = dict.fromkeys(lab.ends, 0)
    beat(driver, clock)
    advance(session)
    assert state_of(session) is TrialState.COMPLETED
    assert session.state.trial(1).runs[0].state is RunState.COMPLETED
    let_devices_go(driver.session)


def test_what_had_not_begun_may_begin_now(make_session: MakeSession, clock: ManualClock) -> None:
    lab = furnace()
    lab._state = lambda key: Answer(key=key, state=DeviceState.ACCEPTED)  # type: ignore[method-assign]
    session, driver = at_work(make_session, lab)
    beat(driver, clock)
    lab.boot = "second"
    beat(driver, clock)
    assert session.refresh().trial(1).runs[0].state is RunState.ACCEPTED
    del lab._state
    beat(driver, clock)
    beat(driver, clock)
    assert session.refresh().trial(1).runs[0].state is RunState.STARTED
    let_devices_go(driver.session)
