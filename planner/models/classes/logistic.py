"""Probabilities whose log-odds are normal, and shares whose logits are.

| symbol | meaning                                      | shape |
|--------|----------------------------------------------|-------|
| g      | log-odds, normal of mean m and deviation s   | n     |
| p      | 1 / (1 + exp(-g))                            | n     |
| f      | logits of the classes, normal, independent   | n k   |
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor
from torch.quasirandom import SobolEngine
from torch.special import ndtri

from planner.models.predictive.rectified import Moments

# Error below 2e-9 up to the prior's deviation of 3, and 3e-5 at twice that.
_NODES = 128
_DRAWS = 512
_SEED = 20_181


def probability_moments(mean: Float64[Tensor, " n"], sd: Float64[Tensor, " n"]) -> Moments:
    """Returns mean and deviation of ``p``, by Gauss-Hermite quadrature.

    Args:
        mean: of the log-odds.
        sd: of the log-odds.
    """
    nodes, weights = _hermite()
    p = torch.sigmoid(mean[:, None] + sd[:, None] * nodes)
    average = p @ weights
    var = (p - average[:, None]).square() @ weights
    return Moments(mean=average, sd=var.sqrt())


def mean_shares(mean: Float64[Tensor, "n k"], sd: Float64[Tensor, "n k"]) -> Float64[Tensor, "n k"]:
    """Returns the mean of ``softmax(f)``, whose rows sum to one.

    By the same quasi-random draws for all rows, each with its negative.

    Args:
        mean: of the logits.
        sd: of the logits.
    """
    normal = standard_draws(mean.shape[1], _DRAWS)
    total = torch.zeros_like(mean)
    for each in normal:  # one draw at a time, so that memory stays at one table
        total += torch.softmax(mean + sd * each, dim=1)
    return total / total.sum(dim=1, keepdim=True)


@functools.cache
def _hermite() -> tuple[Float64[Tensor, " s"], Float64[Tensor, " s"]]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())


@functools.cache
def standard_draws(k: int, n: int) -> Float64[Tensor, "s k"]:
    """Returns n quasi-random standard normal draws, always the same, each with its negative."""
    engine = SobolEngine(k, scramble=True, seed=_SEED)  # type: ignore[no-untyped-call]
    uniform = engine.draw(n // 2, dtype=torch.float64)
    normal = ndtri(uniform.clamp(1e-10, 1.0 - 1e-10))
    return torch.cat([normal, -normal])
