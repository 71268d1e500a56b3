"""A sweep looks after a campaign whose process has died, and tells what is overdue."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.loop import people
from planner.loop.alerts.sweeping import sweep
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.loop.steps.advance import advance
from planner.loop.steps.waiting import describe_waiting
from planner.trials import TrialState

FILE = """
campaign: one
parameters: {{temperature: {{low: 20, high: 100, unit: degC}}}}
outcomes: {{yield: {{unit: percent}}}}
objectives: [{{aim: maximise, outcome: yield}}]
sources:
  furnace: {{kind: http, url: "{url}", simulated: true, duration: 0.01 s}}
budget: {{trials: 3}}
policy: {{start: 3}}
alerts: {{kinds: [overdue], ways: {{file: {{kind: command, run: ["./keep"]}}}}}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    keep = tmp_path / "keep"
    keep.write_text("#!/bin/sh\ncat >> told\necho >> told\n")
    keep.chmod(0o700)
    return Place(file=tmp_path / "one.yaml")


def device_of(folder: Path, *, duration: float) -> Device:
    fields = {"temperature": {"low": 20, "high": 100, "unit": "degC"}}
    formula = {"formula": "temperature / 2", "unit": "percent"}
    act = {"kind": "virtual", "duration": duration, "outcomes": {"yield": formula}}
    whole = {"device": "furnace", "fields": fields, "act": act, "http": {"port": 0}}
    return Device(DeviceSpec.model_validate({**whole, "simulated": True}), folder=folder)


def begin(place: Place, url: str) -> None:
    """A process dispatches a trial and is gone."""
    place.file.write_text(FILE.format(url=url))
    with at_work(place) as session, holding(session):
        advance(session)
        assert session.state.in_state(TrialState.RUNNING)


@pytest.mark.slow
def test_a_result_is_taken_in_and_nothing_new_is_begun(place: Place) -> None:
    device = device_of(place.folder, duration=0.05)
    (url,) = device.start()
    begin(place, url)
    give_up = time.monotonic() + 20
    found = sweep(place)
    while not found.n_settled and time.monotonic() < give_up:
        found = sweep(place)
    device.close()
    assert found.n_settled == 1
    assert found.in_words().startswith("1 news of open runs, 1 results taken in.")
    with at_work(place, may_begin=False) as session:
        assert len(session.state.trials) == 1
        assert session.state.trial(1).state is TrialState.COMPLETED


def test_what_is_overdue_is_told_once_also_while_a_process_hangs(place: Place) -> None:
    device = device_of(place.folder, duration=1.5)
    (url,) = device.start()
    begin(place, url)
    with at_work(place, may_begin=False) as hanging, holding(hanging):
        found = sweep(place)
        assert "is held by process" in found.held or found.n_news == 1
    sweep(place)
    device.close()
    assert "Trial 1 has been under way at 'furnace'" in found.standing[0]
    told = (place.folder / "told").read_text().splitlines()
    assert [json.loads(each)["about"] for each in told if each] == ["overdue"]


@pytest.mark.slow
def test_a_device_that_is_out_of_reach_is_no_reason_to_fail(place: Place) -> None:
    device = device_of(place.folder, duration=0.2)
    (url,) = device.start()
    begin(place, url)
    device.close()
    found = sweep(place)
    assert found.n_news == 0
    assert found.standing  # overdue all the same


def test_a_run_over_its_time_limit_is_put_in_doubt_and_its_late_result_is_heard(
    place: Place,
) -> None:
    """By sweeps alone, each in a process of its own as it were: nobody else is at work."""
    device = device_of(place.folder, duration=1.0)
    (url,) = device.start()
    limited = FILE.replace("duration: 0.01 s", "time_limit: 0.01 s")
    place.file.write_text(limited.format(url=url))
    with at_work(place) as session, holding(session):
        advance(session)
    assert sweep(place).n_overdue == 1
    with at_work(place, may_begin=False) as session:
        assert session.state.trial(1).state is TrialState.IN_DOUBT
        lost = people.Told(reason="nobody was there")
        people.resolve(session, 1, people.Verdict.NO_RESULT, lost)
    give_up = time.monotonic() + 20
    while not sweep(place).n_news:
        assert time.monotonic() < give_up
    device.close()
    with at_work(place, may_begin=False) as session:
        assert [each.key for each in session.state.late.values()] == ["one/1/1"]
        assert "A result of run 1 of trial 1 came after it was failed" in describe_waiting(session)
