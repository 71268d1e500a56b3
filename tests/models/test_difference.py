"""Differences between configurations, by the joint posterior and by plain draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm

from planner.campaign.objectives import AnyObjective, HitClass, Maximise
from planner.models import Bounds, Observations, Surrogate, Task, expect, expect_difference, fit

X = torch.tensor([[0.05], [0.3], [0.5], [0.9], [2.0]], dtype=torch.float64)
BASE = torch.tensor([[0.5]], dtype=torch.float64)
FORM = HitClass(outcome="form", wanted=("a",))


def surrogate_of(y: list[float]) -> Surrogate:
    x = np.linspace(0.0, 1.0, len(y))[:, None]
    found = fit(Task(observations=Observations.from_arrays(x, np.array(y)), columns=(0,)))
    assert isinstance(found, Surrogate)
    return found


def test_without_bounds_the_difference_is_normal() -> None:
    surrogate = surrogate_of([1.0, 4.0, 2.0, 3.0])
    joint = surrogate.joint(torch.cat([BASE, X]))
    var = joint.cov.diagonal()[1:] + joint.cov[0, 0] - 2 * joint.cov[0, 1:]

    mean, ends = expect_difference(surrogate, X, BASE, objective=Maximise(outcome="y"))

    half = norm.ppf(0.95) * var.clamp_min(0.0).sqrt()
    # variances are good to 1e-14, so a deviation that is 0 to 1e-7
    torch.testing.assert_close(mean, joint.mean[1:] - joint.mean[0])
    torch.testing.assert_close(ends.low, mean - half, rtol=1e-9, atol=1e-6)
    torch.testing.assert_close(ends.high, mean + half, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize(
    ("objective", "bounds", "y"),
    [(Maximise(outcome="y"), Bounds(0.0, 5.0), [0.1, 4.9, 1.0, 5.0]), (FORM, None, [-4.0, 1.0, 3])],
    ids=["bounds", "class"],
)
def test_within_bounds_it_agrees_with_plain_draws(
    objective: AnyObjective, bounds: Bounds | None, y: list[float]
) -> None:
    surrogate, n = surrogate_of(y), 40_000
    draws = surrogate.draw(torch.cat([BASE, X]), n, seed=1)
    within = torch.sigmoid(draws) if bounds is None else bounds.clip(draws)
    apart = (within[:, 1:] - within[:, :1]).numpy()

    mean, ends = expect_difference(surrogate, X, BASE, objective=objective, bounds=bounds)

    said = expect(surrogate, X, objective=objective, bounds=bounds).mean
    there = expect(surrogate, BASE, objective=objective, bounds=bounds).mean
    assert torch.equal(mean, said - there)
    # the draws add a variance of 1e-9, which at the base itself is all there is
    error = 5 * apart.std(axis=0) / np.sqrt(n) + 1e-3
    assert (np.abs(mean.numpy() - apart.mean(axis=0)) < error).all()
    for end, level in ((ends.low, 0.05), (ends.high, 0.95)):
        # five standard errors of the quantiles' levels, as if the 4,096 draws were plain
        room = 5 * np.sqrt(0.05 * 0.95 / 4096)
        outer = np.quantile(apart, [max(0.0, level - room), min(1.0, level + room)], axis=0)
        assert (end.numpy() >= outer[0] - 1e-3).all()
        assert (end.numpy() <= outer[1] + 1e-3).all()


def test_nothing_differs_from_itself() -> None:
    for objective in (FORM, Maximise(outcome="y")):
        mean, ends = expect_difference(
            surrogate_of([1.0, 4.0, 2.0]), BASE, BASE, objective=objective, bounds=Bounds(0.0, 5.0)
        )
        assert float(mean[0]) == 0.0
        # a root of the rounding of a variance
        assert float(ends.low[0]) == pytest.approx(0.0, abs=1e-6)
        assert float(ends.high[0]) == pytest.approx(0.0, abs=1e-6)
