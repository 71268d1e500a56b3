"""A device whose clock is far from ours gets no order that it would refuse, or begin too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.campaign import parse_campaign
from planner.clock import ManualClock
from planner.ledger.entries import OrderKeptBack
from planner.loop.dispatch.clocks import find_offset, in_words, why_not_by_clock
from planner.loop.dispatch.driver import Driver, driving
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Step, Waiting, advance
from planner.loop.steps.waiting import describe_waiting
from planner.trials import Heartbeat, TrialState
from tests.cli.conftest import Typed, typed
from tests.labs.honest_device import HonestDevice, HttpFace
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import Devices, devices

__all__ = ["typed"]  # the fixture
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
URLS = "kind: http, urls: {left: 'http://127.0.0.1:1', right: 'http://127.0.0.1:2'}"


def text_with(lasts: str | None = "10 min") -> str:
    source = URLS + (f", not_after: {lasts}" if lasts else "")
    text = campaign_text(budget="trials: 3", policy="start: 3")
    return text.replace("kind: adapter, adapter: none", source)


def beat(at: datetime | None, state: str = "ready") -> Heartbeat:
    return Heartbeat(boot_id="b", sequence=1, at=at, state=state)  # type: ignore[arg-type]


def two(clock: ManualClock, ahead: dict[str | None, float]) -> Devices:
    """Devices whose clocks are so many minutes ahead of ours."""
    return devices(clock=lambda device: clock.now() + timedelta(minutes=ahead[device]))


def work(session: Session, clock: ManualClock, *, n_steps: int) -> Step:
    """Loop and driver by turns, on one session; returns the last step of the loop."""
    driver = Driver(session)
    driver.look()
    for _ in range(n_steps):
        session.driver = driver
        step = advance(session)
        session.driver = None
        clock.wait_s(6)
        driver.step()
    return step


@pytest.mark.parametrize(
    ("at", "ahead_s"),
    [
        (NOON - timedelta(seconds=1), -1),
        (NOON, 0),
        (NOON + timedelta(seconds=4), 0),  # said before its answer was there
        (NOON + timedelta(seconds=5), 1),
        (NOON + timedelta(hours=1), 3596),
        (NOON.astimezone(None), 0),
        (NOON.replace(tzinfo=None), None),
        (None, None),
    ],
)
def test_a_slow_answer_is_no_offset_of_the_clock(
    at: datetime | None, ahead_s: float | None
) -> None:
    found = find_offset(beat(at), asked=NOON, answered=NOON + timedelta(seconds=4))
    assert found == (None if ahead_s is None else timedelta(seconds=ahead_s))


def test_the_last_will_of_a_device_says_no_time() -> None:
    gone = beat(NOON - timedelta(hours=5), "offline")
    assert find_offset(gone, asked=NOON, answered=NOON) is None


@pytest.mark.parametrize(
    ("lasts", "offset_s", "is_open"),
    [
        ("10 min", 300, True),
        ("10 min", 301, False),
        ("10 min", -300, True),
        ("10 min", -301, False),
        ("10 min", None, True),
        (None, 10**6, True),
    ],
)
def test_an_order_bears_half_of_its_time(
    lasts: str | None, offset_s: float | None, is_open: bool
) -> None:
    source = parse_campaign(text_with(lasts), path="bench.yaml").source
    offset = None if offset_s is None else timedelta(seconds=offset_s)
    assert (why_not_by_clock(source, "left", offset) == "") is is_open


def test_clocks_are_compared_in_words() -> None:
    assert in_words(timedelta(minutes=45)) == "45 minutes ahead of"
    assert in_words(timedelta(hours=-3)) == "3 hours behind"


@pytest.mark.parametrize(("ahead_min", "words"), [(45, "ahead of"), (-45, "behind")])
def test_nothing_is_sent_while_all_clocks_are_far_off_and_all_when_they_are_set(
    ahead_min: float, words: str, make_session: MakeSession, clock: ManualClock
) -> None:
    ahead: dict[str | None, float] = {"left": ahead_min, "right": ahead_min}
    lab = two(clock, ahead)
    session = make_session(lab, text=text_with())
    with holding(session):
        step = work(session, clock, n_steps=20)
        assert step.waiting is Waiting.MACHINE
        assert f"the clock of 'left' is 45 minutes {words} this machine's" in (
            describe_waiting(session)
        )
        assert lab.orders == []
        assert {each.held_by for each in session.state.in_state(TrialState.HELD)} == {"interlock"}
        ahead.update(left=0, right=0)
        work(session, clock, n_steps=40)
    assert len(session.state.in_state(TrialState.COMPLETED)) == 3


def test_trials_go_to_the_device_whose_clock_is_near(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = two(clock, {"left": 45, "right": 0})
    session = make_session(lab, text=text_with())
    with holding(session), driving(session):
        while len(session.state.in_state(TrialState.COMPLETED)) < 3:
            if advance(session).waiting is not Waiting.NOTHING:
                session.news.wait(0.05)
    assert {order.device for order in lab.orders} == {"right"}


def test_an_order_that_was_opened_before_the_clock_was_known_waits_and_says_why(
    make_session: MakeSession, clock: ManualClock
) -> None:
    ahead: dict[str | None, float] = {"left": 0, "right": 0}
    lab = two(clock, ahead)
    session = make_session(lab, text=text_with())
    driver = Driver(session)
    with holding(session):
        driver.look()
        session.driver = driver
        advance(session)  # opens runs; nobody sends them yet
        session.driver = None
        ahead.update(left=45, right=45)
        driver.step()
    kept = [
        each.record
        for each in session.ledger.read(session.campaign)
        if isinstance(each.record, OrderKeptBack)
    ]
    assert {each.by for each in kept} == {"clock"}
    assert lab.orders == []
    assert "waits: the clock of" in describe_waiting(session)


def test_a_device_that_tells_no_time_is_trusted(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = devices(clock=lambda _: None)
    session = make_session(lab, text=text_with())
    with holding(session), driving(session):
        while len(session.state.in_state(TrialState.COMPLETED)) < 3:
            if advance(session).waiting is not Waiting.NOTHING:
                session.news.wait(0.05)
    assert len(lab.orders) == 3


def test_planner_labs_says_whose_clock_is_far_off(typed: Typed, tmp_path: Path) -> None:
    device = HonestDevice(result={}, ahead_s=45 * 60)
    with HttpFace(device, token="").serving() as url:
        text = f"""
campaign: growth
parameters: {{flow: {{low: 1, high: 100, unit: sccm}}}}
outcomes: {{Y: {{unit: "1"}}}}
objectives: [{{aim: maximise, outcome: Y}}]
sources: {{furnace: {{kind: http, url: '{url}', simulated: true, not_after: 10 min}}}}
budget: {{trials: 1}}
"""
        (tmp_path / "growth.yaml").write_text(text)
        ended = typed("labs", "growth.yaml")
    said = " ".join(ended.out.split())
    assert "The clock of 'furnace' is 45 minutes ahead of this machine's" in said
    assert "until then no campaign sends anything to it" in said
