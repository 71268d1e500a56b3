"""Observations without themselves, and what they stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from planner.models import (
    FitFailure,
    GaussianProcess,
    Hyperparameters,
    Observations,
    OutcomeScale,
    Task,
    family,
)
from planner.models.coverage.held_out import hold_out, log_fairness, shares_of_space

GENERATOR = np.random.default_rng(5)


def process(x: np.ndarray, y: np.ndarray) -> GaussianProcess:
    return GaussianProcess(
        observations=Observations.from_arrays(x, y),
        hyperparameters=Hyperparameters(lengthscales=(0.4, 0.7), noise_variance=0.05, mean=0.3),
        columns=(0, 1),
        scale=OutcomeScale(mean=2.0, sd=3.0),
    )


def test_what_is_left_out_is_predicted_as_if_it_had_never_been_measured() -> None:
    """Against processes of the other observations; both are algebra, good to 1e-9."""
    x, y = GENERATOR.uniform(size=(9, 2)), GENERATOR.normal(2.0, 3.0, size=9)
    found = hold_out(process(x, y), np.full(9, 1 / 9))
    for i in range(9):
        rest = process(np.delete(x, i, axis=0), np.delete(y, i))
        said = rest.predict(torch.from_numpy(x[i])[None, :])
        run = math.hypot(float(said.sd), float(said.noise_sd))
        assert found.errors[i] == pytest.approx((y[i] - float(said.mean)) / run, rel=1e-8)
        assert found.unknown[i] == pytest.approx(float(said.sd) / rest.prior_sd, rel=1e-8)


def test_one_that_stands_alone_counts_for_all_its_surroundings() -> None:
    """Places at 0 to 1: those below 0.45 are nearest to the crowd's edge, the rest to the loner."""
    x = np.array([[0.0], [0.1], [0.1], [0.8]])
    shares = shares_of_space(x, np.linspace(0.0, 1.0, 1001)[:, None])
    # borders at 0.05 and 0.45; replicates share their cell
    assert shares == pytest.approx([0.05, 0.2, 0.2, 0.55], abs=0.001)


def test_fairness_is_the_weighted_spread_over_the_models_own() -> None:
    """Two of weight 1/2: an effective number of 2, of which 2 / 5 are believed."""
    y, shares = np.array([0.0, 2.0, 5.0]), np.array([0.5, 0.5, 0.0])
    # weighted variance 1 / (1 - 1/2) = 2
    assert log_fairness(y, shares, sd=1.0) == pytest.approx(0.4 * 0.5 * math.log(2.0))
    assert log_fairness(y, np.array([1.0, 0.0, 0.0]), sd=1.0) == 0.0


@pytest.mark.parametrize("name", ["gp", "averaged_gp"])
def test_families_of_processes_can_be_held_out(name: str) -> None:
    x = GENERATOR.uniform(size=(12, 2))
    y = np.sin(3 * x[:, 0]) + 0.1 * GENERATOR.normal(size=12)
    task = Task(observations=Observations.from_arrays(x, y), columns=(0, 1))
    surrogate = family(name).fit(task)
    assert not isinstance(surrogate, FitFailure)
    found = hold_out(surrogate, np.full(12, 1 / 12))
    assert len(found.errors) == 12
    # equal shares weighted by what is unknown squared count for fewer than there are
    assert 1.0 <= found.n <= 12.0
