"""Shapley values of a prediction over the parameters, with their own uncertainty.

| symbol | meaning                                                               | shape |
|--------|-----------------------------------------------------------------------|-------|
| b      | background: settings that stand for an average one                    | m d   |
| S      | a coalition: the parameters that have the values of x, others of b    | p     |
| v(S)   | mean over b of the process there                                      |       |
| P, W   | every such hybrid point, and what it weighs in each value             | k d, p k |

``value_i = sum over S without i of |S|! (p - |S| - 1)! / p! (v(S with i) - v(S))``. It is linear in
the process, ``W f(P)``, so its posterior is normal where the process is: mean ``W m(P)``,
covariance ``W cov(P, P) W'``. All values together are what the process at x has more than it has
on average over the background, in every draw.

Beyond eight parameters the coalitions are those of random orders and their reverses, each from one
setting of the background; the sum still holds exactly, and the error of the sampling is stated.

Source: Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions" (NeurIPS 2017),
with the interventional value function; Castro et al. (2009) for the sampling; Chau et al.,
"Explaining the Uncertain: Stochastic Shapley Values for Gaussian Process Models" (NeurIPS 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models import Surrogate
from planner.rng import make_generator
from planner.space import Floats

# Of more parameters the coalitions are sampled.
MOST_EXACT = 8
# Means are taken at so many points, covariances between so many: with 4096 for both the report of a
# mixture took 50 s longer, and deviations need no more than two digits.
_MOST_POINTS, _MOST_COVARIED = 4096, 1024
_MOST_BACKGROUND = 64
_BLOCK, _COVARIED_BLOCK = 512, 64


@dataclass(frozen=True, slots=True, eq=False)
class Functional:
    """Values that are linear in the process: ``weights @ f(points)``.

    Args:
        points: where the process is looked at, ``k d``.
        weights: of each point in each value, ``p k``.
        groups: for each point the order that it was sampled in, ``k``; None where none was.
    """

    points: Floats
    weights: Floats
    groups: np.ndarray[tuple[int], np.dtype[np.intp]] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Shapley values in the process's unit; of a class in log-odds.

    Args:
        base: mean prediction over the background.
        values: one a parameter that has columns, ``p``; with ``base`` they sum to the prediction.
        sd: posterior deviation of each value: what more observations can remove.
        error: standard error of each by the sampling of coalitions; 0 where all were used.
    """

    base: float
    values: Floats
    sd: Floats
    error: Floats


def attribute(
    surrogate: Surrogate, x: Floats, background: Floats, *, columns: tuple[int, ...], seed: int
) -> Attribution:
    """Returns what each parameter adds to the prediction at a configuration.

    Args:
        surrogate: that predicts.
        x: the configuration, encoded, ``d``.
        background: what it is compared with, encoded, ``m d``; a part of it may be used.
        columns: for each column the place of its parameter among the ``p``.
        seed: of the part of the background, and of the orders.
    """
    p = max(columns) + 1
    sample = all_coalitions if p <= MOST_EXACT else sampled_orders
    functional, coarse = (
        sample(x, background, columns=np.array(columns), most=most, seed=seed)
        for most in (_MOST_POINTS, _MOST_COVARIED)
    )
    points, weights = map(torch.from_numpy, (functional.points, functional.weights))
    with torch.no_grad():
        mean = torch.cat([surrogate.moments(block)[0] for block in torch.split(points, _BLOCK)])
        values = (weights @ mean).numpy()
        var = _covariance(surrogate, coarse).diagonal().clamp_min(0.0)
        here = float(surrogate.moments(torch.from_numpy(x)[None, :])[0][0])
    return Attribution(
        base=here - float(values.sum()),
        values=values,
        sd=var.sqrt().numpy(),
        error=_sampling_error(functional, mean.numpy()),
    )


def all_coalitions(
    x: Floats,
    background: Floats,
    *,
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
    most: int,
    seed: int,
) -> Functional:
    """Returns the values with every coalition.

    Args:
        x: as of ``attribute``, like ``background``, ``columns`` and ``seed``.
        background: of it a part is used.
        columns: with the place of each parameter.
        most: how many points there may be.
        seed: of the part.
    """
    p = int(columns.max()) + 1
    part = _part(background, max(1, min(_MOST_BACKGROUND, most >> p)), seed=seed)
    coalitions = np.array(list(product((False, True), repeat=p)))
    sizes = coalitions.sum(axis=1)
    joined = np.array([factorial(max(k - 1, 0)) * factorial(p - k) for k in range(p + 1)])
    left = np.array([factorial(k) * factorial(max(p - k - 1, 0)) for k in range(p + 1)])
    signed = np.where(coalitions, joined[sizes][:, None], -left[sizes][:, None]) / factorial(p)
    points = np.where(coalitions[:, None, columns], x, part[None, :, :])
    weights = np.repeat(signed.T / len(part), len(part), axis=1)
    return Functional(points=points.reshape(-1, len(x)), weights=weights)


def sampled_orders(
    x: Floats,
    background: Floats,
    *,
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
    most: int,
    seed: int,
) -> Functional:
    """Returns the values by random orders; arguments as of ``all_coalitions``."""
    p = int(columns.max()) + 1
    n_pairs = max(2, most // (2 * (p + 1)))
    generator = make_generator(seed)
    part = background[generator.integers(len(background), size=n_pairs)]
    # the reverse of an order cancels most of what the order itself gets wrong
    orders = [generator.permutation(p) for _ in range(n_pairs)]
    points = np.empty((2 * n_pairs, p + 1, len(x)))
    weights = np.zeros((p, 2 * n_pairs, p + 1))
    for path, order in enumerate(each[::way] for each in orders for way in (1, -1)):
        joins_at = np.argsort(order)  # the step at which each parameter gets its value of x
        steps = np.arange(p + 1)[:, None] > joins_at[columns]
        points[path] = np.where(steps, x, part[path // 2])
        weights[np.arange(p), path, joins_at + 1] += 1.0 / (2 * n_pairs)
        weights[np.arange(p), path, joins_at] -= 1.0 / (2 * n_pairs)
    return Functional(
        points=points.reshape(-1, len(x)),
        weights=weights.reshape(p, -1),
        groups=np.repeat(np.arange(n_pairs), 2 * (p + 1)),
    )


def _part(background: Floats, most: int, *, seed: int) -> Floats:
    if len(background) <= most:
        return background
    chosen = make_generator(seed).choice(len(background), most, replace=False)
    part: Floats = background[np.sort(chosen)]
    return part


def _covariance(surrogate: Surrogate, functional: Functional) -> Float64[Tensor, "p p"]:
    """Returns ``W cov(P, P) W'``, a block of rows at a time."""
    points, weights = map(torch.from_numpy, (functional.points, functional.weights))
    total = torch.zeros(len(weights), len(weights), dtype=points.dtype)
    start = 0
    for block in torch.split(points, _COVARIED_BLOCK):
        rows = weights[:, start : start + len(block)]
        total += rows @ surrogate.covariance(block, points) @ weights.T
        start += len(block)
    return total


def _sampling_error(functional: Functional, mean: Floats) -> Floats:
    """Returns the standard error over independent pairs of orders; 0 where nothing is sampled."""
    if functional.groups is None:
        return np.zeros(len(functional.weights))
    n_pairs = int(functional.groups.max()) + 1
    terms = (functional.weights * mean).reshape(len(functional.weights), n_pairs, -1)
    deviations = terms.sum(axis=2).std(axis=1, ddof=1)
    return np.asarray(deviations * np.sqrt(n_pairs), dtype=np.float64)
