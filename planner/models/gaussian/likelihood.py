"""The marginal likelihood of a Gaussian process, and what it gains by a change of K or of z.

| symbol | meaning                                                          | shape |
|--------|------------------------------------------------------------------|-------|
| z      | standardised outcomes                                            | n     |
| K      | covariance of z: that of the process + diag(noise)               | n n   |
| t      | precision of the constant mean's prior; 0 where it is free       | 1     |
| c      | that mean, 1'K^-1 z / (1'K^-1 1 + t): its own maximum            | 1     |
| a      | d value / dz = K^-1 (z - c)                                      | n     |
| G      | d value / dK = (K^-1 - a a') / 2                                 | n n   |

The value is ``((z - c)'K^-1 (z - c) + log det K + t c^2) / 2``. Of several outcomes with one
covariance (the classes) the first and third term are summed, and the second is counted once for
each that is not settled by the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from planner.models.gaussian.matrices import diagonal_of, mirrored
from planner.space import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """The negative log marginal likelihood up to a constant, with what its gradients are made of.

    Args:
        value: the negative log.
        by_covariance: ``G``, shape ``n n``.
        by_targets: ``a``, one row an outcome, shape ``m n``.
        inverse: of the covariance, shape ``n n``.
    """

    value: float
    by_covariance: Floats
    by_targets: Floats
    inverse: Floats


def negative_log_likelihood(
    covariance: Floats,
    targets: Floats,
    *,
    mean_precision: float,
    freedom: int = 1,
    penalty: float = 0.0,
) -> Likelihood | None:
    """Returns the value and its derivatives, or None where the covariance cannot be factored.

    Args:
        covariance: of the targets, noise included, shape ``n n``; it is overwritten.
        targets: standardised outcomes, one row each, shape ``m n``.
        mean_precision: of the prior of their constant means around 0; 0 where they are free,
            infinite where they are 0.
        freedom: how many of the outcomes are not settled by the others.
        penalty: added to the value: what the priors say of the hyperparameters.
    """
    factor, info = lapack.dpotrf(covariance, lower=1, clean=1)
    if info != 0:
        return None
    # of nothing observed there is no matrix, about which LAPACK complains on standard output
    lower = lapack.dpotri(factor, lower=1)[0] if len(factor) else factor
    inverse = mirrored(lower)
    value = freedom * np.log(diagonal_of(factor)).sum() + penalty
    g = 0.5 * freedom * inverse
    by_targets = np.empty_like(targets)
    for row, z in enumerate(targets):
        mean = best_mean(z, inverse, mean_precision)
        a = inverse @ (z - mean)
        value += 0.5 * (z - mean) @ a + _mean_penalty(mean, mean_precision)
        g -= (0.5 * a)[:, None] * a
        by_targets[row] = a
    return Likelihood(value=float(value), by_covariance=g, by_targets=by_targets, inverse=inverse)


def mean_under(covariance: Floats, z: Floats, mean_precision: float) -> float:
    """Returns the constant mean that is most probable under this covariance."""
    if not len(z):
        return 0.0
    return best_mean(z, np.asarray(np.linalg.inv(covariance), dtype=np.float64), mean_precision)


def best_mean(z: Floats, inverse: Floats, mean_precision: float) -> float:
    """Returns the constant mean that is most probable under this inverse covariance."""
    if math.isinf(mean_precision) or not len(z):
        return 0.0
    weights: Floats = inverse.sum(axis=0)
    return float(weights @ z / (weights.sum() + mean_precision))


def _mean_penalty(mean: float, mean_precision: float) -> float:
    return 0.0 if math.isinf(mean_precision) else 0.5 * mean_precision * mean**2
