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
# 24 campaigns each 23 of the policy, six of pure mean, none of pure variance. Nearer than that the
# policy does not look, as a run there would be worth less than what counts.
CLOSE = 0.003


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

    One campaign in ten may end in another valley on Hartmann 3 (seen: none of 16), fewer elsewhere.
    Four failures of six at one in twenty have a chance of 1 in 12,000, and four in a row on
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
    """Negative controls: pure mean and pure variance, eighteen campaigns each, twelve to be close.

    If one campaign of the policy in fourteen strayed, twelve of eighteen would not be close once in
    8,000. Pure mean, close in one of four, has twelve of eighteen once in 2,000.
    """

    def n_close(settings: Settings) -> int:
        return sum(regret < CLOSE for regret in regrets(BRANIN, settings, 18))

    assert n_close(PLAIN) >= 12
    assert n_close(PURE_MEAN) < 12
    assert n_close(PURE_VARIANCE) < 12
