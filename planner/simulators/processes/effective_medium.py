"""Conductivity of a composite of spheroids in every direction: Bruggeman's effective medium.

Sum over the components i and their three axes k of phi_i (s_i - s)/(s + L_ik (s_i - s)) = 0 has one
root s between the smallest and the largest s_i: the conductivity of the mixture. L_ik are the
depolarisation factors of component i, 1/3 each for a sphere; they sum to 1.

Source: D. A. G. Bruggeman, Ann. Phys. 416, 636 (1935), extended to spheroids as in reviews of
percolation in composites; from memory, derived again and tested here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.optimize import brentq


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component of a composite.

    Args:
        share: of the volume, 0 to 1.
        conductivity: in S/m, above 0.
        aspect: length along the axis of symmetry over the diameter across it: 1 for spheres,
            above 1 for tubes, below 1 for plates.
    """

    share: float
    conductivity: float
    aspect: float


def axial_factor(aspect: float) -> float:
    """The depolarisation factor L along the axis of a spheroid; across it is (1 - L)/2.

    Of a long one, with e^2 = 1 - 1/a^2: L = (1 - e^2)/e^2 (artanh(e)/e - 1); of a flat one, with
    h^2 = 1/a^2 - 1: L = (1 + h^2)/h^2 (1 - arctan(h)/h).
    """
    if abs(aspect - 1) < 1e-4:  # both forms cancel there: the first terms about the sphere
        return 1 / 3 - 4 / 15 * (aspect - 1)
    if aspect > 1:
        squared = 1 - 1 / aspect**2
        root = math.sqrt(squared)
        return (1 - squared) / squared * (math.atanh(root) / root - 1)
    squared = 1 / aspect**2 - 1
    root = math.sqrt(squared)
    return (1 + squared) / squared * (1 - math.atan(root) / root)


def conductivity(components: Sequence[Component]) -> float:
    """The effective conductivity in S/m.

    Args:
        components: whose shares sum to 1; those with a share of 0 do not matter.
    """
    present = [each for each in components if each.share > 0]
    low = math.log(min(each.conductivity for each in present))
    high = math.log(max(each.conductivity for each in present))
    if high - low < 1e-12:
        return math.exp(low)
    found = brentq(lambda ln: _imbalance(present, math.exp(ln)), low, high, xtol=1e-12)
    return math.exp(found)


def _imbalance(components: Sequence[Component], guess: float) -> float:
    """Falls from above 0 to below 0 as the guess rises from the lowest to the highest."""
    total = 0.0
    for each in components:
        apart, along = each.conductivity - guess, axial_factor(each.aspect)
        across = (1 - along) / 2
        total += each.share * (
            apart / (guess + along * apart) + 2 * apart / (guess + across * apart)
        )
    return total
