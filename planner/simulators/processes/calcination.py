"""Calcining a precursor to an oxide: it should react, and its grains should stay small."""

from __future__ import annotations

import math
from functools import partial

from planner.simulators.contract import (
    AnyInputSpec,
    Card,
    CourseSpec,
    Evidence,
    ExpectedCost,
    LogNormal,
    Normal,
    OutcomeSpec,
    SimulatorResult,
    result_with,
)
from planner.simulators.processes.process import Admitted, Process, uncertain
from planner.simulators.processes.thermal import dose

REFERENCE_DEGC = 500.0
DENSITY_G_PER_CM3 = 7.2  # of ceria

FURNACE = CourseSpec(
    name="furnace",
    unit="degC",
    low=20.0,
    high=1100.0,
    time_unit="min",
    longest=2880.0,
    meaning="Temperature of the furnace, taken as that of the powder.",
)
INPUTS: tuple[AnyInputSpec, ...] = (FURNACE,)

OUTCOMES = (
    OutcomeSpec(name="conversion", unit="percent", meaning="Share of the precursor that reacted."),
    OutcomeSpec(name="grain_size", unit="nm", meaning="Diameter of the oxide's grains."),
    OutcomeSpec(
        name="active_surface",
        unit="m**2/g",
        meaning="Surface of the reacted oxide, for a gramme of powder.",
    ),
)

_guess = partial(
    uncertain,
    source="chosen by the authors of this file within what oxides show; from no paper",
    evidence=Evidence.CHOSEN,
)

PRIORS = (
    _guess(
        "reaction_rate",
        "1/min",
        LogNormal(median=0.02, log_sd=0.7),
        "Rate constant of the reaction at 500 degC.",
    ),
    _guess("reaction_energy", "kJ/mol", Normal(mean=210.0, sd=20.0), "Its activation energy."),
    _guess(
        "growth_rate",
        "nm**4/min",
        LogNormal(median=150.0, log_sd=1.0),
        "Growth of the fourth power of the grains' size at 500 degC.",
    ),
    _guess("growth_energy", "kJ/mol", Normal(mean=140.0, sd=20.0), "Its activation energy."),
    _guess(
        "first_size", "nm", LogNormal(median=5.0, log_sd=0.3), "Size of the grains as they form."
    ),
)

CARD = Card(
    title="Calcination, first-order reaction and grain growth over a furnace programme",
    equations=(
        "theta_E = integral exp(-(E/R)(1/T(t) - 1/T_500)) dt over the programme",
        "X = 1 - exp(-k theta_r); d^4 = d_0^4 + K theta_g",
        "S = X 6/(rho d)",
    ),
    sources=(
        "Arrhenius and power-law grain growth as in textbooks of ceramics; from memory.",
        "Constants: chosen by us; the size of a ceria powder, of no particular one.",
    ),
    assumptions=(
        "The powder has the furnace's temperature; no heat of reaction, no gas that must leave.",
        "The reaction needs more energy than the growth, so that fast heating to a short peak "
        "keeps grains small: this is why the programme matters. Powders exist where it is so, and "
        "others where it is not.",
        "Grains grow from the start as if all of the powder were oxide.",
        "Grains are dense spheres that do not touch: their surface is 6/(rho d).",
        "Sintering of the body, cracks and phase changes are not in it.",
    ),
    validity=(),
    compared_with=(
        "No measured powder. The integral over the programme with the closed form by the "
        "exponential integral, and with an integration of the rate equations.",
    ),
)


def _fire(run: Admitted) -> SimulatorResult:
    """Fire one powder; the seed changes nothing."""
    course, constants = run.courses[FURNACE.name], run.theta
    reacting_min, growing_min = (
        dose(course, constants[energy] * 1e3, reference_degc=REFERENCE_DEGC)
        for energy in ("reaction_energy", "growth_energy")
    )
    conversion = -math.expm1(-constants["reaction_rate"] * reacting_min)
    size_nm = (constants["first_size"] ** 4 + constants["growth_rate"] * growing_min) ** 0.25
    return result_with(
        {
            "conversion": 100 * conversion,
            "grain_size": size_nm,
            # 6/(g/cm3 nm) is 6000 m2/g
            "active_surface": 6000 * conversion / (DENSITY_G_PER_CM3 * size_nm),
        }
    )


CALCINATION = Process(
    name="calcination",
    version="1",
    inputs=INPUTS,
    outcomes=OUTCOMES,
    calibration_parameters=PRIORS,
    fidelity=0.3,
    cost=ExpectedCost(duration_s=0.001, money_usd=0.0),
    card=CARD,
    evaluate=_fire,
)
