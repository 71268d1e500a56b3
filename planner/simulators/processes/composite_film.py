"""How well a film of polymer with several conducting fillers conducts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

from planner.errors import ValueOutOfRange
from planner.simulators.contract import (
    Card,
    Evidence,
    ExpectedCost,
    InputSpec,
    LogNormal,
    OutcomeSpec,
    SimulatorResult,
    result_with,
)
from planner.simulators.processes.effective_medium import Component, conductivity
from planner.simulators.processes.process import Admitted, Process, uncertain

# Shares are rounded in decimal before they come here; what they are off is their own rounding.
LARGEST_GAP_PERCENT = 1e-6

# name, aspect, conductivity in S/m, what it is
FILLERS = (
    ("swnt", 300.0, 2e4, "single-wall carbon nanotubes"),
    ("mwnt", 100.0, 5e3, "multi-wall carbon nanotubes"),
    ("graphene", 0.005, 1e4, "graphene platelets"),
    ("carbon_black", 1.0, 1e3, "carbon black"),
    ("silver_flake", 0.1, 1e6, "silver flakes"),
)
POLYMER_S_PER_M = 1e-10


def _share(name: str, meaning: str, *, is_filler: bool) -> InputSpec:
    return InputSpec(
        name=name,
        unit="vol_percent",
        low=0.0,
        high=100.0,
        default=0.0 if is_filler else None,
        meaning=f"Share of {meaning}.",
    )


INPUTS = (
    _share("polymer", "the insulating polymer", is_filler=False),
    *(_share(name, meaning, is_filler=True) for name, _, _, meaning in FILLERS),
)

OUTCOMES = (
    OutcomeSpec(name="conductivity", unit="S/m", meaning="Conductivity of the film."),
    OutcomeSpec(
        name="log_conductivity", unit="1", meaning="Its decadic logarithm, of the value in S/m."
    ),
)

_constant = partial(
    uncertain,
    source="order of magnitude chosen by the authors of this file; from no paper",
    evidence=Evidence.MEMORY,
)

PRIORS = (
    *(
        _constant(
            f"{name}_conductivity",
            "S/m",
            LogNormal(median=value, log_sd=1.5),
            f"Of {meaning}, with their contacts.",
        )
        for name, _, value, meaning in FILLERS
    ),
    *(
        _constant(
            f"{name}_aspect",
            "1",
            LogNormal(median=aspect, log_sd=0.5),
            f"Length over width of {meaning}, alone.",
        )
        for name, aspect, _, meaning in FILLERS
    ),
    _constant(
        "polymer_conductivity",
        "S/m",
        LogNormal(median=POLYMER_S_PER_M, log_sd=2.0),
        "Of the polymer.",
    ),
    _constant(
        "clumping_share",
        "vol_percent",
        LogNormal(median=1.0, log_sd=0.7),
        "Share at which clumps halve an aspect.",
    ),
)

CARD = Card(
    title="Composite film, Bruggeman's effective medium of spheroids",
    equations=(
        "sum_i phi_i sum_k (s_i - s)/(s + L_ik (s_i - s)) = 0 for the conductivity s of the film",
        "L_ik: depolarisation factors of spheroids of aspect A_i in every direction",
        "A_i = 1 + (a_i - 1)/(1 + phi_i/phi_c), for plates of 1/A_i and 1/a_i: a filler clumps "
        "with its own kind, towards spheres",
    ),
    sources=(
        "D. A. G. Bruggeman, Ann. Phys. 416, 636 (1935); with spheroids as reviews of percolation "
        "in composites have it: from memory, papers not read.",
        "Conductivities and aspects: orders of magnitude from memory.",
    ),
    assumptions=(
        "Spheroids in every direction, mixed at random; the effective medium puts the percolation "
        "threshold of spheres at 1/3, above that of real networks.",
        "Resistance between touching fillers is hidden in their conductivities, and tunnelling "
        "across gaps is left out: real films conduct a little below the threshold.",
        "Clumping is a form chosen by us, with a guessed constant. It is why several fillers "
        "together do better here than one; whether they do so in a lab is an open question.",
        "Not in it: solvents, mixing, drying, thickness, direction.",
    ),
    validity=(),
    compared_with=(
        "No measured film. With two components of spheres against the closed solution of the "
        "quadratic, with dilute fillers against the first order of the shares, and with the "
        "bounds of Hashin and Shtrikman.",
    ),
)


def _mix(run: Admitted) -> SimulatorResult:
    """Mix one film; the seed changes nothing.

    Raises:
        ValueOutOfRange: shares that do not sum to 100.
    """
    total = math.fsum(run.inputs.values())
    if abs(total - 100) > LARGEST_GAP_PERCENT:
        raise ValueOutOfRange(
            f"The shares of simulator {COMPOSITE_FILM.name!r} sum to {total:.9g} vol_percent. Let "
            f"{', '.join(run.inputs)} sum to 100, by a mixture constraint of the campaign."
        )
    found = conductivity(components(run.inputs, run.theta))
    return result_with({"conductivity": found, "log_conductivity": math.log10(found)})


def components(given: Mapping[str, float], theta: Mapping[str, float]) -> list[Component]:
    """The film's components, each with the aspect that its clumps leave it."""
    polymer = Component(
        share=given["polymer"] / 100, conductivity=theta["polymer_conductivity"], aspect=1.0
    )
    fillers = [
        Component(
            share=given[name] / 100,
            conductivity=theta[f"{name}_conductivity"],
            aspect=_clumped(theta[f"{name}_aspect"], crowd=given[name] / theta["clumping_share"]),
        )
        for name, *_ in FILLERS
    ]
    return [polymer, *fillers]


def _clumped(aspect: float, *, crowd: float) -> float:
    if aspect < 1:
        return 1 / _clumped(1 / aspect, crowd=crowd)
    return 1 + (aspect - 1) / (1 + crowd)


COMPOSITE_FILM = Process(
    name="composite_film",
    version="1",
    inputs=INPUTS,
    outcomes=OUTCOMES,
    calibration_parameters=PRIORS,
    fidelity=0.2,
    cost=ExpectedCost(duration_s=0.001, money_usd=0.0),
    card=CARD,
    evaluate=_mix,
)
