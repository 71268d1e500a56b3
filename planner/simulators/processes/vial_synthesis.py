"""A product that forms in a sealed vial overnight, and decomposes if it is too hot or too basic."""

from __future__ import annotations

import math
from functools import partial

from planner.simulators.contract import (
    Card,
    Evidence,
    ExpectedCost,
    InputSpec,
    LogNormal,
    Normal,
    OutcomeSpec,
    SimulatorResult,
    result_with,
)
from planner.simulators.processes.process import Admitted, Process, uncertain
from planner.simulators.processes.thermal import arrhenius

REFERENCE_DEGC = 100.0

INPUTS = (
    InputSpec(
        name="temperature",
        unit="degC",
        low=20.0,
        high=250.0,
        meaning="Temperature of the oven, taken as that of the vial.",
    ),
    InputSpec(
        name="precursor", unit="mM", low=0.1, high=1000.0, meaning="Precursor that is weighed in."
    ),
    InputSpec(name="base", unit="equiv", low=0.1, high=10.0, meaning="Base to precursor."),
    InputSpec(
        name="time", unit="h", low=0.1, high=240.0, default=10.0, meaning="How long it is heated."
    ),
)

OUTCOMES = (
    OutcomeSpec(name="product", unit="mM", meaning="Wanted product at the end."),
    OutcomeSpec(
        name="yield", unit="percent", meaning="Wanted product, of the precursor weighed in."
    ),
)

_guess = partial(
    uncertain,
    source="chosen by the authors of this file; of no particular reaction",
    evidence=Evidence.CHOSEN,
)

PRIORS = (
    _guess(
        "forming_rate",
        "1/h",
        LogNormal(median=0.12, log_sd=0.7),
        "Of the product, at 100 degC and 1 equivalent of base.",
    ),
    _guess("forming_energy", "kJ/mol", Normal(mean=75.0, sd=10.0), "Its activation energy."),
    _guess(
        "losing_rate",
        "1/h",
        LogNormal(median=0.02, log_sd=0.7),
        "Of the product's decomposition, at 100 degC and 1 equivalent of base.",
    ),
    _guess("losing_energy", "kJ/mol", Normal(mean=150.0, sd=15.0), "Its activation energy."),
    _guess(
        "solubility", "mM", LogNormal(median=90.0, log_sd=0.4), "Of the precursor, at 100 degC."
    ),
    _guess("dissolving_heat", "kJ/mol", Normal(mean=20.0, sd=5.0), "Heat of its dissolution."),
)

CARD = Card(
    title="Vial, two reactions of first order in sequence",
    equations=(
        "dA/dt = -k1 A; dB/dt = k1 A - k2 B: B/A0 = k1/(k2 - k1) (exp(-k1 t) - exp(-k2 t))",
        "k1 = k1_100 b exp(-(E1/R)(1/T - 1/T_100)); k2 = k2_100 b exp(-(E2/R)(1/T - 1/T_100))",
        "A0 = min(c, c_s), c_s = c_s100 exp(-(H/R)(1/T - 1/T_100)): what does not dissolve stays",
    ),
    sources=("Kinetics as in textbooks.", "Constants: chosen by us."),
    assumptions=(
        "No particular reaction: a stand-in with the trade-offs of many, where the base and heat "
        "that form a product also destroy it.",
        "The vial is as hot as the oven at once; what is not dissolved does not dissolve later.",
        "Pressure, gas, crystallisation and the vial's place in the oven are left out.",
    ),
    validity=(),
    compared_with=("No experiment. With an integration of the rate equations.",),
)


def _heat(run: Admitted) -> SimulatorResult:
    """Heat one vial; the seed changes nothing."""
    given, theta = run.inputs, run.theta
    forming, losing, dissolving = (
        arrhenius(theta[energy], at_degc=given["temperature"], reference_degc=REFERENCE_DEGC)
        for energy in ("forming_energy", "losing_energy", "dissolving_heat")
    )
    formed = intermediate_share(
        theta["forming_rate"] * given["base"] * forming * given["time"],
        theta["losing_rate"] * given["base"] * losing * given["time"],
    )
    product = formed * min(given["precursor"], theta["solubility"] * dissolving)
    return result_with({"product": product, "yield": 100 * product / given["precursor"]})


def intermediate_share(formed: float, lost: float) -> float:
    """Share of B in A -> B -> C after k1 t = ``formed`` and k2 t = ``lost``.

    k1/(k2 - k1) (exp(-k1 t) - exp(-k2 t)) = k1 t exp(-k1 t) (1 - exp(-d))/d with d = k2 t - k1 t,
    where the smaller of both is taken out, so that nothing overflows and d = 0 is no exception.
    """
    gap = abs(lost - formed)
    mean = -math.expm1(-gap) / gap if gap > 0 else 1.0
    return formed * math.exp(-min(formed, lost)) * mean


VIAL_SYNTHESIS = Process(
    name="vial_synthesis",
    version="1",
    inputs=INPUTS,
    outcomes=OUTCOMES,
    calibration_parameters=PRIORS,
    fidelity=0.2,
    cost=ExpectedCost(duration_s=0.001, money_usd=0.0),
    card=CARD,
    evaluate=_heat,
)
