"""Spaces that hold nothing are reported, with how sure that is; others never are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings

from planner.errors import InputError
from planner.space import (
    AnyConstraint,
    Categorical,
    Continuous,
    Discrete,
    Exclusion,
    ExpressionConstraint,
    Integer,
    LinearConstraint,
    Mixture,
    Presence,
    SearchSpace,
    Span,
)
from planner.space.admissible.emptiness import is_proven_empty
from planner.space.admissible.programme import solve
from tests.oracles.admissibility import enumerate_admissible, is_admissible
from tests.strategies.constrained_spaces import constrained_spaces, mixtures

UNLISTED = "listed"


def numbers(names: str, *, low: float = 0, high: float = 1, **more: Any) -> tuple[Continuous, ...]:
    return tuple(Continuous(name=name, low=low, high=high, **more) for name in names)


@given(constrained_spaces(is_small=True))
def test_a_small_space_is_reported_where_and_only_where_it_is_empty(space: SearchSpace) -> None:
    """Against every combination by brute force."""
    why = space.find_emptiness()
    assert (why is None) is any(True for _ in enumerate_admissible(space))
    assert why is None or "looked at" in why


@settings(max_examples=80)
@given(constrained_spaces(is_small=True))
# listed numbers of different steps, for which no equation is divisible
@example(
    SearchSpace(
        (Discrete(name="a", values=(0.0, 0.5, 2.0)), Integer(name="b", low=0, high=3)),
        (LinearConstraint(weights={"a": 1.0, "b": 2.0}, equals=1.0),),
    )
)
def test_without_the_list_too_no_space_is_wrongly_proven_or_solved_to_be_empty(
    space: SearchSpace,
) -> None:
    """The way of large spaces, on small ones: proof and solver against brute force.

    Formulas are not the solver's business, so it is asked about the other constraints alone.
    """
    rest = tuple(each for each in space.constraints if each.kind != "expression")
    assume(rest)
    plain = SearchSpace(space.parameters, rest)
    expected = list(enumerate_admissible(plain))
    region = plain.region
    found = solve(region.rules)
    assert found.outcome == ("found" if expected else "empty")
    if is_proven_empty(region):
        assert not expected
    region.__dict__[UNLISTED] = None
    assert (plain.find_emptiness() is None) is bool(expected)


@settings(max_examples=30)
@given(mixtures())
def test_a_mixture_that_can_be_met_is_never_reported(space: SearchSpace) -> None:
    """Least amounts of at most 10 % leave room where at least one component may be alone."""
    parameters = space.parameters
    first = parameters[0]
    assert isinstance(first, Continuous)
    if first.optional or first.low * len(parameters) < 1:
        assert space.find_emptiness() is None


WIDE: list[tuple[tuple[Any, ...], tuple[AnyConstraint, ...], str, str]] = [
    (
        numbers("abcdefgh", low=0.2),
        (Mixture(mixture=tuple("abcdefgh")),),
        r"'a \+ b",
        "looked at|exact",
    ),
    (
        numbers("abcd"),
        (
            LinearConstraint(weights={"a": 1, "b": 1}, at_least=1.2),
            LinearConstraint(weights={"b": 1, "c": 1}, at_least=1.2),
            LinearConstraint(weights={"a": 1, "c": 1}, at_least=1.2),
            LinearConstraint(weights={"a": 1, "b": 1, "c": 1}, at_most=1.7),
            LinearConstraint(weights={"d": 1}, at_most=0.7),
        ),
        r"'1.2 <= a \+ b', .* and 'a \+ b \+ c <= 1.7' together",
        "exact arithmetic",
    ),
    (
        tuple(Integer(name=name, low=0, high=10**6) for name in "abc"),
        (LinearConstraint(weights={"a": 6, "b": 10, "c": 4}, equals=4001),),
        "4001",
        "exact arithmetic",
    ),
    (
        numbers("abcdef", low=0.1, high=0.3, optional=True),
        (Mixture(mixture=tuple("abcdef"), present=Presence(at_most=3)),),
        "at most 3",
        "exact arithmetic",
    ),
    (
        (*numbers("ab", high=100), Categorical(name="s", choices=("x", "y"))),
        (
            Exclusion(exclude={"s": "x", "a": Span(at_least=10)}),
            Exclusion(exclude={"s": "y", "b": Span(at_least=10)}),
            LinearConstraint(weights={"a": 1, "b": 1}, at_least=130),
            LinearConstraint(weights={"a": 1, "b": -1}, at_least=-5, at_most=5),
        ),
        "together",
        "HiGHS",
    ),
]


@pytest.mark.parametrize(("parameters", "constraints", "which", "how"), WIDE)
def test_a_large_space_that_is_empty_is_reported_with_what_contradicts_what(
    parameters: tuple[Any, ...], constraints: tuple[AnyConstraint, ...], which: str, how: str
) -> None:
    space = SearchSpace(parameters, constraints)
    why = space.find_emptiness()
    assert why is not None
    with pytest.raises(InputError, match=which):
        space.sample(1, seed=0)
    with pytest.raises(InputError, match=how):
        space.sample(1, seed=0)


def test_a_constraint_that_does_no_harm_is_not_named() -> None:
    parameters, constraints, _, _ = WIDE[1]
    why = SearchSpace(parameters, constraints).find_emptiness()
    assert why is not None
    assert "'d <= 0.7'" not in why


def test_of_a_formula_that_nothing_keeps_it_is_said_that_this_is_a_search() -> None:
    space = SearchSpace(
        numbers("abcd"), (ExpressionConstraint(expression="a + b + c*d", at_least=3.5),)
    )
    why = space.find_emptiness()
    assert why is not None
    assert "a + b + c*d" in why
    assert "no proof: 65,536 points" in why
    assert "32 descents" in why


@settings(max_examples=60)
@given(constrained_spaces(is_small=False))
def test_what_the_solver_finds_is_admissible_and_what_is_drawn_refutes_a_proof(
    space: SearchSpace,
) -> None:
    rest = tuple(each for each in space.constraints if each.kind != "expression")
    assume(rest)
    plain = SearchSpace(space.parameters, rest)
    found = solve(plain.region.rules)
    if found.raw is not None:
        free = [axis.spread(np.zeros(1))[0] for axis in plain.region.axes]
        raw = np.where(np.isnan(found.raw), free, found.raw)
        assert is_admissible(plain, plain.region.configuration(raw))
        assert plain.find_emptiness() is None
        assert not is_proven_empty(plain.region)
    else:
        assert found.outcome == "empty"
        assert plain.find_emptiness() is not None
