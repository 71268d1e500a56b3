"""What a person types: values, sweeps, differences, and what is said when it cannot be read."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError, UnitError, UnknownName, ValueOutOfRange
from planner.space import Categorical, Continuous, Discrete, Integer, SearchSpace
from planner.whatif import parse_question

SPACE = SearchSpace(
    (
        Continuous(name="temperature", low=100, high=150, unit="degC"),
        Continuous(name="bath", low=-78, high=25, unit="degC"),
        Continuous(name="loading", low=0.001, high=1, scale="log"),
        Integer(name="cycles", low=1, high=9),
        Discrete(name="volume", values=(1.0, 2.5, 5.0), unit="mL"),
        Categorical(name="catalyst", choices=("P1-L3", "P2-L1", "Pd, on carbon", "+salt")),
    )
)


def asked(*written):
    return parse_question(written, SPACE)


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("temperature=130", (130.0,)),
        (" temperature = 1.3e2 ", (130.0,)),
        ("temperature=400K", (126.85,)),
        ("temperature=400 K", (126.85,)),
        ("temperature=100,120,100", (100.0, 120.0)),
        ("temperature=100:150:6", (100.0, 110.0, 120.0, 130.0, 140.0, 150.0)),
        ("temperature=150:100:3", (150.0, 125.0, 100.0)),
        ("temperature=380K:390K:2", (106.85, 116.85)),
        ("loading=0.001:1:4", (0.001, 0.01, 0.1, 1.0)),
        ("cycles=1:9:5", (1, 3, 5, 7, 9)),
        ("volume=1,5", (1.0, 5.0)),
        ("bath=-20", (-20.0,)),
        ("bath=-20:20:3", (-20.0, 0.0, 20.0)),
        ("catalyst=P1-L3,P2-L1", ("P1-L3", "P2-L1")),
        ("catalyst=Pd, on carbon", ("Pd, on carbon",)),
        ("catalyst=+salt", ("+salt",)),
    ],
)
def test_values_are_read(written, values):
    question = asked(written)
    (name,) = question.values
    assert question.values[name] == pytest.approx(values) if name != "catalyst" else values
    assert question.differences == {}


@pytest.mark.parametrize(
    ("written", "name", "difference"),
    [
        ("temperature=+20", "temperature", 20.0),
        ("temperature=-20", "temperature", -20.0),  # no temperature of this space
        ("temperature=+36degF", "temperature", 20.0),  # a difference has no offset
        ("temperature=+20K", "temperature", 20.0),
        ("temperature-=20", "temperature", -20.0),
        ("bath-=20", "bath", -20.0),
        ("bath+=10 K", "bath", 10.0),
        ("cycles=+2", "cycles", 2.0),
    ],
)
def test_differences_are_read(written, name, difference):
    question = asked(written)
    assert question.values == {}
    assert question.differences == pytest.approx({name: difference})


@pytest.mark.parametrize(
    ("written", "error", "said"),
    [
        ("temprature=130", UnknownName, "no parameter 'temprature'"),
        ("temperature", InputError, "write NAME=VALUE"),
        ("temperature=", InputError, "write NAME=VALUE"),
        ("temperature=warm", InputError, "'warm' is not a number"),
        ("temperature=200", ValueOutOfRange, "outside 100 to 150 degC"),
        ("temperature=130 min", UnitError, "cannot be converted"),
        ("temperature=1e400", InputError, "too large"),
        ("temperature=100:150", InputError, "FROM:TO:COUNT"),
        ("temperature=100:150:1", InputError, "at least 2"),
        ("temperature=100:150:2.5", InputError, "FROM:TO:COUNT"),
        ("temperature=90:150:3", ValueOutOfRange, "outside 100 to 150"),
        ("temperature=100:150:99999", InputError, "at most 10000"),
        ("temperature+=-20", InputError, "without a sign"),
        ("cycles=1:9:4", ValueOutOfRange, "choose another count"),
        ("volume=2", ValueOutOfRange, "not one of 1, 2.5, 5"),
        ("catalyst=P9", ValueOutOfRange, "not one of P1-L3"),
        ("catalyst+=P1-L3", InputError, "is a category"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(written, error, said):
    with pytest.raises(error, match=said):
        asked(written)


def test_a_name_given_twice_is_refused():
    with pytest.raises(InputError, match="given twice"):
        asked("temperature=110", "temperature=+20")


def test_a_grid_beyond_the_limit_is_refused_before_it_is_made():
    with pytest.raises(InputError, match="200 x 51 = 10200"):
        asked("temperature=100:150:200", "bath=-70:20:51")
    assert asked("temperature=100:150:200", "bath=-70:20:50").n_configurations == 10_000


@given(low=st.integers(100, 149), steps=st.integers(2, 30))
def test_a_sweep_meets_both_ends_and_rises_evenly(low, steps):
    values = asked(f"temperature={low}:150:{steps}").values["temperature"]
    assert (values[0], values[-1], len(values)) == (low, 150.0, steps)
    gaps = [after - before for before, after in itertools.pairwise(values)]
    # twelve digits of numbers up to 150 leave each end 1e-9 off at most
    assert max(gaps) - min(gaps) < 4e-9
