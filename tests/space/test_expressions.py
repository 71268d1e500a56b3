"""Formulas: syntax, exactness in decimal, and the same over arrays."""

from __future__ import annotations

import contextlib
import io
import math
import re
import time
import tokenize
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space import Expression

NAMES = ("a", "b", "time")
Number = TypeVar("Number", float, Fraction)


@st.composite
def rational(draw: st.DrawFn, *, depth: int = 4) -> str:
    """Formulas of + - * / and whole powers, written with every bracket that they need."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        numbers = st.integers(0, 9).map(str) | st.sampled_from(["0.1", "2.5", ".3", "1e-2", "7."])
        return draw(st.sampled_from(NAMES) | numbers)
    sign = draw(st.sampled_from(["+", "-", "*", "/", "**", "negative", "bracket"]))
    inner = draw(rational(depth=depth - 1))
    if sign == "negative":
        return f"(-{inner})"
    if sign == "bracket":
        return f"({inner})"
    if sign == "**":
        return f"({inner}) ** {draw(st.sampled_from([-2, -1, 1, 2, 3]))}"
    return f"({inner}) {sign} ({draw(rational(depth=depth - 1))})"


def _by_python(text: str, values: Mapping[str, Number], number: Callable[[str], Number]) -> Number:
    """The formula by Python's own grammar, with each number made from its written digits.

    Raises:
        ZeroDivisionError: it has no value.
    """
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    pieces = [
        f"number('{token.string}')" if token.type == tokenize.NUMBER else token.string
        for token in tokens
    ]
    # a whole power stays a whole number
    joined = re.sub(r"\*\* (-? ?)number\('(\d)'\)", r"** \1\2", " ".join(pieces))
    result: Number = eval(joined, {"number": number, **values})
    return result


def _fraction(text: str) -> Fraction:
    return Fraction(Decimal(text))


settings_of_all = st.fixed_dictionaries(
    {name: st.integers(-400, 400).map(lambda each: each / 40) for name in NAMES}
)


@given(rational(), settings_of_all)
def test_a_rational_formula_is_what_fractions_make_of_it(
    text: str, values: dict[str, float]
) -> None:
    """To 40 of the 50 digits, which is what a constraint compares.

    Where fractions divide by zero decimals do too, unless an earlier division was rounded: of a
    third and two thirds less one 1e-50 may be left.
    """
    expression = Expression.parse(text)
    fractions = {name: Fraction(repr(value)) for name, value in values.items()}
    try:
        wanted = _by_python(text, fractions, _fraction)
    except ZeroDivisionError:
        if text.count("/") + text.count("** -") < 2:
            with pytest.raises(ValueOutOfRange, match="cannot be computed"):
                expression.exact(values)
        return
    with localcontext(prec=60):
        exact = Decimal(wanted.numerator) / Decimal(wanted.denominator)
        assert abs(expression.exact(values) - exact) <= Decimal("1e-40") * max(1, abs(exact))


@given(rational(), st.lists(settings_of_all, min_size=1, max_size=5))
def test_arrays_have_the_values_that_python_has(text: str, rows: list[dict[str, float]]) -> None:
    """The same operations in doubles, and so the same numbers.

    A power may differ in its last digit, which differences enlarge: 1e-9 is seven digits of room.
    """
    columns = {name: np.array([row[name] for row in rows]) for name in NAMES}
    together = np.broadcast_to(Expression.parse(text).values(columns), (len(rows),))
    for row, value in zip(rows, together, strict=True):
        try:
            wanted = _by_python(text, row, float)
        except ZeroDivisionError:
            assert math.isnan(value)
        else:
            assert value == pytest.approx(wanted, rel=1e-9)


VALUES = {"a": 2.0, "b": 0.5, "time": 10.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("12 / 3 / 2", 2),
        ("2 ** 3 ** 2", 512),
        ("-a ** 2", -4),
        ("2 ** -1", 0.5),
        ("--a", 2),
        ("+-+a", -2),
        ("a*-b", -1),
        (" a\n* b ", 1),
        ("min(a, b, 1)", 0.5),
        ("max(a, min(time, 3))", 3),
        ("abs(-a)", 2),
        ("sqrt(a * b)", 1),
        ("exp(0)", 1),
        ("ln(1)", 0),
        ("log10(1000)", 3),
        ("1e3 + .5 + 2.", 1002.5),
        ("a/(1 + b/time)", 2 / 1.05),
    ],
)
def test_a_formula_means_what_it_means_on_paper(text: str, value: float) -> None:
    expression = Expression.parse(text)
    assert float(expression.exact(VALUES)) == pytest.approx(value, rel=1e-15)
    columns = {name: np.array([each, each]) for name, each in VALUES.items()}
    assert expression.values(columns) == pytest.approx(value, rel=1e-15)


@given(st.floats(1e-3, 1e3))
def test_functions_are_those_of_the_mathematical_library(number: float) -> None:
    """Against Python's, which are right to an ulp.

    The double is off its own decimal writing by up to 1.1e-16 of itself, which is as much in its
    logarithm, however near 0 that is.
    """
    functions = {"ln": math.log, "log10": math.log10, "sqrt": math.sqrt, "abs": abs}
    for name, function in functions.items():
        exact = float(Expression.parse(f"{name}(x)").exact({"x": number}))
        assert exact == pytest.approx(function(number), rel=1e-15, abs=2.3e-16)
    exact = float(Expression.parse("exp(x / 1000)").exact({"x": number}))
    assert exact == pytest.approx(math.exp(number / 1000), rel=1e-15)
    power = float(Expression.parse("x ** 0.3").exact({"x": number}))
    assert power == pytest.approx(number**0.3, rel=1e-14)


def test_names_are_those_of_parameters_in_any_alphabet() -> None:
    assert Expression.parse("exp(µ_1) * Größe + 0 * min(a, 2)").names == {"µ_1", "Größe", "a"}
    assert float(Expression.parse("min + exp").exact({"min": 1.0, "exp": 2.0})) == 3
    assert str(Expression.parse("a  +b")) == "a  +b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends where"),
        ("a +", "ends where"),
        ("a + * b", r"'\*' at position 5"),
        ("a b", "'b' at position 3"),
        ("2a", "'a' at position 2"),
        ("(a + b", "position 1 of the expression is not closed"),
        ("a + b)", r"'\)' at position 6"),
        ("sin(a)", r"'sin' at position 1 is no known function"),
        ("log(a)", "write ln or log10"),
        ("exp(a, b)", "needs one number, not 2"),
        ("min(a)", "needs two numbers or more, not 1"),
        ("max()", r"'\)' at position 5"),
        ("exp(a", "position 1 of the expression is not closed"),
        ("a ^ 2", r"write \*\* for a power"),
        ("a <= 5", "at_most"),
        ("a >= 5", "at_least"),
        ("a == 5", "at_least and at_most"),
        ("a.b", r"'\.' at position 2"),
        ("a[0]", r"'\[' at position 2"),
        ("__import__('os')", r"at position 1 is no known function|at position 12"),
        ("lambda: 1", r"':' at position 7"),
        ("1e999", "too large"),
        ("1e200", "another unit"),
        ("a + " * 300 + "1", "1,201 characters"),
        ("(" * 60 + "a" + ")" * 60, "nested more than 50 deep at position 51"),
        ("-" * 60 + "a", "nested more than 50 deep"),
        ("a" + "**a" * 60, "nested more than 50 deep"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_position(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Expression.parse(text)


@given(st.text(st.sampled_from("ab12.+-*/(), emxpin\n"), max_size=30) | st.text(max_size=30))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        expression = Expression.parse(text)
        values = dict.fromkeys(expression.names, 1.5)
        with contextlib.suppress(ValueOutOfRange):
            assert expression.exact(values).is_finite()


@pytest.mark.parametrize(
    ("text", "values", "cause"),
    [
        ("a / b", {"a": 1, "b": 0}, "a = 1, b = 0: it divides by zero"),
        ("a / b", {"a": 0, "b": 0}, "zero by zero"),
        ("ln(a)", {"a": 0}, "logarithm of zero"),
        ("ln(a)", {"a": -1}, "negative"),
        ("sqrt(a)", {"a": -1e-12}, "negative"),
        ("a ** 0.5", {"a": -1}, "broken power"),
        ("a ** a", {"a": 0}, "cannot be computed"),
        ("a ** -1", {"a": 0}, "divides by zero"),
        ("exp(a)", {"a": 1e6}, "too large"),
        ("10 ** 10 ** 10", {}, "at any configuration: a number on the way is too large"),
        ("1 / (1 / a)", {"a": 0}, "divides by zero"),
        ("max(1, ln(a))", {"a": 0}, "logarithm of zero"),
        ("(a - a) ** 0", {"a": 1}, "cannot be computed"),
        ("(1 / a) ** 0", {"a": 0}, "divides by zero"),
    ],
)
def test_what_has_no_value_is_said_and_is_nan_over_arrays(
    text: str, values: dict[str, float], cause: str
) -> None:
    expression = Expression.parse(text)
    with pytest.raises(ValueOutOfRange, match=cause):
        expression.exact(values)
    columns = {name: np.array([value, value], dtype=float) for name, value in values.items()}
    assert np.all(np.isnan(expression.values(columns)))


def test_a_value_that_is_missing_or_a_name_is_no_broken_rule_but_a_mistake() -> None:
    expression = Expression.parse("a + b")
    with pytest.raises(UnknownName, match="'b', which has no value"):
        expression.exact({"a": 1})
    with pytest.raises(InputError, match="'THF' is no number"):
        expression.exact({"a": 1, "b": "THF"})


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9**9",
        "2**0.5**0.5**0.5**0.5" + "*a**a" * 100,
        "exp(" * 40 + "a" + ")" * 40,
        "(a" + "*a" * 200 + ")**99**99",
        "1.0000000001**1e15**2",
        "0.1**9e99",
        "+".join(["exp(ln(a)**1.7)"] * 60),
        "min(" + "a," * 480 + "a)",
    ],
)
def test_no_formula_hangs(text: str) -> None:
    """At most a second for what takes a few milliseconds: nothing grows with a power's size."""
    start = time.perf_counter()
    expression = Expression.parse(text)
    with contextlib.suppress(ValueOutOfRange):
        expression.exact({"a": 3.7})
    expression.values({"a": np.full(100, 3.7)})
    assert time.perf_counter() - start < 1


def test_arrays_are_computed_at_once() -> None:
    columns = {"a": np.linspace(0.0, 1.0, 5), "b": np.full(5, 2.0)}
    assert Expression.parse("a * b + 1").values(columns).tolist() == [1, 1.5, 2, 2.5, 3]
    assert Expression.parse("3").values({}).shape == ()
