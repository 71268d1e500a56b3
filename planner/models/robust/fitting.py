"""The fit of ``robust_gp``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from planner.models.failure import FitFailure
from planner.models.gaussian.fitting import read_previous_inside
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.process import GaussianProcess
from planner.models.observations import Observations
from planner.models.robust.pursuit import Pursuit, Step
from planner.models.robust.surrogate import RobustProcess
from planner.models.task import Task


def fit_robust(task: Task) -> RobustProcess | FitFailure:
    """Fits a Gaussian process in which observations that do not fit the rest count little.

    Raises:
        InputError: the memo is of another family or space.
    """
    previous = read_previous_inside(task, family="robust_gp")
    ordered = task.observations.in_order()
    pursuit = Pursuit(
        observations=ordered, columns=task.columns, expected=task.scale, goes_on=task.goes_on
    )
    step = pursuit.run(previous)
    if isinstance(step, FitFailure):
        return step
    return RobustProcess(
        observations=ordered,
        inner=GaussianProcess(
            observations=replace(ordered, var=torch.from_numpy(step.var)),
            hyperparameters=_with_noise_of_the_rest(step, ordered),
            columns=task.columns,
            scale=step.scale,
        ),
        columns=task.columns,
        scale=step.scale,
        suspected=tuple(sorted(step.suspected)),
    )


def _with_noise_of_the_rest(step: Step, observations: Observations) -> Hyperparameters:
    """Returns the hyperparameters; where all noise is known, with its median but for suspects."""
    if not len(observations.y) or observations.var.isnan().any():
        return step.hyperparameters
    rest = np.delete(observations.var.numpy(), list(step.suspected))
    return replace(step.hyperparameters, noise_variance=float(np.median(rest)) / step.scale.sd**2)
