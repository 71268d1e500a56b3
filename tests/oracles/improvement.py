"""Moments and expected improvement by quadrature, from their definitions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import mpmath
import numpy as np


def mean_and_sd(
    function: Callable[[float], float], mean: float, sd: float, *, kinks: tuple[float, ...] = ()
) -> tuple[float, float]:
    """Mean and deviation of a function of a normal variable, integrated between its kinks."""
    ends = [mean - 12 * sd, *sorted(k for k in kinks if abs(k - mean) < 12 * sd), mean + 12 * sd]
    nodes, weights = np.polynomial.legendre.leggauss(200)
    first = second = 0.0
    for low, high in itertools.pairwise(ends):
        y = low + (high - low) * (nodes + 1) / 2
        density = np.exp(-0.5 * ((y - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
        mass = weights * (high - low) / 2 * density
        values = np.array([function(float(each)) for each in y])
        first += float(mass @ values)
        second += float(mass @ values**2)
    return first, math.sqrt(max(0.0, second - first**2))


def log_expected_improvement(mean: float, sd: float, best: float) -> float:
    """Logarithm of E[max(y - best, 0)] for normal y, with 30 digits."""
    with mpmath.workdps(30):
        shift = mpmath.mpf(best - mean) / sd

        def worth(z: mpmath.mpf) -> mpmath.mpf:
            return (z - shift) * mpmath.npdf(z)

        # the density falls by e in one step of this size
        step = 1 / max(mpmath.mpf(1), abs(shift))
        reach = max(mpmath.mpf(12), 12 - shift) if shift < 1 else 60 * step
        ends = [shift, shift + reach / 8, shift + reach / 3, shift + reach]
        return float(mpmath.log(sd * mpmath.quad(worth, ends, maxdegree=6)))
