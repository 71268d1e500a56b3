"""The stated distribution of a run, against quadrature and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from planner.models.coverage.distribution import Distribution
from planner.trials import Spread

FREE = Distribution(
    means=np.array([1.0, 4.0]), sds=np.array([0.5, 2.0]), weights=np.array([0.3, 0.7])
)
BOUNDED = Distribution(means=FREE.means, sds=FREE.sds, weights=FREE.weights, low=0.0, high=5.0)


def below(y: float, said: Distribution) -> float:
    """The distribution function within bounds, from its definition."""
    if y >= said.high:
        return 1.0
    return 0.0 if y < said.low else float(said.weights @ norm.cdf(y, said.means, said.sds))


@pytest.mark.parametrize("said", [FREE, BOUNDED])
@pytest.mark.parametrize("value", [0.0, 0.7, 3.0, 5.0])
def test_crps_is_the_integral_of_the_squared_distance_of_distribution_functions(
    said: Distribution, value: float
) -> None:
    """Quadrature to 1e-9 of each part; beyond 60 no tail is left in double precision."""
    low, high = max(said.low, -60.0), min(said.high, 60.0)
    left, _ = quad(lambda y: below(y, said) ** 2, low, value, epsabs=1e-10, limit=200)
    right, _ = quad(lambda y: (1.0 - below(y, said)) ** 2, value, high, epsabs=1e-10, limit=200)
    assert said.crps(value) == pytest.approx(left + right, abs=1e-8)


def test_density_and_masses_at_the_bounds_sum_to_one() -> None:
    inside, _ = quad(lambda y: math.exp(BOUNDED.log_density(y)), 1e-12, 5.0 - 1e-12, limit=200)
    masses = math.exp(BOUNDED.log_density(0.0)) + math.exp(BOUNDED.log_density(5.0))
    assert inside + masses == pytest.approx(1.0, abs=1e-8)
    assert math.exp(BOUNDED.log_density(0.0)) == pytest.approx(below(0.0, BOUNDED), rel=1e-12)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8, 0.9])
def test_the_level_needed_is_that_of_the_interval_that_ends_at_the_value(level: float) -> None:
    for share in ((1 - level) / 2, (1 + level) / 2):
        assert FREE.level_needed(FREE.quantile(share)) == pytest.approx(level, abs=1e-9)


def test_a_bound_is_held_by_the_intervals_that_end_at_it_and_no_others() -> None:
    needed = BOUNDED.level_needed(0.0)
    just_below, just_above = ((1 - level) / 2 for level in (needed - 1e-6, needed + 1e-6))
    assert BOUNDED.quantile(just_below) > 0.0
    assert BOUNDED.quantile(just_above) == 0.0


def test_up_to_the_uncut_level_no_interval_ends_at_a_bound() -> None:
    level = BOUNDED.uncut
    assert BOUNDED.quantile((1 + level - 1e-6) / 2) < 5.0
    assert BOUNDED.quantile((1 + level + 1e-6) / 2) == 5.0
    assert FREE.uncut == 1.0


def test_scales_stretch_components_about_the_mean() -> None:
    """Two components around 3 at scales 1 and 2, weights multiplied."""
    spread = Spread(
        means=(1.0, 5.0), sds=(1.0, 2.0), weights=(0.5, 0.5), scales=(1.0, 2.0),
        scale_weights=(0.25, 0.75), sd=1.0, noise_sd=1.0, prior_sd=3.0,
    )  # fmt: skip
    said = Distribution.of(spread, (0.0, None))
    assert said.means.tolist() == [1.0, 5.0, -1.0, 7.0]
    assert said.sds.tolist() == [1.0, 2.0, 2.0, 4.0]
    assert said.weights.tolist() == [0.125, 0.125, 0.375, 0.375]
    assert (said.low, said.high) == (0.0, math.inf)
