"""The covariance between configurations: Matern 5/2 with one lengthscale a parameter.

| symbol | meaning                                     | shape |
|--------|---------------------------------------------|-------|
| x      | configurations in the unit cube             | n d   |
| l      | lengthscales                                | p     |
| D_k    | squared distances within parameter k        | n n   |
| r      | scaled distance, r^2 = sum_k D_k / l_k^2    | n n   |
| k(r)   | (1 + sqrt5 r + 5/3 r^2) exp(-sqrt5 r)       | n n   |

A category's columns are one-hot and belong to one parameter: they share its lengthscale, so any
two different choices are equally far apart.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.space import Floats

_SQRT5 = math.sqrt(5.0)


def matern(
    a: Float64[Tensor, "*b n d"],
    b: Float64[Tensor, "*b m d"],
    *,
    columns: tuple[int, ...],
    hyperparameters: Hyperparameters,
) -> Float64[Tensor, "*b n m"]:
    """Returns the covariances between two sets of configurations; can be differentiated."""
    lengthscales = torch.tensor(
        [hyperparameters.lengthscales[index] for index in columns], dtype=a.dtype, device=a.device
    )
    # distances by differences: by products they would lose half the digits where points are near
    r = torch.cdist(a / lengthscales, b / lengthscales, compute_mode="donot_use_mm_for_euclid_dist")
    return (1.0 + _SQRT5 * r + (5.0 / 3.0) * r.square()) * torch.exp(-_SQRT5 * r)


def squared_distances(x: Floats, columns: tuple[int, ...]) -> Floats:
    """Returns ``D``, the squared distances within each parameter, shape ``p n n``."""
    distances = np.zeros((max(columns) + 1, len(x), len(x)))
    for column, parameter in enumerate(columns):
        distances[parameter] += (x[:, column, None] - x[None, :, column]) ** 2
    return distances


def matern_and_slope(r_squared: Floats) -> tuple[Floats, Floats]:
    """Returns ``k`` and ``dk/d(r^2) = -5/6 (1 + sqrt5 r) exp(-sqrt5 r)``, which is finite at 0."""
    r = np.sqrt(r_squared)
    decay = np.exp(-_SQRT5 * r)
    slope = (-5.0 / 6.0) * (1.0 + _SQRT5 * r) * decay
    return (1.0 + _SQRT5 * r + (5.0 / 3.0) * r_squared) * decay, slope
