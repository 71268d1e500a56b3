"""Random choice and the oracle: closed forms against enumeration, simulation and hand work."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner.bench.references import (
    oracle_found,
    random_half,
    random_mean_regret,
    random_share,
    regret_scale,
)
from planner.campaign import Minimise
from planner.errors import InputError
from tests.bench.hand_made import make_pool

# 23 settings make 2 winners of which 1 is half; 45 make 3, of which 2 are half
POOLS = {
    "skewed": make_pool([float(place**3 % 101) for place in range(45)]),
    "minimised": make_pool(
        [float(place**2 % 37) for place in range(23)], objective=Minimise(outcome="yield")
    ),
}


def simulate(pool, n_runs, generator):
    """Draws whole random races: winners found and scaled regrets, each ``n_runs n``."""
    order = np.argsort(generator.random((n_runs, pool.n_settings)), axis=1)
    found = np.cumsum(pool.is_winner[order], axis=1)
    best = np.maximum.accumulate(pool.utilities[order], axis=1)
    return found, (pool.utilities.max() - best) / regret_scale(pool)


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_the_random_curve_is_what_random_races_find_on_average(pool):
    """4,000 simulated races a pool; no point of the curve further off than 5.5 standard errors.

    False alarms: at most 45 points x 3e-8, below 1 in 100,000. A curve that is off by one trial is
    off by 1/45, ten standard errors where half of the settings are drawn.
    """
    found, regret = simulate(pool, 4000, np.random.default_rng())
    share = found / pool.n_winners
    error = share.std(axis=0) / np.sqrt(len(share))
    expected = random_share(pool, pool.n_settings)
    assert (np.abs(share.mean(axis=0) - expected) <= 5.5 * error + 1e-12).all()
    off_by_one = np.concatenate([[0.0], expected[:-1]])
    assert (np.abs(share.mean(axis=0) - off_by_one) > 5.5 * error + 1e-12).any()

    for n_trials in (1, 5, 20):
        mean = regret[:, :n_trials].mean(axis=1)
        error_of_mean = mean.std() / np.sqrt(len(mean))
        assert abs(mean.mean() - random_mean_regret(pool, n_trials)) <= 5.5 * error_of_mean


def test_random_regret_is_the_average_over_all_orders():
    pool = make_pool([3.0, 1.0, 4.0, 1.5, 9.0])
    best, median = 9.0, 3.0
    for n_trials in (1, 3, 5):
        regrets = [
            np.mean([(best - max(order[: i + 1])) / (best - median) for i in range(n_trials)])
            for order in itertools.permutations(pool.utilities)
        ]
        # 120 orders of sums of five terms of order one: rounding below 1e-13
        assert random_mean_regret(pool, n_trials) == pytest.approx(np.mean(regrets), abs=1e-12)


@pytest.mark.parametrize("n_settings", [8, 21, 24])
def test_the_random_half_is_the_median_over_all_places_of_the_winners(n_settings):
    pool = make_pool(range(n_settings))
    halves = sorted(
        sorted(places)[pool.n_half - 1]
        for places in itertools.combinations(range(1, n_settings + 1), pool.n_winners)
    )
    # the least i that at least half of the orders do not exceed
    assert random_half(pool) == halves[(len(halves) + 1) // 2 - 1]


def test_the_random_half_of_many_winners_is_near_half_of_the_settings():
    """15 of 30 winners among 600: the 15th of 30 lies at 15/31 of 601 on average, 290.8."""
    assert abs(random_half(make_pool(range(600))) - 15 * 601 / 31) <= 1.0


def test_an_oracle_goes_from_winner_to_winner_after_its_start():
    pool = make_pool(range(41))  # the winners are 38, 39 and 40
    assert oracle_found(pool, (0, 39, 1, 2, 3), 9).tolist() == [0, 1, 1, 1, 1, 2, 3, 3, 3]
    assert oracle_found(pool, (), 4).tolist() == [1, 2, 3, 3]
    assert oracle_found(pool, (40, 39, 38, 1, 2), 5).tolist() == [1, 2, 3, 3, 3]


def test_regret_is_measured_in_the_distance_of_the_best_from_the_median():
    assert regret_scale(make_pool([1.0, 2.0, 10.0])) == 8.0
    low_is_good = make_pool([1.0, 2.0, 10.0], objective=Minimise(outcome="yield"))
    assert regret_scale(low_is_good) == 1.0


def test_a_pool_in_which_half_of_the_settings_are_the_best_has_no_regret():
    with pytest.raises(InputError, match="half of the settings"):
        regret_scale(make_pool([1.0, 5.0, 5.0]))
