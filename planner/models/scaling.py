"""What the outcome is standardised by: its own spread, or what is expected while it is few."""

from __future__ import annotations

import math

import numpy as np

from planner.models.failure import FitFailure
from planner.models.observations import OutcomeScale
from planner.space import Floats

# From so many observations on their own spread is the scale, whatever was expected: that of five
# lies within a factor of two of the true one in nine cases out of ten.
ENOUGH_FOR_SCALE = 5


def standard_scale(y: Floats, expected: OutcomeScale | None) -> OutcomeScale | FitFailure:
    """Returns mean and deviation of the outcomes, or what is expected while they are few."""
    if expected is not None and len(y) < ENOUGH_FOR_SCALE:
        return expected
    if len(y) >= 2 and float(np.ptp(y)) > 0:
        with np.errstate(over="ignore", invalid="ignore"):
            mean, sd = float(np.mean(y)), float(np.std(y, ddof=1))
        # a spread that is mere rounding of the mean is no spread
        if math.isfinite(sd) and sd > 1e-12 * abs(mean):
            return OutcomeScale(mean=mean, sd=sd)
        if not math.isfinite(sd):
            return FitFailure(
                reason=f"Outcomes from {np.min(y):g} to {np.max(y):g} are too large to be "
                f"standardised. Use a larger unit.",
                tried=("standardising",),
            )
    if expected is not None:
        return expected
    found = f"all {len(y)} are equal" if len(y) >= 2 else f"there {_count(len(y))}"
    return FitFailure(
        reason=f"Predictions need two observations that differ ({found}), or the range that is "
        f"expected of the outcome: add 'expected:' to it in the campaign file."
    )


def _count(n: int) -> str:
    return "is 1" if n == 1 else "are none"
