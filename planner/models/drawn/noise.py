"""Noise that varies over the space, learned from what predictions of unseen results missed.

| symbol | meaning                                                                   | shape |
|--------|---------------------------------------------------------------------------|-------|
| e      | errors of predictions of results that were not learned from               | n     |
| v      | epistemic variances of those predictions                                  | n     |
| g      | log noise variance, ``a + r'(2 x - 1)``                                   | n     |

The value that is maximised is ``sum log normal(e; 0, v + exp(g)) + log p(a) + log p(r)``. That g is
linear suits the few results that there are: a noise that is highest in the middle is not seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from scipy.optimize import minimize
from torch import Tensor

from planner.models.known_noise import noise_of_next, prior_beside
from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import NOISE_TREND_SD
from planner.space import Floats


@dataclass(frozen=True, slots=True)
class NoiseField:
    """Log noise variance as a linear function, of the standardised outcome.

    Args:
        level: in the middle of the cube.
        trends: by encoded column, from the middle to its upper end.
    """

    level: float
    trends: tuple[float, ...]

    def log_variance(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b n"]:
        """Returns g; can be differentiated."""
        trends = torch.tensor(self.trends, dtype=x.dtype, device=x.device)
        return self.level + (2.0 * x - 1.0) @ trends


def known_noise(known: Floats, *, d: int) -> NoiseField | None:
    """Returns the same noise everywhere, the median of the known ones; None unless all are known.

    Args:
        known: noise variances, standardised, ``n``; NaN where they have to be learned.
        d: encoded columns.
    """
    noise = noise_of_next(known, math.nan)
    if math.isnan(noise):
        return None
    return NoiseField(level=math.log(max(noise, SMALLEST_NOISE)), trends=(0.0,) * d)


def fit_noise(x: Floats, errors: Floats, variances: Floats, *, known: Floats) -> NoiseField:
    """Returns the field of highest posterior density.

    Where some noise is not known it is that of these measurements, learned from them alone.

    Args:
        x: encoded configurations, ``n d``.
        errors: of predictions made without the result, standardised.
        variances: of the process in those predictions, standardised.
        known: noise variances, standardised, ``n``; NaN where they have to be learned.
    """
    if (field := known_noise(known, d=x.shape[1])) is not None:
        return field
    prior, is_learned = prior_beside(known), np.isnan(known)
    x, errors, variances = x[is_learned], errors[is_learned], variances[is_learned]
    sides = np.column_stack([np.ones(len(x)), 2.0 * x - 1.0])
    mean = np.array([prior.mean] + [0.0] * x.shape[1])
    sd = np.array([prior.sd] + [NOISE_TREND_SD] * x.shape[1])

    def value_and_slope(theta: Floats) -> tuple[float, Floats]:
        noise = np.exp(sides @ theta) + SMALLEST_NOISE
        total = variances + noise
        offset = (theta - mean) / sd
        value = 0.5 * (np.square(errors) / total + np.log(total)).sum() + 0.5 * offset @ offset
        by_total = 0.5 * (1.0 - np.square(errors) / total) / total
        return float(value), sides.T @ (by_total * noise) + offset / sd

    found = minimize(value_and_slope, mean, jac=True, method="L-BFGS-B").x
    return NoiseField(level=float(found[0]), trends=tuple(float(each) for each in found[1:]))
