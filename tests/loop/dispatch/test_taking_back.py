"""An order that never left goes to another device when its own falls silent; no other does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.clock import ManualClock
from planner.errors import LabUnavailable, Locked, Unanswered
from planner.labs import Answer, Order
from planner.loop.dispatch.driver import HEARTBEAT_S, Driver
from planner.loop.dispatch.keeper import holding
from planner.loop.dispatch.orders import open_run
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import Devices
from tests.loop.scripted_lab import done, failed

TEXT = campaign_text(source="devices: [left, right], retries: 0", budget="trials: 3")


class Failing(Devices):
    """``fails`` says how orders to a device fail, whatever it says of itself."""

    fails: dict[str, Exception]

    def submit(self, order: Order) -> Answer:
        if order.device in self.fails:
            raise self.fails[order.device]
        return super(Devices, self).submit(order)


def failing(**fails: Exception) -> Failing:
    lab = Failing(lambda order, _: done(order, **{"yield": 50.0}))
    lab.fails = fails
    return lab


def begin(session: Session) -> Driver:
    """Opens runs at both devices; nothing has left yet."""
    driver = Driver(session)
    driver.look()
    session.driver = driver
    advance(session)
    session.driver = None
    return driver


def work(session: Session, driver: Driver, *, n_steps: int = 12) -> None:
    """Loop and driver by turns, each after a heartbeat."""
    for _ in range(n_steps):
        session.driver = driver
        advance(session)
        session.driver = None
        session.clock.wait_s(HEARTBEAT_S + 1)
        driver.step()


def runs_of(session: Session, number: int) -> list[tuple[str | None, RunState]]:
    return [(each.device, each.state) for each in session.state.trial(number).runs]


def at(session: Session, device: str) -> int:
    """The trial whose first run was opened at a device."""
    return next(
        each.number for each in session.state.open_trials if each.run and each.run.device == device
    )


@pytest.mark.parametrize("how", ["silent", "offline", "locked"])
def test_what_never_left_goes_to_another_device(
    how: str, make_session: MakeSession, clock: ManualClock
) -> None:
    lab = failing()
    session = make_session(lab, text=TEXT)
    with holding(session):
        driver = begin(session)
        trial = at(session, "left")
        lab.shut = {"left": how}
        lab.fails = {"left": LabUnavailable("nobody listens")}
        clock.wait_s(HEARTBEAT_S + 1)
        work(session, driver)
    assert runs_of(session, trial) == [("left", RunState.VOID), ("right", RunState.COMPLETED)]
    second = session.state.trial(trial).runs[1]
    assert second.parent == f"bench/{trial}/1"
    assert len(session.state.in_state(TrialState.COMPLETED)) == 3
    assert set(lab.acts.values()) == {1}


@pytest.mark.parametrize("error", [LabUnavailable("nobody listens"), Locked("in local control")])
def test_what_provably_did_not_arrive_goes_too(
    error: Exception, make_session: MakeSession, clock: ManualClock
) -> None:
    lab = failing(left=error)
    session = make_session(lab, text=TEXT)
    with holding(session):
        driver = begin(session)
        trial = at(session, "left")
        driver.step()
        assert session.state.trial(trial).runs[0].n_sent == 1  # it was about to leave
        lab.shut = {"left": "silent"}
        work(session, driver)
    assert runs_of(session, trial)[0] == ("left", RunState.VOID)
    assert session.state.trial(trial).state is TrialState.COMPLETED


@pytest.mark.parametrize("then", [None, LabUnavailable("nobody listens")])
def test_what_may_have_arrived_stays(
    then: Exception | None, make_session: MakeSession, clock: ManualClock
) -> None:
    """Also where later attempts provably did not arrive."""
    lab = failing(left=Unanswered("no answer"))
    session = make_session(lab, text=TEXT)
    with holding(session):
        driver = begin(session)
        trial = at(session, "left")
        driver.step()
        if then is not None:
            lab.fails = {"left": then}
            clock.wait_s(30)
            driver.step()
        lab.shut = {"left": "silent"}
        work(session, driver)
        assert runs_of(session, trial) == [("left", RunState.DISPATCHING)]
        lab.shut, lab.fails = {}, {}
        work(session, driver)
    assert runs_of(session, trial) == [("left", RunState.COMPLETED)]


def test_after_a_crash_nobody_knows_what_did_not_arrive(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = failing(left=LabUnavailable("nobody listens"))
    session = make_session(lab, text=TEXT)
    with holding(session):
        driver = begin(session)
        trial = at(session, "left")
        driver.step()
    lab.shut = {"left": "silent"}
    after = make_session(lab, text=TEXT)
    clock.wait_s(60)
    with holding(after):
        work(after, Driver(after))
    assert runs_of(after, trial) == [("left", RunState.DISPATCHING)]


def test_an_order_of_a_ledger_that_does_not_note_sendings_stays(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """As in one that an earlier version wrote: that no sending is in it says nothing."""
    lab = failing()
    session = make_session(lab, text=TEXT)
    with holding(session):
        driver = begin(session)
        trial = at(session, "left")
        state = session.state.trial(trial)
        records = open_run(session.state, state, source="robot", device="left")
        assert records[1].is_noted  # type: ignore[union-attr]
        run = replace(state.runs[0], is_noted=False)
        session.state.trials[trial] = replace(state, runs=(run,))
        lab.shut = {"left": "silent"}
        lab.fails = {"left": LabUnavailable("nobody listens")}
        clock.wait_s(HEARTBEAT_S + 1)
        work(session, driver)
    assert runs_of(session, trial) == [("left", RunState.DISPATCHING)]


def test_a_run_that_was_taken_back_is_no_try(make_session: MakeSession, clock: ManualClock) -> None:
    """With one retry a trial is tried twice, however often its order was taken back before."""
    lab = failing()
    session = make_session(lab, text=TEXT.replace("retries: 0", "retries: 1"))
    with holding(session):
        driver = begin(session)
        trial = at(session, "left")
        lab.shut = {"left": "silent"}
        script = lab.script

        def fails_once(order: Order, n: int) -> Answer | Exception:
            if order.key == f"bench/{trial}/2":
                return failed(order, "a fuse")
            return script(order, n)

        lab.script = fails_once
        clock.wait_s(HEARTBEAT_S + 1)
        work(session, driver)
    states = [each.state for each in session.state.trial(trial).runs]
    assert states == [RunState.VOID, RunState.FAILED, RunState.COMPLETED]
