"""The emergency stop reaches every device of the ledger at once, whatever else is going on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from planner.campaign import CampaignSpec, parse_campaign
from planner.clock import ManualClock
from planner.errors import LabUnavailable, Refused
from planner.labs import Answer, Lab, Order, open_lab
from planner.loop.dispatch.driver import HEARTBEAT_S, Driver
from planner.loop.dispatch.emergency import clear_all, stop_all
from planner.loop.dispatch.keeper import let_devices_go
from planner.loop.dispatch.reaching import DeviceStop, Reach
from planner.loop.steps.advance import Step, Waiting, advance
from planner.trials import Heartbeat, TrialState
from tests.labs.honest_device import HonestDevice, HttpFace
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
    hangs: Sequence[str | None] = ()
    wake: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    ending: list[str] = field(default_factory=list)
    stays: bool = False  # stopped, until it is cleared

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        if self.stays and self.calls:
            return self._stopped("smoke")
        state: Literal["locked", "ready"] = "locked" if self.locked else "ready"
        return Heartbeat(boot_id="b", sequence=1, at=NOW, state=state, reason=self.locked)

    def adjust(self, *_: object, **__: object) -> None:
        raise AssertionError("nothing is adjusted here")

    def stop(self, *, by: str, reason: str, device: str | None = None) -> Heartbeat:
        if self.meet is not None:
            self.meet.wait(5)
        if device in self.silent:
            raise LabUnavailable("nobody listens there")
        if device in self.hangs:
            self.wake.wait(30)
        self.calls.append((device, f"{by}: {reason}"))
        self.answered.set()
        return self._stopped(reason)

    def _stopped(self, reason: str) -> Heartbeat:
        """Says that it is stopped; the runs that are still ending are named, one each time."""
        key = self.ending.pop(0) if self.ending else None
        return Heartbeat(
            boot_id="b", sequence=2, at=NOW, state="stopped", reason=reason, current_key=key
        )

    clear = release = stop

    def wait_for_news(self, timeout_s: float) -> bool:
        raise AssertionError("nobody waits here")


def stoppable(**how: object) -> StoppableLab:
    def script(order: Order, _n: int) -> Answer:
        return done(order, **{"yield": 50.0})

    return StoppableLab(script, latency=100, **how)  # type: ignore[arg-type]


class Met(HonestDevice):
    """A device that answers a stop once all others have heard theirs."""

    def __init__(self, meet: threading.Barrier) -> None:
        super().__init__()
        self.meet = meet

    def _stop(self, content: dict[str, object]) -> dict[str, object]:
        self.meet.wait(8)
        return super()._stop(content)


def reach_of(text: str) -> Reach:
    return Reach(spec=parse_campaign(text, path="bench.yaml"), folder=Path())


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


def test_the_devices_of_one_source_are_told_at_the_same_time() -> None:
    names = ("left", "middle", "right")
    lab = stoppable(devices=names, meet=threading.Barrier(len(names)))
    reach = reach_of(campaign_text(source="devices: [left, middle, right]"))
    said = stop_all(None, by="mara", reason="smoke", also=[reach], open_it=lambda *_: lab)
    assert said.devices == tuple(
        DeviceStop(source="robot", device=name, is_stopped=True, said="smoke") for name in names
    )


def test_a_device_that_hangs_is_named_and_keeps_no_other_from_being_told() -> None:
    lab = stoppable(devices=("left", "right"), hangs=("left",))
    reach = reach_of(campaign_text(source="devices: [left, right]"))
    try:
        said = stop_all(
            None, by="mara", reason="smoke", also=[reach], open_it=lambda *_: lab, patience_s=0.2
        )
        assert lab.answered.wait(30)
    finally:
        lab.wake.set()
    assert not said.is_complete
    left, right = said.devices
    assert left == DeviceStop(source="robot", device="left", said="no answer within 0.2 s")
    assert right.device == "right"


def test_more_devices_than_a_client_keeps_connections_are_told_at_the_same_time(
    tmp_path: Path,
) -> None:
    n = 12
    meet = threading.Barrier(n)
    with ExitStack() as held:
        urls = [held.enter_context(HttpFace(Met(meet), token="").serving()) for _ in range(n)]
        named = ", ".join(f"d{i:02}: '{url}'" for i, url in enumerate(urls))
        text = campaign_text().replace(
            "kind: adapter, adapter: none", f"kind: http, urls: {{{named}}}"
        )
        reach = Reach(spec=parse_campaign(text, path="bench.yaml"), folder=tmp_path)
        said = stop_all(None, by="mara", reason="smoke", also=[reach])
    assert [each.is_stopped for each in said.devices] == [True] * n
    assert [each.address for each in said.devices] == urls


def test_a_device_counts_as_stopped_once_nothing_is_under_way_there() -> None:
    lab = stoppable(stays=True, ending=["bench/1/1", "bench/1/1"])
    reach = reach_of(campaign_text())
    (said,) = stop_all(
        None, by="mara", reason="smoke", also=[reach], open_it=lambda *_: lab
    ).devices
    assert said.is_stopped
    assert lab.ending == []  # it was asked until it named none
    never = stoppable(stays=True, ending=["bench/1/1"] * 1000)
    (said,) = stop_all(
        None, by="mara", reason="smoke", also=[reach], open_it=lambda *_: never, patience_s=1.5
    ).devices
    assert not said.is_stopped
    assert "run bench/1/1 has not ended yet" in said.said


def test_one_name_for_two_devices_is_refused_before_anything_is_sent(
    make_session: MakeSession, tmp_path: Path
) -> None:
    first, second = HonestDevice(finishes=False), HonestDevice(finishes=False)
    with HttpFace(first, token="").serving() as here, HttpFace(second, token="").serving() as there:
        sessions = []
        for name, url in (("one", here), ("two", there)):
            text = campaign_text(budget="trials: 2", policy="start: 2").replace("bench", name)
            text = text.replace(
                "kind: adapter, adapter: none", f"kind: http, simulated: true, url: '{url}'"
            )
            lab = open_lab(parse_campaign(text, path="b.yaml"), folder=tmp_path)
            sessions.append(make_session(lab, text=text))
        advance(sessions[0])
        let_devices_go(sessions[0])
        with pytest.raises(Refused, match="A name is one device in a ledger"):
            advance(sessions[1])
        assert sessions[1].hold is None
        said = stop_all(sessions[0].ledger, by="mara", reason="smoke")
        for each in sessions:
            each.lab.close()
    assert (len(first.acts), second.acts) == (1, [])
    assert [each.address for each in said.devices] == [here]
    assert first.stopped == "smoke"


def test_the_programs_of_each_campaign_are_stopped_and_cleared(
    make_session: MakeSession, tmp_path: Path
) -> None:
    """They share their source's name, and each campaign keeps its own runs."""
    labs, ledger = [], None
    for name in ("one", "two"):
        text = campaign_text().replace("bench", name)
        text = text.replace("kind: adapter, adapter: none", "kind: command, program: [sleep, '60']")
        labs.append(open_lab(parse_campaign(text, path="b.yaml"), folder=tmp_path))
        session = make_session(labs[-1], text=text)
        session.folder = tmp_path
        advance(session)
        let_devices_go(session)
        ledger = session.ledger
    assert ledger is not None
    try:
        said = stop_all(ledger, by="mara", reason="smoke")
        assert [each.campaign for each in said.devices] == ["one", "two"]
        assert said.is_complete
        keys = ["one/1/1", "two/1/1"]
        states = [lab.poll([key])[key].state for lab, key in zip(labs, keys, strict=True)]
        assert states == ["aborted", "aborted"]
        cleared = clear_all(ledger, by="mara", reason="a candle")
        assert cleared.programs == ("robot of campaign one", "robot of campaign two")
        assert [each.heartbeat().state for each in labs] == ["ready", "ready"]  # type: ignore[attr-defined]
        with pytest.raises(Refused, match="nothing to clear"):
            clear_all(ledger, by="mara", reason="again")
    finally:
        for lab in labs:
            lab.close()


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
