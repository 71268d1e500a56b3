"""Moments of an objective's utility when the outcome is normal within its bounds, exact.

| symbol | meaning                                                          |
|--------|------------------------------------------------------------------|
| m, s   | mean and deviation of the outcome, without bounds                |
| A, B   | how far the clipped outcome falls below, above the range, in s   |

The distance below is a constant and ``s clip(Z, 0, w)`` with Z normal of mean ``(low - m) / s``
and w where the outcome's bound lies, so its moments are those of
``planner.models.predictive.rectified``; the distance above likewise. As never both vary,
``var[A + B] = var[A] + var[B] - 2 E[A] E[B]``.
The utility is ``-s (A + B)``; a target is a range of no width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
)
from planner.models.classes.logistic import probability_moments
from planner.models.predictive.rectified import Bounds, floored_root, rectified_moments


@dataclass(frozen=True, slots=True, eq=False)
class UtilityMoments:
    """Mean and deviation of the utility, in the outcome's unit; higher is better.

    Of a class the utility is the probability that it is a wanted one.
    """

    mean: Float64[Tensor, " n"]
    sd: Float64[Tensor, " n"]


def utility_moments(
    objective: AnyObjective,
    mean: Float64[Tensor, " n"],
    sd: Float64[Tensor, " n"],
    *,
    bounds: Bounds | None = None,
) -> UtilityMoments:
    """Returns the moments of ``planner.campaign.objectives.utility`` of ``clip(normal)``.

    Args:
        objective: what is wanted.
        mean: of the normal, in the outcome's unit; of a class that of the margin, in log-odds.
        sd: of the normal, above 0.
        bounds: of the outcome, if it has any.
    """
    bounds = bounds or Bounds()
    match objective:
        case Maximise():
            within = bounds.moments(mean, sd)
            return UtilityMoments(mean=within.mean, sd=within.sd)
        case Minimise():
            within = bounds.moments(mean, sd)
            return UtilityMoments(mean=-within.mean, sd=within.sd)
        case HitTarget():
            low = high = objective.target
            return _distance_moments(mean, sd, low=low, high=high, bounds=bounds)
        case HitRange():
            low, high = objective.low, objective.high
            return _distance_moments(mean, sd, low=low, high=high, bounds=bounds)
        case HitClass():
            of_class = probability_moments(mean, sd)
            return UtilityMoments(mean=of_class.mean, sd=of_class.sd)


def _distance_moments(
    mean: Float64[Tensor, " n"],
    sd: Float64[Tensor, " n"],
    *,
    low: float,
    high: float,
    bounds: Bounds,
) -> UtilityMoments:
    # an end beyond a bound is reached at the bound, and the rest of the way never
    low_within = min(low, bounds.highest)
    high_within = max(high, bounds.lowest)
    below_mean, below_var = rectified_moments(
        (low_within - mean) / sd, _width(low_within - bounds.lowest, sd)
    )
    above_mean, above_var = rectified_moments(
        (mean - high_within) / sd, _width(bounds.highest - high_within, sd)
    )
    var = below_var + above_var - 2.0 * below_mean * above_mean
    never = (low - low_within) + (high_within - high)
    return UtilityMoments(
        mean=-sd * (below_mean + above_mean) - never,
        # deep inside a range both moments underflow
        sd=sd * floored_root(var),
    )


def _width(width: float, sd: Float64[Tensor, " n"]) -> Float64[Tensor, " n"] | None:
    """Returns a width in deviations; 0 where an end lies at or beyond the bound."""
    return None if width == float("inf") else max(width, 0.0) / sd


def utility_of(objective: AnyObjective, value: Float64[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
    """Returns ``planner.campaign.objectives.utility`` of each value; can be differentiated.

    Of a class the values are margins, in log-odds, and the utilities probabilities.
    """
    match objective:
        case Maximise():
            return value
        case Minimise():
            return -value
        case HitTarget():
            return -(value - objective.target).abs()
        case HitRange():
            return -torch.relu(objective.low - value) - torch.relu(value - objective.high)
        case HitClass():
            return torch.sigmoid(value)
