"""Neighbours: admissible, another, and enough of them to walk from anywhere to anywhere."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.space import (
    Categorical,
    Configuration,
    Continuous,
    Discrete,
    Integer,
    LinearConstraint,
    Mixture,
    Ordinal,
    Presence,
    SearchSpace,
)
from tests.oracles.admissibility import enumerate_admissible, is_admissible
from tests.strategies.constrained_spaces import mixtures


@settings(max_examples=25)
@given(mixtures(), st.integers(0, 2**62))
def test_neighbours_of_a_mixture_are_admissible_and_others(space: SearchSpace, seed: int) -> None:
    here = space.sample(1, seed=seed)[0]
    around = space.neighbours(here)
    assert all(is_admissible(space, each) for each in around)
    assert here not in around
    assert len({tuple(each.values()) for each in around}) == len(around)


def reached(space: SearchSpace, start: Configuration) -> set[tuple[object, ...]]:
    found, front = {tuple(start.values())}, [dict(start)]
    while front:
        for each in space.neighbours(front.pop()):
            key = tuple(each.values())
            if key not in found:
                found.add(key)
                front.append(each)
    return found


def test_walks_reach_every_mixture_of_at_most_two_of_four() -> None:
    """Against all of them, by brute force."""
    names = tuple("abcd")
    space = SearchSpace(
        tuple(
            Continuous(name=name, low=0.2, high=1, resolution=0.1, optional=True) for name in names
        ),
        (Mixture(mixture=names, present=Presence(at_most=2)),),
    )
    every = {tuple(each.values()) for each in enumerate_admissible(space)}
    assert reached(space, {"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0}) == every


def test_walks_along_two_equations_at_once_change_what_they_must() -> None:
    """A single exchange breaks one of the two; the lattice's vectors keep both."""
    space = SearchSpace(
        tuple(Continuous(name=name, low=0, high=1, resolution=0.05) for name in "abc"),
        (
            LinearConstraint(weights={"a": 2, "b": 1}, equals=1),
            LinearConstraint(weights={"c": 1, "a": -1}, equals=0.5),
        ),
    )
    every = {tuple(each.values()) for each in enumerate_admissible(space)}
    assert len(every) == 11
    assert reached(space, {"a": 0.0, "b": 1.0, "c": 0.5}) == every


def test_a_difference_is_kept_by_raising_both() -> None:
    space = SearchSpace(
        (Integer(name="a", low=0, high=9), Integer(name="b", low=0, high=9)),
        (LinearConstraint(weights={"a": 1, "b": -1}, equals=2),),
    )
    assert reached(space, {"a": 2, "b": 0}) == {(b + 2, b) for b in range(8)}


def test_without_constraints_levels_and_choices_have_neighbours_and_free_numbers_none() -> None:
    space = SearchSpace(
        (
            Continuous(name="t", low=0, high=1),
            Integer(name="n", low=1, high=3),
            Discrete(name="d", values=(0.0, 1.0, 5.0)),
            Ordinal(name="o", levels=("low", "mid", "high")),
            Categorical(name="c", choices=("x", "y", "z")),
        )
    )
    here = {"t": 0.5, "n": 1, "d": 1.0, "o": "mid", "c": "y"}
    changes = [
        {name: value for name, value in each.items() if value != here[name]}
        for each in space.neighbours(here)
    ]
    assert changes == [
        {"n": 2},
        {"d": 0.0},
        {"d": 5.0},
        {"o": "low"},
        {"o": "high"},
        {"c": "x"},
        {"c": "z"},
    ]
    held = space.restricted({"c": "y", "n": 1})
    assert all(each["c"] == "y" and each["n"] == 1 for each in held.neighbours(here))
