"""Quantiles and means of mixtures of normals; of one normal they are its own, to the last digit."""

from __future__ import annotations

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.special import ndtri

from planner.models.predictive.normal import normal_cdf, normal_log_density
from planner.models.predictive.rectified import Bounds, Moments, floored_root
from planner.models.surrogate import Mixture

# Steps at most: by Newton's method a few leave the last digit, by halving alone 52 do.
_MOST_STEPS = 100
# Every eighth step halves the bracket.
_HALVED = 8
# A step this small, in deviations of the narrowest component, changes nothing.
_SMALLEST_STEP = 1e-14


def sds_of(said: Mixture, *, of_next_run: bool) -> Float64[Tensor, "k n"]:
    """Returns deviations by component: of the process, or of one more measurement."""
    return torch.hypot(said.sds, said.noise_sds) if of_next_run else said.sds


def quantile(said: Mixture, share: float, *, of_next_run: bool = False) -> Float64[Tensor, " n"]:
    """Returns the value below which a share of the mixture lies at each configuration.

    The quantile lies between the smallest and the largest of the components'; from there by
    Newton's method, and by halving where that would leave the bracket or is slow.

    Args:
        said: the mixture.
        share: between 0 and 1.
        of_next_run: of one more measurement, with its noise, rather than of the process.
    """
    sds = sds_of(said, of_next_run=of_next_run)
    ends: Tensor = said.means + ndtri(torch.tensor(share, dtype=sds.dtype)) * sds
    if len(said.weights) == 1:
        return ends[0]
    low, high = ends.amin(dim=0), ends.amax(dim=0)
    enough = _SMALLEST_STEP * (sds.amin(dim=0) + torch.maximum(low.abs(), high.abs()))
    at = 0.5 * (low + high)
    for step in range(_MOST_STEPS):
        z = (at - said.means) / sds
        excess = said.weights @ normal_cdf(z) - share
        low, high = torch.where(excess < 0, at, low), torch.where(excess < 0, high, at)
        density = said.weights @ (normal_log_density(z).exp() / sds)
        moved = at - excess / density
        is_inside = (moved >= low) & (moved <= high) & (step % _HALVED != _HALVED - 1)
        moved = torch.where(is_inside, moved, 0.5 * (low + high))
        is_found = bool(((moved - at).abs() <= enough).all())
        at = moved
        if is_found:
            break
    found: Tensor = at
    return found


def moments_within(said: Mixture, bounds: Bounds, *, of_next_run: bool = False) -> Moments:
    """Returns mean and deviation of what is cut off at the bounds, by the law of total variance."""
    each = bounds.moments(said.means, sds_of(said, of_next_run=of_next_run))
    if len(said.weights) == 1:
        return Moments(mean=each.mean[0], sd=each.sd[0])
    mean = said.weights @ each.mean
    variance = said.weights @ (each.sd.square() + (each.mean - mean).square())
    return Moments(mean=mean, sd=floored_root(variance))
