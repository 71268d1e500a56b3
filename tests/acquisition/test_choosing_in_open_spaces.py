"""The policy where there is no table: bounds, constraints, categories, levels."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from planner.acquisition import Settings, Situation, choose
from planner.acquisition.open_space import OpenCandidates, enumerate_small
from planner.campaign.objectives import Maximise
from planner.space import (
    AnyParameter,
    Categorical,
    Configuration,
    Continuous,
    Discrete,
    Integer,
    LinearConstraint,
    SearchSpace,
)

GOAL = Maximise(outcome="yield")


def mixed_space(*constraints: LinearConstraint) -> SearchSpace:
    parameters: tuple[AnyParameter, ...] = (
        Continuous(name="temperature", unit="degC", low=20, high=120, resolution=0.5),
        Continuous(name="flow", unit="mL/min", low=0.1, high=10, scale="log"),
        Integer(name="cycles", low=1, high=9),
        Discrete(name="pressure", unit="bar", values=(1.0, 2.0, 5.0)),
        Categorical(name="solvent", choices=("water", "ethanol", "toluene")),
    )
    return SearchSpace(parameters=parameters, constraints=constraints)


def outcome(configuration: Configuration) -> float:
    t = float(configuration["temperature"])
    flow = math.log10(float(configuration["flow"]))
    return (
        -(((t - 81.0) / 30.0) ** 2)
        - (flow - 0.4) ** 2
        - 0.05 * (float(configuration["cycles"]) - 6) ** 2
        - 0.2 * float(configuration["pressure"])
        + (configuration["solvent"] == "ethanol")
    )


def situation(space: SearchSpace, n: int, seed: int = 0, **more: object) -> Situation:
    more.setdefault("settings", Settings(family="gp"))
    measured = space.sample(n, seed=seed)
    return Situation(
        space=space,
        objective=GOAL,
        x=space.encode(measured),
        y=np.array([outcome(each) for each in measured]),
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("acquisition", ["ucb", "log_nei"])
def test_every_pick_is_admissible_and_none_a_duplicate(acquisition: str) -> None:
    space = mixed_space(
        LinearConstraint(weights={"temperature": 1.0, "cycles": 10.0}, at_most=130.0),
        LinearConstraint(weights={"pressure": 1.0, "cycles": 1.0}, at_least=4.0),
    )
    now = situation(space, 12, settings=Settings(acquisition=acquisition, family="gp"))  # type: ignore[arg-type]

    picks = choose(now, q=2, seed=3).picks

    taken = np.vstack([now.x, *(pick.x for pick in picks)])
    assert len(np.unique(taken.round(8), axis=0)) == 14
    for pick in picks:
        assert pick.kind == "model"
        assert space.check(pick.configuration) == pick.configuration
        assert float(pick.configuration["temperature"]) * 2 % 1 == 0


def test_the_best_candidate_beats_every_one_of_many_random_ones() -> None:
    """The search against brute force: 20,000 samples of the same score."""
    space = mixed_space()
    candidates = OpenCandidates(space)
    centre = torch.tensor([0.61, 0.7, 0.625, 0.25, 0, 1, 0], dtype=torch.float64)

    def score(x: torch.Tensor) -> torch.Tensor:
        return -(x - centre).square().sum(dim=-1) + 0.3 * torch.sin(20 * x[:, 0])

    found = candidates.best(score, taken=np.empty((0, 7)), seed=1)

    crowd = torch.from_numpy(space.encode(space.sample(20_000, seed=2)))
    assert found is not None
    assert found.score is not None
    assert found.score >= float(score(crowd).max())


def test_the_best_candidate_under_constraints_beats_random_ones_too() -> None:
    space = mixed_space(
        LinearConstraint(weights={"temperature": 1.0, "cycles": 10.0}, at_most=100.0)
    )

    def score(x: torch.Tensor) -> torch.Tensor:
        return x[:, 0] + x[:, 2] - (x[:, 1] - 0.3).square() + x[:, 5]

    found = OpenCandidates(space).best(score, taken=np.empty((0, 7)), seed=1)

    crowd = torch.from_numpy(space.encode(space.sample(5_000, seed=2)))
    assert found is not None
    assert found.score is not None
    assert found.score >= float(score(crowd).max())


def test_a_taken_optimum_is_replaced_by_the_next_best() -> None:
    space = mixed_space()

    def score(x: torch.Tensor) -> torch.Tensor:
        return -(x - 0.5).square().sum(dim=-1)

    candidates = OpenCandidates(space)
    first = candidates.best(score, taken=np.empty((0, 7)), seed=1)
    assert first is not None
    second = candidates.best(score, taken=first.x[None, :], seed=1)

    assert second is not None
    assert second.configuration != first.configuration
    assert first.score is not None
    assert second.score is not None
    # one step of the lab beside the optimum is all that is lost
    assert first.score - 0.05 < second.score <= first.score


def test_open_choices_can_be_made_again() -> None:
    now = situation(mixed_space(), 8, settings=Settings())
    one, two = choose(now, q=2, seed=5), choose(now, q=2, seed=5)

    assert [p.configuration for p in one.picks] == [p.configuration for p in two.picks]
    assert [p.acquisition_value for p in one.picks] == [p.acquisition_value for p in two.picks]
    assert choose(now, q=1, seed=6).picks[0].row is None


def test_the_start_fills_an_open_space() -> None:
    """Five centres of the unit square lie farther apart than five random points mostly do."""
    space = SearchSpace(
        parameters=(Continuous(name="a", low=0, high=1), Continuous(name="b", low=0, high=1))
    )
    empty = Situation(space=space, objective=GOAL, x=np.empty((0, 2)), y=np.empty(0))

    picks = choose(empty, q=5, seed=1).picks

    x = np.array([pick.x for pick in picks])
    apart = [np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i]]
    assert min(apart) > 0.25
    assert {pick.kind for pick in picks} == {"start"}


def test_a_small_finite_space_is_scored_whole_and_can_be_exhausted() -> None:
    space = SearchSpace(
        parameters=(
            Integer(name="n", low=1, high=3),
            Categorical(name="s", choices=("u", "v")),
        ),
        constraints=(LinearConstraint(weights={"n": 1}, at_most=2),),
    )
    small = enumerate_small(space, at_most=10)
    assert small is not None
    assert small.rows is not None
    assert len(small.rows) == 4
    assert enumerate_small(space, at_most=3) is None
    assert enumerate_small(mixed_space(), at_most=10**9) is None

    x = small.encoded_rows[:3]
    chosen = choose(
        Situation(space=space, objective=GOAL, x=x, y=np.array([1.0, 2.0, 3.0])), q=2, seed=1
    )

    assert [pick.configuration for pick in chosen.picks] == [small.rows[3]]
    assert chosen.picks[0].row is None
    assert chosen.is_exhausted
