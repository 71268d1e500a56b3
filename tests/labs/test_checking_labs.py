"""planner labs check: eight broken devices, each named by its promise, and the healthy by none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from planner.campaign import CampaignSpec, parse_campaign
from planner.clock import SystemClock
from planner.device import Agent
from planner.labs import Lab, open_lab
from planner.labs.checking import Examined, Finding, Terms, check_lab
from tests.device.devices import free_port, write_device
from tests.labs.broken_devices import BROKEN, Process, device_process
from tests.labs.broker import Broker

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


def campaign(source: str) -> CampaignSpec:
    return parse_campaign(CAMPAIGN.replace("SOURCE", source), path="growth.yaml")


def examine(spec: CampaignSpec, folder: Path, process: Process | None, **more: object) -> Examined:
    tokens = iter(range(1, 100))
    lab = open_lab(spec, folder=folder)
    terms = Terms(
        spec=spec,
        settings=SETTINGS,
        name="check-1",
        device=None,
        ledger="the check's own",
        raise_token=lambda: next(tokens),
        reopen=lambda: open_lab(spec, folder=folder),
        restart=process.restart if process is not None else None,
        clear_token="a person's",
        is_simulated=True,
        patience_s=30,
        clock=SystemClock(),
        **more,  # type: ignore[arg-type]
    )
    try:
        return check_lab(lab, terms=terms)
    finally:
        lab.close()


def named(examined: Examined, finding: Finding) -> dict[str, str]:
    return {
        each.promise.name: f"{each.words} {each.evidence}"
        for each in examined.verdicts
        if each.finding is finding
    }


def over_http(kind: type[Agent], folder: Path, *, duration: float) -> Examined:
    folder.mkdir()
    port = free_port()
    (folder / "clear").write_text("a person's")
    (folder / "clear").chmod(0o600)
    file = write_device(
        folder,
        # limits so wide that the swapped unit is not refused, as those of a careless device
        fields={"temperature": {"low": 0, "high": 400, "unit": "degC"}},
        act={
            "kind": "virtual",
            "outcomes": {"yield": {"formula": "2 * temperature", "unit": "percent"}},
            "duration": duration,
        },
        http={"port": port, "clear_token": {"file": "clear"}},
    )
    with device_process(kind, file) as process:
        spec = campaign(f"kind: http\n    url: http://127.0.0.1:{port}")
        return examine(spec, folder, process)


def over_mqtt(kind: type[Agent], folder: Path, broker: Broker, *, duration: float) -> Examined:
    folder.mkdir()
    (folder / "clear").write_text("a person's")
    (folder / "clear").chmod(0o600)
    name = folder.name
    url = f"mqtt://127.0.0.1:{broker.port}"
    file = write_device(
        folder,
        name,
        fields={"temperature": {"low": 0, "high": 400, "unit": "degC"}},
        act={
            "kind": "virtual",
            "outcomes": {"yield": {"formula": "2 * temperature", "unit": "percent"}},
            "duration": duration,
        },
        http=None,
        mqtt={"url": url, "clear_token": {"file": "clear"}},
    )
    with device_process(kind, file) as process:
        spec = campaign(f"kind: mqtt\n    url: {url}\n    topic: planner/{name}")
        return examine(spec, folder, process)


def test_a_healthy_device_keeps_every_promise(tmp_path: Path) -> None:
    examined = over_http(Agent, tmp_path / "healthy", duration=0.5)
    assert named(examined, Finding.BROKEN) == {}
    assert named(examined, Finding.NOT_TRIED) == {}
    assert examined.is_kept
    assert not examined.left


DURATIONS = {"acts before it commits": 2.0, "lies after a reboot": 3.0}


@pytest.mark.parametrize("fault", BROKEN)
def test_each_broken(fault: str, tmp_path: Path) -> None:
    kind, promise = BROKEN[fault]
    examined = over_http(kind, tmp_path / "broken", duration=DURATIONS.get(fault, 0.5))
    print(named(examined, Finding.NOT_TRIED))
    assert list(named(examined, Finding.BROKEN)) == [promise], named(examined, Finding.BROKEN)
