"""A trial that is under way is changed at most once a number, within limits, with its reasons."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from planner.clock import ManualClock
from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.errors import InputError, Refused, Unanswered
from planner.labs import Adjustment, Answer, Reported
from planner.loop import people
from planner.loop.dispatch.driver import driving
from planner.loop.dispatch.keeper import holding, let_devices_go
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.loop.steps.inline import run_inline
from planner.loop.steps.waiting import describe_waiting
from planner.trials import DeviceState, Heartbeat, RunState, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.dispatch.test_emergency import NOW
from tests.loop.scripted_lab import ScriptedLab, done
from tests.loop.sensed import send

HOTTER = {"temperature": Reported(value=120.0)}


@dataclass
class AdjustableLab(ScriptedLab):
    """Takes changes as its script says, and counts them by number."""

    devices: tuple[str | None, ...] = (None,)
    said: list[Adjustment | Exception] = field(default_factory=list)
    changes: list[tuple[str, int, dict[str, Any], str]] = field(default_factory=list)

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        return Heartbeat(boot_id="b", sequence=1, at=NOW, state="ready")

    def adjust(self, key: str, *, number: int, digest: str, parameters: Any, **_: Any) -> Any:
        values = {name: each.value for name, each in parameters.items()}
        self.changes.append((key, number, values, digest))
        said = self.said.pop(0) if self.said else Adjustment(number=number, state="taken")
        if isinstance(said, Exception):
            raise said
        return said

    def stop(self, **_: Any) -> Heartbeat:
        raise AssertionError("nothing is stopped here")

    clear = release = stop

    def wait_for_news(self, timeout_s: float) -> bool:
        raise AssertionError("nobody waits here")


@pytest.fixture
def at_device(make_session: MakeSession) -> Iterator[Callable[..., tuple[Session, AdjustableLab]]]:
    """A session whose first trial has been begun by a device."""
    with ExitStack() as held:

        def begin(*said: Adjustment | Exception, latency: int = 100, **how: str) -> Any:
            lab = AdjustableLab(
                lambda order, _: done(order, **{"yield": 50.0}), latency=latency, said=[*said]
            )
            session = make_session(lab, text=campaign_text(**how))
            held.callback(lambda: let_devices_go(session))
            for _ in range(4):
                advance(session)
                for waits in session.state.in_state(TrialState.AWAITING_APPROVAL):
                    for author in ("carl", "dora"):
                        people.approve(replace(session, author=author), [waits.number])
            assert session.state.trial(1).run is not None
            return session, lab

        yield begin


def test_a_change_is_sent_with_a_number_of_its_own_until_it_is_answered(
    at_device: Callable[..., Any], clock: ManualClock
) -> None:
    session, lab = at_device(Unanswered("no answer"))
    asked = people.adjust(session, 1, HOTTER, reason="too cold")
    assert (asked.number, asked.state) == (1, "approved")
    advance(session)
    assert session.state.trial(1).run.state is RunState.ADJUSTING
    assert "change 1 (temperature=120, by planner) is on its way" in describe_waiting(session)
    clock.wait_s(2)
    advance(session)
    first, second = lab.changes
    assert first == second
    assert first[:3] == ("bench/1/1", 1, {"temperature": 120.0})
    run = session.state.trial(1).run
    assert run.state is RunState.STARTED
    assert [each.state for each in run.adjustments] == ["taken"]
    people.adjust(session, 1, {"flow": Reported(value=2.0)}, reason="and less gas")
    advance(session)
    assert lab.changes[-1][:3] == ("bench/1/1", 2, {"flow": 2.0})


def test_a_run_that_has_ended_is_not_recorded_before_it_is_known_whether_the_change_was_made(
    at_device: Callable[..., Any], clock: ManualClock
) -> None:
    refused = Adjustment(number=1, state="refused", reason="the job is done, not under way")
    session, lab = at_device(Unanswered("no answer"), refused)
    people.adjust(session, 1, HOTTER, reason="too cold")
    lab.latency = 0
    lab.polls_left = dict.fromkeys(lab.ends, 0)
    advance(session)
    assert session.state.trial(1).observation is None
    for _ in range(3):
        clock.wait_s(2)
        advance(session)
    trial = session.state.trial(1)
    assert trial.observation.configuration == trial.configuration
    assert trial.run.adjustments[0].said == "the job is done, not under way"


def test_numbers_count_as_their_means_over_the_time_where_the_device_reports_nothing(
    at_device: Callable[..., Any], clock: ManualClock
) -> None:
    """A quarter of the time at the first temperature, three quarters at the second."""
    session, lab = at_device()
    before = session.state.trial(1).configuration
    clock.wait_s(100)
    people.adjust(session, 1, HOTTER, reason="too cold")
    advance(session)
    clock.wait_s(300)
    lab.latency = 0
    lab.polls_left = dict.fromkeys(lab.ends, 0)
    advance(session)
    achieved = session.state.trial(1).observation.configuration
    assert achieved["temperature"] == pytest.approx(0.25 * before["temperature"] + 0.75 * 120)
    assert achieved["flow"] == before["flow"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"temperature": Reported(value=500.0)}, "150"),
        ({"speed": Reported(value=5.0)}, "speed"),
        ({}, "NAME=VALUE"),
    ],
)
def test_a_change_keeps_to_names_and_limits(
    at_device: Callable[..., Any], changes: dict[str, Reported], words: str
) -> None:
    session, lab = at_device()
    with pytest.raises(InputError, match=words):
        people.adjust(session, 1, changes, reason="too cold")
    with pytest.raises(InputError, match="reason"):
        people.adjust(session, 1, HOTTER, reason=" ")
    advance(session)
    assert lab.changes == []


def test_a_change_may_bring_a_device_back_into_its_limits_and_says_what_was_not_met(
    at_device: Callable[..., Any], make_session: MakeSession, clock: ManualClock
) -> None:
    """A precondition guards beginnings: what has begun can be made less hot."""
    sensed = (
        "\nsensors: {heat: {unit: degC, limits: [0, 2000]}}\npreconditions: [heat < 140 degC]\n"
    )
    lab = AdjustableLab(lambda order, _: done(order, **{"yield": 50.0}), latency=100)
    session = make_session(lab, text=campaign_text() + sensed)
    send(session, "heat", 100.0)
    for _ in range(3):
        advance(session)
    clock.wait_s(1)
    send(session, "heat", 155.0)
    asked = people.adjust(session, 1, {"temperature": Reported(value=110.0)}, reason="too hot")
    run = session.state.trial(1).run
    assert asked.state == "approved"
    assert run is not None
    assert run.evidence == "too hot (while heat must be < 140 degC, and is 155 degC)"
    advance(session)
    assert [each[2] for each in lab.changes] == [{"temperature": 110.0}]
    session.ledger.latch_stop(by="mara", reason="smoke")
    with pytest.raises(Refused, match="smoke"):
        people.adjust(session, 1, HOTTER, reason="too cold")
    let_devices_go(session)


def test_only_what_a_device_has_begun_can_be_changed_and_not_while_all_is_stopped(
    at_device: Callable[..., Any], make_session: MakeSession
) -> None:
    session, _ = at_device()
    session.ledger.latch_stop(by="mara", reason="smoke")
    with pytest.raises(Refused, match="smoke"):
        people.adjust(session, 1, HOTTER, reason="too cold")
    session.ledger.clear_stop(by="mara", reason="a kettle")
    people.adjust(session, 1, HOTTER, reason="too cold")
    with pytest.raises(Refused, match="being changed already"):
        people.adjust(session, 1, HOTTER, reason="too cold")
    waiting = ScriptedLab(
        lambda order, _: Answer(key=order.key, state=DeviceState.ACCEPTED), latency=0
    )
    other = make_session(waiting, ledger="other.db")
    advance(other)
    with pytest.raises(Refused, match="once the device has begun it"):
        people.adjust(other, 1, HOTTER, reason="too cold")
    let_devices_go(other)


def test_two_people_want_the_same_where_the_campaign_asks_for_two(
    at_device: Callable[..., Any], make_session: MakeSession
) -> None:
    policy = "start: 3, approval: {two_people: temperature > 119}"
    session, lab = at_device(policy=policy)
    ada, bert = replace(session, author="ada", lease=None), replace(session, author="bert")
    assert people.adjust(ada, 1, HOTTER, reason="too cold").state == "awaiting approval"
    advance(session)
    assert lab.changes == []
    with pytest.raises(Refused, match="needs another person"):
        people.adjust(ada, 1, HOTTER, reason="too cold")
    asked = people.adjust(bert, 1, HOTTER, reason="so it is")
    assert (asked.state, asked.asked_by, asked.approved_by) == ("approved", "ada", ("bert",))
    advance(session)
    assert lab.changes[0][2] == {"temperature": 120.0}


FILE = """
campaign: one
parameters: {{temperature: {{low: 20, high: 100, unit: degC}}}}
outcomes: {{yield: {{unit: percent}}}}
objectives: [{{aim: maximise, outcome: yield}}]
sources:
  furnace: {{kind: http, url: "{url}", simulated: true, map: {{temperature: {{unit: K}}}}}}
budget: {{trials: 1}}
policy: {{start: 1}}
"""


def test_a_real_device_takes_a_change_and_reports_what_it_achieved(tmp_path: Path) -> None:
    fields = {"temperature": {"low": 250, "high": 400, "unit": "K"}}
    formula = {"formula": "temperature / 4", "unit": "percent"}
    act = {"kind": "virtual", "duration": 0.8, "outcomes": {"yield": formula}}
    whole = {"device": "furnace", "fields": fields, "act": act, "http": {"port": 0}}
    whole["simulated"] = True
    device = Device(DeviceSpec.model_validate(whole), folder=tmp_path)
    (url,) = device.start()
    file = tmp_path / "one.yaml"
    file.write_text(FILE.format(url=url))
    heard: list[str] = []
    give_up = time.monotonic() + 30

    def change_once(_entry: object, state: Any) -> None:
        run = state.trials[1].run if state.trials else None
        if run is None or run.state is not RunState.STARTED or heard:
            return
        heard.append(run.key)
        with at_work(Place(file=file), with_lab=False) as person:
            people.adjust(person, 1, {"temperature": Reported(value=77.0)}, reason="try")

    with at_work(Place(file=file)) as session, holding(session), driving(session):
        session.listener = change_once
        run_inline(session, is_asked_to_leave=lambda: time.monotonic() > give_up)
        trial = session.state.trial(1)
    device.close()
    assert trial.run is not None
    assert [each.state for each in trial.run.adjustments] == ["taken"]
    assert trial.observation is not None
    assert trial.observation.configuration["temperature"] == pytest.approx(77.0)
    assert trial.observation.outcomes["yield"].value == pytest.approx((77 + 273.15) / 4)
    assert trial.run.ended is not None
    assert trial.run.began is not None
    assert trial.run.ended - trial.run.began > timedelta(seconds=0.7)
