"""A device is lost where it was asked in vain; between stretches whoever alerts asks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.clock import ManualClock
from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.ledger.beats import read_last_beats
from planner.loop.alerts import open_post
from planner.loop.alerts.silence import Silence
from planner.loop.alerts.sweeping import sweep
from planner.loop.dispatch.driver import Driver
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import advance
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_devices import Devices
from tests.loop.scripted_lab import ScriptedLab, done

HOUR = timedelta(hours=1)
FILE = """
campaign: kiln
parameters: {{temperature: {{low: 20, high: 100, unit: degC}}}}
outcomes: {{yield: {{unit: percent}}}}
objectives: [{{aim: maximise, outcome: yield}}]
sources:
  furnace: {{kind: http, url: "{url}", simulated: true}}
budget: {{trials: 3}}
policy: {{acquisition: random}}
alerts: {{ways: {{file: {{kind: command, run: ["./keep"]}}}}}}
"""


@pytest.fixture
def now() -> ManualClock:
    return ManualClock(datetime.now(UTC))  # near the device's own


@contextmanager
def furnace(folder: Path) -> Iterator[tuple[Callable[[], None], str]]:
    """Runs a real device over HTTP that works for hours; what kills it, and its address."""
    whole = {
        "device": "furnace",
        "simulated": True,
        "fields": {"temperature": {"low": 20, "high": 100, "unit": "degC"}},
        "act": {
            "kind": "virtual",
            "duration": 7200,
            "outcomes": {"yield": {"formula": "temperature / 2", "unit": "percent"}},
        },
        "http": {"port": 0},
    }
    device = Device(DeviceSpec.model_validate(whole), folder=folder)
    (url,) = device.start()
    with ExitStack() as held:
        held.callback(end, device)
        yield held.close, url


def end(device: Device) -> None:
    """Ends its act, which lasts two hours, and its server."""
    device.agent.stop(by="the test", reason="it ends")
    device.close()


def begin(folder: Path, url: str, clock: ManualClock) -> Place:
    """A stretch dispatches a trial, its driver hears the device, and it ends."""
    keep = folder / "keep"
    keep.write_text("#!/bin/sh\ncat >> told\necho >> told\n")
    keep.chmod(0o700)
    place = Place(file=folder / "kiln.yaml")
    place.file.write_text(FILE.format(url=url))
    with at_work(place, clock=clock) as session, holding(session):
        advance(session)
        Driver(session).step()
    return place


def told(folder: Path) -> list[str]:
    path = folder / "told"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line)["text"] for line in lines if line]


def test_a_device_at_work_between_stretches_is_lost_only_once_it_does_not_answer(
    tmp_path: Path, now: ManualClock
) -> None:
    """Healthy for an hour: silence. Then it is killed: one alert, by whoever looks."""
    with furnace(tmp_path) as (kill, url):
        place = begin(tmp_path, url, now)
        with open_post(place, on_message=pytest.fail, clock=now, is_patient=True) as post:
            for _ in range(6):
                now.wait_s(600)
                assert post.sweep() == 0
            assert told(tmp_path) == []
            with at_work(place, clock=now) as session:  # what the pages and commands say
                assert read_last_beats(session.ledger) == {"furnace": now.now()}
            kill()
            now.wait_s(9)
            assert post.sweep() == 0
            assert told(tmp_path) == []  # it may only be slow
            for _ in range(3):
                now.wait_s(2)
                post.sweep()
        with open_post(place, on_message=pytest.fail, clock=now, is_patient=True) as post:
            post.sweep()  # another process
        sweep(place)
    (said,) = told(tmp_path)
    assert said.startswith("Device 'furnace' has a trial under way, was heard last at ")
    assert said.endswith(" UTC, 11 s ago, and does not answer now. Look whether it still works.")


def test_who_cannot_ask_calls_a_device_lost_only_where_a_driver_listens(
    tmp_path: Path, now: ManualClock
) -> None:
    """Here the file of the token is gone, which a driver at work has read."""
    from planner.campaign import CampaignSpec
    from planner.errors import InputError
    from planner.labs import Lab

    def refuse(_: CampaignSpec) -> Lab:
        raise InputError("The file of the token is gone.")

    said: list[str] = []
    with furnace(tmp_path) as (_, url):
        place = begin(tmp_path, url, now)
        now.wait_s(11)
        with at_work(place, clock=now) as session:
            silence = Silence(session.ledger, clock=now, open_source=refuse, on_message=said.append)
            assert silence.find(session.state) == {}
            assert said == [
                "Whether the devices of 'furnace' are well cannot be asked here: The file of the "
                "token is gone."
            ]
            session.ledger.take_device("furnace")
            assert set(silence.find(session.state)) == {"furnace"}


def busy(make_session: MakeSession, **how: object) -> tuple[Session, Devices]:
    lab = Devices(
        lambda order, _: done(order, **{"yield": 50.0}),
        latency=10**6,
        devices=(None,),
        **how,  # type: ignore[arg-type]
    )
    session = make_session(lab, text=campaign_text(policy="start: 6"))
    driver = Driver(session)
    with holding(session):
        advance(session)
        driver.step()
    return session, lab


def silence_of(session: Session, lab: ScriptedLab, *, is_patient: bool = True) -> Silence:
    return Silence(
        session.ledger, clock=session.clock, open_source=lambda _: lab, is_patient=is_patient
    )


def test_a_word_of_the_broker_about_a_device_that_is_gone_is_no_heartbeat(
    make_session: MakeSession, clock: ManualClock
) -> None:
    session, lab = busy(make_session)
    silence = silence_of(session, lab)
    assert silence.find(session.state) == {}
    lab.shut[""] = "offline"
    clock.wait_s(11)
    assert set(silence.find(session.state)) == {"robot"}
    clock.wait_s(11)
    assert set(silence.find(session.state)) == {"robot"}
    lab.shut.clear()
    assert silence.find(session.state) == {}


def test_an_old_silence_says_nothing_about_a_slow_answer(
    make_session: MakeSession, clock: ManualClock
) -> None:
    """It was silent once and was heard again; hours later its answer only takes a while."""
    session, lab = busy(make_session)
    silence = silence_of(session, lab, is_patient=False)
    lab.shut[""] = "silent"
    clock.wait_s(11)
    give_up = threading.Event()
    for _ in range(100):  # its answer may come with a later look
        if silence.find(session.state) or give_up.wait(0.05):
            break
    assert set(silence.find(session.state)) == {"robot"}
    beat = Devices(lambda order, _: done(order)).heartbeat()
    session.ledger.note_heartbeat("robot", beat)  # by a driver
    assert silence.find(session.state) == {}
    lab.shut[""] = "hanging"
    clock.wait_s(11)
    try:
        assert silence.find(session.state) == {}
    finally:
        lab.wake.set()


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forward", "back"])
def test_who_sets_the_clock_neither_loses_a_device_nor_hides_that_it_is_lost(
    step: timedelta, make_session: MakeSession, clock: ManualClock
) -> None:
    session, lab = busy(make_session)
    silence = silence_of(session, lab)
    silence.find(session.state)
    n = lab.n_beats
    clock.set(clock.now() + step)
    assert silence.find(session.state) == {}
    assert lab.n_beats == n  # nothing is old, so nobody asks
    lab.shut[""] = "silent"
    clock.wait_s(11)
    (lost,) = silence.find(session.state).values()
    assert lost.ago_s == 11


@pytest.mark.parametrize("step", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_process_that_begins_after_the_clock_was_set_asks(
    step: timedelta, make_session: MakeSession, clock: ManualClock
) -> None:
    session, lab = busy(make_session)
    clock.set(clock.now() + step)
    assert silence_of(session, lab).find(session.state) == {}
    assert read_last_beats(session.ledger) == {"robot": clock.now()}
    clock.set(clock.now() + step)
    lab.shut[""] = "silent"
    assert set(silence_of(session, lab).find(session.state)) == {"robot"}
