"""The contract suite: eight broken devices, each named by its promise, and the healthy by none."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from planner.campaign import CampaignSpec, parse_campaign
from planner.clock import ManualClock, SystemClock
from planner.device import Agent
from planner.errors import LabUnavailable
from planner.labs import Answer, DeliveryClass, Lab, Order, Reported, Result, open_lab
from planner.labs.checking import (
    PROMISES,
    Examined,
    Finding,
    NotRestarted,
    Terms,
    check_lab,
    promises_of,
)
from planner.labs.checking.subject import Subject
from planner.trials import DeviceState
from tests.device.devices import write_device
from tests.free_ports import free_port
from tests.labs.broken_devices import BROKEN, Process, device_process
from tests.labs.broker import Broker

CLEAR = "a person's"
SETTINGS = {"temperature": 60.0}
CAMPAIGN = """
campaign: growth
parameters:
  temperature: {low: 20, high: 100, unit: degC}
outcomes:
  yield: {unit: percent, bounds: [0, 1000]}
objectives: [{aim: maximise, outcome: yield}]
sources:
  furnace:
    SOURCE
    map: {temperature: {unit: K}}
    simulated: true
budget: {trials: 20}
"""
# What a restart at work tells needs a run that takes longer than a restart on a busy machine.
DURATIONS = {"acts before it commits": 3.0, "lies after a reboot": 5.0, "healthy": 1.5}


def campaign(source: str) -> CampaignSpec:
    return parse_campaign(CAMPAIGN.replace("SOURCE", source), path="growth.yaml")


def terms_of(spec: CampaignSpec, **terms: Any) -> Terms:
    tokens = iter(range(1, 100))
    own: dict[str, Any] = {
        "spec": spec,
        "settings": SETTINGS,
        "name": "check-1",
        "device": None,
        "ledger": "the check's own",
        "raise_token": lambda: next(tokens),
        "reopen": lambda: None,
        "clear_token": CLEAR,
        "is_simulated": True,
        "patience_s": 30.0,
        "clock": SystemClock(),
    }
    return Terms(**{**own, **terms})


def examine(lab: Lab, spec: CampaignSpec, **terms: Any) -> Examined:
    try:
        return check_lab(lab, terms=terms_of(spec, **{"reopen": lambda: lab, **terms}))
    finally:
        lab.close()


def examine_process(process: Process, source: str, folder: Path, **terms: Any) -> Examined:
    spec = campaign(source)
    return examine(
        open_lab(spec, folder=folder),
        spec,
        reopen=partial(open_lab, spec, folder=folder),
        restart=process.restart,
        **terms,
    )


def named(examined: Examined, finding: Finding) -> dict[str, str]:
    return {
        each.promise.name: f"{each.words} {each.evidence}"
        for each in examined.verdicts
        if each.finding is finding
    }


def write_furnace(folder: Path, *, duration: float, **how: Any) -> Path:
    """Writes a device whose limits are so wide that a swapped unit is not refused."""
    folder.mkdir()
    (folder / "clear").write_text(CLEAR)
    (folder / "clear").chmod(0o600)
    outcomes = {"yield": {"formula": "2 * temperature", "unit": "percent"}}
    act = {"kind": "virtual", "outcomes": outcomes, "duration": duration}
    fields = {"temperature": {"low": 0, "high": 400, "unit": "degC"}}
    return write_device(folder, folder.name, fields=fields, act=act, **how)


def over_http(kind: type[Agent], folder: Path, *, duration: float) -> Examined:
    port = free_port()
    http = {"port": port, "clear_token": {"file": "clear"}}
    file = write_furnace(folder, duration=duration, http=http)
    with device_process(kind, file) as process:
        return examine_process(process, f"kind: http\n    url: http://127.0.0.1:{port}", folder)


def over_mqtt(kind: type[Agent], folder: Path, *, duration: float, broker: Broker) -> Examined:
    url = f"mqtt://127.0.0.1:{broker.port}"
    mqtt = {"url": url, "clear_token": {"file": "clear"}}
    file = write_furnace(folder, duration=duration, http=None, mqtt=mqtt)
    source = f"kind: mqtt\n    url: {url}\n    topic: planner/{folder.name}"
    with device_process(kind, file) as process:
        return examine_process(process, source, folder)


def test_a_healthy_device_keeps_every_promise(tmp_path: Path) -> None:
    examined = over_http(Agent, tmp_path / "healthy", duration=1.0)
    assert named(examined, Finding.BROKEN) == {}
    assert named(examined, Finding.NOT_TRIED) == {}
    assert examined.is_kept
    assert not examined.left
    assert len(examined.verdicts) == len(promises_of(DeliveryClass.KEYED))


@pytest.mark.slow
def test_a_device_that_takes_any_token_is_named_by_that_promise(tmp_path: Path) -> None:
    kind, promise = BROKEN["accepts a stale token"]
    examined = over_http(kind, tmp_path / "broken", duration=0.3)
    (broken,) = [each for each in examined.verdicts if each.finding is Finding.BROKEN]
    assert broken.promise.name == promise
    assert broken.words == "heard 2, then 1: it was obeyed"
    assert broken.evidence[0].startswith("order check-1/3/1 (token 1, after 2 was heard): accepted")
    assert not examined.left  # what it began is taken back


@pytest.mark.slow
def test_eight_broken_devices_are_each_named_by_their_promise_and_healthy_ones_by_none(
    tmp_path: Path,
) -> None:
    """As processes that are killed, over HTTP, and three of them over a real broker."""
    broker = Broker(tmp_path)
    broker.start()
    by_mqtt = ("runs what has expired", "delivers results twice with other values", "healthy")
    kinds: dict[str, tuple[type[Agent], list[str]]] = {
        fault: (kind, [promise]) for fault, (kind, promise) in BROKEN.items()
    }
    kinds["healthy"] = (Agent, [])
    with ThreadPoolExecutor(4) as pool:
        examined = {}
        for number, (fault, (kind, _)) in enumerate(kinds.items()):
            duration = DURATIONS.get(fault, 0.3)
            examined["http", fault] = pool.submit(
                over_http, kind, tmp_path / f"http{number}", duration=duration
            )
            if fault in by_mqtt:
                examined["mqtt", fault] = pool.submit(
                    over_mqtt, kind, tmp_path / f"mqtt{number}", duration=duration, broker=broker
                )
    broker.kill()
    for (wire, fault), found in examined.items():
        assert list(named(found.result(), Finding.BROKEN)) == kinds[fault][1], (wire, fault)
        assert not found.result().left, (wire, fault)
        if fault == "healthy":
            assert found.result().is_kept, named(found.result(), Finding.NOT_TRIED)


@pytest.mark.slow
def test_a_device_that_nobody_restarts_keeps_no_promise_about_restarts(tmp_path: Path) -> None:
    """Nor where the command fails; and without a clear token it is not stopped."""
    port = free_port()
    file = write_furnace(tmp_path / "furnace", duration=0.2, http={"port": port})

    def fail() -> None:
        raise NotRestarted("the command ended with exit code 3")

    with device_process(Agent, file):
        spec = campaign(f"kind: http\n    url: http://127.0.0.1:{port}")
        lab = open_lab(spec, folder=tmp_path)
        reopen = partial(open_lab, spec, folder=tmp_path)
        examined = examine(lab, spec, reopen=reopen, restart=fail, clear_token=None)
    assert named(examined, Finding.BROKEN) == {}
    not_tried = named(examined, Finding.NOT_TRIED)
    of_restarts = {"keeps results", "keeps keys", "another boot", "commits first"}
    assert set(not_tried) == {*of_restarts, "tells the truth", "stops"}
    assert "exit code 3" in not_tried["keeps keys"]
    assert not examined.is_kept
    assert not examined.is_broken


PROGRAM = """
import json, sys, time
order = json.load(sys.stdin)
time.sleep(0.8)
kelvin = order["parameters"]["temperature"]["value"]
json.dump({"outcomes": {"yield": kelvin}, "achieved": {"temperature": ACHIEVED}}, sys.stdout)
"""


@pytest.mark.parametrize(
    ("achieved", "broken"),
    [('{"value": kelvin, "unit": "K"}', []), ('{"value": 60, "unit": "K"}', ["keeps units"])],
)
def test_a_program_is_judged_by_the_promises_of_its_class(
    achieved: str, broken: list[str], tmp_path: Path
) -> None:
    (tmp_path / "measure.py").write_text(PROGRAM.replace("ACHIEVED", achieved))
    spec = campaign(f"kind: command\n    program: [{sys.executable}, measure.py]")
    reopen = partial(open_lab, spec, folder=tmp_path)
    examined = examine(reopen(), spec, reopen=reopen, needs_clear_token=False)
    assert list(named(examined, Finding.BROKEN)) == broken
    assert named(examined, Finding.NOT_TRIED) == {}
    tried = {each.promise.name for each in examined.verdicts}
    assert not tried & {"acts once", "keeps keys", "refuses stale tokens", "obeys one ledger"}


class Bare:
    """An adapter of a user's own: no heartbeat, nothing but the four verbs."""

    delivery = DeliveryClass.KEYED
    is_repeatable = False
    is_person = False

    def __init__(self) -> None:
        self.keys: dict[str, Answer] = {}

    def submit(self, order: Order) -> Answer:
        result = Result(outcomes={"yield": Reported(value=20.0, unit="K")})
        return self.keys.setdefault(
            order.key, Answer(key=order.key, state=DeviceState.DONE, result=result)
        )

    def poll(self, keys: Any) -> dict[str, Answer]:
        return {key: self.keys[key] for key in keys if key in self.keys}

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        return self.keys[key]

    def close(self) -> None:
        return


def test_an_adapter_in_this_process_is_judged_by_what_it_says(tmp_path: Path) -> None:
    """It knows neither tokens nor ledgers nor digests, and reports kelvin for percent."""
    examined = examine(Bare(), campaign("kind: http\n    url: http://127.0.0.1:9"))
    broken = {"tells orders apart", "refuses the past", "refuses stale tokens", "obeys one ledger"}
    assert set(named(examined, Finding.BROKEN)) == {*broken, "measures"}
    not_tried = named(examined, Finding.NOT_TRIED)
    assert "no heartbeat" in not_tried["says how it is"]
    assert "takes longer" in not_tried["can be aborted"]


def test_a_source_that_takes_nothing_is_said_to_and_nothing_else_is(tmp_path: Path) -> None:
    spec = campaign("kind: http\n    url: http://127.0.0.1:9")
    examined = examine(open_lab(spec, folder=tmp_path), spec)
    assert list(named(examined, Finding.BROKEN)) == ["answers"]
    assert "refused" in named(examined, Finding.BROKEN)["answers"]
    assert len(named(examined, Finding.NOT_TRIED)) == len(promises_of(DeliveryClass.KEYED)) - 1


class Failing(Bare):
    """Raises whatever comes to mind."""

    def submit(self, order: Order) -> Answer:
        raise ZeroDivisionError("of its own")

    def poll(self, keys: Any) -> dict[str, Answer]:
        raise LabUnavailable("it is gone")


class Unending(Failing):
    """An adapter of runs that never end; who looks at it sets the clock back an hour."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock

    def poll(self, keys: Any) -> dict[str, Answer]:
        self.clock.set(self.clock.now() - timedelta(hours=1))
        return {key: Answer(key=key, state=DeviceState.STARTED) for key in keys}


def test_patience_is_counted_in_seconds_whatever_the_clock_is_set_to() -> None:
    clock = ManualClock(datetime(2026, 11, 22, 12, tzinfo=UTC))
    spec = campaign("kind: http\n    url: http://127.0.0.1:9")
    subject = Subject(Unending(clock), terms_of(spec, clock=clock))
    subject.watch("check-1/1/1", until=frozenset({DeviceState.DONE}), limit_s=60.0)
    assert 60 <= clock.elapsed_s() < 62  # it looks once a second


def test_an_adapter_that_fails_in_its_own_way_is_a_finding_and_no_crash() -> None:
    examined = examine(Failing(), campaign("kind: http\n    url: http://127.0.0.1:9"))
    assert "ZeroDivisionError: of its own" in named(examined, Finding.BROKEN)["answers"]
    assert examined.left == ("Nobody knows whether run check-1/1/1 has ended: look there.",)


@pytest.mark.parametrize("delivery", DeliveryClass)
def test_every_class_makes_promises_that_say_why_how_and_what_to_do(
    delivery: DeliveryClass,
) -> None:
    names = [each.name for each in PROMISES]
    assert len(set(names)) == len(names)
    for promise in promises_of(delivery):
        for text in (promise.says, promise.why, promise.how, promise.remedy):
            assert text.endswith("."), promise.name


def test_the_page_has_the_table_of_promises(project: Path) -> None:
    page = (project / "docs" / "commands" / "labs.md").read_text(encoding="utf-8")
    for promise in PROMISES:
        classes = ", ".join(each for each in DeliveryClass if each in promise.classes)
        shown = "all" if promise.classes == frozenset(DeliveryClass) else classes
        assert f"| {promise.name} | {promise.says} | {shown} |\n" in page
