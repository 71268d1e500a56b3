from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space import (
    Categorical,
    Configuration,
    Continuous,
    Discrete,
    Fixed,
    Integer,
    LinearConstraint,
    SearchSpace,
)
from tests.strategies.spaces import configurations, mixed_spaces, spaces, sums


def points(space: SearchSpace) -> st.SearchStrategy[np.ndarray]:
    size = space.n_columns
    return st.lists(st.floats(0, 1), min_size=size, max_size=size).map(np.array)


def meets_rules(space: SearchSpace, configuration: Configuration) -> bool:
    """By fractions of the written digits, apart from the planner's own check."""
    for rule in space.constraints:
        total = sum(
            Fraction(repr(weight)) * Fraction(repr(configuration[name]))
            for name, weight in rule.weights.items()
        )
        if rule.at_most is not None and total > Fraction(repr(rule.at_most)):
            return False
        if rule.at_least is not None and total < Fraction(repr(rule.at_least)):
            return False
    return True


@given(st.data())
def test_encoding_and_snapping_gives_a_configuration_back(data: st.DataObject) -> None:
    space = data.draw(spaces())
    configuration = data.draw(configurations(space))
    encoded = space.encode([configuration])
    assert encoded.shape == (1, space.n_columns)
    assert space.snap(encoded[0]) == configuration
    assert space.check(configuration) == configuration


@given(st.data())
def test_what_is_snapped_keeps_every_rule(data: st.DataObject) -> None:
    space = data.draw(mixed_spaces())
    configuration = space.snap(data.draw(points(space)))
    if configuration is not None:
        assert space.check(configuration) == configuration
        assert meets_rules(space, configuration)
        assert space.snap(space.encode([configuration])[0]) == configuration


@given(st.data())
def test_a_point_that_meets_an_upper_limit_is_always_snapped(data: st.DataObject) -> None:
    """Rounding every parameter down is among the neighbours, and lowers the sum.

    Not where the lowest setting lies above the point: the point is moved up to it first.
    """
    space = data.draw(sums())
    x = data.draw(points(space))
    (weights, limit), *_ = space.linear_rules()
    lowest = space.encode([{each.name: each.decode([0.0]) for each in space.parameters}])[0]
    x = np.maximum(x, lowest)
    if weights @ x >= limit + 1e-9 * np.abs(weights).sum():
        assert space.snap(x) is not None


def test_the_neighbour_that_is_nearest_is_taken() -> None:
    """Rounding gives 0.5 + 0.6 = 1.1; one step less in b is nearer than one less in a."""
    space = SearchSpace(
        (
            Continuous(name="a", low=0, high=1, resolution=0.1),
            Continuous(name="b", low=0, high=1, resolution=0.1),
        ),
        (LinearConstraint(weights={"a": 1, "b": 1}, at_most=1),),
    )
    assert space.snap(np.array([0.47, 0.56])) == {"a": 0.5, "b": 0.5}
    assert space.snap(np.array([0.46, 0.57])) == {"a": 0.4, "b": 0.6}


def test_a_listed_number_gives_way_to_its_neighbour() -> None:
    space = SearchSpace(
        (Discrete(name="a", values=(0, 1, 10)), Integer(name="b", low=0, high=10)),
        (LinearConstraint(weights={"a": 1, "b": 1}, at_most=10),),
    )
    assert space.snap(np.array([0.6, 0.3])) == {"a": 1.0, "b": 3}


def test_a_point_that_breaks_a_rule_is_moved_to_the_nearest_that_keeps_it() -> None:
    space = SearchSpace(
        (Continuous(name="a", low=0, high=1), Categorical(name="c", choices=("x", "y"))),
        (LinearConstraint(weights={"a": 1}, at_most=0.1),),
    )
    assert space.snap(np.array([0.9, 0, 1])) == {"a": 0.1, "c": "y"}


def test_where_nothing_is_admissible_nothing_is_snapped() -> None:
    space = SearchSpace(
        (Continuous(name="a", low=0, high=1),),
        (LinearConstraint(weights={"a": 1}, at_least=2),),
    )
    assert space.snap(np.array([0.9])) is None


@given(st.data())
def test_linear_rules_agree_with_the_constraints(data: st.DataObject) -> None:
    """Where the sum is off its limit by more than rounding, 1e-9 of the encoded weights."""
    space = data.draw(mixed_spaces() | sums())
    configuration = data.draw(configurations(space))
    x = space.encode([configuration])[0]
    margins = [
        (weights @ x - limit, np.abs(weights).sum()) for weights, limit in space.linear_rules()
    ]
    if all(abs(margin) > 1e-9 * size for margin, size in margins):
        assert all(margin > 0 for margin, _ in margins) is meets_rules(space, configuration)


def test_a_constraint_with_two_limits_is_two_rules() -> None:
    """1 <= 2 a + b <= 3 with a from 0 to 2 and b from 1 to 4: by hand 4 x + 3 y is in [0, 2]."""
    space = SearchSpace(
        (Continuous(name="a", low=0, high=2), Continuous(name="b", low=1, high=4)),
        (LinearConstraint(weights={"a": 2, "b": 1}, at_least=1, at_most=3),),
    )
    (low, low_limit), (high, high_limit) = space.linear_rules()
    assert (low.tolist(), low_limit) == ([4, 3], 0)
    assert (high.tolist(), high_limit) == ([-4, -3], -2)


@settings(max_examples=50)
@given(spaces() | mixed_spaces() | sums(), st.integers(0, 20), st.integers(0, 2**62))
def test_a_sample_is_admissible_distinct_and_repeatable(
    space: SearchSpace, n: int, seed: int
) -> None:
    drawn = space.sample(n, seed=seed)
    assert drawn == space.sample(n, seed=seed)
    assert len(drawn) == min(n, space.n_settings or n) or space.constraints
    assert len({tuple(configuration.values()) for configuration in drawn}) == len(drawn)
    for configuration in drawn:
        assert space.check(configuration) == configuration
        assert meets_rules(space, configuration)


def test_a_small_space_is_given_whole() -> None:
    """Every combination that keeps the rule, by brute force."""
    space = SearchSpace(
        (
            Integer(name="a", low=0, high=5),
            Discrete(name="b", values=(0.5, 2)),
            Categorical(name="c", choices=("x", "y")),
            Continuous(name="d", low=0, high=1, resolution=0.5),
        ),
        (LinearConstraint(weights={"a": 1, "b": 1, "d": 2}, at_most=4),),
    )
    expected = {
        (a, b, c, d)
        for a, b, c, d in itertools.product(range(6), (0.5, 2.0), "xy", (0.0, 0.5, 1.0))
        if a + b + 2 * d <= 4
    }
    drawn = space.sample(1000, seed=3)
    assert {tuple(each.values()) for each in drawn} == expected
    assert len(drawn) == len(expected)


def test_a_corner_of_a_space_of_many_parameters_is_filled() -> None:
    """Eight shares that sum to at most 1 are 1/8! of the cube: chance alone finds two in 65,536."""
    names = [f"p{index}" for index in range(8)]
    space = SearchSpace(
        tuple(Continuous(name=name, low=0, high=1) for name in names),
        (LinearConstraint(weights=dict.fromkeys(names, 1.0), at_most=1),),
    )
    drawn = space.sample(30, seed=5)
    assert len(drawn) == 30
    assert all(meets_rules(space, configuration) for configuration in drawn)


def test_a_space_without_any_configuration_is_refused() -> None:
    space = SearchSpace(
        (Continuous(name="a", low=0, high=1),),
        (LinearConstraint(weights={"a": 1}, at_least=2),),
    )
    with pytest.raises(InputError, match=r"2 <= a.*Loosen"):
        space.sample(3, seed=0)


def test_a_sample_fills_every_side_of_the_space_evenly() -> None:
    """64 scrambled Sobol points put 8 in each eighth of each side; random ones do not."""
    space = SearchSpace(tuple(Continuous(name=name, low=0, high=8) for name in "abc"))
    drawn = space.sample(64, seed=11)
    for name in "abc":
        eighths = [min(int(configuration[name]), 7) for configuration in drawn]
        # rounding to a step of 0.001 moves a point over an edge with probability 64 * 8 / 8000
        assert max(abs(eighths.count(index) - 8) for index in range(8)) <= 2


def test_every_choice_is_drawn_alike() -> None:
    """1024 points, four choices: 256 each, give or take a few; chi-squared far below chance."""
    space = SearchSpace(
        (Categorical(name="c", choices=tuple("wxyz")), Continuous(name="t", low=0, high=1))
    )
    drawn = [configuration["c"] for configuration in space.sample(800, seed=2)]
    counts = [drawn.count(choice) for choice in "wxyz"]
    assert stats.chisquare(counts).pvalue > 1e-5


ROWS = (
    {"t": 20.0, "c": "x"},
    {"t": 50.0, "c": "x"},
    {"t": 80.0, "c": "y"},
)


def table_space() -> SearchSpace:
    parameters = (
        Continuous(name="t", low=0, high=100),
        Categorical(name="c", choices=("x", "y")),
    )
    return SearchSpace(parameters, rows=ROWS)


def test_from_a_candidate_table_only_rows_are_drawn_and_snapped() -> None:
    space = table_space()
    assert space.n_settings == 3
    assert sorted(space.sample(9, seed=1), key=str) == sorted(ROWS, key=str)
    assert len(space.sample(2, seed=1)) == 2
    assert space.snap(np.array([0.3, 1, 0])) == ROWS[0]
    assert space.encoded_rows.tolist() == [[0.2, 1, 0], [0.5, 1, 0], [0.8, 0, 1]]


def test_columns_belong_to_parameters() -> None:
    space = SearchSpace(
        (
            Continuous(name="t", low=0, high=1),
            Categorical(name="c", choices=("x", "y", "z")),
            Integer(name="n", low=1, high=3),
        )
    )
    assert space.columns == (0, 1, 1, 1, 2)
    assert space.n_columns == 5
    assert space.encode([]).shape == (0, 5)
    assert space.encode([{"t": 0.25, "c": "y", "n": 3}]).tolist() == [[0.25, 0, 1, 0, 1]]


def test_the_number_of_settings_is_counted_where_it_is_finite() -> None:
    steps = Continuous(name="s", low=0, high=1, resolution=0.3)
    assert SearchSpace((steps, Integer(name="n", low=1, high=3))).n_settings == 4 * 3
    assert SearchSpace((Continuous(name="t", low=0, high=1),)).n_settings is None


@pytest.mark.parametrize(
    ("configuration", "error"),
    [
        ({"t": 1.0}, ValueOutOfRange),
        ({"t": 1.0, "c": "q"}, ValueOutOfRange),
        ({"t": 1.0, "c": "x", "z": 3}, UnknownName),
        ({"t": 101.0, "c": "x"}, ValueOutOfRange),
    ],
)
def test_what_is_no_configuration_is_refused(
    configuration: Configuration, error: type[Exception]
) -> None:
    with pytest.raises(error):
        table_space().check(configuration)


def test_a_broken_rule_is_named() -> None:
    space = SearchSpace(
        (Continuous(name="a", low=0, high=1), Continuous(name="b", low=0, high=1)),
        (LinearConstraint(weights={"a": 1, "b": 1}, at_most=1),),
    )
    with pytest.raises(
        ValueOutOfRange, match=r"a 0.6 and b 0.6. a \+ b is 1.2, and must be at most 1"
    ):
        space.check({"a": 0.6, "b": 0.6})


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ((), ()),
        ((Integer(name="a", low=0, high=1), Integer(name="a", low=0, high=1)), ()),
        ((Integer(name="a", low=0, high=1),), ("b",)),
        ((Continuous(name="a", low=1, high=9, scale="log"),), ("a",)),
        ((Categorical(name="a", choices=("x", "y")),), ("a",)),
    ],
)
def test_an_impossible_space_cannot_be_made(
    parameters: tuple[Integer, ...], names: tuple[str, ...]
) -> None:
    rules = (LinearConstraint(weights=dict.fromkeys(names, 1.0), at_most=1),) if names else ()
    with pytest.raises(InputError):
        SearchSpace(parameters, rules)


def test_a_change_of_unit_changes_no_code() -> None:
    """The same temperatures in degC and K lie at the same places of the unit cube."""
    celsius = Continuous(name="t", low=20, high=100, unit="degC")
    kelvin = Continuous(name="t", low=293.15, high=373.15, unit="K")
    here = celsius.encode([20.0, 33.3, 100.0]).ravel()
    there = kelvin.encode([293.15, 306.45, 373.15]).ravel()
    # 373 is rounded at 5.7e-14, over a range of 80
    assert all(
        math.isclose(one, other, abs_tol=2e-15) for one, other in zip(here, there, strict=True)
    )


def test_columns_of_one_parameter_are_one_group_but_those_of_its_descriptors() -> None:
    numbers = {"THF": {"polarity": 4.0, "size": 81.0}, "DMF": {"polarity": 6.4, "size": 77.0}}
    space = SearchSpace(
        (
            Categorical(name="metal", choices=("Fe", "Ni", "Co")),
            Categorical(name="solvent", choices=("THF", "DMF"), descriptors=numbers),
            Fixed(name="gas", value="argon"),
            Continuous(name="time", low=0, high=1),
        )
    )

    assert space.columns == (0, 0, 0, 1, 1, 3)
    assert space.groups == (0, 0, 0, 1, 4, 3)
