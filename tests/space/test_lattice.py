"""Settable values as whole numbers: the same values as those of the parameters themselves."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner.space import Categorical, Contextual, Continuous, Discrete, Integer, Ordinal
from planner.space.admissible.lattice import make_axis
from planner.space.admissible.listing import list_raw
from planner.space.parameters import AnyParameter, list_levels
from tests.strategies.parameters import continuous, parameters, values


@given(st.data())
def test_whole_numbers_and_back_is_the_identity(data: st.DataObject) -> None:
    parameter = data.draw(parameters())
    axis = make_axis(parameter)
    settable = data.draw(st.lists(values(parameter), min_size=1, max_size=5))
    raw = np.array([axis.raw(each) for each in settable])
    assert [axis.value(float(each)) for each in raw] == settable
    if axis.is_grid:
        wholes = axis.wholes(raw)
        assert axis.raws(wholes).tolist() == raw.tolist()
        for whole, number in zip(wholes, raw, strict=True):
            assert Decimal(int(whole)).scaleb(-axis.digits) == Decimal(repr(float(number)))
            assert (int(whole) - axis.first) % axis.step == 0 or number == 0
            assert axis.ends[0] <= whole <= axis.ends[1]


@given(continuous(), st.lists(st.floats(0, 0.999999), min_size=1, max_size=5))
@example(Continuous(name="p", low=1e-12, high=1e12, scale="log"), [0.0, 0.25, 0.5, 0.75])
@example(Continuous(name="p", low=1e-40, high=1e-30, scale="log"), [0.1, 0.6])
@example(Continuous(name="p", low=1.00005, high=1.0002, scale="log"), [0.3])
@example(Continuous(name="p", low=1e-40, high=3e-40), [0.3, 0.9])
@example(Continuous(name="p", low=-1001.0, high=0.0), [0.5])
def test_a_number_is_spread_to_the_value_that_it_is_decoded_to(
    parameter: Continuous, shares: list[float]
) -> None:
    """Half a step beside it at the most, where rounding in binary breaks a tie the other way."""
    spread = make_axis(parameter).spread(np.array(shares))
    for at, value in zip(shares, spread, strict=True):
        decoded = parameter.decode(np.array([at]))
        step = parameter.step_at(decoded)[0]
        assert parameter.snap(float(value)) == value
        assert abs(Decimal(repr(float(value))) - Decimal(repr(decoded))) <= step
        tie = (Decimal(repr(decoded)) - Decimal(repr(float(value)))) != 0
        number = make_axis(parameter).number_at(at)
        # what is left of a negative number is negative too
        beside = abs(abs(float((Decimal(repr(number)) / step) % 1)) - 0.5)
        assert not tie or beside < 1e-6


@pytest.mark.parametrize(
    "parameter",
    [
        Continuous(name="p", low=0.1, high=1, resolution=0.3),
        Continuous(name="p", low=0.1, high=1, resolution=0.3, optional=True),
        Integer(name="p", low=-3, high=4),
        Discrete(name="p", values=(0.5, 1.0, 1.5)),
        Discrete(name="p", values=(0.5, 1.0, 7.0)),
        Ordinal(name="p", levels=("low", "high")),
        Categorical(name="p", choices=("x", "y", "z")),
    ],
)
def test_the_list_of_values_is_that_of_the_parameter(parameter: AnyParameter) -> None:
    axis = make_axis(parameter)
    listed = [axis.value(float(each)) for each in list_raw(axis)]
    assert listed == list(list_levels(parameter))
    assert axis.n_levels == len(listed)
    drawn = axis.spread(np.linspace(0, 1, 4000, endpoint=False))
    assert sorted(set(drawn.tolist())) == sorted(list_raw(axis).tolist())


def test_what_is_held_has_one_value_even_between_settings() -> None:
    humidity = Contextual(name="h", low=20, high=60)
    axis = make_axis(humidity, held=63.25)
    assert axis.is_constant
    assert axis.spread(np.array([0.1, 0.9])).tolist() == [63.25, 63.25]
    assert axis.whole_levels == (6325,)


def test_half_of_what_is_spread_is_absent_where_it_may_be() -> None:
    axis = make_axis(Continuous(name="p", low=0.5, high=1, optional=True))
    spread = axis.spread(np.linspace(0, 1, 1000, endpoint=False))
    assert (spread == 0).sum() == 500
    assert spread[spread > 0].min() == 0.5
