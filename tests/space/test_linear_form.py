"""Formulas that are weighted sums, whatever way they are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.space import Expression
from planner.space.linear_form import linear_form


@pytest.mark.parametrize(
    ("text", "weights", "constant"),
    [
        ("1.5 + 0.02 * a", {"a": "0.02"}, "1.5"),
        ("a * 0.02 * 0.2195", {"a": "0.00439"}, "0"),
        ("-(a - 2 * b) / 4 + 3", {"a": "-0.25", "b": "0.5"}, "3"),
        ("a + b - a", {"b": "1"}, "0"),
        ("2 * 3", {}, "6"),
    ],
)
def test_a_sum_is_found_in_whatever_it_is_written(
    text: str, weights: dict[str, str], constant: str
) -> None:
    form = linear_form(Expression.parse(text))
    assert form is not None
    assert form.weights == {name: Decimal(each) for name, each in weights.items()}
    assert form.constant == Decimal(constant)


@pytest.mark.parametrize("text", ["a * b", "a ** 2", "1 / a", "exp(a)", "max(a, 2)", "a / 0"])
def test_what_is_no_sum_has_no_such_form(text: str) -> None:
    assert linear_form(Expression.parse(text)) is None


SUMS = st.recursive(
    st.sampled_from(["a", "b", "2", "0.5", "7"]),
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from("+-"), part).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["3", "0.25"]), part).map(lambda t: f"{t[0]} * {t[1]}"),
        part.map(lambda each: f"(-{each})"),
    ),
    max_leaves=8,
)


@given(text=SUMS, a=st.integers(-50, 50), b=st.integers(-50, 50))
def test_the_form_has_the_value_of_the_formula(text: str, a: int, b: int) -> None:
    """All numbers have few digits, so that nothing is rounded to 50."""
    formula = Expression.parse(text)
    form = linear_form(formula)
    assert form is not None
    at = {"a": a, "b": b}
    total = sum((weight * at[name] for name, weight in form.weights.items()), form.constant)
    assert total == formula.exact(at)
