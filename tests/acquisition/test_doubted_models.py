"""What a fit says against itself stands in the reason of every trial that it chooses."""

from __future__ import annotations

from dataclasses import replace

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


def test_doubted_results_are_named_where_they_have_names() -> None:
    """The eighth of twenty is off."""
    names = tuple(f"trial {number}" for number in range(1, 21))
    doubted, plain = (
        choose(replace(situation(outlier=by), names=names), q=1, seed=1) for by in (30.0, 0.0)
    )
    assert doubted.picks[0].reason.endswith("Check or repeat it. It is trial 8.")
    assert "It is" not in plain.picks[0].reason


def test_several_are_named_in_the_order_of_the_values() -> None:
    """Trials in falling order of x: the model sorts its observations, the names follow."""
    two = situation(outlier=30.0)
    y = two.y.copy()
    y[12] -= 20.0
    names = tuple(f"trial {number}" for number in range(1, 21))
    two = replace(two, x=two.x[::-1].copy(), y=y[::-1].copy(), names=names)
    reason = choose(two, q=1, seed=1).picks[0].reason
    values = [y[7], y[12]]
    named = [f"trial {20 - row}" for row in (7, 12)]
    assert f"{values[0]:.4g}, {values[1]:.4g}. Check or repeat them. " in reason
    assert reason.endswith(f"They are, in this order, {named[0]} and {named[1]}.")


def test_a_caveat_of_the_model_stands_in_the_reason() -> None:
    doubted, plain = (choose(situation(outlier=by), q=1, seed=1) for by in (30.0, 0.0))

    assert doubted.surrogate is not None
    assert doubted.surrogate.caveat is not None
    assert doubted.surrogate.caveat in doubted.picks[0].reason
    assert plain.surrogate is not None
    assert plain.surrogate.caveat is None
