"""The driver: one at a time speaks to a source's devices, and whoever was overtaken cannot."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from planner.clock import ManualClock
from planner.errors import LabUnavailable, StaleToken, StaleWrite
from planner.labs import Answer, Order
from planner.ledger.entries import Noted
from planner.loop import people
from planner.loop.dispatch.collect import record_answers
from planner.loop.dispatch.driver import Driver, driving
from planner.loop.dispatch.keeper import hold_devices, holding, let_devices_go
from planner.loop.dispatch.sending import send
from planner.loop.steps.advance import Waiting, advance
from planner.loop.steps.stretch import run_stretch
from planner.trials import RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done


@dataclass
class FencedLab(ScriptedLab):
    """Refuses a token lower than the highest that it has heard, as a device does."""

    heard: int = 0
    threads: set[str] = field(default_factory=set)

    def submit(self, order: Order) -> Answer:
        self.threads.add(threading.current_thread().name)
        if order.token < self.heard:
            raise StaleToken(f"The device has heard the token {self.heard}, not {order.token}.")
        self.heard = order.token
        return ScriptedLab.submit(self, order)


def fenced(*, latency: int = 0, **how: object) -> FencedLab:
    def script(order: Order, _n: int) -> Answer:
        return done(order, **{"yield": 50.0})

    return FencedLab(script, latency=latency, **how)  # type: ignore[arg-type]


def test_a_campaign_runs_to_its_end_while_only_the_driver_speaks_to_the_device(
    make_session: MakeSession,
) -> None:
    lab = fenced(latency=2)
    session = make_session(lab, text=campaign_text(budget="trials: 4", policy="start: 4"))
    with holding(session), driving(session):
        step = run_stretch(session)
    assert step.waiting is Waiting.END
    assert lab.threads == {"driver robot"}
    assert sorted(lab.acts.values()) == [1, 1, 1, 1]
    assert len(session.state.in_state(TrialState.COMPLETED)) == 4


def test_every_order_carries_the_token_and_the_ledger(make_session: MakeSession) -> None:
    lab = fenced()
    session = make_session(lab)
    with holding(session):
        advance(session)
        first = lab.orders[-1]
    with holding(session):
        while len(lab.orders) == 1:
            advance(session)
    assert (first.token, lab.orders[-1].token) == (1, 2)
    assert first.ledger == session.ledger.id != ""


def test_the_second_driver_of_a_source_sends_nothing_while_the_first_has_the_lease(
    make_session: MakeSession,
) -> None:
    lab = fenced(latency=10)
    first, second = make_session(lab), make_session(lab)
    advance(first)
    assert not hold_devices(second)
    assert "held by process" in second.held_elsewhere
    (trial,) = first.state.in_state(TrialState.RUNNING)
    second.refresh()
    assert trial.run is not None
    assert send(second, trial, trial.run) is None
    assert len(lab.orders) == 1
    let_devices_go(first)
    assert hold_devices(second)
    let_devices_go(second)


def test_a_driver_that_slept_through_its_lease_is_refused_by_device_and_ledger(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = fenced(latency=10)
    sleeper, newcomer = make_session(lab), make_session(lab)
    advance(sleeper)
    clock.wait_s(31)
    assert hold_devices(newcomer)
    lab.heard = newcomer.hold.token if newcomer.hold is not None else 0
    (trial,) = sleeper.state.in_state(TrialState.RUNNING)
    assert trial.run is not None
    with pytest.raises(StaleToken):
        send(sleeper, trial, trial.run)
    with pytest.raises(StaleWrite, match="token 1"):
        sleeper.write([Noted(text="about to send")], is_sending=True)
    for each in (sleeper, newcomer):
        let_devices_go(each)


def test_the_lease_is_let_go_when_nothing_is_open_so_that_another_campaign_gets_the_device(
    make_session: MakeSession,
) -> None:
    lab = fenced()
    one = make_session(lab)
    other = make_session(lab, text=campaign_text().replace("campaign: bench", "campaign: next"))
    driver = Driver(make_session(lab))
    one.driver = driver
    advance(one)
    driver.step()
    assert driver.session.hold is None
    assert hold_devices(other)
    let_devices_go(other)


def test_an_abort_goes_through_whoever_holds_the_device(make_session: MakeSession) -> None:
    lab = fenced(latency=100)
    session, person = make_session(lab), make_session(lab)
    driver = Driver(make_session(lab))
    session.driver = driver
    advance(session)
    driver.step()
    assert people.abort(person, 1, reason="smells burnt") is TrialState.RUNNING
    assert lab.aborted == []
    driver.step()
    assert lab.aborted == ["bench/1/1"]
    assert session.refresh().trial(1).state is TrialState.ABORTED
    let_devices_go(driver.session)


def test_what_goes_wrong_in_the_driver_for_good_ends_the_stretch(
    make_session: MakeSession,
) -> None:
    def broken(order: Order, _n: int) -> Answer | Exception:
        return ValueError("no such port")

    session = make_session(ScriptedLab(broken))
    with (
        holding(session),
        driving(session),
        pytest.raises(LabUnavailable, match="no such port"),
    ):
        run_stretch(session)
    run = session.state.trial(1).run
    assert run is not None
    assert run.state is RunState.DISPATCHING


def test_a_device_that_forgets_what_it_acknowledged_leaves_the_run_in_doubt_until_it_knows_again(
    make_session: MakeSession,
) -> None:
    lab = fenced(latency=100)
    session = make_session(lab)
    advance(session)
    ends, lab.ends = lab.ends, {}
    advance(session)
    assert session.state.trial(1).state is TrialState.RUNNING  # one reply may be a late one
    advance(session)
    trial = session.state.trial(1)
    assert trial.state is TrialState.IN_DOUBT
    assert "does not know it any more" in trial.reason
    lab.ends, lab.latency = ends, 0
    lab.polls_left = dict.fromkeys(ends, 0)
    advance(session)
    assert session.state.trial(1).state is TrialState.COMPLETED
    assert lab.acts["bench/1/1"] == 1
    let_devices_go(session)


def test_of_two_drivers_that_hear_the_same_the_later_one_looks_again(
    make_session: MakeSession,
) -> None:
    """Until its result is settled the trial runs in both states: the run's own state tells."""
    lab = fenced(latency=10)
    first, second = make_session(lab), make_session(lab)
    advance(first)
    second.refresh()
    (trial,) = second.state.in_state(TrialState.RUNNING)
    assert trial.run is not None
    answer = done(lab.orders[-1], **{"yield": 50.0})
    record_answers(first, [answer])
    with pytest.raises(StaleWrite, match="is completed"):
        record_answers(second, [answer])
    second.refresh()
    record_answers(second, [answer])
