"""Samples of constrained spaces: admissible by an oracle in fractions, distinct, and spread."""

from __future__ import annotations

import itertools
import math
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from planner.errors import InputError
from planner.space import (
    AnyConstraint,
    Categorical,
    Continuous,
    Discrete,
    Exclusion,
    ExpressionConstraint,
    Fixed,
    Integer,
    LinearConstraint,
    Mixture,
    Presence,
    SearchSpace,
    Span,
)
from tests.oracles.admissibility import enumerate_admissible, is_admissible
from tests.strategies.constrained_spaces import constrained_spaces, mixtures

seeds = st.integers(0, 2**62)


def is_repeated(configurations: tuple[dict[str, object], ...]) -> bool:
    return len({tuple(each.values()) for each in configurations}) < len(configurations)


@given(constrained_spaces(is_small=True), st.integers(1, 40), seeds)
def test_of_a_small_space_all_or_as_many_as_wanted_are_drawn(
    space: SearchSpace, n: int, seed: int
) -> None:
    """Against every combination by brute force."""
    expected = list(enumerate_admissible(space))
    if not expected:
        with pytest.raises(InputError):
            space.sample(n, seed=seed)
        return
    drawn = space.sample(n, seed=seed)
    assert len(drawn) == min(n, len(expected))
    assert all(each in expected for each in drawn)
    assert not is_repeated(drawn)


@settings(max_examples=40)
@given(constrained_spaces(is_small=False), st.integers(1, 40), seeds)
def test_what_is_drawn_from_a_large_space_is_admissible_distinct_and_repeatable(
    space: SearchSpace, n: int, seed: int
) -> None:
    try:
        drawn = space.sample(n, seed=seed)
    except InputError:  # whether such a space is empty is another test's question
        return
    assert drawn == space.sample(n, seed=seed)
    assert not is_repeated(drawn)
    assert 0 < len(drawn) <= n
    for configuration in drawn:
        assert is_admissible(space, configuration)
        assert space.check(configuration) == configuration


@settings(max_examples=25)
@given(mixtures(), st.integers(1, 60), seeds)
def test_a_mixture_is_always_drawn_in_full_number(space: SearchSpace, n: int, seed: int) -> None:
    """The coarsest and tightest, ten parts of at least 5 % in steps of 1 %, has thousands."""
    n_components = len(space.parameters)
    first = space.parameters[0]
    assert isinstance(first, Continuous)
    drawn = space.sample(n, seed=seed)
    assert all(is_admissible(space, each) for each in drawn)
    assert not is_repeated(drawn)
    most = space.constraints[0].present  # type: ignore[union-attr]
    if first.low * n_components < 0.9 and (most is None or most.at_most > 1):
        assert len(drawn) == n


@given(
    constrained_spaces(is_small=False) | mixtures(), st.lists(st.floats(0, 1), min_size=9), seeds
)
def test_what_any_point_is_snapped_to_is_admissible(
    space: SearchSpace, numbers: list[float], seed: int
) -> None:
    x = np.resize(np.array(numbers), space.n_columns)
    snapped = space.snap(x)
    assert snapped is None or is_admissible(space, snapped)


def test_nothing_can_be_nearer_than_what_a_point_is_snapped_to() -> None:
    """Against all configurations; distances are added up over the parameters' ranges."""
    space = SearchSpace(
        tuple(
            Continuous(name=name, low=0.1, high=1, resolution=0.1, optional=True) for name in "abcd"
        ),
        (Mixture(mixture=tuple("abcd"), present=Presence(at_most=2)),),
    )
    every = space.encode(list(enumerate_admissible(space)))
    for x in np.random.default_rng(8).random((10, 4)):
        snapped = space.snap(x)
        assert snapped is not None
        distance = np.abs(space.encode([snapped])[0] - x).sum()
        # the solver stops at a thousandth of the best
        assert distance <= np.abs(every - x).sum(axis=1).min() * 1.001 + 1e-6


def component_space(n: int, most: int, *, low: float = 0.05) -> SearchSpace:
    names = tuple(f"c{index}" for index in range(n))
    parts = tuple(
        Continuous(name=name, low=low, high=1, resolution=0.01, optional=True) for name in names
    )
    return SearchSpace(parts, (Mixture(mixture=names, present=Presence(at_most=most)),))


def test_every_set_of_components_is_drawn_about_as_often() -> None:
    """1,024 draws over the 8 + 28 + 56 sets of at most 3 of 8; a single component is one point.

    Each pair and triple is dealt 1,280 / 92 or so rows, of which few are lost.
    """
    drawn = component_space(8, 3).sample(1024, seed=3)
    sets = Counter(tuple(name for name, value in each.items() if value) for each in drawn)
    expected = {
        names for size in (1, 2, 3) for names in itertools.combinations(component_names(8), size)
    }
    assert set(sets) == expected
    assert all(count >= 5 for names, count in sets.items() if len(names) > 1)


def component_names(n: int) -> list[str]:
    return [f"c{index}" for index in range(n)]


def test_amounts_are_spread_evenly_over_the_simplex_and_not_stuck_in_a_corner() -> None:
    """Of uniform points of the simplex of d components each amount is Beta(1, d - 1).

    Kolmogorov and Smirnov at 600 draws: false alarms in 7 tests at 1e-6 each, fewer than 1 in
    100,000; an amount that is off by a tenth everywhere is far beyond. Rounding to 0.0005 adds
    0.003, which the statistic's critical value of 0.11 dwarfs.
    """
    names = tuple(f"c{index}" for index in range(7))
    parts = tuple(Continuous(name=name, low=0, high=1, resolution=0.001) for name in names)
    seed = int(np.random.default_rng().integers(2**62))
    drawn = SearchSpace(parts, (Mixture(mixture=names),)).sample(600, seed=seed)
    for name in names:
        amounts = [float(each[name]) for each in drawn]
        assert stats.kstest(amounts, stats.beta(1, 6).cdf).pvalue > 1e-6
    corner = [min(float(each["c0"]), 0.05) for each in drawn]
    assert stats.kstest(corner, stats.beta(1, 6).cdf).pvalue < 1e-6


def test_a_thin_slice_is_filled_to_both_ends() -> None:
    """Two equations leave a line from (0, 1, 0.5) to (0.5, 0, 1): 11 settings, all of them."""
    space = SearchSpace(
        tuple(Continuous(name=name, low=0, high=1, resolution=0.05) for name in "abc"),
        (
            LinearConstraint(weights={"a": 2, "b": 1}, equals=1),
            LinearConstraint(weights={"c": 1, "a": -1}, equals=0.5),
        ),
    )
    drawn = space.sample(100, seed=1)
    assert sorted(float(each["a"]) for each in drawn) == [k / 20 for k in range(11)]


def test_equations_with_unequal_steps_are_met_to_the_last_digit() -> None:
    """Steps of 0.5, 0.3 and 0.7: the remainder goes where it may go."""
    space = SearchSpace(
        (
            Continuous(name="a", low=0, high=100, resolution=0.5),
            Continuous(name="b", low=0, high=100, resolution=0.3),
            Continuous(name="c", low=0.1, high=50, resolution=0.7),
        ),
        (LinearConstraint(weights={"a": 1, "b": 1, "c": 1}, equals=77.7),),
    )
    drawn = space.sample(300, seed=2)
    assert len(drawn) == 300
    assert all(is_admissible(space, each) for each in drawn)


def test_a_rare_formula_is_found_and_filled() -> None:
    """A ball of radius 0.03 in the four-dimensional cube, 4e-6 of it, and all around its middle."""
    rule = ExpressionConstraint(
        expression="(a-0.3)**2 + (b-0.7)**2 + (c-0.5)**2 + (d-0.2)**2", at_most=0.0009
    )
    space = SearchSpace(
        tuple(Continuous(name=name, low=0, high=1, resolution=0.001) for name in "abcd"), (rule,)
    )
    drawn = space.sample(200, seed=6)
    assert len(drawn) == 200
    assert all(is_admissible(space, each) for each in drawn)
    for name, middle in zip("abcd", (0.3, 0.7, 0.5, 0.2), strict=True):
        above = sum(float(each[name]) > middle for each in drawn)
        # of 200 independent signs fewer than 50 agree once in 1e12; walks are not independent
        assert 30 < above < 170


@pytest.mark.parametrize(
    "space",
    [
        SearchSpace(
            tuple(Continuous(name=f"c{i}", low=0.02, high=1, resolution=0.005) for i in range(7)),
            (Mixture(mixture=tuple(f"c{i}" for i in range(7))),),
        ),
        component_space(8, 3),
        component_space(20, 6, low=0.01),
    ],
    ids=["seven with least amounts", "3 of 8", "6 of 20"],
)
def test_a_thousand_mixtures_are_drawn_within_seconds(space: SearchSpace) -> None:
    """About a second at rest; ten times that on a busy machine still tells it from rejection."""
    started = time.process_time()
    assert len(space.sample(1024, seed=1)) == 1024
    assert time.process_time() - started < 10


def test_a_trillion_combinations_are_drawn_from_without_listing_them() -> None:
    names = [f"p{index}" for index in range(12)]
    space = SearchSpace(
        tuple(Discrete(name=name, values=tuple(range(10))) for name in names),
        (LinearConstraint(weights=dict.fromkeys(names, 1.0), equals=30),),
    )
    assert space.n_settings == 10**12
    drawn = space.sample(500, seed=4)
    assert len(drawn) == 500
    assert all(is_admissible(space, each) for each in drawn)


def test_exclusions_that_leave_little_are_kept() -> None:
    rules: tuple[AnyConstraint, ...] = (
        Exclusion(exclude={"solvent": "x", "t": Span(at_least=1)}),
        Exclusion(exclude={"solvent": ("y", "z"), "t": Span(at_most=99.5)}),
    )
    space = SearchSpace(
        (
            Categorical(name="solvent", choices=("x", "y", "z")),
            Continuous(name="t", low=0, high=100, resolution=0.1),
            Continuous(name="u", low=0, high=1),
        ),
        rules,
    )
    drawn = space.sample(200, seed=1)
    assert len(drawn) == 200
    assert all(is_admissible(space, each) for each in drawn)
    assert {each["solvent"] for each in drawn} == {"x", "y", "z"}


def test_what_is_fixed_is_part_of_a_sum_and_of_no_column() -> None:
    space = SearchSpace(
        (
            Fixed(name="base", value=0.25),
            Continuous(name="a", low=0, high=1, resolution=0.05),
            Continuous(name="b", low=0, high=1, resolution=0.05),
        ),
        (Mixture(mixture=("base", "a", "b")),),
    )
    drawn = space.sample(50, seed=1)
    assert space.n_columns == 2
    assert len(drawn) == 16  # a from 0 to 0.75
    assert all(is_admissible(space, each) for each in drawn)


def test_whole_numbers_find_the_rare_solutions_of_an_equation() -> None:
    """6 a + 10 b + 15 c = 101 up to 20 each: by brute force."""
    space = SearchSpace(
        tuple(Integer(name=name, low=0, high=20) for name in "abc"),
        (LinearConstraint(weights={"a": 6, "b": 10, "c": 15}, equals=101),),
    )
    expected = [
        {"a": a, "b": b, "c": c}
        for a, b, c in itertools.product(range(21), repeat=3)
        if 6 * a + 10 * b + 15 * c == 101
    ]
    drawn = space.sample(1000, seed=1)
    assert sorted(map(str, drawn)) == sorted(map(str, expected))
    assert math.gcd(6, 10, 15) == 1


@settings(max_examples=30)
@given(constrained_spaces(is_small=True), seeds)
def test_without_the_list_a_small_space_is_drawn_from_like_a_large_one(
    space: SearchSpace, seed: int
) -> None:
    """The way of large spaces, against brute force: nothing is made up, and something is found."""
    expected = list(enumerate_admissible(space))
    space.region.__dict__["listed"] = None
    try:
        drawn = space.sample(20, seed=seed)
    except InputError:
        # a formula that few of the lattice's points keep is searched for, and may be missed
        assert not expected or "expression" in space.constraint_kinds
        return
    assert all(each in expected for each in drawn)
    assert not is_repeated(drawn)
