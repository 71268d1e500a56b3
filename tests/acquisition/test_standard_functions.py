"""Campaigns on functions with known minima, against random search and against broken policies.

What is judged is the scaled regret: how far the best found lies above the minimum, in units of what
a random point leaves (its median). Seeds are fresh in every run.
"""

from __future__ import annotations

import secrets
import statistics
from dataclasses import replace

import pytest

from planner.acquisition import Settings
from tests.acquisition.standard_functions import STANDARD, Standard, campaign, random_search

BRANIN = STANDARD[0]
# The plain process tells acquisitions apart; an average of families forgives much.
PLAIN = Settings(family="gp", is_corrected=False)
PURE_MEAN, PURE_VARIANCE = replace(PLAIN, beta=0.0), replace(PLAIN, beta=1e6)

# What a campaign must reach to count as having found the minimum.
FOUND = 0.01
# On Branin, with its three equal minima, what the policy reaches and a broken one seldom does: of
# 24 campaigns each all of the policy (0.0005 at most), three of pure mean, none of pure variance.
CLOSE = 0.001


def regrets(function: Standard, settings: Settings, n: int) -> list[float]:
    """Scaled regrets of ``n`` campaigns."""
    return [
        function.scaled_regret(campaign(function, secrets.randbelow(1 << 40), settings))
        for _ in range(n)
    ]


def tenth_of_random(function: Standard) -> float:
    """A tenth of the median regret of random search with the same budget."""
    by_chance = [function.scaled_regret(random_search(function, seed)) for seed in range(200)]
    return statistics.median(by_chance) / 10.0


@pytest.mark.slow
def test_the_minima_of_six_functions_are_found_and_random_search_beaten_tenfold() -> None:
    """A campaign a function; where one fails, up to three more, and at most three functions fail.

    One campaign in ten ends in another valley on Hartmann 3, fewer elsewhere (seen: 1 of 40 over
    all). Four failures of six at one in twenty have a chance of 1 in 12,000, and four in a row on
    one function at one in ten of 1 in 10,000. Random search finds a minimum in 2 % of its runs: it
    passes once in 10^7; a policy that finds three of ten passes once in twelve runs.
    """
    failed = []
    for function in STANDARD:
        limit = min(FOUND, tenth_of_random(function))
        if regrets(function, Settings(), 1)[0] < limit:
            continue
        failed.append(function.name)
        assert any(regrets(function, Settings(), 1)[0] < limit for _ in range(3)), failed
    assert len(failed) <= 3, failed


@pytest.mark.slow
def test_a_broken_acquisition_fails_where_the_policy_passes() -> None:
    """Negative controls: pure mean and pure variance, nine campaigns each, six to be close.

    If one campaign of the policy in twenty strayed, six of nine would not be close once in 1,500;
    with none of 24 seen it is rarer. Pure mean, close in one of eight, has six of nine once in
    5,000.
    """

    def n_close(settings: Settings) -> int:
        return sum(regret < CLOSE for regret in regrets(BRANIN, settings, 9))

    assert n_close(PLAIN) >= 6
    assert n_close(PURE_MEAN) < 6
    assert n_close(PURE_VARIANCE) < 6
