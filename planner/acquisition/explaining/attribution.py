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

Of many parameters the coalitions are those of random orders and their reverses, each from one
setting of the background; the sum still holds exactly. Where only a part of the background is
used, the error of the sampling is stated, and the variance is that over the whole: of values
``V_j``, one a setting or a pair of orders, all drawn alike, it is the mean of ``cov(V_j, V_k)``
over all j other than k, while the variance of their mean would hold what the drawing adds. A few j
beside all k tell it nearly as well as all j would. It is never less than what the process at x
alone tells of the value, ``cov(V, f(x))^2 / var f(x)``, which no sampling can take to 0.

Source: Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions" (NeurIPS 2017),
with the interventional value function; Castro et al. (2009) for the sampling; Chau et al.,
"Explaining the Uncertain: Stochastic Shapley Values for Gaussian Process Models" (NeurIPS 2023).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import factorial

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from planner.acquisition.explaining.effort import Effort
from planner.models import Surrogate
from planner.rng import make_generator
from planner.space import Floats

# All coalitions are used where so many settings of the background can be joined to each: with
# fewer, orders of which each has a setting of its own come nearer to the truth.
_ENOUGH_SETTINGS = 32
# One part in so many is held beside all.
_BESIDE = 8
_BLOCK, _COVARIED_BLOCK = 512, 128


@dataclass(frozen=True, slots=True, eq=False)
class Functional:
    """Values that are linear in the process: ``weights @ f(points)``.

    Args:
        points: where the process is looked at, ``k d``; the last of each part is x itself.
        weights: of each point in each value, ``p k``.
        n_drawn: how many parts of equal size, one after the other, were drawn independently, at
            least 2; 0 where nothing was.
    """

    points: Floats
    weights: Floats
    n_drawn: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Shapley values in the process's unit; of a class in log-odds.

    Args:
        base: mean prediction over the background.
        values: one a parameter that has columns, ``p``; with ``base`` they sum to the prediction.
        sd: posterior deviation of each value: what more observations can remove.
        sd_before: the same once everything is in that will be measured before a run at x.
        sd_after: the same once that run was made too, whatever comes out of any of them.
        error: standard error of each by the sampling of coalitions and of the background; 0 where
            all were used.
    """

    base: float
    values: Floats
    sd: Floats
    sd_before: Floats
    sd_after: Floats
    error: Floats


def attribute(
    surrogate: Surrogate,
    x: Floats,
    background: Floats,
    *,
    columns: tuple[int, ...],
    effort: Effort,
    seed: int,
    then: Surrogate | None = None,
) -> Attribution:
    """Returns what each parameter adds to the prediction at a configuration.

    Args:
        surrogate: that predicts.
        x: the configuration, encoded, ``d``.
        background: what it is compared with, encoded, ``m d``; a part of it may be used.
        columns: for each column the place of its parameter among the ``p``.
        effort: how many points are looked at.
        seed: of the part of the background, and of the orders.
        then: the surrogate conditioned on what will be measured before; None where nothing will.
    """
    functional, covaried = (
        _look(x, background, columns=np.array(columns), most=most, seed=seed)
        for most in (effort.points, effort.covaried_among(max(columns) + 1))
    )
    points, weights = map(torch.from_numpy, (functional.points, functional.weights))
    at = torch.from_numpy(x)[None, :]
    with torch.no_grad():
        mean = torch.cat([surrogate.moments(block)[0] for block in torch.split(points, _BLOCK)])
        values = (weights @ mean).numpy()
        here, sd = surrogate.moments(at)
        unknown = before = unknown_of(surrogate, covaried).at_least(sd)
        if then is not None:
            sd = then.moments(at)[1]
            before = unknown_of(then, covaried).at_least(sd)
        of_run = (sd.square() + surrogate.noise_sd(at).square())[0]
        after = before.var - before.told / of_run
    return Attribution(
        base=float(here[0]) - float(values.sum()),
        values=values,
        sd=unknown.var.clamp_min(0.0).sqrt().numpy(),
        sd_before=before.var.clamp_min(0.0).sqrt().numpy(),
        sd_after=after.clamp_min(0.0).sqrt().numpy(),
        error=_sampling_error(functional, mean.numpy()),
    )


def _look(
    x: Floats,
    background: Floats,
    *,
    columns: np.ndarray[tuple[int], np.dtype[np.intp]],
    most: int,
    seed: int,
) -> Functional:
    """Returns the values by every coalition where points suffice for it, else by orders."""
    n_settings = most >> (int(columns.max()) + 1)
    is_enough = n_settings >= min(len(background), _ENOUGH_SETTINGS)
    sample = all_coalitions if is_enough else sampled_orders
    return sample(x, background, columns=columns, most=most, seed=seed)


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
    part = _part(background, max(2, most >> p), seed=seed)
    coalitions = np.array(list(product((False, True), repeat=p)))
    sizes = coalitions.sum(axis=1)
    joined = np.array([factorial(max(k - 1, 0)) * factorial(p - k) for k in range(p + 1)])
    left = np.array([factorial(k) * factorial(max(p - k - 1, 0)) for k in range(p + 1)])
    signed = np.where(coalitions, joined[sizes][:, None], -left[sizes][:, None]) / factorial(p)
    points = np.where(coalitions[None, :, columns], x, part[:, None, :])
    return Functional(
        points=points.reshape(-1, len(x)),
        weights=np.tile(signed.T / len(part), len(part)),
        n_drawn=len(part) if len(part) < len(background) else 0,
    )


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
        n_drawn=n_pairs,
    )


def _part(background: Floats, most: int, *, seed: int) -> Floats:
    if len(background) <= most:
        return background
    chosen = make_generator(seed).choice(len(background), most, replace=False)
    part: Floats = background[np.sort(chosen)]
    return part


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """Posterior variance of each value, and its covariance with the process at x.

    Args:
        var: of each value.
        with_x: the covariance.
        told: its square, taken over the same parts as the variance: what it leaves of that is then
            no difference of two samples.
    """

    var: Float64[Tensor, " p"]
    with_x: Float64[Tensor, " p"]
    told: Float64[Tensor, " p"]

    def at_least(self, sd: Float64[Tensor, " 1"]) -> Unknown:
        """Returns it with no variance below what the covariance with the process at x proves.

        Args:
            sd: of the process at x.
        """
        least = (self.with_x / sd).square()
        return replace(
            self,
            var=torch.maximum(self.var, least),
            told=torch.where(self.var < least, self.with_x.square(), self.told),
        )


def unknown_of(surrogate: Surrogate, functional: Functional) -> Unknown:
    """Returns what is unknown of each value over all that could have been drawn."""
    points, weights = map(torch.from_numpy, (functional.points, functional.weights))
    n_parts = max(functional.n_drawn, 1)
    parts = weights.reshape(len(weights), n_parts, -1)
    each = points.reshape(n_parts, -1, points.shape[1])
    chosen = _held_beside(n_parts)
    of_parts = torch.einsum(
        "pja,ja->pj", parts, surrogate.covariance(points, points[-1:]).reshape(each.shape[:2])
    )
    total, told = (torch.zeros(len(weights), dtype=points.dtype) for _ in range(2))
    for block in torch.split(chosen, max(1, _COVARIED_BLOCK // each.shape[1])):
        cov = surrogate.covariance(each[block].flatten(0, 1), points)
        cov = cov.reshape(len(block), each.shape[1], n_parts, each.shape[1])
        between = torch.einsum("pja,jakb,pkb->pjk", parts[:, block], cov, parts)
        both = of_parts[:, block, None] * of_parts[:, None, :]
        if functional.n_drawn:
            between[:, torch.arange(len(block)), block] = 0.0
            both[:, torch.arange(len(block)), block] = 0.0
        total += between.sum(dim=(1, 2))
        told += both.sum(dim=(1, 2))
    n_between = len(chosen) * (n_parts - 1) if functional.n_drawn else 1
    share = n_parts**2 / n_between
    return Unknown(var=share * total, with_x=of_parts.sum(dim=1), told=share * told)


def _held_beside(n_parts: int) -> Int64[Tensor, " c"]:
    """Returns the places of parts that are spread evenly: at least 3 of them, or all."""
    n = min(n_parts, max(3, n_parts // _BESIDE))
    return torch.linspace(0, n_parts - 1, n).round().long()


def _sampling_error(functional: Functional, mean: Floats) -> Floats:
    """Returns the standard error over what was drawn; 0 where nothing was."""
    n_parts = functional.n_drawn
    if not n_parts:
        return np.zeros(len(functional.weights))
    terms = (functional.weights * mean).reshape(len(functional.weights), n_parts, -1)
    deviations = terms.sum(axis=2).std(axis=1, ddof=1)
    return np.asarray(deviations * np.sqrt(n_parts), dtype=np.float64)
