"""A gold colloid that grows from seeds, and the spectrum that a photometer takes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.constants import Avogadro

from planner.simulators.contract import (
    Card,
    ComparedRange,
    Curve,
    CurveSpec,
    Evidence,
    ExpectedCost,
    InputSpec,
    LogNormal,
    OutcomeSpec,
    SimulatorResult,
    result_with,
)
from planner.simulators.processes.gold import extinction_nm2
from planner.simulators.processes.mie import Floats
from planner.simulators.processes.process import Admitted, Process, uncertain

WAVELENGTHS_NM = np.arange(400.0, 801.0, 4.0)
MOLAR_VOLUME_NM3 = 10.21e21  # of a mole of gold: 196.97 g/mol over 19.3 g/cm3
EQUIVALENTS_NEEDED = 1.5  # ascorbic acid gives two electrons, gold(III) takes three
PATH_CM = 1.0
# nodes and weights of the normal distribution: exact for polynomials of degree 21
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(11)

INPUTS = (
    InputSpec(
        name="seed_gold",
        unit="mM",
        low=0.0005,
        high=0.1,
        meaning="Gold that is there as seeds, in the final volume.",
    ),
    InputSpec(
        name="gold_added",
        unit="mM",
        low=0.0,
        high=1.0,
        meaning="Gold(III) chloride that is added, in the final volume.",
    ),
    InputSpec(
        name="reductant",
        unit="equiv",
        low=0.1,
        high=6.0,
        meaning="Ascorbic acid to the gold that is added.",
    ),
    InputSpec(
        name="seed_diameter",
        unit="nm",
        low=5.0,
        high=40.0,
        default=15.0,
        meaning="Mean diameter of the seeds.",
    ),
)

OUTCOMES = (
    CurveSpec(
        name="extinction",
        unit="OD",
        x_name="wavelength",
        x_unit="nm",
        meaning="Decadic extinction of the colloid over 1 cm.",
    ),
    OutcomeSpec(name="diameter", unit="nm", meaning="Mean diameter of the particles from seeds."),
    OutcomeSpec(
        name="new_share", unit="1", meaning="Share of the reduced gold that went to new particles."
    ),
)

_guess = partial(
    uncertain,
    source="order of magnitude chosen by the authors of this file; from no paper",
    evidence=Evidence.CHOSEN,
)

PRIORS = (
    _guess(
        "seed_spread",
        "1",
        LogNormal(median=0.08, log_sd=0.3),
        "Standard deviation of the seeds' diameters, relative.",
    ),
    _guess(
        "new_diameter",
        "nm",
        LogNormal(median=6.0, log_sd=0.3),
        "Diameter of particles that nucleate beside the seeds.",
    ),
    _guess(
        "seeds_that_compete",
        "m**2/L",
        LogNormal(median=0.02, log_sd=0.7),
        "Surface of seeds that takes half of the gold at 1 equivalent of reductant.",
    ),
)

CARD = Card(
    title="Gold colloid grown from seeds, mass balance and Mie theory",
    equations=(
        "reduced gold r = c_added min(1, q/1.5); share to new particles s = 1/(1 + a/(a_c q^2)) "
        "with q equivalents of reductant and a the surface of the seeds per volume",
        "every seed grows by the same D: 3 D m2 + 3 D^2 m1 + D^3 = m3 (1 - s) r/c_seed, with the "
        "moments m_k = E[d^k] of the seeds' normal distribution",
        "N = c_seed V_m/(pi m3/6); N_new = s r V_m/(pi d_new^3/6)",
        "OD = l (N E[C_ext(d + D)] + N_new C_ext(d_new))/ln 10, C_ext by Mie theory in water",
    ),
    sources=(
        "Optical constants of gold: P. B. Johnson, R. W. Christy, Phys. Rev. B 6, 4370 (1972), as "
        "the public domain database refractiveindex.info has them.",
        "Mie theory as in C. F. Bohren, D. R. Huffman, Absorption and Scattering of Light by Small "
        "Particles (1983), in the form that public codes have; book not read.",
        "Density and molar mass of gold: from memory.",
    ),
    assumptions=(
        "Growth on seeds is limited by their surface, so that each diameter grows by the same.",
        "How much gold nucleates anew is a form chosen by us, with a guessed constant: it rises "
        "with the reductant and falls with the seeds' surface. No experiment stands behind it.",
        "Reduction is complete where the reductant suffices; it does not depend on temperature.",
        "All particles are single spheres with the optical constants of bulk gold: no rods, no "
        "aggregates, no shorter mean free path in small particles (which broadens the peak of "
        "particles below some 20 nm), no shell of ligand.",
        "Light is scattered once: extinction above some 3 OD would not be read in a lab.",
    ),
    validity=(
        ComparedRange(name="seed_diameter", unit="nm", low=15.0, high=40.0),
        ComparedRange(name="gold_added", unit="mM", low=0.0, high=1.0),
    ),
    compared_with=(
        "No measured growth. The Mie efficiencies agree with published test cases to their last "
        "digit, and with Rayleigh's formula for small spheres.",
        "The peak of spheres of 35 to 80 nm in water lies within 2 nm of the fit that W. Haiss "
        "et al., Anal. Chem. 79, 4215 (2007) give for their own Mie calculation (constants of the "
        "fit from a secondary source).",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colloid:
    """What is in the flask: diameters in nm with their numbers in 1/nm3, and how it came.

    Args:
        diameters: of the kinds of particles; (s,).
        numbers: of each kind per volume; (s,).
        mean_diameter: of the particles that grew from seeds.
        new_share: of the reduced gold, in particles that nucleated beside them.
    """

    diameters: Floats
    numbers: Floats
    mean_diameter: float
    new_share: float


def _grow_and_look(run: Admitted) -> SimulatorResult:
    """Grow one colloid and take its spectrum; the seed changes nothing."""
    colloid = grow(run.inputs, run.theta)
    density = spectrum(colloid)
    return result_with(
        {
            "extinction": Curve(x=tuple(WAVELENGTHS_NM.tolist()), y=tuple(density.tolist())),
            "diameter": colloid.mean_diameter,
            "new_share": colloid.new_share,
        }
    )


def grow(given: Mapping[str, float], theta: Mapping[str, float]) -> Colloid:
    """The colloid at the end of growth, by mass balance."""
    spread = theta["seed_spread"] * given["seed_diameter"]
    # eleven kinds of seeds whose moments up to the 21st are those of the normal distribution
    seeds = np.clip(given["seed_diameter"] + spread * _NODES, 1.0, None)
    share_of = _WEIGHTS / _WEIGHTS.sum()
    first, second, third = (float(share_of @ seeds**k) for k in (1, 2, 3))
    volume_per_nm3 = given["seed_gold"] * 1e-27 * MOLAR_VOLUME_NM3  # 1 mM is 1e-27 mol/nm3
    n_seeds = volume_per_nm3 / (math.pi / 6 * third)
    reduced = given["gold_added"] * min(1.0, given["reductant"] / EQUIVALENTS_NEEDED)
    surface_m2_per_l = n_seeds * math.pi * second * 1e6  # 1 nm2/nm3 is 1e6 m2/L
    competing = theta["seeds_that_compete"] * given["reductant"] ** 2
    new_share = 1 / (1 + surface_m2_per_l / competing)
    growth = _growth(first, second, third * (1 - new_share) * reduced / given["seed_gold"])
    n_new = new_share * reduced * 1e-27 * MOLAR_VOLUME_NM3 / _volume(theta["new_diameter"])
    return Colloid(
        diameters=np.append(seeds + growth, theta["new_diameter"]),
        numbers=np.append(n_seeds * share_of, n_new),
        mean_diameter=first + growth,
        new_share=new_share,
    )


def spectrum(colloid: Colloid) -> Floats:
    """Decadic extinction at WAVELENGTHS_NM over 1 cm."""
    sections = extinction_nm2(WAVELENGTHS_NM, colloid.diameters)
    per_nm = colloid.numbers @ sections
    return np.asarray(per_nm * PATH_CM * 1e7 / math.log(10))


def molar_extinction(wavelength_nm: float, diameter_nm: float) -> float:
    """Decadic, per mole of particles, in L/(mol cm)."""
    section = extinction_nm2(np.array([wavelength_nm]), np.array([diameter_nm]))[0, 0]
    return float(section * 1e-14 * Avogadro / 1000 / math.log(10))


def _growth(first: float, second: float, added: float) -> float:
    """The one real root of D^3 + 3 m1 D^2 + 3 m2 D = added: the left side rises from 0.

    By Newton from above, which cannot overshoot a convex rising function.
    """
    growth = min(math.cbrt(added), added / (3 * second))
    while True:
        over = ((growth + 3 * first) * growth + 3 * second) * growth - added
        nearer = growth - over / ((3 * growth + 6 * first) * growth + 3 * second)
        if not nearer < growth:
            return growth
        growth = nearer


def _volume(diameter: float) -> float:
    return math.pi / 6 * diameter**3


GOLD_COLLOID = Process(
    name="gold_colloid",
    version="1",
    inputs=INPUTS,
    outcomes=OUTCOMES,
    calibration_parameters=PRIORS,
    fidelity=0.3,
    cost=ExpectedCost(duration_s=0.01, money_usd=0.0),
    card=CARD,
    evaluate=_grow_and_look,
)
