"""What a person is shown of a trial in doubt, before they give a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.clock import ManualClock
from planner.errors import Refused, Unanswered
from planner.labs import Answer, DeliveryClass, Reported
from planner.loop.dispatch.driver import Driver
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.people.evidence import Evidence, gather_evidence
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from planner.trials import DeviceState, TrialState
from tests.cli.conftest import Typed, typed
from tests.labs.honest_device import HonestDevice, HttpFace
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import devices
from tests.loop.scripted_lab import ScriptedLab, done

__all__ = ["typed"]  # the fixture
TEXT = campaign_text(source="time_limit: 100", budget="trials: 1", policy="start: 1")


def doubtful(make_session: MakeSession, clock: ManualClock, lab: ScriptedLab) -> Session:
    session = make_session(lab, text=TEXT)
    driver = Driver(make_session(lab, text=TEXT))
    session.driver = driver
    advance(session)
    driver.step()
    clock.wait_s(200)
    driver.step()
    let_devices_go(driver.session)
    assert session.refresh().trial(1).state is TrialState.IN_DOUBT
    session.driver = None
    return session


def words(found: Evidence) -> str:
    return "\n".join([*(said for _, said in found.story), *found.device_says])


def test_the_device_is_asked_now_and_nothing_is_written(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = devices(latency=10**6, devices=(None,))
    session = doubtful(make_session, clock, lab)
    before = session.state.sequence
    found = gather_evidence(session, 1)
    assert "no end after 100 s" in found.reason
    assert [said.split(" ")[0] for said in found.settings] == ["temperature", "flow"]
    assert [said.split(":")[0] for _, said in found.story] == [
        "run bench/1/1 was opened",
        "started",
        "in doubt",
    ]
    assert found.device_says == (
        "The device says of the run: started.",
        "Of itself it says: ready.",
    )
    assert [(command, *words.split()[:1]) for command, words, _ in found.choices] == [
        ("resolve", "performed"),
        ("resolve", "no-result"),
        ("resolve", "partly"),
        ("resolve", "not-performed"),
        ("abort",),
    ]
    assert session.refresh().sequence == before


def test_what_the_device_says_is_as_it_says_it(
    make_session: MakeSession, clock: ManualClock
) -> None:
    lab = devices(latency=10**6, devices=(None,))
    session = doubtful(make_session, clock, lab)
    lab.ends["bench/1/1"] = Answer(
        key="bench/1/1", state=DeviceState.UNKNOWN, reason="it was switched off."
    )
    lab.polls_left["bench/1/1"] = 0
    said = gather_evidence(session, 1).device_says
    assert said[0] == "The device says of the run: unknown, it was switched off."
    lab.ends = {}
    assert gather_evidence(session, 1).device_says[0] == "The device does not know the run."
    lab.shut = {"": "silent"}
    said = gather_evidence(session, 1).device_says
    assert "It was heard last at 2026-01-05" in said[1]


def test_of_a_result_that_was_put_aside_one_sees_what_it_said(make_session: MakeSession) -> None:
    lab = ScriptedLab(lambda order, _: done(order, **{"yield": Reported(value=815.0)}))
    session = make_session(lab)
    advance(session)
    advance(session)
    found = gather_evidence(session, 1)
    assert "a result came: yield 815" in words(found)
    assert "the result was put aside: " in words(found)
    assert [words for _, words, _ in found.choices][-1] == "partly"  # it was performed
    let_devices_go(session)


def test_how_often_an_order_left_is_told_where_that_is_noted(make_session: MakeSession) -> None:
    def script(order: object, _n: int) -> Exception:
        return Unanswered("the line was cut")

    lab = ScriptedLab(script, delivery=DeliveryClass.FIRE_AND_OBSERVE)
    session = make_session(lab)
    advance(session)
    found = gather_evidence(session, 1)
    assert "its order was about to leave (sending 1)" in words(found)
    assert "no answer came: the line was cut" in words(found)
    let_devices_go(session)


def test_only_a_doubt_has_evidence(make_session: MakeSession) -> None:
    lab = ScriptedLab(lambda order, _: done(order, **{"yield": 50.0}))
    session = make_session(lab)
    advance(session)
    with pytest.raises(Refused, match="not in doubt"):
        gather_evidence(session, 1)
    let_devices_go(session)


@pytest.fixture
def furnace(tmp_path: Path) -> Iterator[HonestDevice]:
    """A furnace that was at work for longer than it may be."""
    device = HonestDevice(finishes=False)
    with HttpFace(device, token="").serving() as url:
        text = TEXT.replace(
            "kind: adapter, adapter: none, time_limit: 100",
            f"kind: http, url: '{url}', simulated: true, time_limit: 2",
        )
        (tmp_path / "bench.yaml").write_text(text)
        yield device


def test_one_types_the_trial_and_sees_what_can_be_typed_next(
    furnace: HonestDevice, typed: Typed, tmp_path: Path
) -> None:
    clock = ManualClock(datetime.now(UTC))
    with at_work(Place(file=tmp_path / "bench.yaml"), clock=clock) as session:
        for _ in range(3):
            advance(session)
            clock.wait_s(60)
        let_devices_go(session)
    shown = typed("resolve", "bench.yaml", "1")
    assert shown.code == 0
    assert "The device says of the run: started" in shown.out
    assert "planner resolve bench.yaml 1 performed yield=VALUE --reason '...'" in shown.out
    facts = typed("resolve", "bench.yaml", "1", "--json")
    assert facts.code == 0
    assert '"where": "robot"' in facts.out
