"""Growth of carbon nanotubes from acetylene on metal particles: a rate model (Puretzky form)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from planner.simulators.contract import (
    Card,
    ComparedRange,
    ExpectedCost,
    InputSpec,
    OutcomeSpec,
    SimulatorResult,
    Status,
    no_result,
    result_with,
)
from planner.simulators.processes.nanotube_growth import (
    INFLOW,
    LAYER,
    METAL,
    POISON,
    TUBE,
    Trajectory,
    integrate,
)
from planner.simulators.processes.nanotube_priors import NANOTUBE_PRIORS
from planner.simulators.processes.nanotube_rates import Rates, rates_at
from planner.simulators.processes.process import Admitted, Process

# Far above rounding (1e-15 seen) and far below anything an instrument could see.
LARGEST_BALANCE_RESIDUAL = 1e-9

INPUTS = (
    InputSpec(
        name="temperature",
        unit="degC",
        low=500.0,
        high=1000.0,
        meaning="Temperature of the catalyst, taken as that of the gas.",
    ),
    InputSpec(
        name="flow_rate",
        unit="sccm",
        low=0.0,
        high=200.0,
        meaning="Flow of acetylene, the carbon source.",
    ),
    InputSpec(
        name="particle_diameter",
        unit="nm",
        low=1.0,
        high=30.0,
        meaning="Diameter of the catalyst particle, taken as that of the tube.",
    ),
    InputSpec(
        name="growth_time",
        unit="min",
        low=0.01,
        high=120.0,
        default=10.0,
        meaning="Time from opening the valve to the end of growth.",
    ),
    InputSpec(
        name="carrier_flow",
        unit="sccm",
        low=10.0,
        high=10_000.0,
        default=2400.0,
        meaning="Flow of all other gases together (argon, hydrogen).",
    ),
    InputSpec(
        name="total_pressure",
        unit="Pa",
        low=100.0,
        high=200_000.0,
        default=101_325.0,
        meaning="Pressure in the furnace.",
    ),
)

OUTCOMES = (
    OutcomeSpec(name="length", unit="um", meaning="Length of the tube when growth ends."),
    OutcomeSpec(name="max_growth_rate", unit="um/s", meaning="Fastest growth on the way."),
    OutcomeSpec(name="final_growth_rate", unit="um/s", meaning="Growth rate when growth ends."),
    OutcomeSpec(
        name="covered_fraction", unit="1", meaning="Share of the particle sealed when growth ends."
    ),
)

CARD = Card(
    title="Nanotube growth, rate model (Puretzky form)",
    equations=(
        "p = P f/(f + f_carrier); n = p/kT; S = pi d^2; J = S/4 sqrt(kT/2 pi m); g = 1 - exp(-c t)",
        "F1 = J n exp(-Ea/kT); F2 = J V n^2 exp(-(Ep + Ea)/kT); u = 1 - (L + P)/(alpha S n_m)",
        "dC/dt = g F1 u - (ksb + kc) C; dL/dt = g^2 F2 u + kc C - kd L; dP/dt = kr u",
        "dB/dt = ksb C + kd L - kt B; dN/dt = kt B; kt = (D/d^2) exp(-Et/kT)",
        "length = N/(atoms_per_length d/10 nm)",
    ),
    sources=(
        "A. A. Puretzky, D. B. Geohegan, S. Jesse, I. N. Ivanov, G. Eres, Appl. Phys. A 81, 223 "
        "(2005), doi 10.1007/s00339-005-3256-7: citation from memory, paper not read.",
        "Constants: read in two public re-implementations, probably of one origin.",
        "The default carrier flow gives 253 Pa at 6 sccm and 1 atm, near the 2 Torr of those "
        "codes; the flow itself is from memory.",
    ),
    assumptions=(
        "Furnace and gas have one temperature; acetylene is mixed evenly and not used up, so its "
        "partial pressure is the total pressure times its share of the flow.",
        "One collision that stays brings one carbon atom, with the factor 1/4 as coded; the "
        "kinetic theory of gases would give four times the collisions, and acetylene has two "
        "atoms: the attachment energy was fitted with this form and absorbs the difference.",
        "What leaves the layer goes into the metal, which conserves carbon; one public code writes "
        "the poison there instead. Poison stays; its removal rate is 0 or 1/s in those codes.",
        "Layer growth from surface carbon does not slow as the layer closes, as coded; with "
        "constants far from their priors the covered fraction can pass 1.",
        "The number of walls does not change with the diameter: atoms per length grow as d.",
        "Nucleation, catalyst ripening, etching by hydrogen or water and crowding are not in it.",
    ),
    validity=(
        ComparedRange(name="temperature", unit="degC", low=550.0, high=950.0),
        ComparedRange(name="flow_rate", unit="sccm", low=0.71, high=19.1),
        ComparedRange(name="particle_diameter", unit="nm", low=3.0, high=10.0),
    ),
    compared_with=(
        "No measured growth: only with another implementation of the same model at 30, 267 and "
        "800 Pa. Largest growth rates agree within 5.1 %, the temperature of the longest tube "
        "within one step of 25 K. With layer_monolayers at 2 instead of 1: 2.7 %, and the same.",
    ),
)


def _grow(run: Admitted) -> SimulatorResult:
    """Grow one tube; the model is deterministic and the seed changes nothing."""
    given = run.inputs
    rates = rates_at(
        temperature_k=given["temperature"] + 273.15,
        pressure_pa=partial_pressure_pa(given),
        diameter_m=given["particle_diameter"] * 1e-9,
        theta=run.theta,
    )
    if not rates.are_usable:
        return no_result(
            Status.FAILED,
            "A rate constant is too large or too small for a float. Move the calibration "
            "parameters closer to their priors.",
        )
    return _read_off(integrate(rates, duration_s=given["growth_time"] * 60), rates)


def partial_pressure_pa(given: Mapping[str, float]) -> float:
    """Acetylene's partial pressure, P f/(f + f_c): its share of the flow and the pressure."""
    flow = given["flow_rate"]
    return given["total_pressure"] * flow / (flow + given["carrier_flow"])


def _read_off(trajectory: Trajectory, rates: Rates) -> SimulatorResult:
    """The outcomes, or why there are none."""
    end = trajectory.atoms[:, -1]
    stock, inflow = math.fsum(end[:INFLOW]), float(end[INFLOW])
    residual = abs(stock - inflow) / inflow if inflow > 0 else abs(stock)
    n_steps = len(trajectory.time_s) - 1
    if not (trajectory.success and residual <= LARGEST_BALANCE_RESIDUAL):
        reason = "carbon is not conserved" if trajectory.success else trajectory.message
        message = f"The integration failed after {n_steps} steps: {reason}"
        return no_result(Status.FAILED, message, n_steps=n_steps, balance_residual=residual)
    growth = rates.diffusion / rates.atoms_per_um * trajectory.finely(METAL)
    return result_with(
        {
            "length": float(end[TUBE] / rates.atoms_per_um),
            "max_growth_rate": float(growth.max()),
            "final_growth_rate": float(growth[-1]),
            "covered_fraction": float((end[LAYER] + end[POISON]) / rates.capacity),
        },
        n_steps=n_steps,
        balance_residual=residual,
    )


NANOTUBE_CVD = Process(
    name="nanotube_cvd",
    version="1",
    inputs=INPUTS,
    outcomes=OUTCOMES,
    calibration_parameters=NANOTUBE_PRIORS,
    fidelity=0.3,
    cost=ExpectedCost(duration_s=0.04, money_usd=0.0),
    card=CARD,
    evaluate=_grow,
)
