"""Weights of models: a maximum of what they are the maximum of, and a prior that is outweighed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from planner.models.comparing.stacking import stack
from planner.space import Floats


def densities(seed: int, n: int, k: int) -> Floats:
    return np.random.default_rng(seed).normal(-1.0, 1.5, size=(n, k))


@given(st.integers(0, 2**31), st.integers(3, 40), st.integers(2, 6))
def test_the_weights_are_those_that_a_general_optimiser_finds(seed: int, n: int, k: int) -> None:
    density, prior, worth = densities(seed, n, k), np.full(k, 1.0 / k), 4.0

    def loss(logits: Floats) -> float:
        weights = softmax(logits)
        fit = logsumexp(density + np.log(weights), axis=1).sum()
        return float(-(fit + (worth * prior * np.log(weights)).sum()))

    found = stack(density, prior=prior, worth=worth)
    other = minimize(loss, np.zeros(k), method="BFGS").fun

    assert abs(found.sum() - 1.0) < 1e-12
    # the value is flat at its maximum: weights within 1e-4 cost less than 1e-5
    assert loss(np.log(found)) <= other + 1e-4


def test_without_data_the_prior_stays() -> None:
    prior = np.array([0.5, 0.3, 0.2])

    np.testing.assert_allclose(stack(np.empty((0, 3)), prior=prior, worth=4.0), prior, atol=1e-7)


def test_a_model_that_predicts_better_by_a_nat_each_time_takes_the_weight() -> None:
    density = np.tile([-0.5, -1.5], (40, 1))

    found = stack(density, prior=np.array([0.1, 0.9]), worth=4.0)

    # at the maximum w = (sum r + 0.4) / 44 with r = w e / (w e + 1 - w): solved by bisection
    low, high = 0.0, 1.0
    for _ in range(80):
        w = 0.5 * (low + high)
        share = w * np.e / (w * np.e + 1.0 - w)
        low, high = (w, high) if (40 * share + 0.4) / 44 > w else (low, w)
    assert abs(found[0] - w) < 1e-5
    assert found[0] > 0.85


def test_two_models_that_take_turns_share_the_weight() -> None:
    density = np.array([[-0.2, -3.0], [-3.0, -0.2]] * 10)

    found = stack(density, prior=np.array([0.8, 0.2]), worth=2.0)

    assert abs(found[0] - found[1]) < 0.1
