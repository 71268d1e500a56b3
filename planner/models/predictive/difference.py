"""How far the process at one configuration lies from that at another, by their joint posterior."""

from __future__ import annotations

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.special import ndtri

from planner.campaign.objectives import AnyObjective, HitClass
from planner.models.classes.logistic import standard_draws
from planner.models.predictive.expectation import expect
from planner.models.predictive.intervals import Interval, interval_of
from planner.models.predictive.rectified import Bounds
from planner.models.surrogate import Surrogate

_DRAWS = 4096


def expect_difference(
    surrogate: Surrogate,
    x: Float64[Tensor, "n d"],
    base: Float64[Tensor, "1 d"],
    *,
    objective: AnyObjective,
    bounds: Bounds | None = None,
    level: float = 0.9,
) -> tuple[Float64[Tensor, " n"], Interval]:
    """Returns the mean and the central interval of the process at x minus that at the base.

    The mean is the difference of the means that ``expect`` says. The interval is exact for a
    Gaussian process of an outcome without bounds; of one within bounds, and of a class, its ends
    are quantiles of 4,096 quasi-random draws, good to two hundredths of the deviation. Where the
    surrogate is no Gaussian process, or is corrected, it is stretched as the interval at x is.

    Args:
        surrogate: of the objective's outcome; of a class the margin of the wanted ones.
        x: encoded configurations.
        base: what they are compared with, encoded.
        objective: what is wanted.
        bounds: of the outcome, if it has any.
        level: probability that the interval states.
    """
    bounds = bounds or Bounds()
    here, there = (
        expect(surrogate, each, objective=objective, bounds=bounds).mean for each in (x, base)
    )
    (mean, sd), (mean_0, sd_0) = surrogate.moments(x), surrogate.moments(base)
    slope = surrogate.covariance(x, base)[:, 0] / sd_0
    # rounding may leave a tiny negative variance
    rest = (sd.square() - slope.square()).clamp_min(0.0).sqrt()
    ends = torch.tensor([(1.0 - level) / 2.0, (1.0 + level) / 2.0], dtype=x.dtype)
    is_class = isinstance(objective, HitClass)
    if not is_class:
        stated = interval_of(surrogate.predictive_mixture(x), level=level)
        stretch = 0.5 * (stated.high - stated.low) / (ndtri(ends[1]) * sd)
        slope, rest, sd_0 = stretch * slope, stretch * rest, stretch * sd_0
    if bounds.are_none and not is_class:
        half = ndtri(ends[1]) * torch.hypot(slope - sd_0, rest)
        return here - there, Interval(low=here - there - half, high=here - there + half)
    z = standard_draws(2, _DRAWS)
    at_base = mean_0 + sd_0 * z[:, :1]  # the same for all x but for the stretch
    at_x = mean + slope * z[:, :1] + rest * z[:, 1:]
    within = torch.sigmoid if is_class else bounds.clip
    low, high = torch.quantile(within(at_x) - within(at_base), ends, dim=0)
    return here - there, Interval(low=low, high=high)
