"""Moments of an objective's utility when the outcome is normal, exact.

| symbol | meaning                                                        |
|--------|----------------------------------------------------------------|
| m, s   | mean and deviation of the outcome                              |
| a      | (low - m) / s, how many deviations the mean lies below the range |
| b      | (m - high) / s, how many above                                 |
| A, B   | how far the outcome falls below, above the range, in s         |

With Z normal of mean a and deviation 1, ``A = max(Z, 0)``:
``E[A] = phi(a) + a Phi(a)`` and
``var[A] = Phi(a) + a^2 Phi(a) Phi(-a) + a phi(a) (1 - 2 Phi(a)) - phi(a)^2``;
B likewise. As never both are positive, ``var[A + B] = var[A] + var[B] - 2 E[A] E[B]``.
The utility is ``-s (A + B)``; a target is a range of no width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.campaign.objectives import AnyObjective, HitRange, HitTarget, Maximise, Minimise
from planner.models.normal import normal_cdf, normal_log_density


@dataclass(frozen=True, slots=True, eq=False)
class UtilityMoments:
    """Mean and deviation of the utility, in the outcome's unit; higher is better."""

    mean: Float64[Tensor, " n"]
    sd: Float64[Tensor, " n"]


def utility_moments(
    objective: AnyObjective, mean: Float64[Tensor, " n"], sd: Float64[Tensor, " n"]
) -> UtilityMoments:
    """Returns the moments of ``planner.campaign.objectives.utility`` of a normal outcome.

    Args:
        objective: what is wanted.
        mean: of the outcome, in its unit.
        sd: of the outcome, above 0.
    """
    match objective:
        case Maximise():
            return UtilityMoments(mean=mean, sd=sd)
        case Minimise():
            return UtilityMoments(mean=-mean, sd=sd)
        case HitTarget():
            return _distance_moments(mean, sd, low=objective.target, high=objective.target)
        case HitRange():
            return _distance_moments(mean, sd, low=objective.low, high=objective.high)


def _distance_moments(
    mean: Float64[Tensor, " n"], sd: Float64[Tensor, " n"], *, low: float, high: float
) -> UtilityMoments:
    below_mean, below_var = _rectified_moments((low - mean) / sd)
    above_mean, above_var = _rectified_moments((mean - high) / sd)
    var = below_var + above_var - 2.0 * below_mean * above_mean
    # deep inside a range both moments underflow; the floor keeps the root's gradient finite
    return UtilityMoments(mean=-sd * (below_mean + above_mean), sd=sd * var.clamp_min(1e-30).sqrt())


def _rectified_moments(
    a: Float64[Tensor, " n"],
) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
    """Returns mean and variance of ``max(Z, 0)`` for Z normal of mean ``a`` and deviation 1."""
    density = normal_log_density(a).exp()
    inside, outside = normal_cdf(a), normal_cdf(-a)
    mean = density + a * inside
    # Phi(a) Phi(-a), not E[A^2] - E[A]^2: that loses all digits where a is large
    var = (
        inside + a.square() * inside * outside + a * density * (outside - inside) - density.square()
    )
    return mean, var


def utility_of(objective: AnyObjective, value: Float64[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
    """Returns ``planner.campaign.objectives.utility`` of each value; can be differentiated."""
    match objective:
        case Maximise():
            return value
        case Minimise():
            return -value
        case HitTarget():
            return -(value - objective.target).abs()
        case HitRange():
            return -torch.relu(objective.low - value) - torch.relu(value - objective.high)
