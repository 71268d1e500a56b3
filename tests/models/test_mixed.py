"""Numbers and choices, added and together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from planner.models import Observations, Task, family
from planner.models.mixed import fitting
from planner.models.mixed.surrogate import MixedProcess
from tests.models.exact_families import (
    CATEGORIES,
    COLUMNS,
    assert_value,
    make_observations,
    make_task,
    make_x,
    problem_of,
)
from tests.oracles import gaussian_process as oracle


def fitted(task: Task) -> MixedProcess:
    found = fitting.fit_mixed(task)
    assert isinstance(found, MixedProcess)
    return found


def test_mean_and_covariance_agree_with_dense_algebra() -> None:
    surrogate = fitted(make_task(make_observations(20, 1, known_noise=True)))
    data, scale, h = surrogate.observations, surrogate.scale, surrogate.hyperparameters
    x, at = data.x.numpy(), make_x(7, 2)

    def k(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return oracle.matern52_with_choices(
            a,
            b,
            scales=np.array([h.lengthscales[index] for index in COLUMNS]),
            is_choice=[index in CATEGORIES for index in COLUMNS],
            shares=np.array(h.shares),
        )

    var = data.var.numpy() / scale.sd**2
    mean, cov = oracle.condition(
        k(x, x),
        k(at, x),
        k(at, at),
        (data.y.numpy() - scale.mean) / scale.sd,
        np.where(np.isnan(var), h.noise_variance, var),
        mean=h.mean,
    )

    joint = surrogate.joint(torch.from_numpy(at))

    # condition number below n / noise < 1e5, rounding of 1e-16, outcomes of 50
    np.testing.assert_allclose(joint.mean, scale.mean + scale.sd * mean, atol=1e-8)
    np.testing.assert_allclose(joint.cov, scale.sd**2 * cov, atol=1e-8)
    assert sum(h.shares) == pytest.approx(1.0, abs=1e-15)


def test_the_value_is_the_log_posterior_of_the_stated_covariance() -> None:
    """Differences between two sets of hyperparameters, against dense algebra."""
    problem = problem_of(fitting, make_task(make_observations(12, 4)))
    data = problem.data

    def negative_log_posterior(theta: np.ndarray) -> float:
        h, x = problem.hyperparameters(theta), data.observations.x.numpy()
        k = oracle.matern52_with_choices(
            x,
            x,
            scales=np.array([h.lengthscales[index] for index in COLUMNS]),
            is_choice=[index in CATEGORIES for index in COLUMNS],
            shares=np.array(h.shares),
        ) + h.noise_variance * np.eye(12)
        residual, offset = data.z - h.mean, (theta - problem.priors.mean) / problem.priors.sd
        return float(
            0.5 * residual @ np.linalg.inv(k) @ residual
            + 0.5 * np.linalg.slogdet(k)[1]
            + 0.5 * offset @ offset
        )

    # a condition number of 1e6 times rounding of 1e-16, times values of up to 1e3
    assert_value(problem, negative_log_posterior, atol=1e-6)


def test_a_shift_by_choice_is_learned_from_all_choices_together() -> None:
    """Eight choices that shift one and the same curve; held-out settings after 40.

    In 150 such tables the gain was 0.45 +- 0.11 nat and 0.13 at least: that the mean of three is
    below 0 is seven standard errors away.
    """
    rng, gains = np.random.default_rng(), []
    for _ in range(3):
        shift, choice = rng.normal(0.0, 1.0, 8), rng.integers(8, size=140)
        x = np.hstack([rng.random((140, 2)), np.eye(8)[choice]])
        y = np.sin(5.0 * x[:, 0]) + x[:, 1] + shift[choice] + rng.normal(0.0, 0.05, 140)
        task = Task(
            observations=Observations.from_arrays(x[:40], y[:40]),
            columns=(0, 1, *[2] * 8),
            categories=frozenset({2}),
        )
        held_out = Observations.from_arrays(x[40:], y[40:])
        plain, mixed = (
            family(name).fit(task).log_density(held_out.x, held_out.y, held_out.var).mean().item()
            for name in ("gp", "mixed_gp")
        )
        gains.append(mixed - plain)
    assert np.mean(gains) > 0


def test_shares_say_how_numbers_and_choices_act() -> None:
    """60 settings: a pure shift has more of the additive parts than a curve that is turned over.

    In 300 pairs of tables the shares differed by 0.449 +- 0.023.
    """
    rng = np.random.default_rng()
    choice = np.eye(2)[rng.integers(2, size=60)]
    x = np.hstack([rng.random((60, 1)), choice])
    curve = np.sin(6.0 * x[:, 0])
    together = []
    for y in (curve + 2.0 * choice[:, 0], curve * (2.0 * choice[:, 0] - 1.0)):
        found = fitted(
            Task(
                observations=Observations.from_arrays(x, y + rng.normal(0.0, 0.05, 60)),
                columns=(0, 1, 1),
                categories=frozenset({1}),
            )
        )
        together.append(found.hyperparameters.shares[2])

    assert together[0] < together[1]
