"""Readings are gathered while a campaign runs, by one process a ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from planner.device.config import DeviceSpec
from planner.device.running import Device
from planner.loop.dispatch.driver import driving
from planner.loop.dispatch.keeper import holding
from planner.loop.sensors.gatherer import gathering_for
from planner.loop.sensors.sensing import archive_of, trial_windows
from planner.loop.sessions.desk import Place, at_work, looking_at
from planner.loop.steps.inline import run_inline
from planner.trials import TrialState

FILE = """
campaign: {name}
parameters:
  temperature: {{low: 20, high: 100, unit: degC}}
outcomes:
  yield: {{unit: percent}}
objectives: [{{aim: maximise, outcome: yield}}]
sources:
  furnace: {{kind: http, url: "{url}", simulated: true}}
sensors:
  {sensors}
budget: {{trials: 3}}
policy: {{start: 3}}
model: {{family: gp}}
"""
ACT = {
    "kind": "virtual",
    "duration": 0.1,
    "outcomes": {"yield": {"formula": "temperature / 2", "unit": "percent"}},
    "sensors": {
        "chamber": {"formula": "temperature + 10 * elapsed", "unit": "degC"},
        "pressure": {"formula": "3", "unit": "mbar"},
    },
}
CHAMBER, PRESSURE = "chamber: {unit: degC}", "pressure: {unit: mbar}"


@pytest.fixture
def furnace(tmp_path: Path) -> Iterator[str]:
    fields = {"temperature": {"low": 20, "high": 100, "unit": "degC"}}
    whole = {"device": "furnace", "fields": fields, "act": ACT, "http": {"port": 0}}
    device = Device(DeviceSpec.model_validate(whole), folder=tmp_path)
    (url,) = device.start()
    yield url
    device.close()


def place_of(folder: Path, name: str, *, url: str, sensors: str) -> Place:
    file = folder / f"{name}.yaml"
    file.write_text(FILE.format(name=name, url=url, sensors=sensors))
    return Place(file=file, ledger=f"sqlite:///{folder / 'lab.db'}")


def until(is_so: Callable[[], Any], *, within_s: float = 20) -> None:
    give_up = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < give_up, "it did not come about"
        time.sleep(0.02)


def run(place: Place) -> None:
    with at_work(place) as session, holding(session), driving(session):
        run_inline(session)
        assert len(session.state.in_state(TrialState.COMPLETED)) == 3


def test_a_trial_knows_the_readings_of_its_time_as_the_device_says_it(
    tmp_path: Path, furnace: str
) -> None:
    """Ten readings a trial, the last at nine tenths of it; none of the others' around it."""
    place, said = place_of(tmp_path, "one", url=furnace, sensors=CHAMBER), []
    with at_work(place), gathering_for([place], on_message=said.append, look_s=0.05):
        run(place)
        with looking_at(place) as session:
            (series,) = _once(lambda: archive_of(session).series())
            until(
                lambda: (
                    [each.n for each in archive_of(session).standings(session.state.opened_at)]
                    == [30]
                )
            )
            assert series.source == "furnace"
            for trial in session.state.trials.values():
                assert trial.run is not None
                assert trial.run.began is not None
                window = trial_windows(session, trial)["chamber"]
                temperature = float(trial.configuration["temperature"])
                steps = [temperature + each for each in range(10)]
                assert window.value.tolist() == pytest.approx(steps, abs=1e-6)
    assert said == [f"Gathering readings of chamber from furnace ({furnace})."]


def _once(find: Callable[[], Any]) -> Any:
    until(find)
    return find()


@pytest.mark.slow
def test_one_gathers_what_all_campaigns_of_the_ledger_record_and_another_takes_over(
    tmp_path: Path, furnace: str
) -> None:
    one = place_of(tmp_path, "one", url=furnace, sensors=CHAMBER)
    two = place_of(tmp_path, "two", url=furnace, sensors=PRESSURE)
    first: list[str] = []
    second: list[str] = []
    with at_work(one), at_work(two):
        pass
    with gathering_for([two], on_message=second.append, look_s=0.05):
        with gathering_for([one], on_message=first.append, look_s=0.05):
            until(lambda: first and second)
            run(one)
        until(lambda: len(first) + len(second) >= 3 or "Gathering" in second[0])
        with looking_at(two) as session:
            until(
                lambda: (
                    [each.n for each in archive_of(session).standings(session.state.opened_at)]
                    == [30]
                )
            )
    with looking_at(one) as session:
        assert archive_of(session).standings(session.state.opened_at)[0].n == 30
        (told,) = archive_of(session).sources()
        assert (told.n_kept, told.n_refused) == (60, 0)
    gathered = [each for each in first + second if each.startswith("Gathering")]
    assert gathered
    assert all("chamber, pressure from furnace" in each for each in gathered)


@pytest.mark.slow
def test_whatever_happens_to_the_gatherer_the_campaign_goes_on_and_says_so(
    tmp_path: Path, furnace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no socket is left")

    monkeypatch.setattr("planner.loop.sensors.gatherer.gathering", broken)
    place, said = place_of(tmp_path, "one", url=furnace, sensors=CHAMBER), []
    with at_work(place), gathering_for([place], on_message=said.append, look_s=0.01):
        until(lambda: said)
        run(place)
    assert said == ["Readings are not gathered (RuntimeError: no socket is left)."]
