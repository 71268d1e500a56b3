"""Firing a titania film: amorphous, anatase, rutile or both, and cracked where it is too thick."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
from scipy.constants import R as GAS_CONSTANT

from planner.simulators.contract import (
    Card,
    ClassSpec,
    Evidence,
    ExpectedCost,
    InputSpec,
    LogNormal,
    Normal,
    OutcomeSpec,
    SimulatorResult,
    Status,
    no_result,
    result_with,
)
from planner.simulators.processes.process import Admitted, Process, uncertain
from planner.simulators.processes.thermal import arrhenius, kelvin

CLASSES = ("amorphous", "anatase", "anatase_rich", "rutile_rich", "rutile")
CRYSTALLINE_FROM = 0.2  # share below which a diffractogram shows no phase
RUTILE_STEPS = (0.1, 0.4, 0.9)  # shares at which anatase becomes anatase_rich, and so on
ROOM_DEGC = 25.0
ANATASE_AT_DEGC, RUTILE_AT_DEGC = 450.0, 650.0
CRYSTALS_EXPONENT, RUTILE_EXPONENT = 2.0, 1.5  # of Avrami
# energy release of a channel that cracks through a film on a like substrate
CHANNEL = 3.951

INPUTS = (
    InputSpec(
        name="temperature",
        unit="degC",
        low=200.0,
        high=1000.0,
        meaning="Temperature at which the film is held.",
    ),
    InputSpec(name="time", unit="min", low=1.0, high=1440.0, meaning="How long it is held."),
    InputSpec(
        name="thickness", unit="nm", low=20.0, high=3000.0, meaning="Thickness of the fired film."
    ),
    InputSpec(
        name="silica",
        unit="mol_percent",
        low=0.0,
        high=15.0,
        default=0.0,
        meaning="Silica in the film, which holds back rutile.",
    ),
)

OUTCOMES = (
    ClassSpec(name="phase", classes=CLASSES, meaning="What a diffractogram shows."),
    OutcomeSpec(
        name="rutile_share", unit="1", meaning="Rutile in what is crystalline, as it is read."
    ),
)

_guess = partial(
    uncertain,
    source="chosen by the authors of this file near what sol-gel films show; from no paper",
    evidence=Evidence.CHOSEN,
)

PRIORS = (
    _guess("anatase_rate", "1/min", LogNormal(median=0.05, log_sd=0.7), "Crystals, at 450 degC."),
    _guess("anatase_energy", "kJ/mol", Normal(mean=150.0, sd=25.0), "Their activation energy."),
    _guess("rutile_rate", "1/min", LogNormal(median=3e-3, log_sd=1.0), "Rutile, at 650 degC."),
    _guess("rutile_energy", "kJ/mol", Normal(mean=300.0, sd=40.0), "Its activation energy."),
    _guess(
        "silica_energy",
        "kJ/mol",
        Normal(mean=4.0, sd=1.0),
        "What a mol_percent of silica adds to that energy.",
    ),
    _guess(
        "thin_limit",
        "nm",
        LogNormal(median=60.0, log_sd=0.5),
        "Thickness that halves rutile's rate.",
    ),
    _guess("modulus", "GPa", LogNormal(median=150.0, log_sd=0.2), "Plane-strain modulus."),
    _guess("toughness", "J/m**2", LogNormal(median=5.0, log_sd=0.5), "Energy that a crack takes."),
    _guess(
        "expansion_gap",
        "1/MK",
        LogNormal(median=6.0, log_sd=0.2),
        "What the film shrinks more than its substrate as it cools.",
    ),
    _guess("furnace_deviation", "K", LogNormal(median=2.0, log_sd=0.3), "Of one firing, sd."),
    _guess("reading_deviation", "1", LogNormal(median=0.02, log_sd=0.3), "Of a share, sd."),
)

CARD = Card(
    title="Titania film, Avrami kinetics of two steps and cracking by thermal stress",
    equations=(
        "crystalline X = 1 - exp(-(k_a t)^2); rutile in it Y = 1 - exp(-(k_r t)^1.5)",
        "k = k_ref exp(-(E/R)(1/T - 1/T_ref)); k_r takes exp(-e_s c_silica/(R T)) h/(h + h_0)",
        "it cracks where h > G E'/(3.951 s^2) with the stress s = E' da (T - 25 degC)",
        "read: T + 2 K z1 for the firing, X + 0.02 z2 and Y + 0.02 z3 for the diffractogram",
    ),
    sources=(
        "Avrami's kinetics and Arrhenius' law as in textbooks; from memory.",
        "Channel cracking: J. W. Hutchinson, Z. Suo, Adv. Appl. Mech. 29, 63 (1992), the factor "
        "3.951 from memory; not read.",
        "Constants: chosen by us.",
    ),
    assumptions=(
        "Isothermal: heating and cooling take no time. Rutile forms from anatase at once, as if "
        "all of it had been there from the start.",
        "That thin films hold rutile back, and how much silica does, are forms chosen by us.",
        "The film follows its substrate elastically; drying stress, pores and dust are left out.",
        "A diffractogram shows shares with an error; which class it is follows from fixed limits.",
    ),
    validity=(),
    compared_with=("No measured film. Limits, orders and the shares' closed forms only.",),
)


def _fire(run: Admitted) -> SimulatorResult:
    """Fire one film and read its phases; a film that cracks is no product.

    The seed is that of the furnace's deviation and of the readings.
    """
    given, constants = run.inputs, run.theta
    of_firing, of_crystals, of_rutile = np.random.default_rng(run.seed).standard_normal(3).tolist()
    fired = {
        **given,
        "temperature": given["temperature"] + constants["furnace_deviation"] * of_firing,
    }
    limit_nm = critical_thickness_nm(fired["temperature"], constants)
    if given["thickness"] > limit_nm:
        return no_result(
            Status.NO_PRODUCT,
            f"The film cracked: {given['thickness']:g} nm is more than the {limit_nm:.0f} nm "
            f"that the stress after {given['temperature']:g} degC allows",
        )
    crystalline, rutile = shares(fired, constants)
    read_crystalline = crystalline + constants["reading_deviation"] * of_crystals
    read_rutile = min(1.0, max(0.0, rutile + constants["reading_deviation"] * of_rutile))
    return result_with(
        {"phase": name_phase(read_crystalline, read_rutile), "rutile_share": read_rutile}
    )


def shares(given: Mapping[str, float], theta: Mapping[str, float]) -> tuple[float, float]:
    """The crystalline share of the film, and that of rutile in it, both 0 to 1."""
    at_degc, thickness = given["temperature"], given["thickness"]
    crystals = theta["anatase_rate"] * arrhenius(
        theta["anatase_energy"], at_degc=at_degc, reference_degc=ANATASE_AT_DEGC
    )
    at_rutile = arrhenius(theta["rutile_energy"], at_degc=at_degc, reference_degc=RUTILE_AT_DEGC)
    of_silica = math.exp(
        -theta["silica_energy"] * 1e3 * given["silica"] / (GAS_CONSTANT * kelvin(at_degc))
    )
    of_thickness = thickness / (thickness + theta["thin_limit"])
    rutile = theta["rutile_rate"] * at_rutile * of_silica * of_thickness
    return (
        -math.expm1(-((crystals * given["time"]) ** CRYSTALS_EXPONENT)),
        -math.expm1(-((rutile * given["time"]) ** RUTILE_EXPONENT)),
    )


def critical_thickness_nm(fired_degc: float, theta: Mapping[str, float]) -> float:
    """The thickness from which a film cracks as it cools from this temperature."""
    strain = theta["expansion_gap"] * 1e-6 * (fired_degc - ROOM_DEGC)
    stress_pa = theta["modulus"] * 1e9 * strain
    return theta["toughness"] * theta["modulus"] * 1e9 / (CHANNEL * stress_pa**2) * 1e9


def name_phase(crystalline: float, rutile: float) -> str:
    """The class that these shares belong to."""
    if crystalline < CRYSTALLINE_FROM:
        return CLASSES[0]
    return CLASSES[1 + sum(rutile >= step for step in RUTILE_STEPS)]


TITANIA_FILM = Process(
    name="titania_film",
    version="1",
    inputs=INPUTS,
    outcomes=OUTCOMES,
    calibration_parameters=PRIORS,
    fidelity=0.2,
    cost=ExpectedCost(duration_s=0.001, money_usd=0.0),
    card=CARD,
    evaluate=_fire,
)
