"""Held-out predictive densities of a family: what it says of observations it was not fitted to.

| symbol | meaning                                                       | shape |
|--------|---------------------------------------------------------------|-------|
| K      | folds                                                         |       |
| l      | log density of each outcome, predicted without its fold       | n     |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from planner.models.failure import FitFailure
from planner.models.families import Family
from planner.models.observations import Observations
from planner.models.surrogate import Surrogate
from planner.models.task import Task
from planner.rng import make_generator
from planner.space import Floats

# A density as low as that of a normal 8 deviations from its mean: one miss outweighs many hits all
# the same, but is not the end of a family.
_LOWEST = -0.5 * 8.0**2


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What a family predicted of observations that were held out.

    Args:
        log_density: of each outcome in units of the outcome's spread, ``n``.
        surrogate: fitted to all observations.
    """

    log_density: Floats
    surrogate: Surrogate

    @property
    def score(self) -> float:
        """Mean log density, in nats; higher is better."""
        return float(self.log_density.mean())


def assign_folds(
    x: Floats, n_folds: int, *, seed: int
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Returns the fold of each observation; replicates share theirs, or they would give it away.

    Args:
        x: encoded configurations, ``n d``.
        n_folds: how many; at most the number of distinct configurations are used.
        seed: of the order.
    """
    _, setting = np.unique(np.round(x, 8), axis=0, return_inverse=True)
    order = make_generator(seed).permutation(setting.max() + 1)
    folds: np.ndarray[tuple[int], np.dtype[np.intp]] = (order % n_folds)[setting.ravel()]
    return folds


def hold_out(family: Family, task: Task, *, n_folds: int) -> HeldOut | FitFailure:
    """Fits a family to all observations, and to all but each fold, and returns what it predicted.

    Args:
        family: to fit.
        task: observations and all that the family may know beforehand.
        n_folds: into how many parts the observations are divided.
    """
    # folds must not depend on the order in which results came in
    task = replace(task, observations=task.observations.in_order())
    whole = family.fit(task)
    if isinstance(whole, FitFailure):
        return whole
    found = _refit(family, replace(task, memo=whole.memo, goes_on=True), n_folds=n_folds)
    if isinstance(found, FitFailure):
        return found
    return HeldOut(np.maximum(found + np.log(whole.scale.sd), _LOWEST), whole)


def predict_others(family: Family, task: Task, *, n_fitted: int) -> Floats | FitFailure:
    """Returns what a family that is fitted to some of the observations predicts of as many others.

    Where there are many observations folds of all of them would cost more than they teach. Which
    they are depends on the task alone, so all families are asked the same.

    Args:
        family: to fit.
        task: with more than ``n_fitted`` observations.
        n_fitted: how many are learned from, and how many are predicted at most; replicates are on
            the same side, so that there may be a few more.

    Returns:
        The log density of each in units of the outcome's spread; or why there is no fit.
    """
    seen = task.observations.in_order()
    n_parts = -(-len(seen.y) // n_fitted)
    part = assign_folds(seen.x.numpy(), n_parts, seed=task.seed)
    learned, out = (_where(seen, torch.from_numpy(part == index)) for index in (0, 1))
    fitted = family.fit(replace(task, observations=learned, memo=None))
    if isinstance(fitted, FitFailure):
        return fitted
    found = fitted.log_density(out.x, out.y, out.var).detach().numpy()
    spread = float(seen.y.std()) or fitted.scale.sd  # all may be equal, and a range expected
    return np.asarray(np.maximum(found + np.log(spread), _LOWEST), dtype=np.float64)


def _refit(family: Family, task: Task, *, n_folds: int) -> Floats | FitFailure:
    seen = task.observations
    folds = assign_folds(seen.x.numpy(), n_folds, seed=task.seed)
    found = np.full(len(folds), np.nan)
    for fold in np.unique(folds):
        is_out = torch.from_numpy(folds == fold)
        part = family.fit(replace(task, observations=_where(seen, ~is_out)))
        if isinstance(part, FitFailure):
            return part
        out = _where(seen, is_out)
        found[folds == fold] = part.log_density(out.x, out.y, out.var).numpy()
    return found


def _where(observations: Observations, mask: torch.Tensor) -> Observations:
    return Observations(x=observations.x[mask], y=observations.y[mask], var=observations.var[mask])
