"""Laplace's approximation of class probabilities, written as observations of a Gaussian process.

| symbol | meaning                                                                | shape |
|--------|------------------------------------------------------------------------|-------|
| y      | 1 for the class that was observed, else 0                              | n k   |
| f      | logits; each class a Gaussian process of the same covariance           | n k   |
| o      | prior mean of f, one a class                                           | k     |
| K      | prior covariance of f within a class, that of its constant mean in it  | n n   |
| p      | softmax(f)                                                             | n k   |

The mode of ``sum log p[observed] - 1/2 sum_c (f_c - o_c)' K^-1 (f_c - o_c)`` is where
``f = o + K (y - p)``. It is found by replacing the likelihood's curvature by its upper bound, 1/2:
each step is the posterior mean of a regression on ``f + 2 (y - p)`` with a noise variance of 2, and
raises the value.

At the mode a regression on ``f + v (y - p)`` with noise variances v has the mode as its mean,
whatever v is. ``v = (k - 1) / (k p (1 - p))`` gives the curvature of the likelihood exactly for two
classes, and for more where all are equally probable; elsewhere it leaves out how classes compete.

Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), section 3.5; the
bound from Boehning, "Multinomial logistic regression algorithm" (AISM 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.space import Floats

_BOUND = 2.0  # one over the largest curvature
_TOLERANCE = 1e-10
# Below this a class is as good as settled, and one over it still a number.
_SMALLEST_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Pseudo:
    """Observations of the logits that stand for the classes that were seen.

    Args:
        y: ``n k``.
        var: their noise variances, ``n k``.
        residual: ``y - p`` of the classes at the mode, ``n k``; its sums, times the variance of
            the constant mean, are the means of the classes.
    """

    y: Floats
    var: Floats
    residual: Floats


def pseudo_observations(cov: Floats, seen: Floats, *, offsets: Floats) -> Pseudo:
    """Returns what stands for the classes that were seen.

    Some thousand steps for 400 observations of one class, where it takes longest: half a second.

    Args:
        cov: K, ``n n``.
        seen: y, ``n k``.
        offsets: o, ``k``.
    """
    n, k = seen.shape
    gain = np.linalg.solve(cov + _BOUND * np.eye(n), cov)
    logits, change = np.tile(offsets, (n, 1)), np.inf
    # ends: each step is a contraction, as the prior bends the value everywhere
    while change > _TOLERANCE:
        target = logits + _BOUND * (seen - softmax(logits))
        following = offsets + gain @ (target - offsets)
        change = float(np.max(np.abs(following - logits), initial=0.0))
        logits = following
    p = softmax(logits)
    var = (k - 1) / (k * np.maximum(p * (1.0 - p), _SMALLEST_SPREAD))
    residual = seen - p
    return Pseudo(y=logits + var * residual, var=var, residual=residual)


def softmax(logits: Floats) -> Floats:
    """Returns shares of the rows, which sum to one."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
