"""Weights of models by the densities that they predicted: stacking, held near a prior.

| symbol | meaning                                                    | shape |
|--------|------------------------------------------------------------|-------|
| p      | density of each held-out outcome under each model          | n k   |
| w      | weights; above 0, sum to one                               | k     |
| a      | prior weights, times how many observations they are worth  | k     |

Maximises ``sum_i log sum_k w_k p_ik + sum_k a_k log w_k``, which is concave, by the
expectation-maximisation step ``w <- (sum_i r_ik + a_k) / (n + sum a)`` with
``r_ik = w_k p_ik / sum_j w_j p_ij``; every step raises it.

Source: Yao, Vehtari, Simpson and Gelman, "Using Stacking to Average Bayesian Predictive
Distributions" (Bayesian Analysis 13, 2018), equation 5; the prior is ours.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from planner.space import Floats

_MOST_STEPS = 2000
_TOLERANCE = 1e-7


def stack(log_density: Floats, *, prior: Floats, worth: float) -> Floats:
    """Returns the weights of models.

    Args:
        log_density: of each held-out outcome under each model, ``n k``.
        prior: weights beforehand, ``k``, which sum to one.
        worth: how many observations the prior is worth, above 0.

    Returns:
        Weights, ``k``, which sum to one.
    """
    count = worth * prior
    weights = prior.copy()
    for _ in range(_MOST_STEPS):
        joint = np.log(weights) + log_density
        shares = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
        moved = (shares.sum(axis=0) + count) / (len(log_density) + worth)
        step = float(np.abs(moved - weights).max())
        weights = moved
        if step < _TOLERANCE:
            break
    return weights
