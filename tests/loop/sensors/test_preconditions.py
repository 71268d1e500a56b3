"""What sensors must say before anything begins; who waits for what is written down and shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.campaign import parse_campaign
from planner.clock import ManualClock
from planner.errors import CampaignFileError, Locked
from planner.labs import Answer, Order
from planner.ledger.entries import OrderKeptBack
from planner.loop.alerts.finding import find_in_entry
from planner.loop.dispatch.keeper import hold_devices, let_devices_go
from planner.loop.dispatch.sending import SAY_BUSY_AFTER_S
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Step, Waiting, advance
from planner.loop.steps.outlook import has_work
from planner.loop.steps.stretch import run_stretch
from planner.loop.steps.waiting import describe_waiting
from planner.trials import RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done
from tests.loop.sensed import send

SENSED = """
sensors:
  pressure: {unit: mbar, limits: [0, 2000], gap: 5 s}
preconditions:
  - pressure < 500 Pa, no older than 10 s
"""


def text_of(sensed: str = SENSED, **how: str) -> str:
    return campaign_text(**how) + sensed


def lab_of(latency: int = 0) -> ScriptedLab:
    return ScriptedLab(lambda order, _: done(order, **{"yield": 50.0}), latency=latency)


def steps(session: Session, n: int = 3) -> Step:
    step = advance(session)
    for _ in range(n - 1):
        step = advance(session)
    return step


UNMET = {
    "nothing has come": lambda s: None,
    "its last reading is of 2026-01-05 08:00:00": lambda s: (
        send(s, "pressure", 1.0),
        s.clock.wait_s(11),
    ),
    "and is 12 mbar": lambda s: send(s, "pressure", 12.0),
    "no number came": lambda s: send(s, "pressure", None),
    "below the limit of 0": lambda s: send(s, "pressure", -1.0),
    "the source is not certain": lambda s: send(s, "pressure", 1.0, quality="uncertain"),
    "2026-01-05 08:01:00": lambda s: send(  # a clock that is ahead says nothing of now
        s, "pressure", 1.0, at=s.clock.now().replace(minute=1)
    ),
}


@pytest.mark.parametrize("why", UNMET)
def test_what_is_not_as_it_must_be_or_not_known_holds_what_is_approved_until_it_is(
    why: str, make_session: MakeSession
) -> None:
    lab = lab_of()
    session = make_session(lab, text=text_of())
    UNMET[why](session)
    step = steps(session)
    (trial,) = session.state.open_trials
    assert (trial.state, trial.held_by) == (TrialState.HELD, "interlock")
    assert why in trial.reason
    assert step.waiting is Waiting.MACHINE
    assert lab.orders == []
    assert "trial 1 is held: interlock: pressure must be < 500 Pa" in describe_waiting(session)
    assert not has_work(session)
    session.clock.wait_s(120)
    send(session, "pressure", 4.9)
    assert has_work(session)
    steps(session)
    assert lab.orders[0].key == "bench/1/1"
    let_devices_go(session)


def test_an_interlock_is_told_as_such(make_session: MakeSession) -> None:
    session = make_session(lab_of(), text=text_of())
    steps(session)
    held = [e for e in session.ledger.read("bench") if getattr(e.record, "to", "") == "held"]
    alert = find_in_entry(held[-1], session.state)
    assert alert is not None
    assert (alert.about, alert.trial) == ("interlock open", 1)


def test_an_order_that_could_not_be_sent_at_once_is_looked_at_again_before_it_leaves(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """The devices were busy when the pressure was right; when they are free it is not any more."""
    lab = lab_of()
    session, other = make_session(lab, text=text_of()), make_session(lab, text=text_of())
    assert hold_devices(other)
    send(session, "pressure", 1.0)
    steps(session)
    clock.wait_s(SAY_BUSY_AFTER_S + 1)
    steps(session)
    run = session.state.trial(1).run
    assert run is not None
    assert (run.state, run.kept_by) == (RunState.DISPATCHING, "busy")
    let_devices_go(other)
    clock.wait_s(20)
    steps(session)
    run = session.state.trial(1).run
    assert run is not None
    assert run.kept_by == "precondition"
    assert lab.orders == []
    send(session, "pressure", 1.0)
    steps(session, 1)
    assert lab.orders[0].key == "bench/1/1"
    let_devices_go(session)


def test_of_like_devices_those_at_which_nothing_may_begin_are_passed_over(
    make_session: MakeSession,
) -> None:
    lab = lab_of()
    text = text_of(source="devices: [left, right]", budget="trials: 3")
    session = make_session(lab, text=text)
    send(session, "pressure", 12.0, source="left")
    send(session, "pressure", 1.0, source="right")
    run_stretch(session)
    assert [each.device for each in lab.orders] == ["right"] * 3
    let_devices_go(session)


def test_who_waits_for_devices_says_for_which_campaign_they_work(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = lab_of(latency=100)
    text = campaign_text()
    first = make_session(lab, text=text)
    second = make_session(lab, text=text.replace("campaign: bench", "campaign: next"))
    steps(first)
    steps(second)
    clock.wait_s(SAY_BUSY_AFTER_S + 1)
    steps(second, 5)
    said = list(second.ledger.read("next", kinds={"order kept back"}))
    assert len(said) == 1
    assert isinstance(said[0].record, OrderKeptBack)
    assert "'robot' is at work for campaign 'bench'" in said[0].record.reason
    assert "the order of trial 1 waits: 'robot' is at work" in describe_waiting(second)
    assert find_in_entry(said[0], second.state) is None  # taking turns is no alarm
    for each in (first, second):
        let_devices_go(each)


def test_a_device_that_is_locked_after_dispatch_is_not_called_out_of_reach(
    make_session: MakeSession, clock: ManualClock
) -> None:
    def script(order: Order, n: int) -> Answer | Exception:
        if n < 3:
            return Locked("robot is locked and did not take the order: the door is open.")
        return done(order, **{"yield": 50.0})

    session = make_session(ScriptedLab(script))
    steps(session)
    clock.wait_s(70)  # longer than a source may be out of reach
    steps(session)
    said = list(session.ledger.read("bench", kinds={"order kept back"}))
    assert [getattr(each.record, "by", "") for each in said] == ["locked"]
    alert = find_in_entry(said[0], session.state)
    assert alert is not None
    assert (alert.about, alert.trial) == ("interlock open", 1)
    assert "the door is open" in alert.text
    clock.wait_s(30)
    steps(session)
    clock.wait_s(30)
    steps(session)
    assert session.state.trial(1).state is TrialState.COMPLETED
    let_devices_go(session)


WRONG = {
    "preconditions: [pressure under 5 mbar]": "write it like 'pressure < 5 mbar, no older than",
    "preconditions: [presure < 5 mbar]": "pressure",
    "preconditions: [pressure < 5 degC]": "degC",
    "preconditions: ['pressure < 5 mbar, no older than 0 s']": "more than 0 s",
    "preconditions: ['pressure < 5 mbar, no older than 3 m']": "'s'",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_mistake_is_found_before_anything_runs(wrong: str, tmp_path: Path) -> None:
    text = text_of("sensors: {pressure: {unit: mbar}}\n" + wrong + "\n")
    with pytest.raises(CampaignFileError) as found:
        parse_campaign(text, path="bench.yaml")
    assert WRONG[wrong] in str(found.value)
    assert "line 17" in str(found.value)
