"""Ordinal, described, optional, fixed and contextual parameters."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from planner.errors import ValueOutOfRange
from planner.space import (
    AnyParameter,
    Categorical,
    Contextual,
    Continuous,
    Discrete,
    Fixed,
    Integer,
    Ordinal,
    Parameter,
    Value,
)
from planner.space.parameters import count_levels, list_levels
from tests.strategies.kinds import optional, parameters_of_any_kind, values_of_any_kind

ANY: TypeAdapter[AnyParameter] = TypeAdapter(Parameter)
SOLVENTS = {
    "water": {"polarity": 10.2, "boiling": 100},
    "THF": {"polarity": 4.0, "boiling": 66},
    "toluene": {"polarity": 2.4, "boiling": 111},
}


@st.composite
def parameters_with_values(draw: st.DrawFn) -> tuple[AnyParameter, list[Value]]:
    parameter = draw(parameters_of_any_kind())
    return parameter, draw(st.lists(values_of_any_kind(parameter), min_size=1, max_size=4))


@given(parameters_with_values())
def test_encoding_and_decoding_gives_the_value_back(case: tuple[AnyParameter, list[Value]]) -> None:
    parameter, allowed = case
    encoded = parameter.encode(allowed)
    assert encoded.shape == (len(allowed), parameter.n_columns)
    # rounding may leave the unit interval by a few units in the last place
    assert np.all((encoded >= -1e-12) & (encoded <= 1 + 1e-12))
    assert [parameter.decode(row) for row in encoded] == allowed
    assert [parameter.check(value) for value in allowed] == allowed
    assert [parameter.read(value) for value in allowed] == allowed


@given(parameters_of_any_kind(), st.data())
def test_what_is_decoded_is_admissible(parameter: AnyParameter, data: st.DataObject) -> None:
    count = parameter.n_columns
    point = data.draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    value = parameter.decode(np.array(point))
    assert parameter.check(value) == value


@given(parameters_of_any_kind())
def test_a_parameter_survives_its_json(parameter: AnyParameter) -> None:
    assert ANY.validate_json(ANY.dump_json(parameter)) == parameter
    assert ANY.validate_python(ANY.dump_python(parameter, exclude_defaults=True)) == parameter


@given(optional(), st.floats(0, 1))
def test_the_nearest_of_absent_and_least_is_taken(parameter: Continuous, at: float) -> None:
    """By comparing the two distances, in decimal; a resolution moves a present value further."""
    wanted = at * parameter.high
    value = parameter.snap(wanted)
    if value == 0:
        assert Decimal(wanted) <= abs(Decimal(repr(parameter.low)) - Decimal(wanted))
    else:
        assert parameter.low <= value <= parameter.high
        assert Decimal(wanted) >= Decimal(repr(parameter.low)) - Decimal(wanted)


def test_an_optional_amount_is_absent_or_makes_sense() -> None:
    catalyst = Continuous(name="catalyst", low=2, high=10, unit="mol%", optional=True)
    assert catalyst.encode([0, 2, 10]).ravel().tolist() == [0, 0.2, 1]
    assert [catalyst.decode(np.array([x])) for x in (0.0, 0.09, 0.11, 0.2, 0.7)] == [0, 0, 2, 2, 7]
    assert catalyst.check(0) == 0.0
    assert catalyst.check("0.02 mole_fraction") == 2.0
    with pytest.raises(ValueOutOfRange, match=r"neither 0 \(absent\) nor within 2 to 10 mol%"):
        catalyst.check(1.9)


@pytest.mark.parametrize(
    ("parameter", "levels"),
    [
        (Continuous(name="p", low=1, high=2, resolution=0.5), [1.0, 1.5, 2.0]),
        (Continuous(name="p", low=1, high=2, resolution=0.5, optional=True), [0.0, 1.0, 1.5, 2.0]),
        (Ordinal(name="p", levels=("low", "high")), ["low", "high"]),
        (Fixed(name="p", value=3), [3.0]),
        (Integer(name="p", low=-1, high=1), [-1, 0, 1]),
        (Discrete(name="p", values=(4, 2)), [2.0, 4.0]),
    ],
)
def test_levels_are_listed_and_counted(parameter: AnyParameter, levels: list[Value]) -> None:
    assert list(list_levels(parameter)) == levels
    assert count_levels(parameter) == len(levels)
    for level in levels:
        assert parameter.check(level) == level


def test_what_is_measured_offers_no_levels_and_no_choice() -> None:
    humidity = Contextual(name="humidity", low=0, high=100, unit="%RH")
    assert count_levels(humidity) == 1
    with pytest.raises(TypeError, match="measured"):
        list_levels(humidity)


def test_an_order_is_encoded_in_equal_steps() -> None:
    grind = Ordinal(name="grind", levels=("coarse", "medium", "fine"))
    assert grind.encode(["coarse", "fine", "medium"]).tolist() == [[0], [1], [0.5]]
    assert [grind.decode(np.array([x])) for x in (-1.0, 0.2, 0.3, 2.0)] == [
        "coarse",
        "coarse",
        "medium",
        "fine",
    ]


def test_described_choices_lie_where_their_descriptors_are() -> None:
    """By hand: (4.0 - 2.4) / (10.2 - 2.4) = 0.2051..., (100 - 66) / (111 - 66) = 0.7555..."""
    solvent = Categorical.model_validate({"name": "solvent", "choices": SOLVENTS})
    assert solvent.choices == ("water", "THF", "toluene")
    assert solvent.descriptor_names == ("polarity", "boiling")
    assert solvent.n_columns == 2
    assert solvent.encode(["water", "THF", "toluene"]) == pytest.approx(
        np.array([[1, 34 / 45], [1.6 / 7.8, 0], [0, 1]]), rel=1e-15
    )
    assert solvent.decode(np.array([0.6, 0.4])) == "water"  # 0.53 away; THF is 0.56 away
    assert solvent.decode(np.array([0.4, 0.3])) == "THF"


def test_descriptors_come_back_in_the_order_that_they_were_given() -> None:
    solvent = Categorical.model_validate({"name": "solvent", "choices": SOLVENTS})
    again = ANY.validate_json(ANY.dump_json(solvent))
    assert again.encode(["THF"]).tolist() == solvent.encode(["THF"]).tolist()


@pytest.mark.parametrize(
    ("parameter", "given_value", "value"),
    [
        (Fixed(name="p", value=25, unit="degC"), "298.15 K", 25.0),
        (Fixed.model_validate({"name": "p", "value": "298.15 K", "unit": "degC"}), 25, 25.0),
        (Fixed(name="p", value="argon"), "argon", "argon"),
        (Contextual(name="p", low=0, high=40, unit="degC"), "293.15 K", 20.0),
        (Continuous(name="p", low=2, high=9, optional=True, unit="mL"), "5000 uL", 5.0),
    ],
)
def test_a_value_with_another_unit_is_converted(
    parameter: AnyParameter, given_value: Value, value: Value
) -> None:
    assert parameter.check(given_value) == value


@pytest.mark.parametrize(
    ("parameter", "achieved"),
    [
        (Continuous(name="p", low=0, high=1), 1.05),
        (Integer(name="p", low=0, high=1000), 499.7),
        (Discrete(name="p", values=(60, 80)), 79.6),
        (Contextual(name="p", low=0, high=90), 95.0),
        (Fixed(name="p", value=25.0), 24.8),
        (Continuous(name="p", low=2, high=9, optional=True), 0.3),
    ],
)
def test_what_was_achieved_may_lie_off_the_settings(
    parameter: AnyParameter, achieved: float
) -> None:
    assert parameter.read(achieved) == achieved
    with pytest.raises(ValueOutOfRange):
        parameter.check(achieved)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Ordinal(name="p", levels=("a", "b")), "c"),
        (Ordinal(name="p", levels=("a", "b")), 0),
        (Fixed(name="p", value="argon"), "nitrogen"),
        (Fixed(name="p", value=25.0), "argon"),
        (Fixed(name="p", value=25.0), math.inf),
        (Contextual(name="p", low=0, high=90), math.nan),
        (Continuous(name="p", low=0, high=1), "warm"),
        (Categorical.model_validate({"name": "p", "choices": SOLVENTS}), "DMF"),
    ],
)
def test_what_cannot_have_been_achieved_is_refused_by_name(
    parameter: AnyParameter, value: Any
) -> None:
    for verb in (parameter.check, parameter.read):
        with pytest.raises(ValueOutOfRange, match="Parameter 'p'"):
            verb(value)


OPTIONAL = {"low": 1, "high": 2, "optional": True}
BAD_PARAMETERS: list[tuple[str, dict[str, Any], str]] = [
    ("continuous", {**OPTIONAL, "low": 0}, "leave 'optional' out"),
    ("continuous", {**OPTIONAL, "scale": "log"}, "linear"),
    ("continuous", {**OPTIONAL, "unit": "degC"}, "not the absence"),
    ("continuous", {**OPTIONAL, "optional": 1}, "boolean"),
    ("ordinal", {"levels": ["a"]}, "2"),
    ("ordinal", {"levels": ["a", "a"]}, "twice"),
    ("ordinal", {"levels": ["a", ""]}, "empty"),
    ("fixed", {"value": math.inf}, "finite"),
    ("fixed", {"value": True}, "number"),
    ("fixed", {"value": "argon", "unit": "degC"}, "not a number"),
    ("fixed", {"value": "5 min", "unit": "degC"}, "converted"),
    ("fixed", {"value": " "}, "empty"),
    ("fixed", {"value": 1e200}, "another unit"),
    ("fixed", {}, "required"),
    ("contextual", {"low": 5, "high": 1}, "swap"),
    ("contextual", {"low": 5, "high": 1, "resolution": 1}, "Extra"),
    ("categorical", {"choices": {"a": {}, "b": {}}}, "no descriptors"),
    ("categorical", {"choices": {"a": {"x": 1}, "b": {}}}, "'b' lacks the descriptor 'x'"),
    ("categorical", {"choices": {"a": {"x": 1}, "b": {"x": 2, "y": 1}}}, "'b' has the descriptor"),
    ("categorical", {"choices": {"a": {"x": 1}, "b": {"x": 1}}}, "tells none apart"),
    (
        "categorical",
        {"choices": {"a": {"x": 1}, "b": {"x": 2}, "c": {"x": 2}}},
        "'b' and 'c' have the same descriptors",
    ),
    ("categorical", {"choices": {"a": {"x": 1}, "b": {"x": math.nan}}}, "finite"),
    ("categorical", {"choices": {"a": {"x": 1}, "b": {"x": "2"}}}, "number"),
    ("categorical", {"choices": {"a": {"x": 1}}}, "2"),
    ("categorical", {"choices": {"a": 1, "b": 2}}, "dictionary"),
    ("categorical", {"choices": ["a", "b"], "descriptors": {"a": {"x": 1}}}, "unlike b"),
    (
        "categorical",
        {"choices": {"a": {"x": 1}, "b": {"x": 2}}, "descriptors": {"a": {"x": 1}}},
        "given twice",
    ),
]


@pytest.mark.parametrize(("kind", "content", "text"), BAD_PARAMETERS)
def test_an_invalid_parameter_cannot_be_made(kind: str, content: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ANY.validate_python({"name": "p", "kind": kind, **content})
