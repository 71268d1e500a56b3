"""What a fit says against itself stands in the reason of every trial that it chooses."""

from __future__ import annotations

import numpy as np

from planner.acquisition import Settings, Situation, choose
from planner.campaign.objectives import Maximise
from planner.space import Continuous, SearchSpace


def situation(*, outlier: float) -> Situation:
    x = np.linspace(0.0, 1.0, 20)[:, None]
    y = 3.0 * x[:, 0]
    y[7] += outlier
    return Situation(
        space=SearchSpace((Continuous(name="x", low=0, high=1),)),
        objective=Maximise(outcome="y"),
        x=x,
        y=y,
        settings=Settings(family="robust_gp"),
    )


def test_a_caveat_of_the_model_stands_in_the_reason() -> None:
    doubted, plain = (choose(situation(outlier=by), q=1, seed=1) for by in (30.0, 0.0))

    assert doubted.surrogate is not None
    assert doubted.surrogate.caveat is not None
    assert doubted.surrogate.caveat in doubted.picks[0].reason
    assert plain.surrogate is not None
    assert plain.surrogate.caveat is None
