"""A task as the exact families fit it: sorted, standardised, with the noise that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.models.failure import FitFailure
from planner.models.known_noise import noise_of_next, prior_beside
from planner.models.observations import SMALLEST_NOISE, Observations, OutcomeScale
from planner.models.priors import LogNormal
from planner.models.scaling import standard_scale
from planner.models.task import Task
from planner.space import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """What a fit works on.

    Args:
        observations: sorted, so that a fit is the same to the last bit in whatever order they came.
        scale: what the outcomes were standardised by.
        z: standardised outcomes, ``n``.
        known_noise: variances in standardised units, ``n``; NaN where they have to be learned.
        mean_precision: infinite where the scale is what was expected and not the outcomes' own: the
            constant mean is then 0, and otherwise free.
    """

    observations: Observations
    scale: OutcomeScale
    z: Floats
    known_noise: Floats
    mean_precision: float

    @property
    def is_learned(self) -> Floats:
        """One where the noise has to be learned, zero where it is known, ``n``."""
        return np.isnan(self.known_noise).astype(np.float64)

    def noise(self, learned: float | Floats) -> Floats:
        """Returns the noise of each observation, ``n``, given the variance that is learned."""
        return np.where(np.isnan(self.known_noise), learned, self.known_noise)

    def next_noise(self, learned: float) -> float:
        """Returns the noise of the next run: the median of the known ones where all are known."""
        return noise_of_next(self.known_noise, learned)

    @property
    def noise_prior(self) -> LogNormal:
        """Prior of the noise that has to be learned."""
        return prior_beside(self.known_noise)


def standardise(task: Task) -> Standardised | FitFailure:
    """Returns the task in standardised units, or why there is no scale."""
    ordered = task.observations.in_order()
    scale = standard_scale(ordered.y.numpy(), task.scale)
    if isinstance(scale, FitFailure):
        return scale
    return Standardised(
        observations=ordered,
        scale=scale,
        z=(ordered.y.numpy() - scale.mean) / scale.sd,
        known_noise=np.maximum(ordered.var.numpy() / scale.sd**2, SMALLEST_NOISE),
        mean_precision=math.inf if scale == task.scale else 0.0,
    )
