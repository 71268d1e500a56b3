from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from planner.errors import ValueOutOfRange
from planner.space import (
    AnyParameter,
    Categorical,
    Continuous,
    Discrete,
    Integer,
    Parameter,
    Value,
)
from tests.strategies.parameters import continuous, parameters, parameters_and_points, values

ANY = TypeAdapter(Parameter)


@st.composite
def parameters_with_values(draw: st.DrawFn) -> tuple[AnyParameter, list[Value]]:
    parameter = draw(parameters())
    return parameter, draw(st.lists(values(parameter), min_size=1, max_size=4))


@given(parameters_with_values())
def test_encoding_and_decoding_gives_the_value_back(case: tuple[AnyParameter, list[Value]]) -> None:
    parameter, settable = case
    encoded = parameter.encode(settable)
    assert encoded.shape == (len(settable), parameter.n_columns)
    # rounding may leave the unit interval by a few units in the last place
    assert np.all((encoded >= -1e-12) & (encoded <= 1 + 1e-12))
    assert [parameter.decode(row) for row in encoded] == settable


@given(parameters_and_points())
def test_what_is_decoded_is_admissible(case: tuple[AnyParameter, list[float]]) -> None:
    parameter, point = case
    value = parameter.decode(np.array(point))
    assert parameter.check(value) == value


@given(parameters())
def test_a_parameter_survives_its_json(parameter: AnyParameter) -> None:
    assert ANY.validate_json(ANY.dump_json(parameter)) == parameter
    assert ANY.validate_python(ANY.dump_python(parameter, exclude_defaults=True)) == parameter


@st.composite
def continuous_with_number(draw: st.DrawFn) -> tuple[Continuous, float]:
    parameter = draw(continuous())
    return parameter, draw(st.floats(parameter.low, parameter.high))


@given(continuous_with_number())
@example((Continuous(name="p", low=1.00005, high=1.0002, scale="log"), 1.0001))
@example((Continuous(name="p", low=0.5, high=20, scale="log"), 9.99996))
@example((Continuous(name="p", low=1e6, high=1e6 + 0.5), 1e6 + 0.25))
@example((Continuous(name="p", low=-1e-12, high=1e12), 0.3))
def test_snapping_is_idempotent_and_stays_inside(case: tuple[Continuous, float]) -> None:
    parameter, number = case
    once = parameter.snap(number)
    assert parameter.snap(once) == once
    assert parameter.low <= once <= parameter.high


@given(continuous_with_number())
def test_a_snapped_value_lies_on_the_grid_in_decimal(case: tuple[Continuous, float]) -> None:
    """What a person would write down is a whole number of steps, with no digit to spare."""
    parameter, number = case
    once = parameter.snap(number)
    step, origin = parameter.step_at(once)
    assert (Decimal(repr(once)) - origin) % step == 0


@given(continuous_with_number())
def test_snapping_goes_to_the_nearest_setting(case: tuple[Continuous, float]) -> None:
    """No further than half a step, but where the nearest setting lies outside the bounds."""
    parameter, number = case
    step, origin = parameter.step_at(number)
    once, exact = Decimal(repr(parameter.snap(number))), Decimal(repr(number))
    count = math.floor((exact - origin) / step)
    inside = [
        setting
        for setting in (origin + (count + shift) * step for shift in (-1, 0, 1, 2))
        if Decimal(repr(parameter.low)) <= setting <= Decimal(repr(parameter.high))
    ]
    assert abs(once - exact) == min(abs(setting - exact) for setting in inside)


@pytest.mark.parametrize(
    ("parameter", "number", "setting"),
    [
        (Continuous(name="p", low=100, high=150), 123.456, 123.5),
        (Continuous(name="p", low=0, high=1), 0.123456, 0.123),
        (Continuous(name="p", low=1e6, high=1e6 + 1), 1e6 + 0.123456, 1e6 + 0.12),
        (Continuous(name="p", low=1e-12, high=1e12, scale="log"), 1.23456e-7, 1.235e-7),
        (Continuous(name="p", low=1, high=2, resolution=0.3), 1.99, 1.9),
        (Continuous(name="p", low=-10, high=-1, resolution=2), -4.9, -4.0),
        (Continuous(name="p", low=0, high=1, resolution=0.1), 0.25, 0.2),
    ],
)
def test_steps_are_four_digits_of_the_largest_value_or_the_stated_resolution(
    parameter: Continuous, number: float, setting: float
) -> None:
    assert parameter.snap(number) == setting


@given(continuous())
def test_there_is_more_than_one_setting(parameter: Continuous) -> None:
    """A hundred steps at the least by default, less those that the bounds cut off."""
    lowest, highest = parameter.decode(np.array([0.0])), parameter.decode(np.array([1.0]))
    assert lowest < highest
    if parameter.resolution is None:
        step, _ = parameter.step_at(lowest)
        assert (Decimal(repr(highest)) - Decimal(repr(lowest))) / step >= 98


def test_a_log_scale_goes_by_ratios() -> None:
    parameter = Continuous(name="p", low=0.01, high=100, scale="log")
    assert parameter.encode([0.01, 1, 100]).ravel().tolist() == pytest.approx([0, 0.5, 1])
    assert parameter.decode(np.array([0.75])) == pytest.approx(10)


def test_points_outside_the_unit_interval_are_taken_to_its_ends() -> None:
    for parameter in (Continuous(name="p", low=2, high=3), Integer(name="p", low=2, high=3)):
        assert parameter.decode(np.array([-0.1])) == 2
        assert parameter.decode(np.array([1.1])) == 3


@given(st.floats(-50, 150))
def test_a_discrete_value_is_the_nearest_listed(number: float) -> None:
    """By brute force over the list; at an equal distance the lower one."""
    parameter = Discrete(name="p", values=(100, 0, 12.5, 50))
    assert parameter.values == (0, 12.5, 50, 100)
    nearest = min((abs(value - number), value) for value in (0, 12.5, 50, 100))[1]
    assume(all(abs(number - middle) > 1e-9 for middle in (6.25, 31.25, 75)))
    assert parameter.decode(np.array([number / 100])) == nearest


@pytest.mark.parametrize(
    ("parameter", "given_value", "value"),
    [
        (Continuous(name="p", low=0, high=150, unit="degC"), "373.15 K", 100.0),
        (Continuous(name="p", low=0, high=150, unit="degC"), "212 degF", 100.0),
        (Continuous(name="p", low=0, high=10, unit="min"), "90 s", 1.5),
        (Discrete(name="p", values=(76.85, 90), unit="degC"), "350 K", 76.85),
        (Integer(name="p", low=1, high=9, unit="min"), "120 s", 2),
        (Continuous(name="p", low=0, high=1), 1, 1.0),
    ],
)
def test_a_value_with_another_unit_is_converted(
    parameter: AnyParameter, given_value: Value, value: Value
) -> None:
    checked = parameter.check(given_value)
    assert checked == value
    assert type(checked) is type(value)


BAD_VALUES: list[tuple[AnyParameter, Any]] = [
    (Continuous(name="p", low=0, high=1), 1.0000001),
    (Continuous(name="p", low=0, high=1), -1e-300),
    (Continuous(name="p", low=0, high=1), math.nan),
    (Continuous(name="p", low=0, high=1), math.inf),
    (Continuous(name="p", low=0, high=1), True),
    (Continuous(name="p", low=0, high=1), None),
    (Continuous(name="p", low=0, high=1), "0.5"),
    (Continuous(name="p", low=0, high=1, unit="degC"), "5 min"),
    (Integer(name="p", low=0, high=9), 0.5),
    (Integer(name="p", low=0, high=9), False),
    (Integer(name="p", low=0, high=9), 10),
    (Discrete(name="p", values=(1, 2)), 1.5),
    (Categorical(name="p", choices=("1", "2")), 1),
    (Categorical(name="p", choices=("a", "b")), "A"),
    (Categorical(name="p", choices=("a", "b")), ["a"]),
]


@pytest.mark.parametrize(("parameter", "value"), BAD_VALUES)
def test_a_value_outside_the_domain_is_refused_by_name(parameter: AnyParameter, value: Any) -> None:
    with pytest.raises(ValueOutOfRange, match="Parameter 'p'"):
        parameter.check(value)


BAD_PARAMETERS: list[tuple[type[AnyParameter], dict[str, Any], str]] = [
    (Continuous, {"low": 2, "high": 1}, "swap"),
    (Continuous, {"low": 1, "high": 1}, "swap"),
    (Continuous, {"low": math.nan, "high": 1}, "finite"),
    (Continuous, {"low": 0, "high": math.inf}, "finite"),
    (Continuous, {"low": True, "high": 2}, "number"),
    (Continuous, {"low": 0, "high": "abc"}, "not a number"),
    (Continuous, {"low": "0 min", "high": 9, "unit": "degC"}, "converted"),
    (Continuous, {"low": 1e300, "high": 2e300}, "another unit"),
    (Continuous, {"low": 0, "high": 5e-324}, "another unit"),
    (Continuous, {"low": 1e6, "high": 1e6 + 1e-9}, "narrower"),
    (Continuous, {"low": 20, "high": 90, "scale": "log", "unit": "degC"}, "arbitrary"),
    (Continuous, {"low": 0, "high": 90, "scale": "log"}, "above 0"),
    (Continuous, {"low": 0, "high": 1, "resolution": 2}, "wider"),
    (Continuous, {"low": 0, "high": 1, "resolution": 0}, "greater than 0"),
    (Continuous, {"low": 0.1234567890123, "high": 1000, "resolution": 0.1}, "digits"),
    (Continuous, {"low": 0, "high": 1, "unit": "parsnip"}, "not known"),
    (Continuous, {"low": 0, "high": 1, "colour": "red"}, "Extra"),
    (Integer, {"low": 0.5, "high": 3}, "whole"),
    (Integer, {"low": 0, "high": 1e15}, "digits"),
    (Discrete, {"values": [1]}, "2"),
    (Discrete, {"values": [1, 1]}, "twice"),
    (Discrete, {"values": [0.1, 0.1 + 1e-17 + 2e-17]}, "rounding|twice"),
    (Discrete, {"values": [1e6, 1e6 + 2e-10]}, "rounding"),
    (Discrete, {"values": [1, True]}, "number"),
    (Discrete, {"values": [1, 1e300]}, "another unit"),
    (Categorical, {"choices": ["a"]}, "2"),
    (Categorical, {"choices": ["a", "a"]}, "twice"),
    (Categorical, {"choices": ["a", " "]}, "empty"),
    (Categorical, {"choices": ["a", 1]}, "string"),
]


@pytest.mark.parametrize(("kind", "content", "text"), BAD_PARAMETERS)
def test_an_invalid_parameter_cannot_be_made(
    kind: type[AnyParameter], content: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValidationError, match=text):
        kind.model_validate({"name": "p", **content})


def test_bounds_may_be_given_in_another_unit_and_a_resolution_is_a_difference() -> None:
    parameter = Continuous.model_validate(
        {"name": "p", "unit": "degC", "low": "293.15 K", "high": "212 degF", "resolution": "5 K"}
    )
    assert (parameter.low, parameter.high, parameter.resolution) == (20.0, 100.0, 5.0)


def test_a_log_scale_is_open_to_kelvin() -> None:
    assert Continuous(name="p", low=290, high=400, scale="log", unit="K").snap(300.04) == 300.0


def test_a_label_is_the_name_with_its_unit() -> None:
    assert Continuous(name="time", low=0, high=1, unit="min").label == "time (min)"
    assert Continuous(name="ratio", low=0, high=1).label == "ratio"
