"""Bootstrap intervals against normal theory, and where there is nothing to vary."""

from __future__ import annotations

import numpy as np

from planner.bench.bootstrap import Interval, bootstrap


def mean(values):
    return values.mean(axis=0)


def median(values):
    return np.median(values, axis=0)


def test_the_interval_of_a_mean_is_that_of_normal_theory():
    """Ends within 0.35 standard errors of mean -+ 1.96 standard errors, of 400 values.

    The 2.5 % quantile of 2,000 resamples has a standard error of
    sqrt(0.025 * 0.975 / 2000) / 0.0584 = 0.06 standard errors of the mean; five of them are 0.30,
    and the skewness of a mean of 400 adds less than 0.05. A 90 % interval would end at 1.64.
    """
    values = np.random.default_rng().normal(3.0, 2.0, size=400)
    interval = Interval.of(bootstrap(values, mean, seed=1))
    error = values.std() / np.sqrt(400)
    assert interval.value == values.mean()
    assert abs((interval.value - interval.low) / error - 1.96) < 0.35
    assert abs((interval.high - interval.value) / error - 1.96) < 0.35


def test_seeds_are_drawn_together_for_all_trials_of_a_curve():
    """A curve and its shifted copy have the same resamples, so their ends differ by the shift."""
    values = np.random.default_rng().random((15, 1))
    figures = bootstrap(np.hstack([values, values + 2.0]), mean, seed=4)
    # sums of 15 numbers of order one: rounding below 1e-14
    assert np.allclose(figures[:, 1] - figures[:, 0], 2.0, rtol=0, atol=1e-12)


def test_equal_races_leave_no_doubt():
    interval = Interval.of(bootstrap(np.full(20, 16.0), median, seed=0))
    assert interval == Interval(value=16.0, low=16.0, high=16.0)


def test_a_median_may_end_in_infinity():
    """8 of 20 races never got there: the median is finite, its upper end is not.

    The resampled number of infinite ones is binomial(20, 0.4); the median is infinite from 10 on,
    which has a chance of 24 %, above 2.5 %.
    """
    halves = np.array([16.0] * 12 + [np.inf] * 8)
    assert Interval.of(bootstrap(halves, median, seed=0)) == Interval(
        value=16.0, low=16.0, high=np.inf
    )


def test_the_same_seed_draws_the_same_interval_and_another_one_does_not():
    values = np.random.default_rng(3).random(20)
    first, again, other = (bootstrap(values, mean, seed=seed) for seed in (7, 7, 8))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
