"""The nanotube model as its users meet it: known behaviour, limits, failures, bad input."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import UnknownName, ValueOutOfRange
from planner.simulators.contract import Evidence, LogNormal, Simulator, SimulatorResult, Status
from planner.simulators.processes import nanotube_growth
from planner.simulators.processes.nanotube import CARD, INPUTS, NANOTUBE_CVD
from planner.simulators.processes.nanotube_priors import NANOTUBE_PRIORS

TWO_TORR = 266.6
SCAN_DEGC = range(650, 951, 25)


def flow_for(pressure_pa: float) -> float:
    """The flow that gives this partial pressure beside 2400 sccm at 1 atm: p = P f/(f + 2400)."""
    return 2400.0 * pressure_pa / (101_325.0 - pressure_pa)


def grow(
    temperature: float, flow_rate: float, diameter: float = 10.0, **theta: float
) -> SimulatorResult:
    inputs = {
        "temperature": temperature,
        "flow_rate": flow_rate,
        "particle_diameter": diameter,
    }
    return NANOTUBE_CVD.run(inputs, theta or None, seed=0)


def length(temperature: float, flow_rate: float, diameter: float = 10.0, **theta: float) -> float:
    return grow(temperature, flow_rate, diameter, **theta).values["length"]


# Largest growth rates in um/s at 2 Torr, and where the tube is longest after 10 min, from another
# implementation of the same equations.
KNOWN_RATES = [(575, 10, 0.19), (700, 10, 0.37), (750, 10, 0.46), (600, 3, 0.065), (800, 3, 0.153)]
KNOWN_PEAKS = [(30.0, 950), (TWO_TORR, 825), (800.0, 750)]


@pytest.mark.parametrize(("temperature", "diameter", "known"), KNOWN_RATES)
@pytest.mark.parametrize(("monolayers", "tolerance"), [(1.0, 0.055), (2.0, 0.03)])
def test_the_largest_growth_rate_is_near_that_of_another_implementation(
    temperature: float, diameter: float, known: float, monolayers: float, tolerance: float
) -> None:
    """The known rates have two digits, which is up to 2.7 % (0.005 in 0.19): the 0.03.

    With the layer at one monolayer as stated, ours are up to 5.1 % lower, in step with how far the
    particle is covered: theirs seems to cover half as much. An attachment energy wrong by
    0.005 eV or a missing factor of any kind would be caught.
    """
    grown = grow(temperature, flow_for(TWO_TORR), diameter, layer_monolayers=monolayers)
    assert grown.values["max_growth_rate"] == pytest.approx(known, rel=tolerance)


@pytest.mark.parametrize(("pressure", "known"), KNOWN_PEAKS)
@pytest.mark.parametrize(("monolayers", "steps"), [(1.0, 1), (2.0, 0)])
def test_the_longest_tube_grows_near_the_temperature_of_another_implementation(
    pressure: float, known: int, monolayers: float, steps: int
) -> None:
    flow = flow_for(pressure)
    longest = max(SCAN_DEGC, key=lambda degc: length(degc, flow, layer_monolayers=monolayers))
    assert abs(longest - known) <= steps * SCAN_DEGC.step


@pytest.mark.parametrize("temperature", [500.0, 750.0, 1000.0])
@pytest.mark.parametrize("diameter", [1.0, 30.0])
def test_without_acetylene_nothing_grows(temperature: float, diameter: float) -> None:
    grown = grow(temperature, 0.0, diameter)
    assert grown.status is Status.OK
    assert grown.values["length"] == 0.0
    assert grown.values["max_growth_rate"] == 0.0


def test_a_trace_of_acetylene_grows_a_tube_in_proportion() -> None:
    """Pyrolysis and covering are of first order in the flow: at 1e-6 sccm they are below 1e-7."""
    assert length(700, 2e-6) / length(700, 1e-6) == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize("temperature", [500.0, 725.0, 1000.0])
def test_a_tube_never_shrinks(temperature: float) -> None:
    start = {"temperature": temperature, "flow_rate": 20.0, "particle_diameter": 5.0}
    lengths = [
        NANOTUBE_CVD.run({**start, "growth_time": minutes}, seed=0).values["length"]
        for minutes in (0.01, 0.1, 1, 5, 10, 60, 120)
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[1] < lengths[2]


def test_too_hot_and_too_much_seals_the_particle() -> None:
    sealed, open_ = grow(1000, 200), grow(600, 6)
    assert sealed.values["covered_fraction"] > 0.999 > 0.1 > open_.values["covered_fraction"]
    assert sealed.values["final_growth_rate"] < 0.05 * sealed.values["max_growth_rate"]


def test_the_seed_changes_nothing_and_the_same_run_gives_the_same_result() -> None:
    inputs = {"temperature": 750.0, "flow_rate": 6.0, "particle_diameter": 10.0}
    assert NANOTUBE_CVD.run(inputs, seed=1) == NANOTUBE_CVD.run(inputs, None, seed=2)


def test_theta_at_the_centres_of_the_priors_is_the_default() -> None:
    centres = {parameter.name: parameter.prior.nominal for parameter in NANOTUBE_PRIORS}
    assert grow(750, 6, **centres) == grow(750, 6)


@pytest.mark.parametrize("name", [parameter.name for parameter in NANOTUBE_PRIORS])
def test_every_calibration_parameter_moves_an_outcome(name: str) -> None:
    """At 900 degC and 20 sccm all is at work; poisoning needs its rate raised to show."""
    prior = next(parameter.prior for parameter in NANOTUBE_PRIORS if parameter.name == name)
    base = {"poisoning_rate": 1e15}
    moved = {**base, name: 1.5 * base.get(name, prior.nominal)}
    assert grow(900, 20, 3.0, **moved).values != grow(900, 20, 3.0, **base).values


def test_it_keeps_the_contract() -> None:
    simulator: Simulator = NANOTUBE_CVD
    assert isinstance(simulator, Simulator)
    grown = grow(700, 6)
    assert set(grown.values) == {outcome.name for outcome in simulator.outcomes}
    assert {parameter.evidence for parameter in simulator.calibration_parameters} == {Evidence.CODE}
    compared = {span.name: span for span in simulator.card.validity}
    for spec in simulator.inputs:
        if spec.name in compared:
            assert spec.low <= compared[spec.name].low < compared[spec.name].high <= spec.high
    assert flow_for(30) == pytest.approx(compared["flow_rate"].low, rel=0.01)
    assert flow_for(800) == pytest.approx(compared["flow_rate"].high, rel=0.01)
    assert any("not read" in source for source in CARD.sources)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"temperature": 1001.0}, ValueOutOfRange),
        ({"temperature": math.nan}, ValueOutOfRange),
        ({"flow_rate": -1e-9}, ValueOutOfRange),
        ({"particle_diameter": 0.0}, ValueOutOfRange),
        ({"growth_time": math.inf}, ValueOutOfRange),
        ({"pressure": 1.0}, UnknownName),
    ],
)
def test_bad_inputs_are_refused(change: dict[str, float], error: type[Exception]) -> None:
    good = {"temperature": 750.0, "flow_rate": 6.0, "particle_diameter": 10.0}
    with pytest.raises(error):
        NANOTUBE_CVD.run({**good, **change}, seed=0)


def test_constants_beyond_a_float_fail_as_a_value() -> None:
    grown = grow(600, 6, attachment_energy=-80.0)
    assert grown.status is Status.FAILED
    assert not grown.values
    assert "closer to their priors" in grown.diagnostics.message


def test_a_run_that_takes_too_many_steps_fails_as_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nanotube_growth, "MOST_STEPS", 20)
    grown = grow(750, 6)
    assert grown.status is Status.FAILED
    assert not grown.values
    assert grown.diagnostics.n_steps == 20
    assert "of 600 s" in grown.diagnostics.message


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_anywhere_in_the_box_and_far_out_in_the_priors_a_run_ends_as_a_value(
    data: st.DataObject,
) -> None:
    inputs = {spec.name: data.draw(st.floats(spec.low, spec.high)) for spec in INPUTS}
    distance = st.floats(-2.0, 2.0)  # in standard deviations, of every constant at once
    theta = {}
    for parameter in NANOTUBE_PRIORS:
        prior, far = parameter.prior, data.draw(distance)
        if isinstance(prior, LogNormal):
            theta[parameter.name] = prior.median * math.exp(prior.log_sd * far)
        else:
            theta[parameter.name] = prior.mean + prior.sd * far
    grown = NANOTUBE_CVD.run(inputs, theta, seed=0)
    assert (grown.status is Status.OK) == (set(grown.values) == set(grow(700, 6).values))
    assert all(map(math.isfinite, grown.values.values()))
    if grown.status is Status.FAILED:
        assert grown.diagnostics.message
    else:
        assert grown.diagnostics.balance_residual < 1e-12
