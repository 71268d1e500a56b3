"""The emergency stop reaches every device of the ledger at once, whatever else is going on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from planner.campaign import CampaignSpec
from planner.clock import ManualClock
from planner.errors import LabUnavailable
from planner.labs import Answer, Lab, Order
from planner.loop.dispatch.driver import HEARTBEAT_S, Driver
from planner.loop.dispatch.emergency import DeviceStop, Reach, stop_all
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.steps.advance import Step, Waiting, advance
from planner.trials import Heartbeat, TrialState
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass
class StoppableLab(ScriptedLab):
    """A lab with devices that confirm a stop, but for the silent ones."""

    devices: tuple[str | None, ...] = (None,)
    silent: Sequence[str | None] = ()
    calls: list[tuple[str | None, str]] = field(default_factory=list)
    meet: threading.Barrier | None = None
    locked: str = ""

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        state: Literal["locked", "ready"] = "locked" if self.locked else "ready"
        return Heartbeat(boot_id="b", sequence=1, at=NOW, state=state, reason=self.locked)

    def adjust(self, *_: object, **__: object) -> None:
        raise AssertionError("nothing is adjusted here")

    def stop(self, *, by: str, reason: str, device: str | None = None) -> Heartbeat:
        if self.meet is not None:
            self.meet.wait(5)
        if device in self.silent:
            raise LabUnavailable("nobody listens there")
        self.calls.append((device, f"{by}: {reason}"))
        return Heartbeat(boot_id="b", sequence=2, at=NOW, state="stopped", reason=reason)

    clear = release = stop

    def wait_for_news(self, timeout_s: float) -> bool:
        raise AssertionError("nobody waits here")


def stoppable(**how: object) -> StoppableLab:
    def script(order: Order, _n: int) -> Answer:
        return done(order, **{"yield": 50.0})

    return StoppableLab(script, latency=100, **how)  # type: ignore[arg-type]


def test_all_devices_are_told_at_once_and_nothing_more_is_dispatched(
    make_session: MakeSession,
) -> None:
    both = threading.Barrier(2)  # passes only if both sources are told at the same time
    robot = stoppable(meet=both)
    labs: dict[str, Lab] = {"robot": robot, "oven": stoppable(meet=both)}
    session = make_session(robot)
    other_text = campaign_text().replace("campaign: bench", "campaign: next")
    other = make_session(labs["oven"], text=other_text.replace("robot:", "oven:"))
    advance(session)
    advance(other)

    def open_it(spec: CampaignSpec, _folder: Path) -> Lab:
        return labs[spec.source.name]

    said = stop_all(session.ledger, by="mara", reason="smoke", open_it=open_it)
    assert said.is_complete
    assert said.devices == (
        DeviceStop(source="oven", is_stopped=True, said="smoke"),
        DeviceStop(source="robot", is_stopped=True, said="smoke"),
    )
    step = advance(session)
    assert step.waiting is Waiting.MACHINE  # what runs there is asked about as before
    robot.polls_left = dict.fromkeys(robot.ends, 0)
    for _ in range(3):
        advance(session)
    assert [each.state for each in session.state.trials.values()] == [TrialState.COMPLETED]
    session.ledger.clear_stop(by="mara", reason="a candle")
    advance(session)
    assert session.state.trial(2).state is TrialState.RUNNING
    for each in (session, other):
        let_devices_go(each)


@pytest.mark.parametrize("is_driven", [False, True])
def test_what_is_approved_is_held_while_the_device_is_locked_and_goes_on_by_itself(
    make_session: MakeSession, clock: ManualClock, *, is_driven: bool
) -> None:
    lab = stoppable(locked="the door is open")
    session = make_session(lab)
    driver = Driver(make_session(lab))

    def look() -> Step:
        clock.wait_s(HEARTBEAT_S)
        if is_driven:
            session.driver = driver
            driver.step()
        return advance(session)

    look()
    step = look()
    trial = session.state.trial(1)
    assert trial.state is TrialState.HELD
    assert trial.reason == "interlock: the device is locked (the door is open)"
    assert step.waiting is Waiting.MACHINE
    assert lab.orders == []
    lab.locked = ""
    look()
    look()
    assert [each.key for each in lab.orders] == ["bench/1/1"]
    for each in (session, driver.session):
        let_devices_go(each)


def test_who_cannot_be_reached_is_named_and_the_others_are_stopped(
    make_session: MakeSession,
) -> None:
    lab = stoppable(devices=("left", "right"), silent=("left",))
    session = make_session(lab, text=campaign_text(source="devices: [left, right]"))
    advance(session)
    said = stop_all(session.ledger, by="mara", reason="smoke", open_it=lambda *_: lab)
    assert not said.is_complete
    assert said.devices == (
        DeviceStop(source="robot", device="left", said="nobody listens there"),
        DeviceStop(source="robot", device="right", is_stopped=True, said="smoke"),
    )
    assert session.ledger.latch() is not None
    let_devices_go(session)


def test_a_source_whose_adapter_knows_no_stop_is_said_to_need_a_hand(
    make_session: MakeSession,
) -> None:
    plain = ScriptedLab(lambda order, _n: done(order, **{"yield": 50.0}))
    session = make_session(plain)
    advance(session)
    (said,) = stop_all(session.ledger, by="mara", reason="smoke", open_it=lambda *_: plain).devices
    assert not said.is_stopped
    assert "stop it at the device" in said.said


def test_a_ledger_that_cannot_be_opened_keeps_no_device_from_being_stopped(
    make_session: MakeSession,
) -> None:
    lab = stoppable()
    session = make_session(lab)
    reach = Reach(spec=session.state.spec, folder=Path())
    said = stop_all(None, by="mara", reason="smoke", also=[reach], open_it=lambda *_: lab)
    assert [each.is_stopped for each in said.devices] == [True]
    assert not said.is_complete
    assert "cannot be opened" in said.trouble
