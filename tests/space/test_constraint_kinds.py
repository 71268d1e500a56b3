"""Mixtures, counts, exclusions, formulas: to the last digit, in words, and from a file's keys."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space import (
    AnyConstraint,
    AnyParameter,
    Categorical,
    Constraint,
    Contextual,
    Continuous,
    Count,
    Discrete,
    Exclusion,
    ExpressionConstraint,
    Fixed,
    Integer,
    LinearConstraint,
    Mixture,
    Ordinal,
    Presence,
    Span,
    Value,
    fit_constraint,
    name_constraint,
)
from tests.strategies.parameters import written

ANY: TypeAdapter[AnyConstraint] = TypeAdapter(Constraint)


def test_tenths_sum_to_one() -> None:
    """In binary 0.1 + 0.2 + 0.7 is below 1."""
    mixture = Mixture(mixture=("a", "b", "c"))
    assert mixture.is_met({"a": 0.1, "b": 0.2, "c": 0.7})
    assert not mixture.is_met({"a": 0.1, "b": 0.2, "c": 0.7000000000000001})
    assert not mixture.is_met({"a": 0.1, "b": 0.2, "c": 0.6999999999999999})
    rule = LinearConstraint(weights={"a": 1, "b": 1, "c": 1}, equals=1)
    assert rule.is_met({"a": 0.1, "b": 0.2, "c": 0.7})
    assert not rule.is_met({"a": 0.1, "b": 0.2, "c": 0.7000000000000001})


@given(st.lists(written(-6, 6).map(abs), min_size=2, max_size=6), written(-6, 6).map(abs))
def test_a_mixture_is_its_sum_in_fractions(amounts: list[float], total: float) -> None:
    names = tuple(f"p{index}" for index in range(len(amounts)))
    configuration = dict(zip(names, amounts, strict=True))
    exact = sum(map(Fraction, map(repr, amounts)))
    n_present = sum(amount != 0 for amount in amounts)
    for wanted in (total or 1.0, float(exact) or 1.0):
        mixture = Mixture(mixture=names, total=wanted)
        sums_up = exact == Fraction(repr(wanted))
        assert mixture.is_met(configuration) is sums_up
        assert (mixture.find_breach(configuration) is None) is sums_up
        for low, high in ((None, 2), (2, None), (1, 3)):
            presence = Presence(at_least=low, at_most=high)
            some = Mixture(mixture=names, total=wanted, present=presence)
            fits = (low or 0) <= n_present <= (high or 9)
            assert some.is_met(configuration) is (sums_up and fits)
            assert (some.find_breach(configuration) is None) is (sums_up and fits)
            count = Count(count=names, at_least=low, at_most=high)
            assert count.is_met(configuration) is fits
            assert (count.find_breach(configuration) is None) is fits


def test_a_tolerance_is_kept_to_the_last_digit_too() -> None:
    mixture = Mixture(mixture=("a", "b"), total=100)
    assert mixture.is_met({"a": 60.3, "b": 40}, tolerance=0.3)
    assert not mixture.is_met({"a": 60.3, "b": 40.0000000000001}, tolerance=0.3)
    rule = LinearConstraint(weights={"a": 1, "b": 1}, at_most=0.3)
    assert rule.is_met({"a": 0.2, "b": 0.2}, tolerance=0.1)
    assert not rule.is_met({"a": 0.2, "b": 0.2}, tolerance=0.0999999999999)
    count = Count(count=("a", "b"), at_most=1)
    assert count.is_met({"a": 1, "b": 0.01}, tolerance=0.01)
    assert not count.is_met({"a": 1, "b": 0.01}, tolerance=0.009)
    never = Exclusion(exclude={"a": Span(at_least=60)})
    assert never.is_met({"a": 60.5}, tolerance=0.6)
    assert not never.is_met({"a": 60.5}, tolerance=0.5)


FORMULA = ExpressionConstraint(expression="a * b", at_least=0.02, at_most=0.3)


def test_a_formula_keeps_to_its_limits_exactly() -> None:
    """In binary 0.1 * 0.2 is above 0.02, and 0.1 * 3 above 0.3."""
    assert FORMULA.is_met({"a": 0.1, "b": 0.2})
    assert FORMULA.is_met({"a": 0.1, "b": 3})
    assert not FORMULA.is_met({"a": 0.1, "b": 0.1999999999999999})
    assert not FORMULA.is_met({"a": 0.1, "b": 3.000000000000001})
    assert FORMULA.is_met({"a": 0.1, "b": 3.5}, tolerance=0.05)


def test_a_third_and_two_thirds_are_one() -> None:
    for limits in ({"at_least": 1}, {"at_most": 1}):
        rule = ExpressionConstraint(expression="a / 3 + 2 * a / 3", **limits)
        assert rule.is_met({"a": 1})
    assert not ExpressionConstraint(expression="a / 3", at_least=1).is_met({"a": 2.999999999999999})


def test_what_cannot_be_computed_breaks_the_rule_and_is_said() -> None:
    rule = ExpressionConstraint(expression="a / b", at_most=2)
    assert not rule.is_met({"a": 1, "b": 0})
    breach = rule.find_breach({"a": 1, "b": 0})
    assert breach is not None
    assert "cannot be computed at a = 1, b = 0: it divides by zero" in breach
    assert rule.find_breach({"a": 1, "b": 1}) is None
    assert rule.find_breach({"a": 5, "b": 2}) == "a / b is 2.5, and must be at most 2."


CASES: list[tuple[dict[str, Any], set[tuple[str, float]]]] = [
    # what is excluded, among s in THF DCM water and t in 20 60 80
    ({"s": "THF", "t": {"at_least": 60}}, {("THF", 60), ("THF", 80)}),
    ({"s": ["THF", "DCM"], "t": 20}, {("THF", 20), ("DCM", 20)}),
    ({"t": [20, 60.0]}, {(s, t) for s in ("THF", "DCM", "water") for t in (20, 60)}),
    ({"s": "water", "t": {"at_least": 60, "at_most": 60}}, {("water", 60)}),
    ({"s": "acetone"}, set()),
]


@pytest.mark.parametrize(("exclude", "excluded"), CASES)
def test_only_the_excluded_combinations_never_appear(
    exclude: dict[str, Any], excluded: set[tuple[str, float]]
) -> None:
    """Listed by hand, for all nine combinations."""
    rule = ANY.validate_python({"exclude": exclude})
    for solvent, temperature in itertools.product(("THF", "DCM", "water"), (20, 60, 80)):
        configuration: Mapping[str, Value] = {"s": solvent, "t": temperature}
        is_out = (solvent, temperature) in excluded
        assert rule.is_met(configuration) is not is_out
        assert (rule.find_breach(configuration) is not None) is is_out


def test_what_is_excluded_is_compared_in_decimal() -> None:
    rule = Exclusion(exclude={"t": (0.3, 7)})
    assert not rule.is_met({"t": 0.3})
    assert not rule.is_met({"t": 7.0})
    assert rule.is_met({"t": 0.1 + 0.2})  # 0.30000000000000004 is another number


FILE: list[tuple[dict[str, Any], type[AnyConstraint], str, str]] = [
    (
        {"weights": {"a": 1, "b": -2.5}, "at_least": 0, "at_most": 0.1},
        LinearConstraint,
        "0 <= a - 2.5 b <= 0.1",
        "a - 2.5 b is between 0 and 0.1.",
    ),
    ({"weights": {"a": -1}, "equals": -3}, LinearConstraint, "-a = -3", "-a is exactly -3."),
    (
        {"mixture": ["a", "b", "c"]},
        Mixture,
        "a + b + c = 1",
        "a, b and c always sum to exactly 1.",
    ),
    (
        {"mixture": ["a", "b"], "total": 100, "present": {"at_least": 1, "at_most": 1}},
        Mixture,
        "a + b = 100 (exactly 1 present)",
        "a and b always sum to exactly 100, and exactly 1 of them are present (not 0).",
    ),
    (
        {"count": ["a", "b", "c"], "at_most": 2},
        Count,
        "at most 2 of a, b and c present",
        "At most 2 of a, b and c are present (not 0).",
    ),
    (
        {"expression": "a * exp(b)", "at_most": 1e-7},
        ExpressionConstraint,
        "a * exp(b) <= 1e-7",
        "a * exp(b) is at most 1e-7.",
    ),
    (
        {"exclude": {"s": ["THF", "DCM"], "t": {"at_least": 66}, "n": 3}},
        Exclusion,
        "not (s = THF or DCM and t at least 66 and n = 3)",
        "Never s = THF or DCM, t at least 66 and n = 3 together.",
    ),
]


@pytest.mark.parametrize(("content", "kind", "text", "words"), FILE)
def test_a_constraint_is_known_by_its_keys_and_speaks(
    content: dict[str, Any], kind: type[AnyConstraint], text: str, words: str
) -> None:
    rule = ANY.validate_python(content)
    assert type(rule) is kind
    assert (str(rule), rule.in_words()) == (text, words)
    assert ANY.validate_json(ANY.dump_json(rule)) == rule
    written_again = ANY.dump_python(rule, mode="json", exclude_defaults=True)
    assert "kind" not in written_again
    assert ANY.validate_python(written_again) == rule
    assert name_constraint(content) == {"kind": rule.kind, **content}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"at_most": 1}, "give one of weights, mixture"),
    ({"weights": {"a": 1}, "mixture": ["a", "b"]}, "has weights and mixture"),
    ({"weights": {"a": 0, "b": 0}, "at_most": 1}, "all weights are 0"),
    ({"weights": {"a": 1}, "equals": 1, "at_most": 2}, "leave them out"),
    ({"mixture": ["a"]}, "2"),
    ({"mixture": ["a", "a"]}, "'a' is listed twice"),
    ({"mixture": ["a", "b"], "total": 0}, "greater than 0"),
    ({"mixture": ["a", "b"], "present": {"at_least": 3}}, "cannot be met by 2"),
    ({"mixture": ["a", "b"], "present": {"at_most": 0}}, "leaves nothing"),
    ({"mixture": ["a", "b"], "present": {}}, "at_most or at_least"),
    ({"count": ["a", "b"]}, "at_most or at_least"),
    ({"count": ["a", "b"], "at_least": 2, "at_most": 1}, "swap"),
    ({"count": ["a", "b"], "at_most": 1.5}, "integer"),
    ({"count": ["a", "b", "a"], "at_most": 1}, "twice"),
    ({"expression": "a +", "at_most": 1}, "ends where"),
    ({"expression": "1 + 1", "at_most": 1}, "names no parameter"),
    ({"expression": "a"}, "at_most or at_least"),
    ({"exclude": {}}, "at least 1"),
    ({"exclude": {"a": []}}, "'a' has an empty list"),
    ({"exclude": {"a": None}}, "'a' is excluded at nothing"),
    ({"exclude": {"a": [1, True]}}, "excluded at true"),
    ({"exclude": {"a": {"above": 3}}}, "'a' has limits that cannot be read"),
    ({"exclude": {"a": {"at_least": 3, "at_most": 2}}}, "'a' has limits that cannot be read"),
    ({"exclude": {"a": 1}, "at_most": 3}, "Extra"),
]


@pytest.mark.parametrize(("content", "text"), BAD)
def test_an_invalid_constraint_cannot_be_made(content: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ANY.validate_python(content)


@pytest.mark.parametrize("content", [content for content, *_ in FILE])
def test_a_missing_value_is_said_by_name(content: dict[str, Any]) -> None:
    rule = ANY.validate_python(content)
    with pytest.raises(UnknownName, match="which has no value"):
        rule.is_met({})


def test_a_name_is_not_computed_with() -> None:
    with pytest.raises(InputError, match="'THF' is no number"):
        LinearConstraint(weights={"s": 1}, at_most=1).is_met({"s": "THF"})


PARAMETERS: dict[str, AnyParameter] = {
    parameter.name: parameter
    for parameter in (
        Continuous(name="a", low=0, high=1),
        Continuous(name="b", low=0.1, high=1, optional=True),
        Discrete(name="c", values=(0, 0.5)),
        Integer(name="n", low=-2, high=5),
        Continuous(name="percent", low=0, high=100, unit="percent"),
        Continuous(name="t", low=20, high=90, unit="degC"),
        Categorical(name="s", choices=("THF", "DCM")),
        Ordinal(name="grind", levels=("fine", "coarse")),
        Fixed(name="gas", value="argon"),
        Fixed(name="seed", value=0.1),
        Contextual(name="humidity", low=0, high=1),
    )
}


@pytest.mark.parametrize(
    "content",
    [
        {"weights": {"a": 1, "n": 2, "humidity": 1}, "at_most": 3},
        {"mixture": ["a", "b", "c", "seed"], "present": {"at_most": 2}},
        {"count": ["a", "b"], "at_most": 1},
        {"expression": "a * b / (humidity + 1)", "at_most": 1},
        {"exclude": {"s": "THF", "grind": ["fine"], "t": {"at_least": 60}, "gas": "argon"}},
    ],
)
def test_a_constraint_that_fits_is_left_as_it_is(content: dict[str, Any]) -> None:
    rule = ANY.validate_python(content)
    assert fit_constraint(rule, PARAMETERS) == rule


def test_what_is_excluded_may_have_its_own_unit() -> None:
    rule = fit_constraint(Exclusion(exclude={"t": ("333.15 K", 25)}), PARAMETERS)
    assert rule == Exclusion(exclude={"t": (60.0, 25.0)})
    assert not rule.is_met({"t": 60.0})


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        ({"weights": {"x": 1}, "at_most": 3}, UnknownName, "'x', which is no parameter"),
        ({"weights": {"s": 1}, "at_most": 3}, InputError, "'s', whose values are names"),
        ({"expression": "grind * 2", "at_most": 3}, InputError, "'grind', whose values are names"),
        ({"count": ["a", "gas"], "at_most": 1}, InputError, "'gas', whose values are names"),
        ({"mixture": ["a", "percent"]}, InputError, "components in '1' .a. and in 'percent'"),
        ({"mixture": ["a", "n"]}, InputError, "as low as -2"),
        ({"mixture": ["a", "humidity"]}, InputError, "measured and not set"),
        ({"exclude": {"s": "DMF"}}, ValueOutOfRange, "'DMF' is not one of THF, DCM"),
        ({"exclude": {"t": 95}}, ValueOutOfRange, "outside 20 to 90"),
        ({"exclude": {"t": "5 min"}}, ValueOutOfRange, "not a number in 'degC'"),
        ({"exclude": {"s": {"at_least": 3}}}, InputError, "'s', whose values are names"),
    ],
)
def test_a_constraint_that_does_not_fit_is_refused(
    content: dict[str, Any], error: type[InputError], text: str
) -> None:
    with pytest.raises(error, match=text):
        fit_constraint(ANY.validate_python(content), PARAMETERS)
