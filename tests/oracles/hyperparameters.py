"""The posterior of a Gaussian process's hyperparameters, dense in numpy, and two ways to average.

Written from the definitions; the constant mean is one more normal coefficient of the process.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """Standardised outcomes ``z`` at ``x``, and the prior variance of their constant mean."""

    x: Floats
    z: Floats
    mean_variance: float


def covariance(a: Floats, b: Floats, theta: Floats, mean_variance: float) -> Floats:
    """Signal variance times Matern 5/2, and the variance of the constant mean, ``*s n m``."""
    p = a.shape[1]
    scaled = (a[:, None, :] - b[None, :, :]) / np.exp(theta[..., None, None, :p])
    r = np.sqrt((scaled**2).sum(axis=-1))
    unit = (1 + math.sqrt(5) * r + 5 * r**2 / 3) * np.exp(-math.sqrt(5) * r)
    k: Floats = np.exp(theta[..., p + 1, None, None]) * unit + mean_variance
    return k


def log_likelihood(data: Data, theta: Floats) -> Floats:
    """Of log lengthscales, log noise variance and log signal variance, ``*s p+2``."""
    p, n = data.x.shape[1], len(data.z)
    c = covariance(data.x, data.x, theta, data.mean_variance)
    c = c + np.exp(theta[..., p, None, None]) * np.eye(n)
    sign, log_det = np.linalg.slogdet(2 * math.pi * c)
    assert (sign > 0).all()
    solved = np.linalg.solve(c, np.broadcast_to(data.z[:, None], (*c.shape[:-1], 1)))[..., 0]
    value: Floats = -0.5 * solved @ data.z - 0.5 * log_det
    return value


def predictive(data: Data, theta: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the process at new points, the mean integrated out, ``*s m``."""
    p, n = data.x.shape[1], len(data.z)
    c = covariance(data.x, data.x, theta, data.mean_variance)
    c = c + np.exp(theta[..., p, None, None]) * np.eye(n)
    across = covariance(at, data.x, theta, data.mean_variance)
    prior = np.exp(theta[..., p + 1, None]) + data.mean_variance
    gain = np.swapaxes(np.linalg.solve(c, np.swapaxes(across, -1, -2)), -1, -2)
    return gain @ data.z, prior - (gain * across).sum(axis=-1)


def moments_by_grid(
    log_density: Callable[[Floats], Floats], size: int, *, reach: float, n: int
) -> tuple[Floats, Floats]:
    """Mean and deviation of each coordinate under a density, by the trapezium rule on a grid."""
    axis = np.linspace(-reach, reach, n)
    points = np.array(list(itertools.product(axis, repeat=size)))
    values = log_density(points)
    w = np.exp(values - values.max())
    w /= w.sum()
    mean = w @ points
    return mean, np.sqrt(w @ (points - mean) ** 2)


def metropolis(
    log_density: Callable[[Floats], Floats],
    start: Floats,
    *,
    n: int,
    step: float,
    rng: np.random.Generator,
) -> Floats:
    """Random walks with normal steps from each start, ``c q``; their later halves, ``c s q``."""
    at, values, kept = start, log_density(start), []
    for _ in range(n):
        to = at + step * rng.standard_normal(at.shape)
        proposed = log_density(to)
        is_accepted = np.log(rng.random(len(at))) < proposed - values
        at = np.where(is_accepted[:, None], to, at)
        values = np.where(is_accepted, proposed, values)
        kept.append(at)
    return np.stack(kept[n // 2 :], axis=1)
