"""The policy in spaces of any kind: every pick admissible by an oracle, none repeated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planner.acquisition import Choice, Settings, Situation, choose
from planner.acquisition.open_space import OpenCandidates, independent
from planner.acquisition.remaining import remaining
from planner.campaign.objectives import Maximise
from planner.errors import InputError, UnknownName
from planner.space import (
    Categorical,
    Configuration,
    Contextual,
    Continuous,
    Exclusion,
    ExpressionConstraint,
    Fixed,
    Integer,
    LinearConstraint,
    Mixture,
    Presence,
    SearchSpace,
    Span,
)
from tests.oracles.admissibility import enumerate_admissible, is_admissible
from tests.strategies.constrained_spaces import constrained_spaces, mixtures

GOAL = Maximise(outcome="yield")


def outcome(space: SearchSpace, configurations: tuple[Configuration, ...]) -> np.ndarray:
    x = space.encode(configurations)
    return -np.square(x - np.linspace(0.2, 0.7, x.shape[1])).sum(axis=1)


def situation(
    space: SearchSpace, n: int, *, n_pending: int = 0, n_tried: int = 0, **more: object
) -> Situation:
    # what is admissible does not depend on the model, so a quick one decides
    more.setdefault("settings", Settings(family="gp"))
    drawn = space.sample(n + n_pending + n_tried, seed=11)
    return Situation(
        space=space,
        objective=GOAL,
        x=space.encode(drawn[:n]),
        y=outcome(space, drawn[:n]),
        pending=space.encode(drawn[n : n + n_pending]),
        tried=space.encode(drawn[n + n_pending :]),
        **more,  # type: ignore[arg-type]
    )


def assert_sound(space: SearchSpace, now: Situation, choice: Choice) -> None:
    assert all(is_admissible(space, pick.configuration) for pick in choice.picks)
    together = np.vstack([now.taken(), *(pick.x[None, :] for pick in choice.picks)])
    n_before = len(np.unique(now.taken().round(8), axis=0))
    assert len(np.unique(together.round(8), axis=0)) == n_before + len(choice.picks)


@settings(max_examples=12)
@given(constrained_spaces(is_small=False) | mixtures(), st.integers(0, 7), st.integers(0, 2**40))
def test_in_any_space_every_pick_is_admissible_and_none_is_repeated(
    space: SearchSpace, n: int, seed: int
) -> None:
    assume(space.find_emptiness() is None)
    now = situation(space, n, n_pending=1, n_tried=1)
    choice = choose(now, q=2, seed=seed)
    assert_sound(space, now, choice)
    assert len(choice.picks) == 2 or choice.is_exhausted or len(space.sample(99, seed=1)) < 99


@settings(max_examples=25)
@given(constrained_spaces(is_small=True), st.integers(0, 7))
def test_in_a_small_space_all_is_chosen_until_nothing_is_left(space: SearchSpace, n: int) -> None:
    every = list(enumerate_admissible(space))
    assume(0 < len(every) < 300)
    now = situation(space, min(n, len(every)))
    n_left = len(every) - len(np.unique(now.taken(), axis=0))
    choice = choose(now, q=3, seed=1)
    assert_sound(space, now, choice)
    assert len(choice.picks) == min(3, n_left)
    assert choice.is_exhausted is (n_left < 3)


def components(n: int, low: float, step: float, *, optional: bool) -> tuple[Continuous, ...]:
    return tuple(
        Continuous(name=f"c{i}", low=low, high=1, resolution=step, optional=optional)
        for i in range(n)
    )


def blend(n: int, low: float, step: float, most: int | None = None) -> SearchSpace:
    parts = components(n, low, step, optional=most is not None)
    present = None if most is None else Presence(at_most=most)
    return SearchSpace(parts, (Mixture(mixture=tuple(p.name for p in parts), present=present),))


def formula() -> SearchSpace:
    space = blend(4, 0.0, 0.005)
    rule = ExpressionConstraint(expression="c0 * c1 * c2 * c3", at_least=0.003)
    return SearchSpace(space.parameters, (*space.constraints, rule))


def exclusive() -> SearchSpace:
    return SearchSpace(
        (
            Continuous(name="t", low=20, high=120, resolution=0.5),
            Continuous(name="f", low=0.1, high=10, scale="log"),
            Categorical(name="solvent", choices=("water", "THF", "DMF")),
        ),
        (
            Exclusion(exclude={"solvent": "THF", "t": Span(at_least=66)}),
            Exclusion(exclude={"solvent": "water", "t": Span(at_least=100)}),
        ),
    )


SPACES = {
    "seven with least amounts": blend(7, 0.02, 0.005),
    "3 of 8": blend(8, 0.05, 0.01, most=3),
    "formula": formula(),
    "exclusions": exclusive(),
    "unequal steps": SearchSpace(
        (
            Continuous(name="a", low=0, high=100, resolution=0.5),
            Continuous(name="b", low=0, high=100, resolution=0.3),
            Continuous(name="c", low=0.1, high=50, resolution=0.7),
            Integer(name="n", low=1, high=9),
        ),
        (LinearConstraint(weights={"a": 1, "b": 1, "c": 1}, equals=77.7),),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_the_best_candidate_beats_every_one_of_many_random_ones(name: str) -> None:
    """The search against brute force: 10,000 samples of the same score, of several peaks."""
    space = SPACES[name]
    d = space.n_columns
    places = torch.from_numpy(space.encode(space.sample(3, seed=5)))

    def score(x: torch.Tensor) -> torch.Tensor:
        apart = torch.cdist(x, places).square()
        return (torch.exp(-8 * apart) * torch.tensor([1.0, 0.8, 0.9])).sum(dim=-1)

    found = OpenCandidates(space).best(score, taken=np.empty((0, d)), seed=1)
    crowd = torch.from_numpy(space.encode(space.sample(10_000, seed=2)))
    assert found is not None
    assert is_admissible(space, found.configuration)
    assert found.score is not None
    assert found.score >= float(score(crowd).max())


@pytest.mark.parametrize("most", [None, 2])
def test_the_best_candidate_is_the_best_of_all(most: int | None) -> None:
    """Against every one of the 286 or 58 mixtures of four in steps of 10 %, by a smooth score."""
    space = blend(4, 0.1 if most else 0.0, 0.1, most=most)
    every = space.encode(list(enumerate_admissible(space)))
    assert len(every) == (58 if most else 286)
    wanted = torch.tensor([0.31, 0.22, 0.4, 0.07], dtype=torch.float64)

    def score(x: torch.Tensor) -> torch.Tensor:
        return -(x - wanted).square().sum(dim=-1)

    found = OpenCandidates(space).best(score, taken=np.empty((0, 4)), seed=1)
    assert found is not None
    assert found.score == pytest.approx(float(score(torch.from_numpy(every)).max()), abs=1e-12)


@pytest.mark.parametrize("name", SPACES)
def test_a_batch_beside_pending_trials_is_sound_and_can_be_made_again(name: str) -> None:
    space = SPACES[name]
    now = situation(space, 8, n_pending=2, n_tried=2)
    choice = choose(now, q=2, seed=3)
    assert_sound(space, now, choice)
    assert [pick.kind for pick in choice.picks] == ["model", "model"]
    again = choose(now, q=2, seed=3)
    assert [p.configuration for p in again.picks] == [p.configuration for p in choice.picks]


def test_equations_that_follow_from_others_do_no_harm() -> None:
    """The same mixture twice, and a sum of two of its rules."""
    parts = components(4, 0, 0.001, optional=False)
    names = tuple(part.name for part in parts)
    space = SearchSpace(
        parts,
        (
            Mixture(mixture=names),
            Mixture(mixture=names),
            LinearConstraint(weights={"c0": 1, "c1": -2}, equals=0),
            LinearConstraint(weights={"c0": 2, "c1": -1, "c2": 1, "c3": 1}, equals=1),
        ),
    )
    now = situation(space, 8)
    choice = choose(now, q=2, seed=1)
    assert len(choice.picks) == 2
    assert_sound(space, now, choice)


def test_independent_equations_say_the_same() -> None:
    """By solutions: those of both systems are the same plane."""
    rows = [np.array([1.0, 1.0, 1.0]), np.array([1.0, -1.0, 0.0]), np.array([2.0, 0.0, 1.0])]
    reduced = independent(list(zip(rows, [1.0, 0.2, 1.2], strict=True)))
    assert len(reduced) == 2
    point, way = np.array([0.5, 0.3, 0.2]), np.array([1.0, 1.0, -2.0])
    for weights, limit in reduced:
        assert weights @ point == pytest.approx(limit, abs=1e-12)
        assert weights @ way == pytest.approx(0, abs=1e-12)


def oven() -> SearchSpace:
    return SearchSpace(
        (
            Continuous(name="temperature", low=20, high=120, resolution=5),
            Continuous(name="a", low=0, high=1, resolution=0.01),
            Continuous(name="b", low=0, high=1, resolution=0.01),
        ),
        (LinearConstraint(weights={"a": 1, "b": 1}, at_most=1),),
    )


@pytest.mark.parametrize("n", [0, 4, 8])
def test_a_batch_has_its_shared_parameters_in_common(n: int) -> None:
    """In the start, in the model's picks, and across both."""
    space = oven()
    now = situation(space, n, shared=("temperature",))
    choice = choose(now, q=3, seed=1)
    assert_sound(space, now, choice)
    assert len(choice.picks) == 3
    assert len({pick.configuration["temperature"] for pick in choice.picks}) == 1
    assert "as for the whole batch" in choice.picks[1].reason


def test_shared_values_of_a_table_leave_room_for_the_whole_batch() -> None:
    """Five rows at 80, and one at each of twenty other temperatures."""
    rows = [{"t": 80.0, "a": round(0.1 * k, 1)} for k in range(5)]
    rows += [{"t": float(20 + k), "a": 0.5} for k in range(20)]
    space = SearchSpace(
        (Continuous(name="t", low=0, high=100), Continuous(name="a", low=0, high=1)),
        rows=tuple(rows),
    )
    measured = [5, 8, 12, 16, 20, 24, 0]
    now = Situation(
        space=space,
        objective=GOAL,
        x=space.encoded_rows[measured],
        y=-space.encoded_rows[measured, 0],
        shared=("t",),
    )
    choice = choose(now, q=4, seed=1)
    assert sorted(pick.row or 0 for pick in choice.picks) == [1, 2, 3, 4]
    short = choose(now, q=5, seed=1)
    assert len(short.picks) == 4
    assert not short.is_exhausted


def test_what_would_be_shared_must_be_a_parameter() -> None:
    with pytest.raises(UnknownName, match="oven"):
        choose(situation(oven(), 3, shared=("oven",)), q=2, seed=1)


def humid() -> SearchSpace:
    return SearchSpace(
        (
            Fixed(name="stirrer", value="on"),
            Continuous(name="temperature", low=20, high=80, resolution=1),
            Contextual(name="humidity", unit="percent", low=20, high=60),
            Categorical(name="solvent", choices=("water", "THF")),
        )
    )


@pytest.mark.parametrize("n", [0, 8])
def test_what_is_measured_is_never_chosen(n: int) -> None:
    now = situation(humid(), n, context={"humidity": 33.5})
    choice = choose(now, q=2, seed=1)
    assert [pick.configuration["humidity"] for pick in choice.picks] == [33.5, 33.5]
    assert [pick.configuration["stirrer"] for pick in choice.picks] == ["on", "on"]
    assert not any("assumed" in pick.reason for pick in choice.picks)
    assert_sound(humid(), now, choice)


def test_what_nobody_measured_is_assumed_and_every_reason_says_so() -> None:
    choice = choose(situation(humid(), 8), q=2, seed=1)
    assert all(pick.configuration["humidity"] == 40.0 for pick in choice.picks)
    assert all("humidity was not given" in pick.reason for pick in choice.picks)


def test_another_humidity_makes_no_other_setting() -> None:
    """All settings of the space were measured on another day."""
    space = SearchSpace(
        (Integer(name="n", low=1, high=6), Contextual(name="humidity", low=20, high=60))
    )
    measured = space.encode([{"n": n, "humidity": 25.0} for n in range(1, 7)])
    now = Situation(
        space=space, objective=GOAL, x=measured, y=measured[:, 0], context={"humidity": 50.0}
    )
    choice = choose(now, q=1, seed=1)
    assert choice.picks == ()
    assert choice.is_exhausted


def test_a_context_of_what_is_set_is_refused() -> None:
    with pytest.raises(InputError, match="Lock it instead"):
        choose(situation(humid(), 3, context={"temperature": 50.0}), q=1, seed=1)


def test_locks_are_kept_by_every_pick() -> None:
    space = blend(8, 0.05, 0.01, most=3)
    now = situation(space, 8)
    part = space.restricted({"c0": 0.25}, [{"c1": 0.0}])
    locked = replace(now, space=part)
    choice = choose(locked, q=3, seed=1)
    assert_sound(space, now, choice)
    assert all(pick.configuration["c0"] == 0.25 for pick in choice.picks)
    assert all(float(pick.configuration["c1"]) > 0 for pick in choice.picks)


def test_rows_of_a_part_of_a_table_have_the_numbers_of_the_whole() -> None:
    rows = tuple({"t": float(10 * (k % 3)), "a": k / 20} for k in range(20))
    space = SearchSpace(
        (Continuous(name="t", low=0, high=100), Continuous(name="a", low=0, high=1)), rows=rows
    )
    part = space.restricted({"t": 10.0})
    now = Situation(
        space=part,
        objective=GOAL,
        x=space.encoded_rows[[0, 1, 2, 3, 5]],
        y=np.arange(5.0),
        blocked=frozenset({4, 7}),
    )
    choice = choose(now, q=4, seed=1)
    assert sorted(pick.row or 0 for pick in choice.picks) == [10, 13, 16, 19]
    assert all(rows[pick.row or 0] == pick.configuration for pick in choice.picks)


def test_what_is_left_to_gain_is_that_of_the_part_and_of_today() -> None:
    """Of 20 rows the part holds 7, of which one is measured and one blocked."""
    rows = tuple({"t": float(10 * (k % 3)), "a": k / 20} for k in range(20))
    space = SearchSpace(
        (
            Continuous(name="t", low=0, high=100),
            Continuous(name="a", low=0, high=1),
            Contextual(name="humidity", low=20, high=60),
        ),
        rows=rows,
    )
    now = Situation(
        space=space.restricted({"t": 10.0}),
        objective=GOAL,
        x=space.encoded_rows[[0, 1, 2]],
        y=np.arange(3.0),
        blocked=frozenset({16, 18}),
        context={"humidity": 33.0},
    )
    surrogate = choose(now, q=1, seed=1).surrogate
    assert surrogate is not None
    left = remaining(now, surrogate, seed=1)
    assert left is not None
    assert left.n_candidates == 5


def test_a_space_that_holds_nothing_is_an_error_and_not_exhausted() -> None:
    space = blend(8, 0.2, 0.01)
    now = Situation(space=space, objective=GOAL, x=np.empty((0, 8)), y=np.empty(0))
    with pytest.raises(InputError, match="c0"):
        choose(now, q=1, seed=1)
