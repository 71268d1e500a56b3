"""Profiles: what they stand for, what they refuse, and what the device gets."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space import (
    AnyDeclared,
    Continuous,
    DeclaredParameter,
    Profile,
    ProfileTable,
    SearchSpace,
    Value,
    expand_profiles,
)

ANY: TypeAdapter[AnyDeclared] = TypeAdapter(DeclaredParameter)
RAMP: dict[str, Any] = {
    "kind": "profile",
    "name": "oven",
    "unit": "degC",
    "max_rate": "600 K/h",
    "resolution": "5 K",
    "time_resolution": "30 s",
    "knots": [
        {"at": 0, "value": 25},
        {"at": {"low": 20, "high": "1 h"}, "value": {"low": 300, "high": "773.15 K"}},
        {"at": {"low": 60, "high": 120}, "value": {"low": 300, "high": 500}},
        {"at": 240, "value": 25},
    ],
}


def make(**changes: Any) -> Profile:
    profile = ANY.validate_python({**RAMP, **changes})
    assert isinstance(profile, Profile)
    return profile


def test_what_is_free_becomes_plain_parameters() -> None:
    """Times and values in the profile's units; a rate and a resolution are differences."""
    times = {"unit": "min", "resolution": 0.5}
    values = {"unit": "degC", "resolution": 5.0, "low": 300.0, "high": 500.0}
    expected = [
        Continuous(name="oven_2_time", about="time of knot 2 of oven", low=20, high=60, **times),
        Continuous(name="oven_2", about="value of knot 2 of oven", **values),
        Continuous(name="oven_3_time", about="time of knot 3 of oven", low=60, high=120, **times),
        Continuous(name="oven_3", about="value of knot 3 of oven", **values),
    ]
    assert list(make().parameters()) == expected
    assert make().max_rate == 10.0


def test_what_holds_between_knots_becomes_linear_constraints() -> None:
    """Times rise by half a minute; ``v2 - v1 <= 10 (t2 - t1)`` and the other way round.

    What the bounds imply is left out: the second knot comes 20 min after the first, and from the
    third to the last there are two hours to fall by 475 degrees, which takes 47.5 min.
    """
    assert [str(rule) for rule in make().constraints()] == [
        "-25 <= 10 oven_2_time - oven_2",
        "0.5 <= -oven_2_time + oven_3_time",
        "0 <= -10 oven_2_time + 10 oven_3_time + oven_2 - oven_3",
        "0 <= -10 oven_2_time + 10 oven_3_time + oven_3 - oven_2",
    ]


def test_a_limit_on_one_parameter_reads_as_one() -> None:
    knots = [
        {"at": 0, "value": 25},
        {"at": {"low": 0, "high": 40}, "value": {"low": 300, "high": 500}},
        {"at": 40, "value": 25},
    ]
    assert [str(rule) for rule in make(knots=knots).constraints()] == [
        "0.5 <= oven_2_time",
        "-25 <= 10 oven_2_time - oven_2",
        "oven_2_time <= 39.5",
        "10 oven_2_time + oven_2 <= 425",
    ]


def test_the_table_has_the_chosen_and_the_fixed_knots() -> None:
    configuration: dict[str, Value] = {
        "oven_2_time": 40.0,
        "oven_2": 400.0,
        "oven_3_time": 90.0,
        "oven_3": 500.0,
        "other": "THF",
    }
    table = make().table(configuration)
    assert (table.times, table.values) == ((0, 40, 90, 240), (25, 400, 500, 25))
    assert (table.unit, table.time_unit, table.interpolation) == ("degC", "min", "linear")
    assert table.end == 240
    assert ProfileTable.model_validate_json(table.model_dump_json()) == table
    assert (
        str(table)
        == "0 min: 25 degC, 40 min: 400 degC, 90 min: 500 degC, 240 min: 25 degC (linear)"
    )
    with pytest.raises(UnknownName, match="oven_3"):
        make().table({"oven_2_time": 40.0, "oven_2": 400.0})


def test_a_line_and_a_step_between_knots() -> None:
    """By hand: at 10 of 40 min a quarter of the way from 20 to 100 is 40."""
    knots = {"times": (0.0, 40.0, 60.0), "values": (20.0, 100.0, 50.0)}
    line = ProfileTable(**knots, unit="degC", time_unit="min", interpolation="linear")
    step = ProfileTable(**knots, unit="degC", time_unit="min", interpolation="step")
    at = (-5, 0, 10, 40, 50, 60, 99)
    assert [line.value_at(time) for time in at] == [20, 20, 40, 100, 75, 50, 50]
    assert [step.value_at(time) for time in at] == [20, 20, 20, 100, 100, 50, 50]
    tenths = ProfileTable(
        times=(0.0, 2.0), values=(0.1, 0.3), unit="1", time_unit="s", interpolation="linear"
    )
    assert tenths.value_at(1.0) == 0.2


@given(st.data())
def test_a_line_is_that_of_numpy(data: st.DataObject) -> None:
    """Against numpy's interpolation, whose rounding is a few ulps of the largest value, 1000."""
    times = sorted(data.draw(st.sets(st.integers(0, 500), min_size=2, max_size=6)))
    values = data.draw(st.lists(st.integers(-1000, 1000), min_size=len(times), max_size=len(times)))
    table = ProfileTable(
        times=tuple(map(float, times)),
        values=tuple(map(float, values)),
        unit="1",
        time_unit="s",
        interpolation="linear",
    )
    at = data.draw(st.floats(-10, 510))
    assert table.value_at(at) == pytest.approx(np.interp(at, times, values), abs=1e-11)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Two to five knots, each fixed or free, in tenths; whether they can be followed is seen."""

    def number(low: int, high: int) -> Any:
        one, other = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
        if one == other or draw(st.booleans()):
            return one / 10
        return {"low": one / 10, "high": other / 10}

    count = draw(st.integers(2, 5))
    content = {
        "name": "p",
        "unit": draw(st.sampled_from(["degC", "1", "mL/min"])),
        "time_resolution": draw(st.sampled_from([None, 0.1, 0.5])),
        "resolution": draw(st.sampled_from([None, 0.1])),
        "knots": [
            {"at": number(100 * index, 100 * index + 150), "value": number(-500, 500)}
            for index in range(count)
        ],
    }
    if draw(st.booleans()):
        content["max_rate"] = draw(st.sampled_from([0.3, 2.0, 7.5, 40.0]))
    elif draw(st.booleans()):
        content["interpolation"] = "step"
    try:
        return Profile.model_validate(content)
    except ValidationError:
        assume(False)
        raise


@given(profiles(), st.data())
def test_an_admissible_configuration_gives_a_table_that_the_lab_can_follow(
    profile: Profile, data: st.DataObject
) -> None:
    """In fractions of the written digits: times rise by a step, values by no more than the rate.

    And the constraints refuse no configuration whose table could be followed.
    """
    configuration: dict[str, Value] = {
        parameter.name: parameter.decode(np.array([data.draw(st.floats(0, 1))]))
        for parameter in profile.parameters()
    }
    table = profile.table(configuration)
    times = [Fraction(repr(time)) for time in table.times]
    values = [Fraction(repr(value)) for value in table.values]
    step = Fraction(repr(profile.time_step()))
    can_follow = True
    for index, (start, stop) in enumerate(itertools.pairwise(times)):
        is_free = {f"p_{index + 1}_time", f"p_{index + 2}_time"} & set(configuration)
        can_follow &= stop - start >= (step if is_free else 0)
        if profile.max_rate is not None:
            rise = abs(values[index + 1] - values[index])
            can_follow &= rise <= Fraction(repr(profile.max_rate)) * (stop - start)
    assert all(rule.is_met(configuration) for rule in profile.constraints()) is can_follow
    if can_follow:
        assert all(start < stop for start, stop in itertools.pairwise(times))


@given(profiles())
def test_a_profile_survives_its_json_and_its_names_differ(profile: Profile) -> None:
    assert ANY.validate_json(ANY.dump_json(profile)) == profile
    assert ANY.validate_python(ANY.dump_python(profile, exclude_defaults=True)) == profile
    names = [parameter.name for parameter in profile.parameters()]
    assert len(set(names)) == len(names)
    assert {name for rule in profile.constraints() for name in rule.names} <= set(names)


def test_without_a_resolution_the_gap_is_the_coarsest_step_of_the_times() -> None:
    """Four digits: of 600 min a step is 0.1, of 60 min it is 0.01."""
    knots = [
        {"at": 0, "value": 1},
        {"at": {"low": 1, "high": 60}, "value": 2},
        {"at": {"low": 60, "high": 600}, "value": 3},
    ]
    profile = make(knots=knots, resolution=None, time_resolution=None, max_rate=None)
    assert profile.time_step() == 0.1
    assert [str(rule) for rule in profile.constraints()] == [
        "0.1 <= -oven_2_time + oven_3_time",
    ]


def test_a_profile_says_where_it_goes() -> None:
    assert make().in_words() == (
        "oven goes in straight lines through 25 degC at 0 min, 300 to 500 degC at 20 to 60 min, "
        "300 to 500 degC at 60 to 120 min, 25 degC at 240 min, changing by at most 10 degC/min."
    )


FREE = {"low": 30, "high": 60}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"knots": [{"at": 0, "value": FREE}]}, "2"),
    ({"knots": [{"at": 0, "value": 25}, {"at": 9, "value": 30}]}, "nothing is free"),
    ({"knots": [{"at": 9, "value": FREE}, {"at": 9, "value": 30}]}, "knot 2 cannot come after"),
    ({"knots": [{"at": FREE, "value": 25}, {"at": 30, "value": 30}]}, "knot 2 cannot come after"),
    ({"knots": [{"at": -1, "value": FREE}, {"at": 9, "value": 30}]}, "begins at time 0"),
    ({"knots": [{"at": 0, "value": 25}, {"at": 1, "value": {"low": 36, "high": 99}}]}, "faster"),
    ({"knots": [{"at": 0, "value": {"low": 5, "high": 5}}, {"at": 9, "value": 1}]}, "swap"),
    ({"knots": [{"at": 0, "value": FREE}, {"at": "5 K", "value": 1}]}, "converted"),
    ({"knots": [{"at": 0, "value": FREE}, {"at": 9, "value": "5 min"}]}, "converted"),
    ({"knots": [{"at": 0, "value": FREE}, {"at": 9}]}, "required"),
    ({"knots": 5}, "tuple"),
    ({"interpolation": "step"}, "a step has no rate"),
    ({"interpolation": "spline", "max_rate": None}, "linear"),
    ({"time_unit": "K"}, "no unit of time"),
    ({"unit": "parsnip"}, "not known"),
    ({"max_rate": "5 K"}, "converted"),
    ({"max_rate": 0}, "greater than 0"),
    ({"resolution": 1000}, "wider"),
    ({"resolution": "1 min"}, "converted"),
    (
        {
            "max_rate": 0.123456789,
            "knots": [{"at": 0, "value": 25}, {"at": 1.23456789012, "value": FREE}],
        },
        "more digits|faster",
    ),
    ({"colour": "red"}, "Extra"),
]


@pytest.mark.parametrize(("changes", "text"), BAD)
def test_an_invalid_profile_cannot_be_made(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        make(**changes)


@pytest.mark.parametrize(
    ("number", "place", "text"),
    [
        ([1], ("knots", 1, "value", "number"), "valid number"),
        (None, ("knots", 1, "value", "number"), "valid number"),
        ({"low": 5}, ("knots", 1, "value", "bounds", "high"), "required"),
        ("warm", ("knots",), "knot 2: 'warm' is not a number"),
        ({"low": 5, "high": "9 min"}, ("knots",), "knot 2: A value in 'min' cannot be converted"),
    ],
)
def test_a_mistake_in_a_knot_is_said_once(
    number: object, place: tuple[str | int, ...], text: str
) -> None:
    """Where a number or bounds may stand, only what was meant is spoken of."""
    knots = [{"at": 0, "value": 25}, {"at": 9, "value": number}]
    with pytest.raises(ValidationError) as caught:
        Profile.model_validate({"name": "p", "unit": "degC", "knots": knots})
    # that the list is too short without the bad knot is pydantic's own consequence
    mistakes = [each for each in caught.value.errors() if each["type"] != "too_short"]
    assert [each["loc"] for each in mistakes] == [place]
    assert text in mistakes[0]["msg"]


def test_limits_that_doubles_cannot_hold_are_refused() -> None:
    """0.12345678 times 12.3456789012 has 20 digits; the rule would not be exact."""
    knots = [{"at": 0, "value": 25}, {"at": 12.3456789012, "value": {"low": 20, "high": 30}}]
    with pytest.raises(ValidationError, match="more digits"):
        make(max_rate=0.12345678, resolution=1, knots=knots)


def test_profiles_expand_in_their_place() -> None:
    flow = Continuous(name="flow", low=0, high=1)
    expanded = expand_profiles({"flow": flow, "oven": make(), "end": flow})
    assert list(expanded) == ["flow", "oven_2_time", "oven_2", "oven_3_time", "oven_3", "end"]
    assert expanded["oven_2"] == make().parameters()[1]


def test_a_parameter_may_not_have_the_name_of_a_knot() -> None:
    other = Continuous(name="oven_2", low=0, high=1)
    for parts in ({"oven": make(), "oven_2": other}, {"oven_2": other, "oven": make()}):
        with pytest.raises(InputError, match="Two parameters would be named 'oven_2'"):
            expand_profiles(parts)


def test_a_rate_bound_is_exact_at_its_edge() -> None:
    """0.1 per minute over 3 min is 0.3, and in binary 0.30000000000000004."""
    profile = make(
        unit="1",
        max_rate=0.1,
        resolution=0.01,
        time_resolution=1,
        knots=[
            {"at": 0, "value": 0},
            {"at": {"low": 1, "high": 5}, "value": {"low": 0, "high": 1}},
        ],
    )

    def is_met(value: float, time: float) -> bool:
        rules = profile.constraints()
        return all(rule.is_met({"oven_2": value, "oven_2_time": time}) for rule in rules)

    assert is_met(0.3, 3.0)
    assert not is_met(0.31, 3.0)
    assert Decimal("0.1") * 3 == Decimal("0.3")


HOT: dict[str, Any] = {
    "kind": "profile",
    "name": "furnace",
    "unit": "degC",
    "time_unit": "h",
    "max_rate": 300,
    "resolution": 5,
    "time_resolution": 0.1,
    "knots": [
        {"at": 0, "value": 20},
        {"at": {"low": 1, "high": 6}, "value": {"low": 300, "high": 850}},
        {"at": {"low": 3, "high": 9}, "value": {"low": 300, "high": 850}},
        {"at": {"low": 4, "high": 12}, "value": 100},
    ],
}
SLOW_ENOUGH = {
    "furnace_2_time": 3.0,
    "furnace_2": 800.0,
    "furnace_3_time": 4.0,
    "furnace_3": 800.0,
    "furnace_4_time": 8.0,
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"furnace_2_time": 2.0},
            "A constraint is broken by furnace_2_time 2 h and furnace_2 800 degC. From knot 1 to 2 "
            "furnace would rise by 390 degC/h, at most 300 degC/h is allowed: 780 degC need about "
            "2.6 h.",
        ),
        (
            {"furnace_4_time": 5.0},
            "A constraint is broken by furnace_3_time 4 h, furnace_3 800 degC and furnace_4_time "
            "5 h. From knot 3 to 4 furnace would fall by 700 degC/h, at most 300 degC/h is "
            "allowed: 700 degC need about 2.333 h.",
        ),
        (
            {"furnace_2_time": 5.0},
            "A constraint is broken by furnace_2_time 5 h and furnace_3_time 4 h. Knot 3 of "
            "furnace would be at 4 h and knot 2 at 5 h; it must come at least 0.1 h after.",
        ),
    ],
)
def test_what_cannot_be_followed_is_said_in_time_and_rate(
    changed: dict[str, float], said: str
) -> None:
    profile = ANY.validate_python(HOT)
    assert isinstance(profile, Profile)
    space = SearchSpace(profile.parameters(), profile.constraints())
    assert space.check(SLOW_ENOUGH)
    with pytest.raises(ValueOutOfRange) as refused:
        space.check({**SLOW_ENOUGH, **changed})
    assert str(refused.value) == said


def test_a_rate_just_beyond_the_limit_is_told_from_it() -> None:
    profile = ANY.validate_python({**HOT, "resolution": 0.001, "time_resolution": 0.1})
    assert isinstance(profile, Profile)
    values = {**SLOW_ENOUGH, "furnace_2_time": 2.0, "furnace_2": 620.001}
    breaches = [rule.find_breach(values) for rule in profile.constraints()]
    assert "would rise by 300.0005 degC/h, at most 300 degC/h" in str(breaches[0])
    words = [rule.in_words() for rule in profile.constraints()]
    assert words[0] == "From knot 1 to 2 furnace rises by at most 300 degC/h."
    assert "Knot 3 of furnace comes at least 0.1 h after knot 2." in words
