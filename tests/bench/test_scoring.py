"""Scores of races that are worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from planner.bench import Rules, score, stand
from planner.bench.scoring import trials_to
from planner.bench.tabulated import halves, standing_json
from planner.campaign import Minimise
from planner.errors import InputError
from tests.bench.hand_made import make_pool, make_race

# outcomes 0 ... 40: the winners are 38, 39, 40, two of them are half; best 40, median 20
POOL = make_pool(range(41), promise=7)
QUICK = make_race(POOL, [0, 1, 2, 3, 4, 38, 40, 5, 39, 6])  # half at trial 7
SLOW = make_race(POOL, [0, 1, 2, 3, 20, 38, 5, 6, 7, 8])  # never
LUCKY = make_race(POOL, [40, 39, 2, 3, 4, 5, 6, 7, 8, 9])  # at trial 2, within the start


def test_half_is_the_first_trial_at_which_half_of_the_winners_are_found():
    assert score(POOL, QUICK).half == 7
    assert score(POOL, LUCKY).half == 2
    assert math.isinf(score(POOL, SLOW).half)
    assert score(POOL, QUICK).found.tolist() == [0, 0, 0, 0, 0, 1, 2, 2, 3, 3]


def test_half_of_an_even_number_of_winners_is_exactly_half():
    pool = make_pool(range(66))  # 4 winners: 62 to 65
    assert score(pool, make_race(pool, [0, 1, 2, 3, 4, 65, 5, 62])).half == 8


def test_trials_are_counted_from_one():
    assert trials_to(np.array([1.0, 1.0, 2.0]), 1) == 1
    assert trials_to(np.array([1.0, 1.0, 2.0]), 2) == 3


def test_regret_is_what_the_best_so_far_lacks_by_its_mean():
    # best so far 0 1 2 3 20 38 38 ...: lacks 40 39 38 37 20 2 2 2 2 2, of 40 - 20
    expected = np.array([40, 39, 38, 37, 20, 2, 2, 2, 2, 2]) / 20
    assert score(POOL, SLOW).regret == pytest.approx(expected)
    assert score(POOL, SLOW).best == 38.0


def test_regret_and_best_follow_the_goal():
    pool = make_pool(range(41), objective=Minimise(outcome="yield"))
    scored = score(pool, make_race(pool, [20, 10, 30, 1, 4]))
    assert scored.regret == pytest.approx(np.array([20, 10, 10, 1, 1]) / 20)
    assert scored.best == 1.0


def test_a_lucky_repeat_does_not_lower_the_regret():
    pool = make_pool([[0.0], [1.0], [5.0], [100.0, -90.0]])  # means 0, 1, 5, 5
    race = make_race(pool, [3], n_start=1)
    assert score(pool, race).best == 5.0
    assert score(pool, race).regret.tolist() == [0.0]


def test_the_standing_is_the_median_of_the_halves_with_unreached_ones_as_infinite():
    standing = stand(POOL, Rules(), [QUICK, SLOW, LUCKY])
    assert standing.half.value == 7
    assert standing.n_not_half == 1
    assert stand(POOL, Rules(), [QUICK, SLOW]).half.value == math.inf  # between 7 and infinity
    assert stand(POOL, Rules(), [QUICK, LUCKY]).half.value == 4.5


def test_acceleration_is_randoms_trials_over_the_planners_and_its_ceiling_is_the_oracles():
    standing = stand(POOL, Rules(), [QUICK])
    # the second of 3 winners among 41, in the middle by symmetry
    assert standing.random_half == 21
    assert standing.acceleration.value == pytest.approx(21 / 7)
    # the start of QUICK holds no winner: trials 6 and 7 of the oracle are its half
    assert standing.oracle_half == 7
    assert standing.ceiling == pytest.approx(21 / 7)
    assert standing.share_of_ceiling == 1.0
    assert stand(POOL, Rules(), [LUCKY]).share_of_ceiling == 1.0
    late = make_race(POOL, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 38, 39])
    assert stand(POOL, Rules(), [late]).share_of_ceiling == pytest.approx(7 / 14)


def test_a_planner_that_never_reaches_half_has_an_acceleration_below_what_its_trials_say():
    standing = stand(POOL, Rules(n_trials=10), [SLOW])
    assert standing.acceleration.value == 0.0
    row = dict(zip(halves([standing]).headers, halves([standing]).rows[0], strict=True))
    assert row["half (95 %)"] == "> 10 (> 10 to > 10)"
    assert row["AF (95 %)"] == "< 2.1 (< 2.1 to < 2.1)"
    assert row["not reached"] == "1 of 1"
    assert standing_json(standing)["half"]["value"] is None


def test_a_promise_is_kept_or_missed_on_means_alone():
    assert stand(POOL, Rules(), [QUICK]).keeps_promise is True
    assert stand(POOL, Rules(), [SLOW]).keeps_promise is False
    assert stand(POOL, Rules(replay="repeat"), [QUICK]).keeps_promise is None
    assert stand(make_pool(range(41)), Rules(), [QUICK]).keeps_promise is None


def test_shares_and_regrets_are_means_over_seeds():
    standing = stand(POOL, Rules(n_trials=10), [QUICK, LUCKY])
    assert standing.share[[0, 1, 5, 8]] == pytest.approx([1 / 6, 1 / 3, 1 / 2, 5 / 6])
    mean = (score(POOL, QUICK).regret.mean() + score(POOL, LUCKY).regret.mean()) / 2
    assert standing.mean_regret.value == pytest.approx(mean)
    assert (standing.share_interval[:, 0] <= standing.share).all()
    assert (standing.share_interval[:, 1] >= standing.share).all()
    assert (standing.ask_cpu_s, standing.ask_wall_s) == (0.25, 0.5)


def test_a_campaign_that_stopped_early_keeps_what_it_found():
    short = make_race(POOL, [0, 1, 2, 3, 4, 38, 40])
    standing = stand(POOL, Rules(n_trials=10), [QUICK, short])
    assert len(standing.share) == 10
    assert standing.share[-1] == pytest.approx((1 + 2 / 3) / 2)


def test_regret_is_that_of_the_budget_and_half_that_of_the_long_race():
    pool = replace(make_pool(range(41), n_trials=6), n_long=8)
    rules = Rules()
    assert (rules.budget(pool), rules.reach(pool), rules.length(pool)) == (6, 8, 40)
    standing = stand(pool, rules, [QUICK])  # half at trial 7, regret 0 from there
    assert standing.half.value == 7
    assert standing.mean_regret.value == pytest.approx(np.mean([40, 39, 38, 37, 36, 2]) / 20)
    assert len(standing.share) == 8
    assert stand(replace(pool, n_long=None), rules, [QUICK]).n_not_half == 1


def test_no_race_has_no_standing():
    with pytest.raises(InputError, match="no race"):
        stand(POOL, Rules(), [])
