"""The fit of ``warped_gp``: curves and hyperparameters together, maximum a posteriori.

| symbol | meaning                                                             | shape     |
|--------|---------------------------------------------------------------------|-----------|
| theta  | log lengthscales, log noise variance, log a, log b                  | p + 1 + 2m |
| m      | columns that are numbers: a choice without an order is not bent     |           |
| w      | bent inputs                                                         | n d       |
| P      | d value / d (w_i - w_j)^2 of the columns of one parameter           | n n       |

``d value / dw_i = 4 sum_j P_ij (w_i - w_j)``: each pair stands in P twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.errors import InputError
from planner.models.failure import FitFailure
from planner.models.gaussian import kernel
from planner.models.gaussian.fitting import condition, refuse_other_space
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.likelihood import mean_under, negative_log_likelihood
from planner.models.gaussian.matrices import diagonal_of, products, weighed
from planner.models.gaussian.search import Priors, begin, no_value, search
from planner.models.gaussian.standardised import Standardised, standardise
from planner.models.priors import WARP_PRIOR, lengthscale_prior
from planner.models.task import Task
from planner.models.warped.kumaraswamy import Warp, bend
from planner.models.warped.surrogate import WarpedProcess
from planner.space import Floats


def fit_warped(task: Task) -> WarpedProcess | FitFailure:
    """Fits a Gaussian process over bent inputs.

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
    warp = problem.warp(found.theta)
    bent = replace(data.observations, x=warp(data.observations.x))
    inner = condition(data, problem.hyperparameters(found.theta), task)
    return WarpedProcess(
        observations=data.observations,
        inner=inner.with_observations(bent),
        columns=task.columns,
        scale=data.scale,
        warp=warp,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """What the search works on, in standardised units."""

    data: Standardised
    x: Floats
    columns: tuple[int, ...]
    numbers: list[int]  # columns that are bent
    priors: Priors

    @property
    def n_parameters(self) -> int:
        return max(self.columns) + 1

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Returns the negative log posterior (up to a constant) and its gradient."""
        p = self.n_parameters
        bent = bend(self.x[:, self.numbers], *self._shapes(theta))
        distances = kernel.squared_distances(self._with(bent.w), self.columns)
        inverse_squares = np.exp(-2.0 * theta[:p])
        k, slope = kernel.matern_and_slope(weighed(inverse_squares, distances))
        diagonal_of(k)[:] += self.data.noise(math.exp(theta[p]))
        penalty, gradient = self.priors.penalty(theta)
        likelihood = negative_log_likelihood(
            k, self.data.z[None, :], mean_precision=self.data.mean_precision, penalty=penalty
        )
        if likelihood is None:
            return no_value(theta)
        by_distance = likelihood.by_covariance * slope
        gradient[:p] -= 2.0 * inverse_squares * products(distances, by_distance)
        gradient[p] += math.exp(theta[p]) * (
            diagonal_of(likelihood.by_covariance) @ self.data.is_learned
        )
        weights = inverse_squares[[self.columns[column] for column in self.numbers]]
        pulls = by_distance.sum(axis=1)[:, None] * bent.w - by_distance @ bent.w
        by_w = 4.0 * weights * pulls
        gradient[p + 1 :] += np.concatenate(
            [(by_w * bent.by_log_a).sum(axis=0), (by_w * bent.by_log_b).sum(axis=0)]
        )
        return likelihood.value, gradient

    def starts(self, previous: Floats | None) -> dict[str, Floats]:
        """Returns where the search begins: unbent, smooth or wiggly."""
        p = self.n_parameters
        return self.priors.starts(
            previous, n=len(self.data.z), lengthscales=p, noise=p, middle="from straight inputs"
        )

    def warp(self, theta: Floats) -> Warp:
        """Returns the curves; columns of choices stay as they are."""
        log_a, log_b = np.zeros((2, len(self.columns)))
        log_a[self.numbers], log_b[self.numbers] = self._shapes(theta)
        return Warp(a=tuple(np.exp(log_a).tolist()), b=tuple(np.exp(log_b).tolist()))

    def hyperparameters(self, theta: Floats) -> Hyperparameters:
        """Returns those of the process over bent inputs."""
        p = self.n_parameters
        bent = bend(self.x[:, self.numbers], *self._shapes(theta))
        distances = kernel.squared_distances(self._with(bent.w), self.columns)
        k, _ = kernel.matern_and_slope(weighed(np.exp(-2.0 * theta[:p]), distances))
        diagonal_of(k)[:] += self.data.noise(math.exp(theta[p]))
        return Hyperparameters(
            lengthscales=tuple(np.exp(theta[:p]).tolist()),
            noise_variance=self.data.next_noise(math.exp(theta[p])),
            mean=mean_under(k, self.data.z, self.data.mean_precision),
        )

    def _shapes(self, theta: Floats) -> tuple[Floats, Floats]:
        log_a, log_b = np.split(theta[self.n_parameters + 1 :], 2)
        return log_a, log_b

    def _with(self, w: Floats) -> Floats:
        x = self.x.copy()
        x[:, self.numbers] = w
        return x


def _numbers(task: Task) -> list[int]:
    return [i for i, parameter in enumerate(task.columns) if parameter not in task.categories]


def _make_problem(data: Standardised, task: Task) -> _Problem:
    lengthscale, numbers = lengthscale_prior(task.n_parameters), _numbers(task)
    p, m = task.n_parameters, len(numbers)
    return _Problem(
        data=data,
        x=data.observations.x.numpy(),
        columns=task.columns,
        numbers=numbers,
        priors=Priors.of([lengthscale] * p + [data.noise_prior] + [WARP_PRIOR] * 2 * m),
    )


def _read_memo(task: Task) -> Floats:
    """Returns theta of the last fit."""
    memo: Mapping[str, object] = task.memo or {}
    try:
        found = Hyperparameters.from_json(memo["hyperparameters"])  # type: ignore[arg-type]
        shapes = np.array([memo["a"], memo["b"]], dtype=np.float64)[:, _numbers(task)]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"This is no fit of warped_gp to this space: {dict(memo)}.") from error
    theta = np.concatenate([found.logarithms(), np.log(shapes.ravel())])
    refuse_other_space(found, task)
    return theta
