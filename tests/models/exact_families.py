"""Data that the tests of exact families share."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from planner.models import Bounds, Observations, OutcomeScale, Surrogate, Task, family
from planner.models.gaussian.standardised import Standardised, standardise

# two numbers and a category of three choices
COLUMNS = (0, 1, 2, 2, 2)
CATEGORIES = frozenset({2})
FAMILIES = (
    "gp",
    "isotropic_gp",
    "warped_gp",
    "transformed_gp",
    "mixed_gp",
    "robust_gp",
    "varying_noise_gp",
    "large_gp",  # exact of so few observations as the tests have
)

# what an outcome may be bounded by
ENDS = {
    "free": Bounds(),
    "low": Bounds(low=25.0),
    "high": Bounds(high=60.0),
    "both": Bounds(low=25.0, high=60.0),
}


def make_x(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.hstack([rng.random((n, 2)), np.eye(3)[rng.integers(3, size=n)]])


def make_observations(n: int, seed: int, *, known_noise: bool = False) -> Observations:
    """Outcomes around 40, with a deviation of about 5 and noise of 0.3; some noise known."""
    rng = np.random.default_rng(seed)
    x = make_x(n, seed)
    y = 40.0 + 7.0 * np.sin(4 * x[:, 0]) + 3.0 * x[:, 3] + rng.normal(0.0, 0.3, n)
    var = np.where(rng.random(n) < 0.5, 0.09, np.nan) if known_noise else np.full(n, np.nan)
    return Observations.from_arrays(x, y, var)


def make_task(
    observations: Observations,
    *,
    scale: OutcomeScale | None = None,
    bounds: Bounds | None = None,
    memo: dict[str, object] | None = None,
) -> Task:
    return Task(
        observations=observations,
        columns=COLUMNS,
        categories=CATEGORIES,
        scale=scale,
        bounds=bounds or Bounds(),
        memo=memo,
    )


def fitted(name: str, task: Task) -> Surrogate:
    found = family(name).fit(task)
    assert isinstance(found, Surrogate)
    return found


def problem_of(fitting: ModuleType, task: Task) -> Any:
    """What the fit of a family minimises for the task."""
    data = standardise(task)
    assert isinstance(data, Standardised)
    return fitting._make_problem(data, task)


def draw_theta(problem: Any, n: int, *, spread: float = 1.0) -> np.ndarray:
    """Hyperparameters from the prior, or ``spread`` times as near to its middle."""
    normal = np.random.default_rng().normal(size=(n, len(problem.priors.mean)))
    drawn: np.ndarray = problem.priors.mean + spread * problem.priors.sd * normal
    return drawn


def assert_value(
    problem: Any, theirs: Callable[[np.ndarray], float], *, spread: float = 1.0, atol: float
) -> None:
    """Compares what a fit minimises with an oracle, which may be another constant away."""
    one, other = draw_theta(problem, 2, spread=spread)
    ours = problem.value_and_gradient(one)[0] - problem.value_and_gradient(other)[0]
    assert ours == pytest.approx(theirs(one) - theirs(other), abs=atol)


def points(n: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(make_x(n, seed))
