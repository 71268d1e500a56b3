"""Ending a run on request: what the device says, what it does not know, and when nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from planner.clock import ManualClock
from planner.errors import Conflict, LabUnavailable, Locked, Unanswered, UnknownKey
from planner.labs import Answer, DeliveryClass, Order
from planner.loop import people
from planner.loop.dispatch.driver import Driver
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import DeviceState, RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

SPEC = campaign_text(budget="trials: 1", policy="start: 1")


@dataclass
class KnowingLab(ScriptedLab):
    """Ends only what it knows, as a device does; may be deaf, or take its time to end."""

    is_deaf: bool = False
    is_slow: bool = False
    asked: list[str] = field(default_factory=list)

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        self.asked.append(key)
        if self.is_deaf:
            raise Unanswered("it says nothing")
        if key not in self.ends:
            raise UnknownKey(f"robot never took the order {key}.")
        if not self.is_slow:
            self.ends[key] = Answer(key=key, state=DeviceState.ABORTED, reason="cooled down")
            self.polls_left[key] = 0
        return self._state(key)

    def poll(self, keys: object) -> dict[str, Answer]:
        if self.is_deaf:
            raise LabUnavailable("it says nothing")
        return dict(ScriptedLab.poll(self, keys))  # type: ignore[arg-type]


def robot(said: Exception | None = None) -> KnowingLab:
    def script(order: Order, _n: int) -> Answer | Exception:
        return said or done(order, **{"yield": 50.0})

    return KnowingLab(script, latency=10**6)


def under_way(make_session: MakeSession, lab: ScriptedLab) -> tuple[Session, Driver]:
    session, driver = make_session(lab, text=SPEC), Driver(make_session(lab, text=SPEC))
    session.driver = driver
    advance(session)
    driver.step()
    return session, driver


def end(make_session: MakeSession, lab: ScriptedLab) -> None:
    """Another process asks for it, while the driver has the lease."""
    people.abort(make_session(lab, text=SPEC), 1, reason="smoke")


def states(session: Session) -> tuple[TrialState, RunState]:
    trial = session.refresh().trial(1)
    assert trial.run is not None
    return trial.state, trial.run.state


def test_an_order_that_the_device_never_took_ends_at_once(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot(said=Locked("the door is open"))
    session, driver = under_way(make_session, lab)
    end(make_session, lab)
    driver.step()
    assert lab.asked == ["bench/1/1"]
    assert states(session) == (TrialState.ABORTED, RunState.ABORTED)
    lab.script = lambda order, _: done(order, **{"yield": 50.0})  # unlocked
    clock.wait_s(60)
    driver.step()
    assert lab.acts == {}
    let_devices_go(driver.session)


def test_an_order_that_may_be_on_its_way_is_waited_for(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot(said=Unanswered("no answer"))
    session, driver = under_way(make_session, lab)
    end(make_session, lab)
    driver.step()
    assert states(session) == (TrialState.RUNNING, RunState.ABORTING)
    clock.wait_s(6)
    driver.step()
    assert states(session) == (TrialState.ABORTED, RunState.ABORTED)
    assert "never took" in session.state.trial(1).runs[0].evidence
    let_devices_go(driver.session)


def test_an_order_that_never_left_ends_without_a_word_of_the_device(
    make_session: MakeSession,
) -> None:
    lab = robot()
    lab.delivery = DeliveryClass.FIRE_AND_OBSERVE
    session = make_session(lab, text=SPEC)
    session.driver = driver = Driver(make_session(lab, text=SPEC))
    advance(session)  # the driver has not looked yet
    end(make_session, lab)
    driver.step()
    assert lab.asked == []
    assert states(session) == (TrialState.ABORTED, RunState.ABORTED)
    let_devices_go(driver.session)


def test_what_the_device_has_forgotten_is_in_doubt(make_session: MakeSession) -> None:
    lab = robot()
    session, driver = under_way(make_session, lab)
    assert states(session) == (TrialState.RUNNING, RunState.STARTED)
    lab.ends = {}
    end(make_session, lab)
    driver.step()
    assert states(session) == (TrialState.IN_DOUBT, RunState.IN_DOUBT)
    people.resolve(
        make_session(lab, text=SPEC),
        1,
        people.Verdict.PARTLY,
        people.Told(outcomes={}, reason="half full"),
    )
    assert states(session)[0] is TrialState.FAILED_BY_MACHINE
    let_devices_go(driver.session)


def test_a_deaf_device_leaves_doubt_and_its_word_ends_it(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot()
    session, driver = under_way(make_session, lab)
    lab.is_deaf = True
    end(make_session, lab)
    for _ in range(3):
        driver.step()
        clock.wait_s(9)
    assert states(session) == (TrialState.RUNNING, RunState.ABORTING)
    clock.wait_s(10)
    driver.step()
    assert states(session) == (TrialState.IN_DOUBT, RunState.IN_DOUBT)
    assert "nothing was heard for 30 s" in session.state.trial(1).reason
    lab.is_deaf = False
    lab.abort("bench/1/1", token=0, ledger="")
    driver.step()
    assert states(session) == (TrialState.ABORTED, RunState.ABORTED)
    let_devices_go(driver.session)


def test_a_device_that_takes_its_time_to_end_is_given_it(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot()
    lab.is_slow = True
    session, driver = under_way(make_session, lab)
    end(make_session, lab)
    for _ in range(20):
        driver.step()
        clock.wait_s(10)
    assert states(session) == (TrialState.RUNNING, RunState.ABORTING)
    assert lab.asked == ["bench/1/1"]
    let_devices_go(driver.session)


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_run_in_doubt_can_be_ended_where_its_device_still_moves(
    make_session: MakeSession, clock: ManualClock, is_slow: bool
) -> None:
    text = campaign_text(source="time_limit: 100", budget="trials: 1", policy="start: 1")
    lab = robot()
    session, driver = make_session(lab, text=text), Driver(make_session(lab, text=text))
    session.driver = driver
    advance(session)
    driver.step()
    clock.wait_s(200)
    driver.step()
    assert states(session) == (TrialState.IN_DOUBT, RunState.IN_DOUBT)
    lab.is_slow = is_slow
    people.abort(make_session(lab, text=text), 1, reason="smoke")
    driver.step()
    assert set(lab.asked) == {"bench/1/1"}
    if not is_slow:
        assert states(session) == (TrialState.ABORTED, RunState.ABORTED)
    else:
        assert states(session)[1] in (RunState.ABORTING, RunState.IN_DOUBT)
    let_devices_go(driver.session)


def test_a_key_that_stands_for_another_order_is_a_refusal(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = robot(said=Conflict("robot knows the key for another order, and did not take this one."))
    session, driver = under_way(make_session, lab)
    assert states(session) == (TrialState.FAILED_BY_MACHINE, RunState.REFUSED)
    assert "another order" in session.state.trial(1).reason
    clock.wait_s(60)
    driver.step()
    assert len(lab.orders) == 1
    let_devices_go(driver.session)
