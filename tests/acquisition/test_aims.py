"""Aim learn is the best at its own score and the worst at the others; the truth is known here.

What tells collecting from optimising is too little for one table: docs/benchmarks/aims.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest
import torch

from planner.acquisition import Settings, Situation, choose, fit_for
from planner.acquisition.situation import Aim
from planner.campaign.objectives import Maximise
from planner.models import Surrogate
from planner.space import Continuous, SearchSpace

GRID = np.linspace(0, 1, 20).round(4)
SPACE = SearchSpace(
    (Continuous(name="a", low=0, high=1), Continuous(name="b", low=0, high=1)),
    rows=tuple({"a": float(a), "b": float(b)} for a in GRID for b in GRID),
)
X = SPACE.encoded_rows
TRUTH = np.sin(5 * X[:, 0]) + 0.5 * np.cos(7 * X[:, 1]) + 0.3 * X[:, 0]
BEST = frozenset(np.argsort(-TRUTH)[:20].tolist())
N_TRIALS = 22


@dataclass(frozen=True)
class Played:
    """Scores of a campaign: how far the best found is from the best, share, the model's error."""

    regret: float
    share: float
    error: float


@cache
def play(aim: Aim, seed: int) -> Played:
    rows = [int(row) for row in np.random.default_rng(seed).choice(len(X), 5, replace=False)]

    def now() -> Situation:
        return Situation(
            space=SPACE, objective=Maximise(outcome="y"), x=X[rows], y=TRUTH[rows],
            blocked=frozenset(rows), settings=replace(Settings.of_aim(aim), family="gp"),
        )  # fmt: skip

    while len(rows) < N_TRIALS:
        row = choose(now(), q=1, seed=len(rows)).picks[0].row
        assert row is not None
        rows.append(row)
    surrogate = fit_for(now())
    assert isinstance(surrogate, Surrogate)
    predicted = surrogate.moments(torch.from_numpy(X))[0].numpy()
    return Played(
        regret=float(TRUTH.max() - TRUTH[rows].max()),
        share=len(BEST & set(rows)) / len(BEST),
        error=float(np.sqrt(np.square(predicted - TRUTH).mean())),
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_learning_knows_the_whole_space_best(seed: int) -> None:
    """By half: the model of a campaign that looks for the best is wrong where nothing was good."""
    errors = {aim: play(aim, seed).error for aim in ("optimise", "collect", "learn")}

    assert errors["learn"] < 0.5 * min(errors["optimise"], errors["collect"])


@pytest.mark.parametrize("seed", [0, 1])
def test_learning_finds_less_that_is_good_than_those_that_look_for_it(seed: int) -> None:
    learn, others = play("learn", seed), [play(aim, seed) for aim in ("optimise", "collect")]

    assert learn.regret > max(each.regret for each in others)
    assert learn.share < min(each.share for each in others)
