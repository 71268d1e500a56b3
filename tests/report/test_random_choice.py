"""Random choice from a table: closed forms against enumeration of every draw."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner.campaign import HitTarget, Maximise, Minimise, utility
from planner.report.chance import draws_to_match, random_choice

MEANS = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.5, 6.0])  # with a tie
HIGHEST = Maximise(outcome="yield")


def all_bests(objective, k):
    """The best utility of every possible draw of k rows."""
    utilities = [utility(objective, float(mean)) for mean in MEANS]
    return np.array([max(draw) for draw in itertools.combinations(utilities, k)])


@pytest.mark.parametrize(
    "objective",
    [HIGHEST, Minimise(outcome="yield"), HitTarget(outcome="yield", target=4.6, tolerance=0.1)],
    ids=["highest", "lowest", "target"],
)
def test_mean_and_band_agree_with_every_possible_draw(objective):
    said = random_choice(MEANS, objective, n_trials=len(MEANS))
    sign = 1.0 if objective.aim == "maximise" else -1.0
    for k in range(1, len(MEANS) + 1):
        bests = all_bests(objective, k)
        # sums of up to 70 doubles of size 10, and logs of factorials good to 1e-14 relative
        assert said.mean[k - 1] == pytest.approx(sign * bests.mean(), abs=1e-11)
        # the smallest value that at least a share p of the draws does not exceed
        low, high = (sign * np.quantile(bests, p, method="inverted_cdf") for p in (0.1, 0.9))
        assert (said.low[k - 1], said.high[k - 1]) == tuple(sorted((low, high)))


def test_all_rows_drawn_leave_no_doubt():
    said = random_choice(MEANS, HIGHEST, n_trials=50)
    assert len(said.mean) == len(MEANS)
    assert said.mean[-1] == pytest.approx(9.0, abs=1e-11)
    assert (said.low[-1], said.high[-1]) == (9.0, 9.0)


def test_a_target_is_told_as_the_distance_that_is_left():
    said = random_choice(MEANS, HitTarget(outcome="yield", target=5, tolerance=1), n_trials=8)
    assert said.is_distance
    assert said.mean[-1] == pytest.approx(0.0, abs=1e-11)
    assert all(distance >= -1e-11 for distance in said.mean)


def test_a_large_table_keeps_its_digits():
    # the best of k uniform ranks 1 ... N has mean k (N + 1) / (k + 1)
    n, k = 5000, 400
    said = random_choice(np.arange(1.0, n + 1), HIGHEST, n_trials=k)
    # log-factorials of 5,000 are near 4e4, good to 1e-16 each, so F to 1e-11 relative
    assert said.mean[-1] == pytest.approx(k * (n + 1) / (k + 1), rel=1e-9)


@pytest.mark.parametrize(("reached", "n_as_good"), [(9.0, 1), (4.0, 4), (1.0, 8)])
def test_draws_to_match_agree_with_every_possible_order(reached, n_as_good):
    first_good = [
        1 + next(i for i, mean in enumerate(order) if mean >= reached)
        for order in itertools.permutations(MEANS)
    ]
    said = draws_to_match(MEANS, HIGHEST, reached=reached)
    assert said == pytest.approx(np.mean(first_good), rel=1e-12)
    assert said == pytest.approx((len(MEANS) + 1) / (n_as_good + 1))


def test_nothing_as_good_is_said_so():
    assert draws_to_match(MEANS, HIGHEST, reached=9.5) is None
