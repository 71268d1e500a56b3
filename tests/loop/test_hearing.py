"""Several devices of a source: each is heard by itself, and one that is shut holds up none."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.errors import LabUnavailable, Refused
from planner.labs import Adjustment, Answer, Lab, Order, Setting
from planner.ledger.beats import read_last_beats
from planner.loop.dispatch.driver import Driver, driving
from planner.loop.dispatch.hearing import Hearing
from planner.loop.dispatch.keeper import holding
from planner.loop.steps.advance import Waiting, advance
from planner.trials import Heartbeat, TrialState
from tests.cli.conftest import Typed, typed
from tests.labs.honest_device import HonestDevice, HttpFace
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

__all__ = ["typed"]  # the fixture
DEVICES = campaign_text(source="devices: [left, right]", budget="trials: 6", policy="start: 6")


@dataclass
class Devices(ScriptedLab):
    """Two devices; ``shut`` says what is wrong with one of them: silent, hanging, or its state."""

    devices: tuple[str | None, ...] = ("left", "right")
    shut: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    wake: threading.Event = field(default_factory=threading.Event)
    n_beats: int = 0

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        self.n_beats += 1
        what = self.shut.get(device or "", "ready")
        if what == "hanging":
            self.wake.wait(30)
        if what in ("silent", "hanging"):
            raise LabUnavailable(f"{device} does not answer.")
        return Heartbeat(
            boot_id=f"boot of {device}",
            sequence=self.n_beats,
            at=datetime.now(UTC),
            state=what,  # type: ignore[arg-type]
            simulated=self.simulated,
        )

    def submit(self, order: Order) -> Answer:
        if order.device in self.shut:
            raise LabUnavailable(f"{order.device} does not take orders.")
        return super().submit(order)

    def adjust(
        self,
        key: str,
        *,
        number: int,
        digest: str,
        parameters: Mapping[str, Setting],
        token: int,
        ledger: str,
        device: str | None = None,
    ) -> Adjustment:
        return Adjustment(number=number, state="refused")

    def stop(self, *, by: str, reason: str, device: str | None = None) -> Heartbeat:
        return self.heartbeat(device)

    def clear(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        return self.heartbeat(device)

    release = clear

    def wait_for_news(self, timeout_s: float) -> bool:
        return self.wake.wait(timeout_s)


def devices(**how: object) -> Devices:
    return Devices(lambda order, _n: done(order, **{"yield": 50.0}), **how)  # type: ignore[arg-type]


def test_a_device_that_hangs_keeps_no_other_from_being_heard() -> None:
    """And it is asked once, until it has answered."""
    lab = devices(shut={"left": "hanging"})
    hearing = Hearing(lab)
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
    hearing = Hearing(lab)
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
    is_said: bool, typed: Typed, tmp_path: Path
) -> None:
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
    assert Hearing(lab).listen() == {}
    assert Hearing(lab).closed == frozenset()
