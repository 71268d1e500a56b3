"""Importance weights against densities whose averages are known."""

from __future__ import annotations

import numpy as np
from scipy import stats

from planner.models.averaging.importance import smoothed_weights


def test_weights_of_a_narrower_proposal_are_smoothed_and_their_tail_is_told() -> None:
    rng = np.random.default_rng()
    n, rate = 4_000, 0.6
    # target exp(1), proposal exp(1 / rate): ratios have a Pareto tail of shape 1 - rate
    x = rng.exponential(rate, n)
    log_ratios = -x + x / rate

    weights = smoothed_weights(log_ratios)

    # 190 tail values: an error of (1 + k) / sqrt(190) = .1, five of them .5; a thin tail has k < 0
    assert 0.0 < weights.k_hat < 0.9
    assert abs(weights.w.sum() - 1.0) < 1e-12
    order = np.argsort(log_ratios)
    assert (np.diff(weights.w[order]) >= -1e-15).all()


def test_a_hopeless_proposal_is_not_to_be_trusted() -> None:
    rng = np.random.default_rng()
    # ratios with a Pareto tail of shape 2, whose mean does not exist
    log_ratios = 2.0 * rng.exponential(1.0, 4_000)

    weights = smoothed_weights(log_ratios)

    # the shape is known to (1 + 2) / sqrt(190) = .2: 0.7 is more than five errors away
    assert not weights.can_be_trusted


def test_weighted_draws_of_a_wide_proposal_average_as_the_target_does() -> None:
    rng = np.random.default_rng()
    x = stats.t.rvs(5, size=20_000, random_state=rng)
    weights = smoothed_weights(stats.norm.logpdf(x, 0.5, 0.7) - stats.t.logpdf(x, 5))

    mean = weights.w @ x
    error = np.sqrt(weights.w**2 @ (x - mean) ** 2)
    square_error = np.sqrt(weights.w**2 @ ((x - mean) ** 2 - 0.49) ** 2)

    # five standard errors from the same draws
    assert abs(mean - 0.5) < 5 * error
    assert abs(weights.w @ (x - mean) ** 2 - 0.49) < 5 * square_error
    assert weights.can_be_trusted


def test_equal_ratios_have_equal_weights() -> None:
    weights = smoothed_weights(np.full(100, -700.0))

    assert np.ptp(weights.w) == 0.0
    assert weights.n_effective == 100
    assert weights.can_be_trusted
