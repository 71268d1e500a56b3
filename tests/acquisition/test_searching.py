"""How well the best candidate was searched for, as it is stated with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from planner.acquisition import Settings, Situation, choose
from planner.acquisition.open_space import OpenCandidates
from planner.acquisition.tops import count_tops
from planner.campaign.objectives import Maximise
from planner.models import OutcomeScale
from planner.space import Continuous, SearchSpace
from planner.trials import Search

NONE = np.empty((0, 2))
SQUARE = SearchSpace(
    (Continuous(name="a", low=0, high=1), Continuous(name="b", low=0, high=1)),
)


def hill(x: torch.Tensor) -> torch.Tensor:
    return -(x - 0.3).square().sum(dim=1)


def test_all_ascents_of_a_smooth_hill_end_at_its_top() -> None:
    found = OpenCandidates(space=SQUARE).best(hill, taken=NONE, seed=1)

    assert found is not None
    assert found.search is not None
    assert found.search.n_ascents >= 6
    assert found.search.n_at_top == found.search.n_ascents
    assert not found.search.said


def test_a_table_is_scored_whole() -> None:
    rows = tuple({"a": a / 10, "b": b / 10} for a in range(6) for b in range(5))
    space = SearchSpace(SQUARE.parameters, rows=rows)
    x, y = space.encoded_rows[:8], np.arange(8.0)
    now = Situation(
        space=space, objective=Maximise(outcome="y"), x=x, y=y, settings=Settings(family="gp")
    )

    (pick,) = choose(now, q=1, seed=1).picks

    assert pick.search is not None
    assert (pick.search.n_scored, pick.search.n_ascents) == (22, 0)
    assert pick.search.in_words == "All 22 candidates that are left were scored."


def test_ascents_of_a_score_whose_gradient_fails_are_not_said_to_be_at_a_top() -> None:
    """The samples are scored all the same, and the best of them is chosen, with a word of doubt."""

    class Failing(torch.autograd.Function):
        @staticmethod
        def forward(_context: object, x: torch.Tensor) -> torch.Tensor:
            return hill(x)

        @staticmethod
        def backward(_context: object, _gradient: torch.Tensor) -> torch.Tensor:
            raise torch.linalg.LinAlgError("no factor")

    found = OpenCandidates(space=SQUARE).best(Failing.apply, taken=NONE, seed=1)

    assert found is not None
    assert found.search is not None
    assert found.search.n_at_top == 0
    assert found.search.is_doubtful
    assert "a covariance could not be factored" in found.search.in_words


def test_an_ascent_that_is_cut_short_is_told_from_one_that_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    space = SearchSpace(tuple(Continuous(name=f"x{i}", low=0, high=1) for i in range(6)))
    candidates, nothing = OpenCandidates(space=space), np.empty((0, 6))

    def waves(x: torch.Tensor) -> torch.Tensor:
        return torch.sin(9 * x).sum(dim=1) + (x - 0.3).prod(dim=1)

    whole = candidates.best(waves, taken=nothing, seed=1)
    monkeypatch.setattr("planner.acquisition.open_space._MOST_STEPS", 1)
    short = candidates.best(waves, taken=nothing, seed=1)

    assert whole is not None
    assert whole.search is not None
    assert short is not None
    assert short.search is not None
    assert whole.search.n_at_top == whole.search.n_ascents
    assert short.search.n_at_top < short.search.n_ascents
    assert short.search.said == "after 1 steps, or where these gained little"


def test_of_an_ascent_that_finds_no_step_uphill_it_is_told_in_plain_words() -> None:
    """Not in the optimiser's own: of a slope that leads downhill SciPy says ABNORMAL."""

    class Misled(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, x: torch.Tensor) -> torch.Tensor:
            context.save_for_backward(x)
            return hill(x)

        @staticmethod
        def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
            (x,) = context.saved_tensors
            return gradient[:, None] * 2 * (x - 0.3)

    found = OpenCandidates(space=SQUARE).best(Misled.apply, taken=NONE, seed=1)

    assert found is not None
    assert found.search is not None
    assert found.search.in_words == (
        "1,024 samples were scored, but no ascent of 6 from the best ended at a top; they ended "
        "where no step uphill was found, as at an edge. Of all that was seen the best is proposed."
    )


def test_where_some_ascents_ended_at_a_top_what_is_told_is_of_the_others() -> None:
    search = Search(n_scored=1024, n_ascents=8, n_at_top=3, said="after 100 steps")

    assert search.in_words == (
        "1,024 samples were scored, and 3 of 8 ascents from the best ended at a top; the "
        "others ended after 100 steps. Of all that was seen the best is proposed."
    )


def test_where_a_bound_stops_the_ascent_is_a_top_and_a_slope_is_none() -> None:
    at = np.array([[1.0, 0.3], [0.9, 0.3], [0.3, 0.3]])
    zero, one = np.zeros_like(at), np.ones_like(at)

    def rising(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] - (x[:, 1] - 0.3).square()

    def count(n: int) -> int:
        return count_tops(rising, at[:n], lower=zero[:n], upper=one[:n], spread=0.3)

    assert [count(1), count(3)] == [1, 1]


def test_where_a_linear_rule_stops_the_ascent_is_a_top() -> None:
    """On the line where both sum to one the best of ``a`` alone is at its end."""
    at = np.array([[1.0, 0.0], [0.5, 0.5]])
    zero, one = np.zeros_like(at), np.ones_like(at)
    rule = (np.array([1.0, 1.0]), 1.0)

    def both(x: torch.Tensor) -> torch.Tensor:
        return x.sum(dim=1) + 0.001 * x[:, 0]

    def count(**rules: list[tuple[np.ndarray, float]]) -> int:
        return count_tops(both, at, lower=zero, upper=one, spread=0.0005, **rules)

    assert count() == 0  # both could grow
    assert count(equations=[rule]) == 1
    # the same as a limit from above, written from below
    assert count(limits=[(-rule[0], -rule[1])]) == 1


def test_before_the_first_result_it_is_said_and_written_that_the_bound_decides() -> None:
    """Improvement needs something to improve on."""
    x = np.random.default_rng(1).random((5, 2))
    now = Situation(
        space=SQUARE,
        objective=Maximise(outcome="y"),
        x=NONE,
        y=np.empty(0),
        pending=x,
        scale=OutcomeScale.from_range(0, 1),
        settings=Settings(acquisition="log_nei"),
    )

    choice = choose(now, q=1, seed=0)

    assert choice.acquisition == "ucb"
    assert choice.picks[0].reason.startswith("Highest mean + 1 sd")
    after = choose(replace(now, x=x, y=x[:, 0], pending=NONE), q=1, seed=0)
    assert after.acquisition == "log_nei"
    assert after.picks[0].reason.startswith("Highest expected improvement")
