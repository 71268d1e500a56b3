"""Quantiles and means of mixtures of normals; of one normal they are its own, to the last digit."""

from __future__ import annotations

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.special import ndtri

from planner.models.predictive.normal import normal_cdf
from planner.models.predictive.rectified import Bounds, Moments, floored_root
from planner.models.surrogate import Mixture

# Each step halves an interval that is at most some deviations wide: 52 leave the last digit.
_HALVINGS = 52


def sds_of(said: Mixture, *, of_next_run: bool) -> Float64[Tensor, "k n"]:
    """Returns deviations by component: of the process, or of one more measurement."""
    return torch.hypot(said.sds, said.noise_sds) if of_next_run else said.sds


def quantile(said: Mixture, share: float, *, of_next_run: bool = False) -> Float64[Tensor, " n"]:
    """Returns the value below which a share of the mixture lies at each configuration.

    The quantile lies between the smallest and the largest of the components'; from there by
    halving.

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
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        is_below = said.weights @ normal_cdf((middle - said.means) / sds) < share
        low, high = torch.where(is_below, middle, low), torch.where(is_below, high, middle)
    found: Tensor = 0.5 * (low + high)
    return found


def moments_within(said: Mixture, bounds: Bounds, *, of_next_run: bool = False) -> Moments:
    """Returns mean and deviation of what is cut off at the bounds, by the law of total variance."""
    each = bounds.moments(said.means, sds_of(said, of_next_run=of_next_run))
    if len(said.weights) == 1:
        return Moments(mean=each.mean[0], sd=each.sd[0])
    mean = said.weights @ each.mean
    variance = said.weights @ (each.sd.square() + (each.mean - mean).square())
    return Moments(mean=mean, sd=floored_root(variance))
