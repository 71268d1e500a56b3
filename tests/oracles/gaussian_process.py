"""A Gaussian process in dense numpy: slow, obvious, written from the definitions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def matern52(a: Floats, b: Floats, lengthscales: Floats) -> Floats:
    """Covariance of each pair, one at a time; lengthscales are one a column."""
    k = np.empty((len(a), len(b)))
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            r = math.sqrt(
                sum(((u - v) / s) ** 2 for u, v, s in zip(left, right, lengthscales, strict=True))
            )
            k[i, j] = (1 + math.sqrt(5) * r + 5 * r * r / 3) * math.exp(-math.sqrt(5) * r)
    return k


def matern52_with_choices(
    a: Floats, b: Floats, *, scales: Floats, is_choice: list[bool], shares: Floats
) -> Floats:
    """Additive and product covariance of numbers and choices, one pair at a time.

    Scales are one a column; a choice is compared by its one-hot columns as a whole.
    """
    k = np.empty((len(a), len(b)))
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            pairs = list(zip(left, right, scales, is_choice, strict=True))
            r = math.sqrt(sum(((u - v) / s) ** 2 for u, v, s, choice in pairs if not choice))
            number = (1 + math.sqrt(5) * r + 5 * r * r / 3) * math.exp(-math.sqrt(5) * r)
            # of a choice that differs two columns do, by 1 each
            choice = math.exp(-sum(abs(u - v) / 2 / s for u, v, s, c in pairs if c))
            k[i, j] = shares[0] * number + shares[1] * choice + shares[2] * number * choice
    return k


def condition(
    prior: Floats, across: Floats, at: Floats, y: Floats, noise: Floats, *, mean: float
) -> tuple[Floats, Floats]:
    """Mean and covariance of a joint normal distribution with this prior, given y."""
    inverse = np.linalg.inv(prior + np.diag(noise))
    return mean + across @ inverse @ (y - mean), at - across @ inverse @ across.T


def posterior(
    x: Floats, y: Floats, noise: Floats, at: Floats, *, lengthscales: Floats, mean: float
) -> tuple[Floats, Floats]:
    """Mean and covariance at new points: the conditional of a joint normal distribution."""
    k = matern52(x, x, lengthscales) + np.diag(noise)
    across = matern52(at, x, lengthscales)
    inverse = np.linalg.inv(k)
    new_mean = mean + across @ inverse @ (y - mean)
    return new_mean, matern52(at, at, lengthscales) - across @ inverse @ across.T


def log_marginal_likelihood(
    x: Floats, y: Floats, noise: Floats, *, lengthscales: Floats, mean: float
) -> float:
    """Log density of y under the normal distribution of the process plus noise."""
    k = matern52(x, x, lengthscales) + np.diag(noise)
    sign, log_det = np.linalg.slogdet(2 * math.pi * k)
    assert sign > 0
    residual = y - mean
    return float(-0.5 * residual @ np.linalg.inv(k) @ residual - 0.5 * log_det)
