"""The study of the stop rules says what a campaign says, and knows what is true."""

from __future__ import annotations

import numpy as np
import pytest

from planner.acquisition import Settings
from planner.bench.catalogue import read_pools
from planner.bench.functions import known_problems
from tests.cost.stopping_study import (
    CAMPAIGN,
    CORRECTED,
    FIRST,
    play_function,
    play_table,
    share,
    watch,
)


@pytest.mark.slow
def test_statements_are_a_campaigns_and_are_compared_with_the_table():
    [pool] = read_pools(["snar_flow"], tables=None)
    campaign = play_table(pool, seed=0, settings=Settings(family="gp"))
    assert [campaign.asked[n].forecasts.errors.size for n in (5, 6, 30)] == [0, 1, 25]
    said = {
        judge: list(watch(campaign, delta=0.05, judge=judge))
        for judge in (CAMPAIGN, CORRECTED, "averaged_gp")
    }
    told = [each.n for each in said[CAMPAIGN]]
    assert told == list(range(FIRST, 31, 4))
    gains = {judge: [each.gain for each in found] for judge, found in said.items()}
    assert gains[CAMPAIGN] != gains[CORRECTED] != gains["averaged_gp"]
    best = pool.utilities.max()
    for each in said[CAMPAIGN]:
        tried = campaign.asked[each.n].x
        is_left = [not (row == tried).all(axis=1).any() for row in pool.space.encoded_rows]
        assert sum(is_left) == pool.n_settings - each.n
        left = pool.utilities[is_left].max()
        lacking = (best - left) / (best - np.median(pool.utilities))
        # what is left and what the planner has share the distance to the best of the table
        assert each.was == pytest.approx(max(each.lacks - lacking, 0.0))
        assert each.is_done == (each.lacks - lacking <= 0.05)


@pytest.mark.slow
def test_on_a_function_they_are_compared_with_its_optimum():
    branin = known_problems()["branin_2"]
    campaign = play_function(branin, seed=0, settings=Settings(family="gp"))
    said = list(watch(campaign, delta=0.05, judge=CAMPAIGN))
    assert [each.n for each in said] == list(range(FIRST, 41, 4))
    lower, upper = branin.bounds
    points = lower + campaign.asked[40].x * (upper - lower)
    lacks = (branin.values(points) - branin.optimum) / branin.regret_scale
    for each in said:
        # whatever was tried the optimum is left, and the best so far is one of the trials
        assert each.was == pytest.approx(each.lacks)
        assert each.lacks in [pytest.approx(lack) for lack in lacks[: each.n]]
        assert each.is_done == (each.lacks <= 0.05)
    assert said[-1].lacks < said[0].lacks


def test_a_proportion_has_the_interval_of_clopper_and_pearson():
    """Of n that were all so the lower end is 0.025 ** (1 / n); one of two has 1 - sqrt(0.975)."""
    assert share([True] * 6) == f"1.00 ({0.025 ** (1 / 6):.2f} to 1.00)"
    low = 1 - np.sqrt(0.975)
    assert share(np.array([1.0, 0.0])) == f"0.50 ({low:.2f} to {1 - low:.2f})"
