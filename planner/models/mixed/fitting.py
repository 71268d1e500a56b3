"""The fit of ``mixed_gp``: maximum a posteriori of lengthscales, shares and noise.

| symbol | meaning                                                          | shape |
|--------|------------------------------------------------------------------|-------|
| theta  | log lengthscales, two logits of shares, log noise variance       | p + 3 |
| s      | shares, softmax of the logits and 0                              | 3     |
| G      | d value / dK                                                     | n n   |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.models.failure import FitFailure
from planner.models.gaussian import kernel
from planner.models.gaussian.fitting import refuse_other_space
from planner.models.gaussian.likelihood import mean_under, negative_log_likelihood
from planner.models.gaussian.matrices import diagonal_of, products, weighed
from planner.models.gaussian.search import Priors, begin, no_value, search
from planner.models.gaussian.standardised import Standardised, standardise
from planner.models.mixed.kernel import MixedHyperparameters
from planner.models.mixed.surrogate import MixedProcess
from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import SHARE_PRIOR, choice_prior, lengthscale_prior
from planner.models.task import Task
from planner.space import Floats


def fit_mixed(task: Task) -> MixedProcess | FitFailure:
    """Fits a Gaussian process over numbers and choices.

    Raises:
        InputError: the memo is of another family or space.
    """
    previous = None if task.memo is None else _read_memo(task)
    data = standardise(task)
    if isinstance(data, FitFailure):
        return data
    problem = _make_problem(data, task)
    starts = begin(problem.starts(previous), goes_on=task.goes_on)
    found = search(problem.value_and_gradient, starts, priors=problem.priors)
    if isinstance(found, FitFailure):
        return found
    return MixedProcess(
        observations=data.observations,
        hyperparameters=problem.hyperparameters(found.theta),
        columns=task.columns,
        categories=task.categories,
        scale=data.scale,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The covariance of the process with what it is made of."""

    of_numbers: Floats  # N
    slope: Floats  # dN / d(r^2)
    of_choices: Floats  # C
    shares: Floats

    @property
    def k(self) -> Floats:
        s, n, c = self.shares, self.of_numbers, self.of_choices
        return np.asarray(s[0] * n + s[1] * c + s[2] * n * c, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """What the search works on, in standardised units."""

    data: Standardised
    distances: Floats  # p n n, of choices 1 where they differ
    is_choice: np.ndarray[tuple[int], np.dtype[np.bool_]]
    priors: Priors

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Returns the negative log posterior (up to a constant) and its gradient."""
        parts, p = self._parts(theta), len(self.distances)
        k = parts.k
        diagonal_of(k)[:] += self.data.noise(math.exp(theta[-1]))
        penalty, gradient = self.priors.penalty(theta)
        likelihood = negative_log_likelihood(
            k, self.data.z[None, :], mean_precision=self.data.mean_precision, penalty=penalty
        )
        if likelihood is None:
            return no_value(theta)
        g, s = likelihood.by_covariance, parts.shares
        by_n = g * (s[0] + s[2] * parts.of_choices) * parts.slope
        by_c = g * (s[1] + s[2] * parts.of_numbers) * parts.of_choices
        numbers, choices = ~self.is_choice, self.is_choice
        scales = np.exp(theta[:p])
        by_scale = np.empty(p)
        by_scale[numbers] = -2.0 * products(self.distances[numbers], by_n)
        by_scale[numbers] /= scales[numbers] ** 2
        by_scale[choices] = products(self.distances[choices], by_c) / scales[choices]
        gradient[:p] += by_scale
        gradient[p : p + 2] += self._by_logits(parts, g)
        gradient[-1] += math.exp(theta[-1]) * (diagonal_of(g) @ self.data.is_learned)
        return likelihood.value, gradient

    def starts(self, previous: Floats | None) -> dict[str, Floats]:
        """Returns where the search begins: smooth or wiggly."""
        return self.priors.starts(
            previous, n=len(self.data.z), lengthscales=len(self.distances), noise=-1
        )

    def hyperparameters(self, theta: Floats) -> MixedHyperparameters:
        """Returns what theta says."""
        parts = self._parts(theta)
        k = parts.k + np.diag(self.data.noise(math.exp(theta[-1])))
        first, second, third = parts.shares.tolist()
        return MixedHyperparameters(
            lengthscales=tuple(np.exp(theta[: len(self.distances)]).tolist()),
            shares=(first, second, third),
            noise_variance=self.data.next_noise(math.exp(theta[-1])),
            mean=mean_under(k, self.data.z, self.data.mean_precision),
        )

    def _parts(self, theta: Floats) -> _Parts:
        p = len(self.distances)
        scales, numbers, choices = np.exp(theta[:p]), ~self.is_choice, self.is_choice
        squared = weighed(scales[numbers] ** -2.0, self.distances[numbers])
        n, slope = kernel.matern_and_slope(squared)
        c = np.exp(-weighed(1.0 / scales[choices], self.distances[choices]))
        weights = np.exp(np.append(theta[p : p + 2], 0.0))
        return _Parts(of_numbers=n, slope=slope, of_choices=c, shares=weights / weights.sum())

    def _by_logits(self, parts: _Parts, g: Floats) -> Floats:
        """Returns the derivatives by the two logits: shares trade against each other."""
        n, c = parts.of_numbers, parts.of_choices
        by_share = np.array([(g * n).sum(), (g * c).sum(), (g * n * c).sum()])
        moved: Floats = parts.shares * (by_share - parts.shares @ by_share)
        return moved[:2]


def _make_problem(data: Standardised, task: Task) -> _Problem:
    p = task.n_parameters
    is_choice = np.array([index in task.categories for index in range(p)])
    distances = kernel.squared_distances(data.observations.x.numpy(), task.columns)
    # one-hot columns of two different choices lie 2 apart, squared
    distances[is_choice] *= 0.5
    numbers = lengthscale_prior(max(1, p - len(task.categories)))
    choices = choice_prior(max(1, len(task.categories)))
    lengthscales = [choices if each else numbers for each in is_choice]
    return _Problem(
        data=data,
        distances=distances,
        is_choice=is_choice,
        priors=Priors.of([*lengthscales, SHARE_PRIOR, SHARE_PRIOR, data.noise_prior]),
    )


def _read_memo(task: Task) -> Floats:
    """Returns theta of the last fit."""
    memo: Mapping[str, object] = task.memo or {}
    found = MixedHyperparameters.from_json(memo)
    refuse_other_space(found, task)
    shares = np.log(found.shares)
    noise = max(found.noise_variance, SMALLEST_NOISE)
    return np.concatenate([np.log(found.lengthscales), shares[:2] - shares[2], [math.log(noise)]])
