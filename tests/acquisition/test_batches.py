"""Batches: picks of one ask are no repeats of each other in all but name."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from planner.acquisition import Settings, Situation, choose, fit_for
from planner.acquisition.situation import Acquisition
from planner.acquisition.worth import NEAREST, kept_apart
from planner.campaign.objectives import Maximise
from planner.models import Surrogate
from planner.space import Continuous, SearchSpace

NAMES = ("oven", "a", "b")


def hill(x: np.ndarray) -> np.ndarray:
    return np.exp(-8 * ((x - 0.6) ** 2).sum(axis=1))


def oven(n: int = 25, *, acquisition: Acquisition = "ucb", open_space: bool = False) -> Situation:
    """A noisy hill in an oven whose temperature all trials of a batch share."""
    rng = np.random.default_rng(4)
    x = rng.random((n, 3))
    grid = np.linspace(0, 1, 21).round(3)
    rows = [(t, a, b) for t in (0.2, 0.4, 0.6, 0.8) for a in grid for b in grid]
    space = SearchSpace(
        tuple(Continuous(name=name, low=0, high=1) for name in NAMES),
        rows=None
        if open_space
        else tuple(dict(zip(NAMES, map(float, row), strict=True)) for row in rows),
    )
    return Situation(
        space=space,
        objective=Maximise(outcome="y"),
        x=x,
        y=hill(x) + 0.1 * rng.standard_normal(n),
        shared=("oven",),
        settings=Settings(acquisition=acquisition, family="gp"),
    )


def least_left(now: Situation, x: np.ndarray) -> float:
    """Returns the smallest share of a pick's variance that the other picks, if known, leave."""
    surrogate = fit_for(now)
    assert isinstance(surrogate, Surrogate)
    at = torch.from_numpy(x)
    cov = surrogate.covariance(at, at).numpy()
    shares = []
    for last in range(1, len(x)):
        across = cov[:last, last]
        shares.append(1 - across @ np.linalg.solve(cov[:last, :last], across) / cov[last, last])
    return float(min(shares))


@pytest.mark.parametrize("acquisition", ["ucb", "log_nei"])
def test_trials_of_one_oven_are_no_near_repeats(acquisition: Acquisition) -> None:
    now = oven(acquisition=acquisition)

    picks = choose(now, q=4, seed=1).picks

    assert len({pick.configuration["oven"] for pick in picks}) == 1
    # the table's steps are coarser than rounding
    assert least_left(now, np.stack([pick.x for pick in picks])) >= NEAREST - 1e-6


def test_without_keeping_apart_they_would_be() -> None:
    """The control: by the fall of the uncertainty alone, under this noise."""
    now = oven()
    surrogate = fit_for(now)
    assert isinstance(surrogate, Surrogate)
    x = torch.from_numpy(now.space.restricted({"oven": 0.6}).encoded_rows)
    picks: list[int] = []
    for _ in range(4):
        mean, sd = surrogate.conditioned_on(x[picks]).moments(x)
        score = mean + 1.25 * sd
        score[picks] = -torch.inf
        picks.append(int(score.argmax()))

    assert least_left(now, x[picks].numpy()) < NEAREST


def test_in_an_open_space_too() -> None:
    now = oven(open_space=True)

    picks = choose(now, q=3, seed=1).picks

    # the top of an ascent is rounded to a thousandth of the range, and may lie on the border
    assert least_left(now, np.stack([pick.x for pick in picks])) >= 0.9 * NEAREST


def test_where_only_near_repeats_are_left_they_are_chosen() -> None:
    rows = tuple({"a": float(a)} for a in (0.5, 0.5001, 0.5002))
    space = SearchSpace((Continuous(name="a", low=0, high=1),), rows=rows)
    x = np.linspace(0, 1, 6)[:, None]
    now = Situation(space=space, objective=Maximise(outcome="y"), x=x, y=hill(x))

    assert sorted(pick.row or 0 for pick in choose(now, q=3, seed=1).picks) == [0, 1, 2]


def test_what_lies_apart_keeps_its_score() -> None:
    now = oven()
    surrogate = fit_for(now)
    assert isinstance(surrogate, Surrogate)
    x = torch.rand(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    waiting = x[:1]

    scores = kept_apart(lambda at: at[:, 0], surrogate, waiting, size=1.0)(x)

    cov = surrogate.covariance(x, x)
    left = 1 - cov[0].square() / cov[0, 0] / cov.diagonal()
    is_apart = left > NEAREST
    assert is_apart.any()
    torch.testing.assert_close(scores[is_apart], x[is_apart, 0])
    assert float(scores[0]) < float(x[0, 0]) - 90
