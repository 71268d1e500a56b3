"""Several devices of a source: each is heard by itself, and one that is shut holds up none."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.campaign import parse_campaign
from planner.clock import SystemClock
from planner.errors import Refused
from planner.labs import Lab
from planner.ledger.beats import read_last_beats
from planner.loop.dispatch.driver import Driver, driving
from planner.loop.dispatch.hearing import Hearing
from planner.loop.dispatch.keeper import holding
from planner.loop.steps.advance import Waiting, advance
from planner.trials import TrialState
from tests.cli.conftest import Typed, typed
from tests.labs.honest_device import HonestDevice, HttpFace
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import devices
from tests.loop.scripted_lab import ScriptedLab, done

__all__ = ["typed"]  # the fixture
DEVICES = campaign_text(source="devices: [left, right]", budget="trials: 6", policy="start: 6")


def hearing_of(lab: Lab) -> Hearing:
    source = parse_campaign(DEVICES, path="bench.yaml").source
    return Hearing(lab, source=source, clock=SystemClock())


def test_a_device_that_hangs_keeps_no_other_from_being_heard() -> None:
    """And it is asked once, until it has answered."""
    lab = devices(shut={"left": "hanging"})
    hearing = hearing_of(lab)
    assert list(hearing.listen()) == ["right"]
    assert list(hearing.listen()) == ["right"]
    assert lab.n_beats == 3
    assert hearing.closed == frozenset()  # nothing is known of it yet
    lab.wake.set()
    while not hearing.silent:
        hearing.listen()
    assert hearing.closed == hearing.left_alone == {"left"}
    assert set(hearing.heard) == {"right"}


@pytest.mark.parametrize("state", ["locked", "stopped", "offline"])
def test_a_shut_device_is_closed_while_another_is_not(state: str) -> None:
    lab = devices(shut={"left": state})
    hearing = hearing_of(lab)
    hearing.listen()
    assert hearing.closed == {"left"}
    assert hearing.left_alone == frozenset()  # it is asked about what it does, as before
    lab.shut["right"] = "locked"
    hearing.listen()
    assert hearing.closed == frozenset()
    lab.shut.clear()
    hearing.listen()
    assert hearing.closed == frozenset()


@pytest.mark.parametrize("state", ["silent", "locked"])
def test_trials_go_to_the_other_device_while_one_is_shut(
    state: str, make_session: MakeSession
) -> None:
    lab = devices(shut={"left": state})
    session = make_session(lab, text=DEVICES)
    with holding(session), driving(session):
        assert isinstance(session.driver, Driver)
        while not session.driver.closed:
            session.wait_s(0.01)
        while len(session.state.in_state(TrialState.COMPLETED)) < 6:
            if advance(session).waiting is not Waiting.NOTHING:
                session.wait_s(0.05)
    assert {order.device for order in lab.orders} == {"right"}


def test_each_device_has_its_own_heartbeat_in_the_ledger(make_session: MakeSession) -> None:
    lab = devices(shut={"left": "silent"})
    session = make_session(lab, text=DEVICES)
    driver = Driver(session)
    with holding(session):
        advance(session)
        driver.step()
        session.clock.wait_s(6)
        driver.step()
    assert set(read_last_beats(session.ledger)) == {"robot/right"}
    lab.shut.clear()
    with holding(session):
        session.clock.wait_s(6)
        driver.step()
    rows = {each.name: each for each in session.ledger.devices()}
    assert set(rows) == {"robot", "robot/left", "robot/right"}
    assert rows["robot/left"].boot_id == "boot of left"
    assert rows["robot/right"].boot_id == "boot of right"
    assert (rows["robot"].device, rows["robot/left"].device) == (None, "left")


@pytest.mark.parametrize(("says", "words"), [(True, "it is simulated"), (False, "it is real")])
def test_nothing_is_sent_to_a_device_that_is_not_what_the_file_says(
    says: bool, words: str, make_session: MakeSession
) -> None:
    """Whether or not a driver has heard it first."""
    source = "devices: [left, right], simulated: " + ("false" if says else "true")
    text = campaign_text(source=source)
    lab = devices(simulated=says)
    session = make_session(lab, text=text)
    with holding(session), pytest.raises(Refused, match=f"Device 'left' says that {words}"):
        advance(session)
    session.clock.wait_s(60)
    with pytest.raises(Refused, match=words):
        Driver(session).step()
    assert lab.orders == []


@pytest.mark.parametrize("is_said", [True, False])
def test_a_campaign_at_a_device_of_another_kind_ends_before_anything_is_sent(
    is_said: bool, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_DATABASE_URL", f"sqlite:///{tmp_path / 'lab.db'}")
    result = {"outcomes": {"Y": {"value": 0.8, "unit": "1"}}}
    device = HonestDevice(result=result)  # which says that it is simulated
    face = HttpFace(device, token="")
    with face.serving() as url:
        text = f"""
campaign: growth
parameters: {{flow: {{low: 1, high: 100, unit: sccm}}}}
outcomes: {{Y: {{unit: "1"}}}}
objectives: [{{aim: maximise, outcome: Y}}]
sources: {{furnace: {{kind: http, url: '{url}'{", simulated: true" if is_said else ""}}}}}
budget: {{trials: 1}}
policy: {{start: 1}}
"""
        (tmp_path / "growth.yaml").write_text(text)
        ended = typed("run", "growth.yaml", "--engine", "inline")
    assert ended.code == (0 if is_said else 4)
    assert len(device.acts) == (1 if is_said else 0)
    said = " ".join(ended.err.split())
    assert is_said or "write 'simulated: true' under the source" in said


def test_a_lab_without_heartbeats_is_not_asked() -> None:
    lab: Lab = ScriptedLab(lambda order, _n: done(order, **{"yield": 50.0}))
    assert hearing_of(lab).listen() == {}
    assert hearing_of(lab).closed == frozenset()
