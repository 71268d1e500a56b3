"""The fit of ``transformed_gp``: curve and hyperparameters together, maximum a posteriori.

| symbol | meaning                                                                | shape     |
|--------|------------------------------------------------------------------------|-----------|
| theta  | log lengthscales, log noise variance, shape of the curve               | p + 1 + k |
| g      | bent outcomes                                                          | n         |
| z      | bent outcomes minus their mean, over their deviation                   | n         |

The value is that of the plain process in z, minus ``sum log dz/dw``: a density of the outcomes
themselves, so that squeezing them together gains nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from planner.errors import InputError
from planner.models.failure import FitFailure
from planner.models.gaussian import kernel
from planner.models.gaussian.fitting import refuse_other_space
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.likelihood import mean_under, negative_log_likelihood
from planner.models.gaussian.matrices import diagonal_of, products, weighed
from planner.models.gaussian.process import GaussianProcess
from planner.models.gaussian.search import Priors, begin, no_value, search
from planner.models.gaussian.standardised import Standardised, standardise
from planner.models.observations import OutcomeScale
from planner.models.predictive.rectified import Bounds
from planner.models.priors import lengthscale_prior
from planner.models.task import Task
from planner.models.transformed.bending import Bending
from planner.models.transformed.curves import Bent, Curve, LogDistance, SinhArcsinh
from planner.models.transformed.surrogate import TransformedProcess
from planner.space import Floats


def fit_transformed(task: Task) -> TransformedProcess | FitFailure:
    """Fits a Gaussian process in a bent outcome.

    Raises:
        InputError: the memo is of another family or space.
    """
    data = standardise(task)
    if isinstance(data, FitFailure):
        return data
    problem = _make_problem(data, task)
    previous = None if task.memo is None else _read_memo(task, problem)
    starts = begin(problem.starts(previous), goes_on=task.goes_on)
    found = search(problem.value_and_gradient, starts, priors=problem.priors, keeps=task.keeps)
    if isinstance(found, FitFailure):
        return found
    bending = problem.bending(found.theta)
    z, log_slope = bending.bend(data.observations.y)
    var = data.observations.var * torch.exp(2.0 * log_slope)
    return TransformedProcess(
        observations=data.observations,
        latent=GaussianProcess(
            observations=replace(data.observations, y=z, var=var),
            hyperparameters=problem.hyperparameters(found.theta),
            columns=task.columns,
            scale=OutcomeScale(mean=0.0, sd=1.0),
        ),
        columns=task.columns,
        scale=data.scale,
        bending=bending,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Centred:
    """Standardised bent outcomes, with what they were standardised by and their derivatives."""

    z: Floats
    centre: float
    spread: float
    by_shape: Floats  # k n
    log_spread_by_shape: Floats  # k


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """What the search works on."""

    data: Standardised
    distances: Floats
    curve: Curve
    priors: Priors

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Returns the negative log posterior (up to a constant) and its gradient."""
        p = len(self.distances)
        bent = self.curve.bend(self.data.z, theta[p + 1 :])
        centred = self._centre(bent, theta)
        inverse_squares = np.exp(-2.0 * theta[:p])
        noise = self._noise(bent, centred, theta)
        k, slope = kernel.matern_and_slope(weighed(inverse_squares, self.distances))
        diagonal_of(k)[:] += noise
        penalty, gradient = self.priors.penalty(theta)
        likelihood = negative_log_likelihood(
            k, centred.z[None, :], mean_precision=self.data.mean_precision, penalty=penalty
        )
        if likelihood is None:
            return no_value(theta)
        g, by_noise = likelihood.by_covariance, diagonal_of(likelihood.by_covariance)
        gradient[:p] -= 2.0 * inverse_squares * products(self.distances, g * slope)
        gradient[p] += math.exp(theta[p]) * (by_noise @ self.data.is_learned)
        by_log_slope = bent.log_slope_by_shape - centred.log_spread_by_shape[:, None]
        known = by_noise * noise * (1.0 - self.data.is_learned)
        gradient[p + 1 :] += (
            centred.by_shape @ likelihood.by_targets[0]
            + by_log_slope @ (2.0 * known)
            - by_log_slope.sum(axis=1)
        )
        log_slopes = bent.log_slope.sum() - len(bent.g) * math.log(centred.spread)
        return likelihood.value - log_slopes, gradient

    def starts(self, previous: Floats | None) -> dict[str, Floats]:
        """Returns where the search begins: with a nearly straight curve, smooth or wiggly."""
        p, middle = len(self.distances), "from a straight outcome"
        return self.priors.starts(
            previous, n=len(self.data.z), lengthscales=p, noise=p, middle=middle
        )

    def bending(self, theta: Floats) -> Bending:
        """Returns how the outcome is bent."""
        shape = theta[len(self.distances) + 1 :]
        centred = self._centre(self.curve.bend(self.data.z, shape), theta)
        return Bending(
            curve=self.curve,
            shape=tuple(shape.tolist()),
            scale=self.data.scale,
            centre=centred.centre,
            spread=centred.spread,
        )

    def hyperparameters(self, theta: Floats) -> Hyperparameters:
        """Returns those of the process in z."""
        p = len(self.distances)
        bent = self.curve.bend(self.data.z, theta[p + 1 :])
        centred = self._centre(bent, theta)
        noise = self._noise(bent, centred, theta)
        scaled = weighed(np.exp(-2.0 * theta[:p]), self.distances)
        k = kernel.matern_and_slope(scaled)[0] + np.diag(noise)
        is_all_known = len(noise) and not self.data.is_learned.any()
        return Hyperparameters(
            lengthscales=tuple(np.exp(theta[:p]).tolist()),
            noise_variance=float(np.median(noise)) if is_all_known else math.exp(theta[p]),
            mean=mean_under(k, centred.z, self.data.mean_precision),
        )

    def _centre(self, bent: Bent, theta: Floats) -> _Centred:
        """Standardises the bent outcomes by their own spread, or by what was expected."""
        if math.isinf(self.data.mean_precision):
            return self._centre_by_expected(bent, theta[len(self.distances) + 1 :])
        n, centre, spread = len(bent.g), float(bent.g.mean()), float(bent.g.std(ddof=1))
        z = (bent.g - centre) / spread
        by_log_spread = bent.by_shape @ z / ((n - 1) * spread)
        apart = bent.by_shape - bent.by_shape.mean(axis=1, keepdims=True)
        return _Centred(
            z=z,
            centre=centre,
            spread=spread,
            by_shape=apart / spread - np.outer(by_log_spread, z),
            log_spread_by_shape=by_log_spread,
        )

    def _centre_by_expected(self, bent: Bent, shape: Floats) -> _Centred:
        """Standardises so that the curve has slope 1 where the expected mean is."""
        middle = self.curve.bend(np.zeros(1), shape)
        spread = math.exp(middle.log_slope[0])
        z = (bent.g - middle.g[0]) / spread
        by_log_spread = middle.log_slope_by_shape[:, 0]
        return _Centred(
            z=z,
            centre=float(middle.g[0]),
            spread=spread,
            by_shape=(bent.by_shape - middle.by_shape) / spread - np.outer(by_log_spread, z),
            log_spread_by_shape=by_log_spread,
        )

    def _noise(self, bent: Bent, centred: _Centred, theta: Floats) -> Floats:
        """Returns the noise of z: known ones grow with the square of the slope."""
        steepness = np.exp(2.0 * bent.log_slope) / centred.spread**2
        known = self.data.known_noise * steepness
        learned = math.exp(theta[len(self.distances)])
        return np.where(np.isnan(known), learned, known)


def _make_problem(data: Standardised, task: Task) -> _Problem:
    lengthscale, curve = lengthscale_prior(task.n_parameters), _curve(task.bounds, data.scale)
    return _Problem(
        data=data,
        distances=kernel.squared_distances(data.observations.x.numpy(), task.columns),
        curve=curve,
        priors=Priors.of([lengthscale] * task.n_parameters + [data.noise_prior, *curve.priors]),
    )


def _curve(bounds: Bounds, scale: OutcomeScale) -> Curve:
    if bounds.are_none:
        return SinhArcsinh()
    low, high = (
        None if end is None else (end - scale.mean) / scale.sd for end in (bounds.low, bounds.high)
    )
    return LogDistance(low=low, high=high)


def _read_memo(task: Task, problem: _Problem) -> Floats | None:
    """Returns theta of the last fit; None where the outcome's bounds were others."""
    memo: Mapping[str, object] = task.memo or {}
    try:
        found = Hyperparameters.from_json(memo["hyperparameters"])  # type: ignore[arg-type]
        shape = np.array(memo["shape"], dtype=np.float64)
        name = memo["curve"]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"This is no fit of transformed_gp: {dict(memo)}.") from error
    refuse_other_space(found, task)
    if name != type(problem.curve).__name__ or len(shape) != len(problem.curve.priors):
        return None
    return np.concatenate([found.logarithms(), shape])
