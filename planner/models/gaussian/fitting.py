"""The fit: maximum a posteriori of the hyperparameters, with an analytic gradient.

| symbol | meaning                                                          | shape |
|--------|------------------------------------------------------------------|-------|
| theta  | log lengthscales, then the log noise variance                    | p + 1 |
| K      | covariance of the standardised outcomes: k(r) + diag(noise)      | n n   |
| G      | d value / dK                                                     | n n   |

The value that is minimised is the negative log likelihood (``likelihood``) plus
``sum ((theta - prior mean) / prior sd)^2 / 2``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.errors import InputError
from planner.models.failure import FitFailure
from planner.models.gaussian import kernel
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.likelihood import best_mean, negative_log_likelihood
from planner.models.gaussian.process import GaussianProcess
from planner.models.gaussian.search import SMALLEST_NOISE, Optimum, Priors, no_value, search
from planner.models.observations import Observations
from planner.models.priors import NOISE_PRIOR, lengthscale_prior
from planner.models.scaling import standard_scale
from planner.models.task import Task
from planner.space import Floats


@dataclass(frozen=True, slots=True)
class _Search:
    """What one search works on, in standardised units."""

    distances: Floats
    targets: Floats  # one row an outcome
    freedom: int  # how many of them are not settled by the others
    known_noise: Floats  # NaN where it has to be learned
    mean_precision: float
    priors: Priors

    @property
    def is_learned(self) -> Floats:
        return np.isnan(self.known_noise).astype(np.float64)


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
    found = search(
        lambda theta: _value_and_gradient(task, theta),
        _starts(task, previous),
        priors=task.priors,
    )
    return _read(task, found.theta) if isinstance(found, Optimum) else found


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
        known_noise=np.maximum(observations.var.numpy() / sd**2, SMALLEST_NOISE),
        mean_precision=mean_precision,
        priors=Priors(
            mean=np.array([lengthscale.mean] * n_parameters + [NOISE_PRIOR.mean]),
            sd=np.array([lengthscale.sd] * n_parameters + [NOISE_PRIOR.sd]),
        ),
    )


def _starts(task: _Search, previous: Hyperparameters | None) -> dict[str, Floats]:
    """Returns where the search begins: the posterior often has a smooth and a wiggly optimum."""
    smooth = task.priors.mean.copy()
    smooth[:-1] += 1.0
    smooth[-1] += 2.0
    starts = {"from the middle of the prior": task.priors.mean, "from a smooth, noisy fit": smooth}
    if previous is not None:
        noise = max(previous.noise_variance, SMALLEST_NOISE)
        starts["from the last fit"] = np.log([*previous.lengthscales, noise])
    return starts


def _value_and_gradient(task: _Search, theta: Floats) -> tuple[float, Floats]:
    """Returns the negative log posterior (up to a constant) and its gradient."""
    inverse_squares = np.exp(-2.0 * theta[:-1])
    k, slope = kernel.matern_and_slope(np.tensordot(inverse_squares, task.distances, axes=1))
    k[np.diag_indices_from(k)] += _noise(task, theta)
    penalty, gradient = task.priors.penalty(theta)
    likelihood = negative_log_likelihood(
        k,
        task.targets,
        freedom=task.freedom,
        mean_precision=task.mean_precision,
        penalty=penalty,
    )
    if likelihood is None:
        return no_value(theta)
    g = likelihood.by_covariance
    gradient[:-1] -= 2.0 * inverse_squares * np.tensordot(task.distances, g * slope, axes=2)
    gradient[-1] += math.exp(theta[-1]) * (np.diag(g) @ task.is_learned)
    return likelihood.value, gradient


def _noise(task: _Search, theta: Floats) -> Floats:
    return np.where(np.isnan(task.known_noise), math.exp(theta[-1]), task.known_noise)


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
            mean=best_mean(z, inverse, task.mean_precision),
        )
        for z in task.targets
    )
