"""What every built-in simulator promises, whatever it simulates."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import units
from planner.simulators.catalogue import BUILT_IN, find
from planner.simulators.contract import (
    ClassSpec,
    Course,
    Curve,
    CurveSpec,
    Given,
    InputSpec,
    LogNormal,
    OutcomeSpec,
    Simulator,
    SimulatorResult,
    Status,
)

NAMES = sorted(BUILT_IN)
# Simulators whose inputs must sum to a hundred: the first one is what the others leave.
MIXTURES = {"composite_film": "polymer"}

# The nanotube model has these tests in its own file.
OTHERS = [name for name in NAMES if name != "nanotube_cvd"]

TYPICAL: dict[str, dict[str, Given]] = {
    "calcination": {"furnace": Course(times=(0.0, 60.0, 110.0), values=(25.0, 560.0, 100.0))},
    "composite_film": {
        "polymer": 94.0,
        "swnt": 0.5,
        "mwnt": 0.5,
        "graphene": 2.0,
        "carbon_black": 1.0,
        "silver_flake": 2.0,
    },
    "gold_colloid": {"seed_gold": 0.01, "gold_added": 0.3, "reductant": 1.5},
    "nanotube_cvd": {"temperature": 900.0, "flow_rate": 20.0, "particle_diameter": 3.0},
    "titania_film": {"temperature": 672.0, "time": 60.0, "thickness": 300.0, "silica": 1.0},
    "vial_synthesis": {"temperature": 120.0, "precursor": 200.0, "base": 1.0},
}
# Where constants are at work that do nothing in the typical place: films just below the limit of
# crystals, and films that crack.
BESIDE: dict[str, list[dict[str, Given]]] = {
    "titania_film": [
        {"temperature": 395.0, "time": 60.0, "thickness": 300.0},
        {"temperature": 405.0, "time": 60.0, "thickness": 300.0},
        {"temperature": 672.0, "time": 60.0, "thickness": 600.0},
    ]
}


def draw_inputs(data: st.DataObject, simulator: Simulator) -> dict[str, Given]:
    inputs: dict[str, Given] = {}
    for spec in simulator.inputs:
        if isinstance(spec, InputSpec):
            inputs[spec.name] = data.draw(st.floats(spec.low, spec.high))
            continue
        values = data.draw(st.lists(st.floats(spec.low, spec.high), min_size=2, max_size=4))
        step = spec.longest / len(values)
        times = tuple(i * step for i in range(len(values)))
        inputs[spec.name] = Course(times=times, values=tuple(values))
    if rest := MIXTURES.get(simulator.name):
        fillers = {name: float(value) / 600 for name, value in inputs.items() if name != rest}
        inputs = {rest: 100 - math.fsum(fillers.values()), **fillers}
    return inputs


def check_values(simulator: Simulator, result: SimulatorResult) -> None:
    assert set(result.values) == {spec.name for spec in simulator.outcomes}
    for spec in simulator.outcomes:
        value = result.values[spec.name]
        match spec:
            case OutcomeSpec():
                assert isinstance(value, float)
                assert math.isfinite(value)
            case ClassSpec():
                assert value in spec.classes
            case CurveSpec():
                assert isinstance(value, Curve)
                assert len(value.x) == len(value.y) > 1
                assert all(map(math.isfinite, (*value.x, *value.y)))


@pytest.mark.parametrize("name", OTHERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_anywhere_in_its_box_a_run_ends_as_it_says(name: str, data: st.DataObject) -> None:
    simulator = find(name)
    result = simulator.run(draw_inputs(data, simulator), seed=data.draw(st.integers(0, 2**60)))
    if result.status is Status.OK:
        check_values(simulator, result)
    else:
        assert result.status in (Status.NO_PRODUCT, Status.FAILED)
        assert result.diagnostics.message
        assert not result.values


@pytest.mark.parametrize("name", NAMES)
def test_it_is_described_and_says_what_it_is_not(name: str) -> None:
    simulator = find(name)
    assert simulator.name == name
    assert 0 < simulator.fidelity < 1
    card = simulator.card
    assert all((card.title, card.equations, card.sources, card.assumptions, card.compared_with))
    assert "No " in card.compared_with[0], "it says first what it was not compared with"
    for spec in (*simulator.inputs, *simulator.outcomes):
        units.check_unit(spec.unit)
        assert spec.meaning.endswith(".")
    for parameter in simulator.calibration_parameters:
        units.check_unit(parameter.unit)
        assert parameter.meaning.endswith(".")
        assert parameter.source


@pytest.mark.parametrize("name", OTHERS)
def test_every_calibration_parameter_moves_an_outcome(name: str) -> None:
    simulator = find(name)
    places = [TYPICAL[name], *BESIDE.get(name, [])]
    still = [simulator.run(place, seed=3) for place in places]
    check_values(simulator, still[0])
    for parameter in simulator.calibration_parameters:
        prior = parameter.prior
        moved = prior.nominal * 2.2 if isinstance(prior, LogNormal) else prior.mean + prior.sd
        runs = [simulator.run(place, {parameter.name: moved}, seed=3) for place in places]
        assert runs != still, parameter.name


@pytest.mark.parametrize("name", NAMES)
def test_it_is_cheap_enough_to_try(name: str) -> None:
    """A campaign of 40 trials waits for its model, not for the simulation: the best of 5 runs."""
    simulator = find(name)
    took = []
    for seed in range(5):
        started = time.perf_counter()
        simulator.run(TYPICAL[name], seed=seed)
        took.append(time.perf_counter() - started)
    assert min(took) < 0.5
