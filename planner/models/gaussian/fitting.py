"""The fit of ``gp`` and ``isotropic_gp``: maximum a posteriori of the hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from planner.errors import InputError
from planner.models.failure import FitFailure
from planner.models.gaussian.ard import make_problem
from planner.models.gaussian.exact import Found
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.process import GaussianProcess
from planner.models.gaussian.search import begin, search
from planner.models.gaussian.standardised import Standardised, standardise
from planner.models.known_noise import prior_beside
from planner.models.observations import SMALLEST_NOISE, Observations
from planner.models.task import Task
from planner.space import Floats


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
    return _fit(task, family="gp")


def fit_isotropic(task: Task) -> GaussianProcess | FitFailure:
    """Fits a Gaussian process whose lengthscale is the same in every parameter.

    It has two hyperparameters in any dimension, which a handful of observations settle, and cannot
    tell which parameters matter.

    Raises:
        InputError: the memo is of another family or space.
    """
    return _fit(task, family="isotropic_gp")


def read_previous(task: Task) -> Hyperparameters | None:
    """Returns the hyperparameters in the task's memo, if it has one.

    Raises:
        InputError: the memo is of another family or space.
    """
    if task.memo is None:
        return None
    previous = Hyperparameters.from_json(task.memo)
    refuse_other_space(previous, task)
    return previous


def read_previous_inside(task: Task, *, family: str) -> Hyperparameters | None:
    """Returns those of the process inside, from the memo of a family that has one.

    Raises:
        InputError: the memo is of another family or space.
    """
    if task.memo is None:
        return None
    inside = task.memo.get("hyperparameters")
    if not isinstance(inside, Mapping):
        raise InputError(f"This is no fit of {family}: {dict(task.memo)}.")
    return read_previous(replace(task, memo=inside))


def refuse_other_space(previous: Found, task: Task) -> None:
    """Raises where the last fit was of a space with more or fewer parameters.

    Raises:
        InputError: it was.
    """
    if len(previous.lengthscales) != task.n_parameters:
        raise InputError(
            f"The previous fit has {len(previous.lengthscales)} lengthscales, "
            f"the space has {task.n_parameters} parameters."
        )


def fit_hyperparameters(
    observations: Observations,
    *,
    targets: Floats,
    sd: float,
    mean_precision: float,
    columns: tuple[int, ...],
    previous: Hyperparameters | None,
    is_isotropic: bool = False,
    goes_on: bool = False,
    keeps: bool = False,
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
        is_isotropic: whether all parameters share one lengthscale.
        goes_on: whether the last fit is the one start.
        keeps: whether it is kept as it is.

    Returns:
        For each row of targets its hyperparameters, which differ in the mean alone.
    """
    known_noise = np.maximum(observations.var.numpy() / sd**2, SMALLEST_NOISE)
    problem = make_problem(
        observations.x.numpy(),
        targets,
        known_noise=known_noise,
        mean_precision=mean_precision,
        columns=columns,
        is_isotropic=is_isotropic,
        noise_prior=prior_beside(known_noise),
    )
    starts = begin(problem.starts(previous), goes_on=goes_on)
    found = search(problem.value_and_gradient, starts, priors=problem.priors, keeps=keeps)
    return found if isinstance(found, FitFailure) else problem.read(found.theta)


def condition(
    data: Standardised, hyperparameters: Hyperparameters, task: Task, *, family: str = "gp"
) -> GaussianProcess:
    """Returns the process with these hyperparameters, conditioned on the data."""
    return GaussianProcess(
        observations=data.observations,
        hyperparameters=hyperparameters,
        columns=task.columns,
        scale=data.scale,
        family=family,
    )


def _fit(task: Task, *, family: str) -> GaussianProcess | FitFailure:
    previous = read_previous(task)
    data = standardise(task)
    if isinstance(data, FitFailure):
        return data
    found = fit_hyperparameters(
        data.observations,
        targets=data.z[None, :],
        sd=data.scale.sd,
        mean_precision=data.mean_precision,
        columns=task.columns,
        previous=previous,
        is_isotropic=family == "isotropic_gp",
        goes_on=task.goes_on,
        keeps=task.keeps,
    )
    if isinstance(found, FitFailure):
        return found
    return condition(data, found[0], task, family=family)
