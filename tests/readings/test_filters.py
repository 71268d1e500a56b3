"""Filters: outliers go, noise is less, steps stay where they are."""

from __future__ import annotations

import numpy as np
import pytest

from planner.campaign import Filter
from planner.readings.filtering import Floats, apply_filter

HAMPEL = Filter(outliers=7, resolution=0.1)
MEDIAN = Filter(noise=5)


def filtered(values: Floats, rule: Filter, *, gap_us: float | None = None) -> Floats:
    return apply_filter(values, np.arange(len(values)) * 1_000_000, rule, gap_us=gap_us)


def moving_average(values: Floats, window: int) -> Floats:
    """Negative control: the filter that everybody knows, with its window cut at the ends."""
    half = window // 2
    return np.array([values[max(0, i - half) : i + half + 1].mean() for i in range(len(values))])


STEP = np.array([20.0] * 20 + [80.0] * 20)


def widest_blur(values: Floats) -> int:
    """How many readings are neither on one side of the step nor on the other."""
    return int(np.sum((values > 25) & (values < 75)))


@pytest.mark.parametrize("rule", [HAMPEL, MEDIAN, Filter(outliers=9, resolution=0, noise=9)])
def test_a_real_step_stays_a_step(rule: Filter) -> None:
    assert np.array_equal(filtered(STEP, rule), STEP)


def test_a_moving_average_would_not_pass_as_one() -> None:
    """Negative control: over 5 readings it draws a step of 60 out over four of them."""
    assert widest_blur(moving_average(STEP, 5)) == 4


def test_a_noisy_step_is_smoother_on_both_sides_and_as_steep() -> None:
    """The median of 5 normal readings has 1.198/sqrt(5) = 0.536 of one reading's deviation.

    Over n = 4000 readings, one in five of which is independent, the ratio's own deviation is below
    1/sqrt(2*800) = 2.5 %: five of them are 13 %. The step is 100 deviations high, so that no
    reading of one side can be taken for one of the other.
    """
    generator = np.random.default_rng()
    n = 2000
    noisy = np.repeat([20.0, 120.0], n) + generator.normal(size=2 * n)
    smooth = filtered(noisy, MEDIAN)
    residual = smooth - np.repeat([20.0, 120.0], n)
    assert np.all(np.abs(residual) < 10)  # each still on its own side: nothing is blurred
    assert residual.std() == pytest.approx(0.536, rel=0.13)
    assert np.max(np.abs(moving_average(noisy, 5) - np.repeat([20.0, 120.0], n))) > 30


@pytest.mark.parametrize("spike", [85.0, -40.0, 21.0])
def test_a_spike_is_left_out_and_nothing_is_put_in_its_place(spike: float) -> None:
    values = np.full(30, 20.0)
    values[[12, 25]] = spike
    found = filtered(values, HAMPEL)
    assert np.flatnonzero(np.isnan(found)).tolist() == [12, 25]
    assert np.all(found[np.isfinite(found)] == 20.0)


def test_a_ramp_a_sine_and_the_sensors_own_steps_are_no_outliers() -> None:
    at = np.arange(400)
    for values in (0.5 * at, 50 * np.sin(at / 30), np.round(20 + 0.02 * at, 1)):
        assert not np.isnan(filtered(values, HAMPEL)).any()


def test_ordinary_noise_is_rarely_taken_for_an_outlier() -> None:
    """At the default threshold of 5 some 1.4 in 100 normal readings of windows of 7 are.

    A window of 7 knows its own spread badly. 20,000 readings, deviation of the share below
    sqrt(7 * 0.014 / 20000) = 0.22 %: five of them above 1.4 % are 2.5 %.
    """
    values = np.random.default_rng().normal(20, 1, 20_000)
    share = float(np.isnan(filtered(values, Filter(outliers=7, resolution=0.0))).mean())
    assert share < 0.025


def test_a_window_does_not_reach_over_a_gap() -> None:
    """Ten readings of 20, a pause, ten of 80 with their own spike first."""
    values = np.array([20.0] * 10 + [80.0] * 10)
    times = np.concatenate([np.arange(10), 1000 + np.arange(10)]) * 1_000_000
    smooth = apply_filter(values, times, MEDIAN, gap_us=5e6)
    assert np.array_equal(smooth, values)
    values[10] = 81.0
    kept = apply_filter(values, times, HAMPEL, gap_us=5e6)
    assert np.isnan(kept[10])
    assert kept[9] == 20.0


def test_a_filtered_value_is_always_one_that_came() -> None:
    values = np.random.default_rng().normal(size=200)
    values[50:55] = 1e6
    found = filtered(values, Filter(outliers=7, resolution=0.0, noise=5))
    assert set(found[np.isfinite(found)]) <= set(values)


def test_without_a_filter_values_are_as_they_came() -> None:
    values = np.random.default_rng().normal(size=10)
    assert np.array_equal(filtered(values, Filter()), values)
    assert filtered(np.array([]), HAMPEL).size == 0
