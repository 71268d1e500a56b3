"""Orders with profiles, constants and what is only measured; labs that yield classes and curves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from planner.campaign import CampaignSpec, parse_campaign, read_space
from planner.clock import ManualClock
from planner.errors import InputError, TableError
from planner.labs import ORDERS, Answer, Order, ReplayLab, Series, SimulatorLab, open_lab
from planner.ledger import open_ledger
from planner.loop.dispatch.orders import make_order
from planner.loop.sessions.opening import open_campaign
from planner.space import Value
from planner.trials import DeviceState, Proposal, Trial, TrialState, digest_order
from tests.report.campaigns import START

RAMP = """
schema: 1
campaign: ramp
parameters:
  furnace:
    unit: K
    time_unit: h
    interpolation: linear
    knots:
      - {at: 0, value: 300}
      - {at: {low: 1, high: 3}, value: {low: 700, high: 1000}}
      - {at: 7, value: 370}
outcomes: {conversion: {unit: percent}}
objectives: [{aim: maximise, outcome: conversion}]
sources: {kiln: {kind: simulator, simulator: calcination}}
budget: {trials: 2}
"""

MIXED = """
schema: 1
campaign: mixed
parameters:
  t: {low: 0, high: 10, unit: degC}
  gas: {value: argon}
  stirring: {value: 300, unit: rpm}
  humidity: {kind: contextual, low: 0, high: 100, unit: percent}
outcomes:
  y: {}
  phase: {kind: class, classes: [cubic, hexagonal]}
objectives: [{aim: AIM}]
candidates: {source: lab}
sources:
  lab:
    kind: table
    table: {path: table.csv, columns: {t: t, y: y, phase: phase, humidity: rh}}
budget: {trials: 2}
"""
TABLE = "t,y,phase,rh\n1,10,cubic,40\n2,20, hexagonal ,55\n2,22,cubic,60\n"
BY_CLASS = "class, outcome: phase, wanted: [cubic]"


def spec_of(text: str) -> CampaignSpec:
    return parse_campaign(text, path="x.yaml")


def order_of(spec: CampaignSpec, configuration: dict[str, Value], folder: Path) -> Order:
    """The order as the loop writes it, through its JSON."""
    ledger = open_ledger(folder / "ledger.db", clock=ManualClock(START))
    try:
        state = open_campaign(ledger, spec, author="ada")
    finally:
        ledger.close()
    trial = Trial(
        number=1,
        configuration=configuration,
        proposal=Proposal(origin="start", reason=""),
        state=TrialState.APPROVED,
        proposed_at=START,
    )
    written = ORDERS.dump_python(make_order(state, trial, number=1), mode="json")
    return ORDERS.validate_python(written)


@contextmanager
def opened(spec: CampaignSpec, folder: Path) -> Iterator[SimulatorLab]:
    lab = open_lab(spec, folder=folder)
    assert isinstance(lab, SimulatorLab)
    try:
        yield lab
    finally:
        lab.close()


def run(lab: SimulatorLab, order: Order) -> Answer:
    lab.submit(order)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        answer = lab.poll([order.key]).get(order.key)
        if answer is not None and answer.state is not DeviceState.STARTED:
            return answer
        time.sleep(0.01)
    raise AssertionError("no result within 60 s")


def test_a_profile_is_sent_as_a_table_and_a_simulator_follows_it(tmp_path: Path):
    """Hotter for longer converts more; units of value and time are those of the simulator."""
    spec = spec_of(RAMP)
    mild = order_of(spec, {"furnace_2": 700.0, "furnace_2_time": 3.0}, tmp_path)
    hot = order_of(spec, {"furnace_2": 1000.0, "furnace_2_time": 1.0}, tmp_path)
    assert mild.profiles["furnace"].times == (0.0, 3.0, 7.0)
    assert mild.profiles["furnace"].values == (300.0, 700.0, 370.0)
    assert mild.digest != hot.digest
    with opened(spec, tmp_path) as lab:
        answers = [
            run(
                lab,
                Order(key=f"ramp/{n}/1", digest="d", parameters=o.parameters, profiles=o.profiles),
            )
            for n, o in enumerate((mild, hot))
        ]
    low, high = (answer.result.outcomes["conversion"].value for answer in answers)
    assert 0 <= low < high <= 100


def test_what_is_only_measured_is_not_sent_and_constants_are(tmp_path: Path):
    (tmp_path / "table.csv").write_text(TABLE)
    spec = spec_of(MIXED.replace("AIM", "maximise, outcome: y"))
    row = read_space(spec, folder=tmp_path).rows[0]
    order = order_of(spec, dict(row), tmp_path)
    assert set(order.parameters) == {"t", "gas", "stirring"}
    assert order.parameters["gas"].value == "argon"
    same = {name: value for name, value in row.items() if name != "humidity"}
    assert order.digest == digest_order(same, units=spec.units)


def test_a_table_replays_classes_and_tells_the_weather_of_that_day(tmp_path: Path):
    (tmp_path / "table.csv").write_text(TABLE)
    spec = spec_of(MIXED.replace("AIM", BY_CLASS))
    lab = open_lab(spec, folder=tmp_path)
    assert isinstance(lab, ReplayLab)
    row = next(each for each in read_space(spec, folder=tmp_path).rows if each["t"] == 2)
    order = order_of(spec, {**row, "humidity": 12.0}, tmp_path)
    seen = set()
    for n in range(20):  # twenty draws of two repeats: that one never comes is 2 in a million
        again = Order(key=f"mixed/{n}/1", digest="d", parameters=order.parameters)
        result = lab.submit(again).result
        seen.add((result.outcomes["phase"].value, result.achieved["humidity"].value))
    assert seen == {("hexagonal", 55.0), ("cubic", 60.0)}
    assert lab.goal_means().tolist() == [1.0, 0.5]


@pytest.mark.parametrize(
    ("text", "table", "error", "says"),
    [
        (MIXED.replace("AIM", BY_CLASS), TABLE.replace("cubic", "Cubic"), TableError, "'Cubic'"),
        (
            MIXED.replace("AIM", "maximise, outcome: y").replace(
                "{kind: class, classes: [cubic, hexagonal]}", "{kind: curve, x_unit: nm}"
            ),
            TABLE,
            InputError,
            "of kind curve, which no cell",
        ),
        (
            RAMP.replace("furnace:", "furnace: {low: 700, high: 900, unit: K}\n  oven:", 1),
            TABLE,
            InputError,
            "follows a course in time",
        ),
        (
            RAMP.replace(
                "{conversion: {unit: percent}}",
                "{conversion: {kind: file}, grain_size: {unit: nm}}",
            ).replace("maximise, outcome: conversion", "minimise, outcome: grain_size"),
            TABLE,
            InputError,
            "as a number, and the campaign calls it one of kind file",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_runs(
    tmp_path: Path, text: str, table: str, error: type[Exception], says: str
):
    (tmp_path / "table.csv").write_text(table)
    with pytest.raises(error, match=says):
        open_lab(spec_of(text), folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "outcome", "kind"),
    [("gold_spectrum", "extinction", Series), ("titania_phase", "phase", str)],
)
def test_a_simulator_yields_curves_and_classes(
    tmp_path: Path, project: Path, name: str, outcome: str, kind: type
):
    spec = spec_of((project / "campaigns" / f"{name}.yaml").read_text())
    space = read_space(spec, folder=project / "campaigns")
    with opened(spec, project / "campaigns") as lab:
        for configuration in space.sample(6, seed=1):
            order = order_of(spec, dict(configuration), tmp_path)
            answer = run(lab, order)
            if answer.state is DeviceState.FAILED:  # no product is what the process does there
                assert answer.failure == "process"
                assert "no product" in answer.reason
            else:
                assert isinstance(answer.result.outcomes[outcome].value, kind)


def test_what_is_only_measured_is_drawn_for_each_simulated_run_and_told(tmp_path: Path):
    text = """
schema: 1
campaign: drift
parameters:
  temperature: {low: 600, high: 800, unit: degC}
  flow_rate: {value: 20, unit: sccm}
  particle_diameter: {kind: contextual, low: 5000, high: 15000, unit: pm}
outcomes: {length: {unit: um}}
objectives: [{aim: maximise, outcome: length}]
sources: {furnace: {kind: simulator, simulator: nanotube_cvd}}
budget: {trials: 2}
"""
    spec = spec_of(text)
    configuration = {"temperature": 700.0, "flow_rate": 20.0, "particle_diameter": 10000.0}
    order = order_of(spec, configuration, tmp_path)
    assert set(order.parameters) == {"temperature", "flow_rate"}
    with opened(spec, tmp_path) as lab:
        first, again = run(lab, order), run(lab, order)
        other = run(lab, Order(key="drift/2/1", digest="d", parameters=order.parameters))
    diameters = [each.result.achieved["particle_diameter"].value for each in (first, again, other)]
    assert diameters[0] == diameters[1] != diameters[2]
    assert all(5000 <= each <= 15000 for each in diameters)
    assert first.result.outcomes == again.result.outcomes != other.result.outcomes
