"""Moments of outcomes within bounds, against quadrature, draws and fifty digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError
from planner.models.predictive.rectified import Bounds, rectified_moments
from tests.oracles.improvement import mean_and_sd

BOUNDS = (Bounds(0.0, 100.0), Bounds(0.0, None), Bounds(None, 100.0), Bounds())


def one(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


def moments(bounds: Bounds, mean: float, sd: float) -> tuple[float, float]:
    found = bounds.moments(one(mean), one(sd))
    return float(found.mean[0]), float(found.sd[0])


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("mean", [-60.0, -3.0, 0.0, 40.0, 99.0, 100.0, 130.0])
@pytest.mark.parametrize("sd", [0.5, 8.0, 70.0])
def test_moments_agree_with_quadrature(bounds: Bounds, mean: float, sd: float) -> None:
    expected_mean, expected_sd = mean_and_sd(
        lambda y: min(max(y, bounds.lowest), bounds.highest), mean, sd, kinks=(0.0, 100.0)
    )

    found_mean, found_sd = moments(bounds, mean, sd)

    # Gauss nodes on smooth pieces; the oracle leaves 12 deviations out and squares numbers of 1e4,
    # so its variance is good to 1e-11 and a deviation that is 0 to the root of that
    assert found_mean == pytest.approx(expected_mean, abs=1e-11)
    assert found_sd == pytest.approx(expected_sd, rel=1e-9, abs=5e-6)


@pytest.mark.parametrize("bounds", BOUNDS[:3], ids=str)
@pytest.mark.parametrize("mean", [-10.0, 50.0, 105.0])
def test_moments_agree_with_draws(bounds: Bounds, mean: float) -> None:
    n, sd = 200_000, 20.0
    draws = np.clip(np.random.default_rng().normal(mean, sd, n), bounds.lowest, bounds.highest)

    found_mean, found_sd = moments(bounds, mean, sd)

    # five standard errors of both, from the same draws: a false alarm in 1.7 million
    assert abs(found_mean - draws.mean()) < 5 * draws.std() / math.sqrt(n)
    squares = (draws - draws.mean()) ** 2
    assert abs(found_sd**2 - squares.mean()) < 5 * squares.std() / math.sqrt(n)


@pytest.mark.parametrize("a", [-30.0, -12.0, -3.0, 0.0, 3.0])
def test_the_tails_keep_their_digits(a: float) -> None:
    with mpmath.workdps(60):
        density, inside = mpmath.npdf(a), mpmath.ncdf(a)
        exact_mean = density + a * inside
        exact_var = (1 + mpmath.mpf(a) ** 2) * inside + a * density - exact_mean**2

        mean, var = rectified_moments(one(a), one(1e3))

        # the mean is 1 / a^2 of its terms and the variance 2 / a^4, of terms good to 1e-14
        assert float(mean[0]) == pytest.approx(float(exact_mean), rel=1e-14 * (1 + a**2))
        assert float(var[0]) == pytest.approx(float(exact_var), rel=1e-14 * (1 + a**4))


def test_both_ends_are_treated_alike() -> None:
    for mean in (-35.0, -2.0, 0.3, 0.5):
        low, high = moments(Bounds(0.0, 1.0), mean, 1.0), moments(Bounds(0.0, 1.0), 1 - mean, 1.0)
        # the mirror image of a number is off by its last digit
        assert high[0] == pytest.approx(1.0 - low[0], rel=1e-14)
        assert high[1] == pytest.approx(low[1], rel=1e-9)


@given(
    mean=st.floats(-1e6, 1e6),
    sd=st.floats(1e-6, 1e6),
    low=st.floats(-1e3, 1e3),
    width=st.floats(1e-3, 1e4),
)
def test_no_mean_leaves_the_bounds(mean: float, sd: float, low: float, width: float) -> None:
    bounds = Bounds(low, low + width)
    for each in (bounds, Bounds(low, None), Bounds(None, low)):
        found_mean, found_sd = moments(each, mean, sd)
        assert each.lowest <= found_mean <= each.highest
        # clipping never spreads: nothing moves away from anything; 1e-9 for rounding
        assert 0.0 <= found_sd <= sd * (1.0 + 1e-9)
    # no variable between two ends varies more than one that is half the time at each
    assert moments(bounds, mean, sd)[1] <= width / 2 * (1.0 + 1e-6)


def test_without_bounds_nothing_is_changed() -> None:
    mean, sd = one(1.0 / 3.0), one(1e-7)

    found = Bounds().moments(mean, sd)

    assert found.mean is mean
    assert found.sd is sd


def test_moments_can_be_differentiated_everywhere() -> None:
    mean = torch.tensor([-1e6, -50.0, 0.0, 0.4, 1.0, 90.0], dtype=torch.float64).requires_grad_()
    sd = torch.full_like(mean, 0.5).requires_grad_()
    for bounds in (Bounds(0.0, 1.0), Bounds(0.0, None), Bounds(None, 1.0)):
        found = bounds.moments(mean, sd)
        gradients = torch.autograd.grad((found.mean + found.sd).sum(), (mean, sd))
        assert all(bool(gradient.isfinite().all()) for gradient in gradients)


def test_bounds_that_hold_nothing_are_refused() -> None:
    for low, high in ((1.0, 0.0), (1.0, 1.0), (math.nan, 1.0), (0.0, math.inf)):
        with pytest.raises(InputError, match="lower one below the upper"):
            Bounds(low, high)
