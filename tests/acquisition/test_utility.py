"""Moments of utilities against quadrature."""

from __future__ import annotations

import math

import pytest
import torch

from planner.acquisition import utility_moments
from planner.acquisition.utility import utility_of
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
    utility,
)
from planner.models import Bounds
from tests.oracles.improvement import mean_and_sd

TARGET = HitTarget(outcome="y", target=2.0, tolerance=0.5)
RANGE = HitRange(outcome="y", low=1.0, high=3.0)


def moments(objective: AnyObjective, mean: float, sd: float) -> tuple[float, float]:
    found = utility_moments(
        objective,
        torch.tensor([mean], dtype=torch.float64),
        torch.tensor([sd], dtype=torch.float64),
    )
    return float(found.mean[0]), float(found.sd[0])


@pytest.mark.parametrize("mean", [-8.0, 0.0, 1.0, 1.9, 2.0, 2.7, 5.0, 30.0])
@pytest.mark.parametrize("sd", [0.01, 0.3, 1.0, 7.0])
@pytest.mark.parametrize(
    "objective",
    [Maximise(outcome="y"), Minimise(outcome="y"), TARGET, RANGE],
    ids=lambda objective: objective.aim,
)
def test_moments_agree_with_quadrature(objective: AnyObjective, mean: float, sd: float) -> None:
    expected_mean, expected_sd = mean_and_sd(
        lambda y: utility(objective, y), mean, sd, kinks=(1.0, 2.0, 3.0)
    )

    found_mean, found_sd = moments(objective, mean, sd)

    # 200 Gauss nodes a smooth piece are exact to rounding; the oracle's variance is a difference of
    # squares up to 900, so its deviation is good to sqrt(900 * 1e-15) = 1e-6
    assert found_mean == pytest.approx(expected_mean, abs=1e-12 * max(1.0, abs(mean)))
    assert found_sd == pytest.approx(expected_sd, rel=1e-9, abs=1e-6)


def test_far_from_a_target_the_deviation_keeps_its_digits() -> None:
    """There the distance is the outcome itself but for a sign, so its deviation is the outcome's.

    As a difference of squares it would be lost: (1e9)^2 has no digits left for 1.
    """
    assert moments(TARGET, 1e9, 1.0)[1] == pytest.approx(1.0, rel=1e-12)


def test_deep_inside_a_range_all_is_well() -> None:
    mean, sd = moments(HitRange(outcome="y", low=-100.0, high=100.0), 0.0, 1.0)

    assert mean == 0.0
    # the floor under the variance
    assert 0.0 <= sd <= 1e-15


def test_moments_can_be_differentiated_everywhere() -> None:
    mean = torch.tensor([-50.0, 1.0, 2.0, 2.5, 1e6], dtype=torch.float64, requires_grad=True)
    sd = torch.full_like(mean, 0.5).requires_grad_()
    for objective in (TARGET, RANGE):
        found = utility_moments(objective, mean, sd)
        gradients = torch.autograd.grad((found.mean + found.sd).sum(), (mean, sd))
        assert all(bool(gradient.isfinite().all()) for gradient in gradients)


@pytest.mark.parametrize("value", [-3.0, 1.0, 1.5, 2.0, 3.0, 4.2])
def test_utilities_of_draws_are_those_of_the_objectives(value: float) -> None:
    for objective in (Maximise(outcome="y"), Minimise(outcome="y"), TARGET, RANGE):
        found = float(utility_of(objective, torch.tensor(value, dtype=torch.float64)))
        assert found == pytest.approx(utility(objective, value), abs=1e-15)


@pytest.mark.parametrize("mean", [-8.0, 0.0, 1.0, 1.9, 2.7, 5.0, 30.0])
@pytest.mark.parametrize("sd", [0.01, 0.3, 7.0])
@pytest.mark.parametrize(
    "bounds",
    [Bounds(0.0, 2.5), Bounds(1.5, None), Bounds(None, 2.2), Bounds(2.5, 3.5), Bounds(-9.0, 0.5)],
    ids=str,
)
@pytest.mark.parametrize(
    "objective",
    [Maximise(outcome="y"), Minimise(outcome="y"), TARGET, RANGE],
    ids=lambda objective: objective.aim,
)
def test_moments_within_bounds_agree_with_quadrature(
    objective: AnyObjective, bounds: Bounds, mean: float, sd: float
) -> None:
    kinks = (-9.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.2, 2.5, 3.0, 3.5)
    expected_mean, expected_sd = mean_and_sd(
        lambda y: utility(objective, min(max(y, bounds.lowest), bounds.highest)),
        mean,
        sd,
        kinks=kinks,
    )

    found = utility_moments(
        objective,
        torch.tensor([mean], dtype=torch.float64),
        torch.tensor([sd], dtype=torch.float64),
        bounds=bounds,
    )

    # as above; ends that touch leave differences of numbers of about 10
    assert float(found.mean[0]) == pytest.approx(expected_mean, abs=1e-11)
    assert float(found.sd[0]) == pytest.approx(expected_sd, rel=1e-8, abs=1e-6)


def test_of_a_class_the_utility_is_its_probability() -> None:
    objective = HitClass(outcome="form", wanted=("a",))
    expected = mean_and_sd(lambda g: 1.0 / (1.0 + math.exp(-g)), 0.7, 2.0)

    found = moments(objective, 0.7, 2.0)

    # 128 Hermite nodes at a deviation of 2: 1e-9
    assert found == pytest.approx(expected, abs=1e-8)
    assert float(utility_of(objective, torch.tensor(0.0))) == 0.5
