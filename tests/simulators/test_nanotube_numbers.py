"""The nanotube model's numbers against numbers got another way."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import reference_growth
from pint import UnitRegistry
from scipy.linalg import expm
from scipy.stats import qmc

from planner.simulators.contract import Status
from planner.simulators.processes.nanotube import INPUTS, NANOTUBE_CVD, partial_pressure_pa
from planner.simulators.processes.nanotube_growth import (
    INFLOW,
    LAYER,
    METAL,
    POISON,
    TUBE,
    Trajectory,
    inflow_per_s,
    integrate,
)
from planner.simulators.processes.nanotube_priors import NANOTUBE_PRIORS
from planner.simulators.processes.nanotube_rates import Rates, rates_at

CENTRES = {parameter.name: parameter.prior.nominal for parameter in NANOTUBE_PRIORS}
TEN_MINUTES_S = 600.0
CORNERS = list(itertools.product((500.0, 1000.0), (1.0, 200.0), (1.0, 30.0)))
INSIDE = [(575.0, 6.0, 10.0), (750.0, 6.0, 10.0), (900.0, 20.0, 3.0)]


def pressure(flow_rate: float) -> float:
    return 101_325.0 * flow_rate / (flow_rate + 2400.0)


def rates(temperature: float, flow_rate: float, diameter: float, **theta: float) -> Rates:
    return rates_at(
        temperature_k=temperature + 273.15,
        pressure_pa=pressure(flow_rate),
        diameter_m=diameter * 1e-9,
        theta={**CENTRES, **theta},
    )


def arrived_by_quadrature(trajectory: Trajectory, at: Rates) -> float:
    """The inflow integrated over the solver's interpolant: eight Gauss points in every step."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    steps = np.diff(trajectory.time_s)[:, None]
    times = (trajectory.time_s[:-1, None] + steps * (nodes + 1) / 2).ravel()
    states = trajectory.between(times)
    flows = inflow_per_s(times, states[LAYER] + states[POISON], at)
    return math.fsum(flows * (steps * weights / 2).ravel())


def imbalance(at: Rates, relative_tolerance: float) -> float:
    trajectory = integrate(at, duration_s=TEN_MINUTES_S, relative_tolerance=relative_tolerance)
    stock = math.fsum(trajectory.atoms[:INFLOW, -1])
    return abs(arrived_by_quadrature(trajectory, at) / stock - 1)


@pytest.mark.parametrize("where", CORNERS + INSIDE)
def test_all_carbon_that_came_in_is_somewhere(where: tuple[float, float, float]) -> None:
    """The inflow is integrated apart from the states, so a lost term in any balance would show.

    The interpolant is a cubic and less exact than the steps; at the tolerance of 1e-9 the
    quadrature reaches 1e-9, at the one in use 3e-8.
    """
    at = rates(*where)
    assert imbalance(at, 1e-9) < 1e-9
    assert imbalance(at, 1e-7) < 3e-8


def test_a_leak_of_one_in_a_million_would_be_seen() -> None:
    at = rates(750, 6, 10)
    trajectory = integrate(at, duration_s=TEN_MINUTES_S, relative_tolerance=1e-9)
    leaky = math.fsum(trajectory.atoms[:INFLOW, -1]) * (1 - 1e-6)
    assert abs(arrived_by_quadrature(trajectory, at) / leaky - 1) > 1e-9


@pytest.mark.slow
def test_over_the_box_no_run_fails_and_none_loses_carbon() -> None:
    low, high = zip(*((spec.low, spec.high) for spec in INPUTS), strict=True)
    sample = qmc.scale(qmc.Sobol(len(INPUTS), rng=5).random(512)[:300], low, high)
    for point in [*sample, *itertools.product(*zip(low, high, strict=True))]:
        given = dict(zip((spec.name for spec in INPUTS), map(float, point), strict=True))
        grown = NANOTUBE_CVD.run(given, seed=0)
        assert grown.status is Status.OK, given
        assert grown.diagnostics.balance_residual < 1e-12, given
        assert grown.values["length"] >= 0.0, given


@pytest.mark.parametrize(("temperature", "flow_rate", "diameter"), CORNERS + INSIDE)
def test_lengths_agree_with_an_independent_integration(
    temperature: float, flow_rate: float, diameter: float
) -> None:
    """Both are right to about 1e-8: ours by its tolerance, the other by halving its mesh.

    1e-7 leaves room for the constants of nature, which the other holds in nine digits.
    """
    k = reference_growth.constants(temperature, pressure(flow_rate), diameter)
    states = reference_growth.grow(k, TEN_MINUTES_S, 100)
    grown = NANOTUBE_CVD.run(
        {"temperature": temperature, "flow_rate": flow_rate, "particle_diameter": diameter}, seed=0
    ).values
    assert grown["length"] == pytest.approx(states[4] / k["atoms_per_um"], rel=1e-7)
    assert grown["final_growth_rate"] == pytest.approx(
        k["kt"] * states[3] / k["atoms_per_um"], rel=1e-7
    )
    assert grown["covered_fraction"] == pytest.approx((states[1] + states[2]) / k["full"], rel=1e-7)


@pytest.mark.parametrize("where", INSIDE)
def test_with_the_gas_front_arrived_at_once_the_matrix_exponential_solves_it(
    where: tuple[float, float, float],
) -> None:
    """With g = 1 the balances have constant coefficients: y(t) from exp of the matrix, exactly.

    A front of 1e9/s is there after some 1e-8 s, a share of 1e-10 of a short growth of 100 s.
    """
    k = reference_growth.constants(where[0], pressure(where[1]), where[2])
    matrix, supply = reference_growth.system(k, 1.0)
    augmented = np.zeros((6, 6))
    augmented[:5, :5], augmented[:5, 5] = matrix, supply
    exact = expm(augmented * 100.0)[:5, 5]
    atoms = integrate(rates(*where, front_rate=1e9), duration_s=100.0).atoms[:5, -1]
    # states here are C, L, P, B, N in the same order; expm itself keeps about 1e-9 at this norm
    np.testing.assert_allclose(atoms, exact, rtol=1e-6)


@pytest.mark.parametrize("where", INSIDE)
def test_on_a_particle_that_never_closes_the_carbon_is_known_by_hand(
    where: tuple[float, float, float],
) -> None:
    """With u = 1 the inflow is F1 (t - E1/c) + F2 (t - 2 E1/c + E2/2c) + kr t.

    Ek = 1 - exp(-k c t). At 1e9 monolayers u differs from 1 by less than 1e-9; the solver's
    tolerance is 1e-7.
    """
    at = rates(*where, layer_monolayers=1e9)
    t, c = TEN_MINUTES_S, at.front
    first, second = 1 - math.exp(-c * t), 1 - math.exp(-2 * c * t)
    by_hand = at.attachment * (t - first / c) + at.poisoning * t
    by_hand += at.deposition * (t - 2 * first / c + second / (2 * c))
    atoms = integrate(at, duration_s=t).atoms[:, -1]
    assert atoms[INFLOW] == pytest.approx(by_hand, rel=1e-7)
    # what is on its way through surface, layer and metal took less than 0.1 s of 600 s
    assert atoms[TUBE] == pytest.approx(by_hand, rel=3e-4)


def test_the_largest_rate_is_found_between_steps() -> None:
    """Against 40 002 times, half evenly and half in logarithm, on a run more exact."""
    at = rates(1000, 200, 30)
    coarse = integrate(at, duration_s=TEN_MINUTES_S).finely(METAL).max()
    fine = integrate(at, duration_s=TEN_MINUTES_S, relative_tolerance=1e-9)
    times = np.concatenate(
        [np.linspace(0, TEN_MINUTES_S, 20_001), np.geomspace(1e-6, TEN_MINUTES_S, 20_001)]
    )
    assert coarse == pytest.approx(fine.between(times)[METAL].max(), rel=1e-5)


def test_rate_constants_have_the_dimensions_and_values_of_their_formulas() -> None:
    """Each formula evaluated with units; pint refuses a sum or an exponent of mixed dimensions."""
    unit = UnitRegistry()
    theta = {p.name: unit.Quantity(p.prior.nominal, p.unit) for p in NANOTUBE_PRIORS}
    given = {spec.name: spec.default for spec in INPUTS} | {"flow_rate": 6.0}
    kelvin = unit.Quantity(700.0, "degC").to("K")
    diameter = unit.Quantity(8.0, "nm")
    thermal = (unit.boltzmann_constant * kelvin).to("eV")

    def boltzmann_factor(energy: str, at: object = thermal) -> float:
        return math.exp(-(theta[energy] / at).to("").magnitude)

    surface = math.pi * diameter**2
    density = unit.Quantity(partial_pressure_pa(given), "Pa") / thermal
    mass = unit.Quantity(26.038, "dalton")
    impinging = 0.25 * surface * (thermal / (2 * math.pi * mass)) ** 0.5
    sticking = impinging * boltzmann_factor("attachment_energy")
    products = theta["pyrolysis_volume"] * boltzmann_factor("pyrolysis_energy") * density**2
    reference = (unit.boltzmann_constant * unit.Quantity(575.0, "degC").to("K")).to("eV")
    warming = boltzmann_factor("dissolution_energy") / boltzmann_factor(
        "dissolution_energy", reference
    )
    diffusion = theta["diffusivity"] / diameter**2 * boltzmann_factor("diffusion_energy")
    expected = {
        "attachment": (sticking * density).to("1/s"),
        "deposition": (sticking * products).to("1/s"),
        "poisoning": (theta["poisoning_rate"] * boltzmann_factor("poisoning_energy")).to("1/s"),
        "dissolution": (theta["dissolution_rate"] * warming).to("1/s"),
        "diffusion": diffusion.to("1/s"),
        "layer_growth": theta["layer_growth_rate"].to("1/s"),
        "layer_dissolution": theta["layer_dissolution_rate"].to("1/s"),
        "front": theta["front_rate"].to("1/s"),
        "capacity": (theta["layer_monolayers"] * surface * unit.Quantity(1e19, "m**-2")).to(""),
        "atoms_per_um": (theta["atoms_per_length"] * diameter / unit.Quantity(10, "nm")).to("1/um"),
    }
    ours = rates(700.0, 6.0, 8.0)
    for name, quantity in expected.items():
        # the two hold the constants of nature to nine digits or more
        assert getattr(ours, name) == pytest.approx(quantity.magnitude, rel=1e-8), name
    assert set(expected) == set(Rates.__slots__)
