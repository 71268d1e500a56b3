"""The fit: maximum a posteriori of the hyperparameters, with an analytic gradient.

| symbol | meaning                                                          | shape |
|--------|------------------------------------------------------------------|-------|
| theta  | log lengthscales, then the log noise variance                    | p + 1 |
| z      | standardised outcomes                                            | n     |
| K      | covariance of z: k(r) + diag(noise)                              | n n   |
| t      | precision of the constant mean's prior; 0 where it is free       | 1     |
| c      | that mean, 1'K^-1 z / (1'K^-1 1 + t): its own maximum           | 1     |
| G      | d value / dK = (K^-1 - a a') / 2 with a = K^-1 (z - c)           | n n   |

The value that is minimised is
``((z - c)'K^-1 (z - c) + log det K + t c^2 + sum ((theta - prior mean) / prior sd)^2) / 2``.
Of several outcomes with one covariance (the classes) the first and third term are summed, and the
second is counted once for each that is not settled by the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import fmin_l_bfgs_b

from planner.errors import InputError
from planner.models.failure import FitFailure
from planner.models.gaussian import kernel
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.process import GaussianProcess
from planner.models.observations import Observations
from planner.models.priors import NOISE_PRIOR, lengthscale_prior
from planner.models.scaling import standard_scale
from planner.models.task import Task
from planner.space import Floats

# Below this variance, relative to the signal, rounding decides whether K can be factored.
_SMALLEST_NOISE = 1e-6
_MOST_STEPS = 200
# How far from its prior, in deviations, a hyperparameter may go.
_FARTHEST = 6.0


@dataclass(frozen=True, slots=True)
class _Search:
    """What one search works on, in standardised units."""

    distances: Floats
    targets: Floats  # one row an outcome
    freedom: int  # how many of them are not settled by the others
    known_noise: Floats  # NaN where it has to be learned
    mean_precision: float
    prior_mean: Floats
    prior_sd: Floats

    @property
    def is_learned(self) -> Floats:
        return np.isnan(self.known_noise).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Optimum:
    theta: Floats
    value: float


def fit(task: Task) -> GaussianProcess | FitFailure:
    """Fits a Gaussian process to the observations.

    The same task gives the same surrogate, whatever the order of the observations. What is
    expected of the outcome is used while there are fewer than ``ENOUGH_FOR_SCALE`` observations or
    all of them are equal; predictions then return to its mean far from all observations.

    Returns:
        The surrogate, or a value that says why there is none.

    Raises:
        InputError: the memo is of another family or space.
    """
    previous = None if task.memo is None else Hyperparameters.from_json(task.memo)
    if previous is not None and len(previous.lengthscales) != task.n_parameters:
        raise InputError(
            f"The previous fit has {len(previous.lengthscales)} lengthscales, "
            f"the space has {task.n_parameters} parameters."
        )
    ordered = task.observations.in_order()
    standard = standard_scale(ordered.y.numpy(), task.scale)
    if isinstance(standard, FitFailure):
        return standard
    found = fit_hyperparameters(
        ordered,
        targets=(ordered.y.numpy()[None, :] - standard.mean) / standard.sd,
        sd=standard.sd,
        mean_precision=math.inf if standard == task.scale else 0.0,
        columns=task.columns,
        previous=previous,
    )
    if isinstance(found, FitFailure):
        return found
    return GaussianProcess(
        observations=ordered, hyperparameters=found[0], columns=task.columns, scale=standard
    )


def fit_hyperparameters(
    observations: Observations,
    *,
    targets: Floats,
    sd: float,
    mean_precision: float,
    columns: tuple[int, ...],
    previous: Hyperparameters | None,
) -> tuple[Hyperparameters, ...] | FitFailure:
    """Returns what fits standardised outcomes that share one covariance.

    Args:
        observations: where they were measured, and how well.
        targets: standardised outcomes, shape ``m n``; of more than one the sum is the same at all
            observations, so one of them is settled by the others.
        sd: what they were divided by.
        mean_precision: of the prior of their constant means around 0; 0 where they are free,
            infinite where they are 0.
        columns: for each encoded column the index of the parameter it belongs to.
        previous: what the last fit found, a further start of the search.

    Returns:
        For each row of targets its hyperparameters, which differ in the mean alone.
    """
    task = _make_task(
        observations, targets=targets, sd=sd, mean_precision=mean_precision, columns=columns
    )
    best, tried = _search(task, _starts(task, previous))
    if best is None:
        return FitFailure(
            reason="The covariance of the observations could not be factored from any start. "
            "Look for outcomes or known variances of wildly different sizes.",
            tried=tuple(tried),
        )
    return _read(task, best.theta)


def _make_task(
    observations: Observations,
    *,
    targets: Floats,
    sd: float,
    mean_precision: float,
    columns: tuple[int, ...],
) -> _Search:
    n_parameters = max(columns) + 1
    lengthscale = lengthscale_prior(n_parameters)
    return _Search(
        distances=kernel.squared_distances(observations.x.numpy(), columns),
        targets=targets,
        freedom=max(1, len(targets) - 1),
        known_noise=np.maximum(observations.var.numpy() / sd**2, _SMALLEST_NOISE),
        mean_precision=mean_precision,
        prior_mean=np.array([lengthscale.mean] * n_parameters + [NOISE_PRIOR.mean]),
        prior_sd=np.array([lengthscale.sd] * n_parameters + [NOISE_PRIOR.sd]),
    )


def _starts(task: _Search, previous: Hyperparameters | None) -> dict[str, Floats]:
    """Returns where the search begins: the posterior often has a smooth and a wiggly optimum."""
    smooth = task.prior_mean.copy()
    smooth[:-1] += 1.0
    smooth[-1] += 2.0
    starts = {"from the middle of the prior": task.prior_mean, "from a smooth, noisy fit": smooth}
    if previous is not None:
        noise = max(previous.noise_variance, _SMALLEST_NOISE)
        starts["from the last fit"] = np.log([*previous.lengthscales, noise])
    return starts


def _search(task: _Search, starts: dict[str, Floats]) -> tuple[_Optimum | None, list[str]]:
    best, tried = None, []
    reach = _FARTHEST * task.prior_sd
    bounds = list(zip(task.prior_mean - reach, task.prior_mean + reach, strict=True))
    for name, start in starts.items():
        theta, value, report = fmin_l_bfgs_b(
            lambda theta: _value_and_gradient(task, theta),
            start,
            bounds=bounds,
            maxiter=_MOST_STEPS,
        )
        tried.append(f"{name}: {value:.6g} after {report['nit']} steps")
        if math.isfinite(value) and (best is None or value < best.value):
            best = _Optimum(theta=theta, value=float(value))
    return best, tried


def _value_and_gradient(task: _Search, theta: Floats) -> tuple[float, Floats]:
    """Returns the negative log posterior (up to a constant) and its gradient."""
    inverse_squares = np.exp(-2.0 * theta[:-1])
    k, slope = kernel.matern_and_slope(np.tensordot(inverse_squares, task.distances, axes=1))
    k[np.diag_indices_from(k)] += _noise(task, theta)
    factor, info = lapack.dpotrf(k, lower=1, clean=1)
    if info != 0:
        return math.inf, np.zeros_like(theta)
    # of nothing observed there is no matrix, about which LAPACK complains on standard output
    inverse = lapack.dpotri(factor, lower=1)[0] if len(factor) else factor
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    offset = (theta - task.prior_mean) / task.prior_sd
    value = task.freedom * np.log(np.diag(factor)).sum() + 0.5 * offset @ offset
    g = 0.5 * task.freedom * inverse
    for z in task.targets:
        mean = _mean(task, z, inverse)
        a = inverse @ (z - mean)
        value += 0.5 * (z - mean) @ a + _mean_penalty(task, mean)
        g -= 0.5 * np.outer(a, a)

    gradient = offset / task.prior_sd
    gradient[:-1] -= 2.0 * inverse_squares * np.tensordot(task.distances, g * slope, axes=2)
    gradient[-1] += math.exp(theta[-1]) * (np.diag(g) @ task.is_learned)
    return float(value), gradient


def _noise(task: _Search, theta: Floats) -> Floats:
    return np.where(np.isnan(task.known_noise), math.exp(theta[-1]), task.known_noise)


def _mean(task: _Search, z: Floats, inverse: Floats) -> float:
    if math.isinf(task.mean_precision):
        return 0.0
    weights: Floats = inverse.sum(axis=0)
    return float(weights @ z / (weights.sum() + task.mean_precision))


def _mean_penalty(task: _Search, mean: float) -> float:
    return 0.0 if math.isinf(task.mean_precision) else 0.5 * task.mean_precision * mean**2


def _read(task: _Search, theta: Floats) -> tuple[Hyperparameters, ...]:
    k, _ = kernel.matern_and_slope(np.tensordot(np.exp(-2.0 * theta[:-1]), task.distances, axes=1))
    k[np.diag_indices_from(k)] += _noise(task, theta)
    n = len(task.known_noise)
    inverse = np.asarray(np.linalg.inv(k), dtype=np.float64) if n else k
    every_noise_is_known = n > 0 and not task.is_learned.any()
    noise = float(np.mean(task.known_noise)) if every_noise_is_known else math.exp(theta[-1])
    lengthscales = tuple(float(value) for value in np.exp(theta[:-1]))
    return tuple(
        Hyperparameters(
            lengthscales=lengthscales,
            noise_variance=noise,
            mean=_mean(task, z, inverse) if n else 0.0,
        )
        for z in task.targets
    )
