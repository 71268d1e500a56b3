"""How much a course of temperatures does to what is activated by heat.

The dose of an activation energy E over a course T(t) is the time at a reference temperature that
does the same: integral of exp(-(E/R)(1/T(t) - 1/T_ref)) dt. A process of first order is done by
1 - exp(-k_ref dose), one of Avrami's kind by 1 - exp(-(k_ref dose)^n).
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from scipy.constants import R as GAS_J_PER_MOL_K
from scipy.constants import zero_Celsius

from planner.simulators.contract import Course

# Sixteen nodes a piece integrate exp(u) over |u| <= 1 to rounding: the error is below 1e-30.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


def kelvin(degc: float) -> float:
    """The absolute temperature."""
    return degc + zero_Celsius


def arrhenius(energy_kj_per_mol: float, *, at_degc: float, reference_degc: float) -> float:
    """How much faster it goes there than at the reference: exp(-(E/R)(1/T - 1/T_ref))."""
    gap = 1 / kelvin(at_degc) - 1 / kelvin(reference_degc)
    return math.exp(-energy_kj_per_mol * 1e3 / GAS_J_PER_MOL_K * gap)


def dose(course: Course, energy_j_per_mol: float, *, reference_degc: float) -> float:
    """The time at the reference temperature that does what the course does, in its own time unit.

    Args:
        course: temperatures in degC; in straight lines or steps.
        energy_j_per_mol: the activation energy.
        reference_degc: the temperature at which time is counted.
    """
    reference_k = kelvin(reference_degc)
    parts = zip(pairwise(course.times), pairwise(course.values), strict=True)
    return math.fsum(
        (stop - start)
        * _mean_rate(
            kelvin(first),
            kelvin(first if course.is_stepped else last),
            energy_j_per_mol,
            reference_k=reference_k,
        )
        for (start, stop), (first, last) in parts
    )


def _mean_rate(
    first_k: float, last_k: float, energy_j_per_mol: float, *, reference_k: float
) -> float:
    """The mean of the Arrhenius factor from one temperature to another, evenly in time."""
    scale = energy_j_per_mol / GAS_J_PER_MOL_K
    # in pieces over which the exponent moves by about 2, so that each is close to a polynomial
    n_pieces = 1 + int(abs(scale / first_k - scale / last_k) / 2)
    edges = np.linspace(first_k, last_k, n_pieces + 1)
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    temperatures = middle[:, None] + half[:, None] * _NODES
    factors = np.exp(scale * (1 / reference_k - 1 / temperatures))
    return float(np.mean(factors @ _WEIGHTS / 2))
