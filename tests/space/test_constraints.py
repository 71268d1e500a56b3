from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from planner.space import LinearConstraint
from tests.strategies.parameters import written

numbers = written()


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5), numbers)
def test_a_limit_is_kept_to_the_last_digit(terms: list[tuple[float, float]], limit: float) -> None:
    """The sum in fractions of the written digits, which rounds nothing."""
    names = [f"p{index}" for index in range(len(terms))]
    weights = dict(zip(names, (weight for weight, _ in terms), strict=True))
    configuration = dict(zip(names, (value for _, value in terms), strict=True))
    assume(any(weights.values()))  # a sum without any term is refused
    total = sum(Fraction(repr(weight)) * Fraction(repr(value)) for weight, value in terms)
    below = LinearConstraint(weights=weights, at_most=limit)
    above = LinearConstraint(weights=weights, at_least=limit)
    assert below.is_met(configuration) is (total <= Fraction(repr(limit)))
    assert above.is_met(configuration) is (total >= Fraction(repr(limit)))


def test_a_tenth_and_two_tenths_are_three_tenths() -> None:
    """In binary 0.1 + 0.2 is above 0.3."""
    rule = LinearConstraint(weights={"a": 1, "b": 1}, at_most=0.3)
    assert rule.is_met({"a": 0.1, "b": 0.2})
    assert not rule.is_met({"a": 0.1, "b": 0.2000000000000001})


def test_many_digits_are_not_rounded_away() -> None:
    """34 digits in the product: more than decimal arithmetic keeps unless told to."""
    rule = LinearConstraint(
        weights={"a": 1.0000000000000002, "b": 1e-40}, at_most=1.0000000000000002
    )
    assert rule.is_met({"a": 1.0, "b": 0})
    assert not rule.is_met({"a": 1.0, "b": 1e-60})


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"weights": {"a": 1}}, "at_most or at_least"),
        ({"weights": {}, "at_most": 1}, "at least 1"),
        ({"weights": {"a": 1}, "at_most": 1, "at_least": 2}, "swap"),
        ({"weights": {"a": float("nan")}, "at_most": 1}, "finite"),
        ({"weights": {"a": True}, "at_most": 1}, "number"),
    ],
)
def test_an_invalid_constraint_cannot_be_made(content: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        LinearConstraint.model_validate(content)


def test_a_constraint_reads_as_a_formula() -> None:
    rule = LinearConstraint(weights={"a": 1, "b": -2.5}, at_most=1, at_least=0)
    assert str(rule) == "0 <= a - 2.5 b <= 1"
