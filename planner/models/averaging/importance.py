"""Importance weights, smoothed, with a statement of how far they can be trusted.

| symbol | meaning                                                              | shape |
|--------|----------------------------------------------------------------------|-------|
| r      | target density over proposal density of each draw                    | s     |
| k      | shape of the generalised Pareto distribution of the largest r        |       |
| w      | weights: r, the largest replaced by quantiles of that; they sum to 1 | s     |

Source: Vehtari, Simpson, Gelman, Yao and Gabry, "Pareto Smoothed Importance Sampling" (JMLR 2024);
the fit of the Pareto distribution from Zhang and Stephens, "A New and Efficient Estimation Method
for the Generalized Pareto Distribution" (Technometrics 2009).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.space import Floats

# Above this shape averages over so few draws have errors that do not fall as they should.
TRUSTED_K = 0.7
_FEWEST_IN_TAIL = 5


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Weights of draws.

    Args:
        w: they sum to one, ``s``.
        k_hat: shape of the tail; above ``TRUSTED_K`` averages are not to be trusted.
    """

    w: Floats
    k_hat: float

    @property
    def n_effective(self) -> float:
        """As many equally weighted draws would be worth as much."""
        return float(1.0 / np.square(self.w).sum())

    @property
    def can_be_trusted(self) -> bool:
        """Whether the tail is thin enough."""
        return self.k_hat <= TRUSTED_K


def smoothed_weights(log_ratios: Floats) -> Weights:
    """Returns Pareto-smoothed weights.

    Args:
        log_ratios: log r, up to a constant, ``s``; -inf where the target's density is 0.
    """
    ratios = np.exp(log_ratios - np.max(log_ratios))
    n_tail = min(len(ratios) // 5, math.ceil(3.0 * math.sqrt(len(ratios))))
    order = np.argsort(ratios, kind="stable")
    tail = order[len(ratios) - n_tail :]
    cut = ratios[order[-n_tail - 1]] if n_tail < len(ratios) else 0.0
    excesses = ratios[tail] - cut
    if n_tail < _FEWEST_IN_TAIL or (excesses[0] <= 0.0 and excesses[-1] <= 0.0):
        return Weights(w=ratios / ratios.sum(), k_hat=math.inf if n_tail < _FEWEST_IN_TAIL else 0.0)
    k, sigma = _fit_pareto(np.maximum(excesses, 1e-300))
    middle = (np.arange(n_tail) + 0.5) / n_tail
    smooth = ratios.copy()
    smooth[tail] = np.minimum(cut + _pareto_quantiles(middle, k=k, sigma=sigma), 1.0)
    return Weights(w=smooth / smooth.sum(), k_hat=k)


def _fit_pareto(excesses: Floats) -> tuple[float, float]:
    """Returns shape and scale of sorted excesses, the shape drawn towards 0.5 as of ten more."""
    n = len(excesses)
    n_grid = 30 + int(math.sqrt(n))
    quartile = excesses[int(n / 4 + 0.5) - 1]
    steps = np.arange(1, n_grid + 1) - 0.5
    b = (1.0 - np.sqrt(n_grid / steps)) / (3.0 * quartile) + 1.0 / excesses[-1]
    shapes = np.log1p(-b[:, None] * excesses).mean(axis=1)
    profile = n * (np.log(-b / shapes) - shapes - 1.0)
    share = np.exp(profile - profile.max())
    centre = float(b @ share / share.sum())
    shape = float(np.log1p(-centre * excesses).mean())
    return (n * shape + 5.0) / (n + 10.0), -shape / centre


def _pareto_quantiles(at: Floats, *, k: float, sigma: float) -> Floats:
    if abs(k) < 1e-12:
        return -sigma * np.log1p(-at)
    quantiles: Floats = sigma * np.expm1(-k * np.log1p(-at)) / k
    return quantiles
