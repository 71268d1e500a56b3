"""Parts of a space: locks, combinations to avoid, contexts, tables with a tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space import (
    Categorical,
    Contextual,
    Continuous,
    Exclusion,
    Integer,
    LinearConstraint,
    Mixture,
    SearchSpace,
)
from tests.oracles.admissibility import enumerate_admissible, is_admissible
from tests.strategies.constrained_spaces import constrained_spaces


def reaction() -> SearchSpace:
    return SearchSpace(
        (
            Continuous(name="temperature", unit="degC", low=20, high=120, resolution=0.5),
            Categorical(name="solvent", choices=("water", "THF")),
            Integer(name="cycles", low=1, high=3),
        )
    )


@settings(max_examples=40)
@given(constrained_spaces(is_small=True), st.data())
def test_what_is_held_and_avoided_leaves_what_brute_force_leaves(
    space: SearchSpace, data: st.DataObject
) -> None:
    every = list(enumerate_admissible(space))
    if not every:
        return
    example = data.draw(st.sampled_from(every))
    name, other = data.draw(st.permutations(space.names))[:2]
    avoid = {other: data.draw(st.sampled_from(every))[other]}
    expected = [
        each for each in every if each[name] == example[name] and each[other] != avoid[other]
    ]
    if not expected:
        with pytest.raises(InputError, match="nothing can be tried"):
            space.restricted({name: example[name]}, [avoid])
        return
    part = space.restricted({name: example[name]}, [avoid])
    drawn = part.sample(10_000, seed=1)
    assert sorted(map(str, drawn)) == sorted(map(str, expected))
    assert part.columns == space.columns
    assert np.array_equal(part.encode(drawn), space.encode(drawn))
    for each in every:
        assert part.is_admissible(each) is (each in expected)


def test_a_part_of_a_part_keeps_both_locks() -> None:
    part = reaction().restricted({"solvent": "THF"}).restricted({"cycles": 2})
    assert {(each["solvent"], each["cycles"]) for each in part.sample(30, seed=1)} == {("THF", 2)}
    assert part.restricted({"cycles": 2}) == part
    with pytest.raises(InputError, match="'solvent' is held at 'THF' already"):
        part.restricted({"solvent": "water"})


def test_a_lock_with_a_unit_is_converted() -> None:
    assert reaction().restricted({"temperature": "323.15 K"}).held == {"temperature": 50.0}


@pytest.mark.parametrize(
    ("locks", "error", "text"),
    [
        ({"solvent": "DMF"}, ValueOutOfRange, "DMF"),
        ({"temperature": 130.0}, ValueOutOfRange, "130"),
        ({"pressure": 1.0}, UnknownName, "pressure"),
    ],
)
def test_a_lock_outside_the_domain_is_refused(
    locks: dict[str, float | str], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        reaction().restricted(locks)


def test_locks_that_contradict_the_rules_are_named_with_them() -> None:
    space = SearchSpace(
        tuple(Continuous(name=name, low=0, high=1, resolution=0.01) for name in "abc"),
        (Mixture(mixture=tuple("abc")),),
    )
    with pytest.raises(InputError, match=r"a = 0.9, b = 0.2 held nothing .* 'a \+ b \+ c = 1'"):
        space.restricted({"a": 0.9, "b": 0.2})
    part = space.restricted({"a": 0.9})
    assert len(part.sample(50, seed=1)) == 11
    (weights, total), *_ = part.encoded_rules.equations
    assert weights.tolist() == [0, 1, 1]
    assert total == pytest.approx(0.1)


def table(**more: object) -> SearchSpace:
    rows = tuple(
        {"a": a, "b": b, "c": c}
        for a, b, c in [(0.333, 0.333, 0.333), (0.5, 0.5, 0.0), (0.2, 0.3, 0.5), (0.5, 0.2, 0.3)]
    )
    return SearchSpace(
        tuple(Continuous(name=name, low=0, high=1) for name in "abc"),
        (Mixture(mixture=tuple("abc")),),
        rows,
        **more,  # type: ignore[arg-type]
    )


def test_rows_are_taken_as_given_within_the_stated_tolerance() -> None:
    """0.333 three times misses 1 by 0.001."""
    rounded = {"a": 0.333, "b": 0.333, "c": 0.333}
    assert table(tolerance=0.001).check(rounded) == rounded
    assert table(tolerance=0.001).is_admissible(rounded)
    with pytest.raises(ValueOutOfRange, match="broken"):
        table(tolerance=0.0009).check(rounded)
    assert not table(tolerance=0.001).is_admissible({"a": 0.1, "b": 0.2, "c": 0.7})


def test_a_tolerance_is_for_tables_alone() -> None:
    space = table(tolerance=0.01)
    open_space = SearchSpace(space.parameters, space.constraints, tolerance=0.01)
    with pytest.raises(ValueOutOfRange):
        open_space.check({"a": 0.333, "b": 0.333, "c": 0.333})


def test_the_rows_that_are_left_keep_their_numbers_and_their_code() -> None:
    space = table(tolerance=0.001)
    part = space.restricted({"a": 0.5})
    assert part.rows == (space.rows[1], space.rows[3])  # type: ignore[index]
    assert part.row_numbers == (1, 3)
    assert np.array_equal(part.encoded_rows, space.encoded_rows[[1, 3]])
    assert np.array_equal(part.encoded_rows, part.encode(part.rows or ()))
    fewer = part.restricted({}, [{"b": 0.5, "c": 0.0}])
    assert fewer.row_numbers == (3,)
    with pytest.raises(InputError, match="None of the 2 candidates"):
        part.restricted({"b": 0.3})


def humid() -> SearchSpace:
    return SearchSpace(
        (
            Continuous(name="temperature", low=20, high=80, resolution=1),
            Contextual(name="humidity", low=20, high=60),
        ),
        (LinearConstraint(weights={"temperature": 1, "humidity": 1}, at_most=100),),
    )


def test_what_is_measured_has_the_value_of_the_context_everywhere() -> None:
    assert humid().contextual == ("humidity",)
    today = humid().restricted({"humidity": 55.5})
    drawn = today.sample(100, seed=1)
    assert {each["humidity"] for each in drawn} == {55.5}
    assert max(float(each["temperature"]) for each in drawn) == 44
    assert all(is_admissible(today, each) for each in drawn)
    assert today.snap(np.array([0.9, 0.1])) == {"temperature": 44.0, "humidity": 55.5}


def test_a_context_beyond_what_was_expected_is_taken_as_it_is() -> None:
    wet = humid().restricted({"humidity": 71.25})
    assert {each["humidity"] for each in wet.sample(5, seed=1)} == {71.25}
    assert wet.is_admissible({"temperature": 28.0, "humidity": 71.25})
    assert not wet.is_admissible({"temperature": 29.0, "humidity": 71.25})


def test_a_table_need_not_say_what_will_be_measured() -> None:
    rows = tuple({"temperature": float(t)} for t in (20, 50, 80))
    space = SearchSpace(humid().parameters, rows=rows)
    assert space.encoded_rows.tolist() == [[0, 0.5], [0.5, 0.5], [1, 0.5]]
    today = space.restricted({"humidity": 30})
    assert today.rows == tuple({**row, "humidity": 30.0} for row in rows)
    assert today.encoded_rows[:, 1].tolist() == [0.25] * 3


def test_rows_that_break_a_rule_on_what_is_measured_are_left_out() -> None:
    rows = tuple({"temperature": float(t)} for t in (20, 50, 80))
    space = SearchSpace(humid().parameters, humid().constraints, rows)
    assert space.restricted({"humidity": 55}).row_numbers == (0,)
    with pytest.raises(InputError, match="None of the 3 candidates"):
        space.restricted({"humidity": 85})


def test_what_was_achieved_need_not_keep_bounds_or_rules() -> None:
    space = SearchSpace(
        (Continuous(name="a", low=0, high=1), Categorical(name="c", choices=("x", "y"))),
        (Exclusion(exclude={"c": "x"}), LinearConstraint(weights={"a": 1}, at_most=0.5)),
    )
    achieved = {"a": 1.003, "c": "x"}
    assert space.check(achieved, exact=False) == achieved
    with pytest.raises(ValueOutOfRange):
        space.check(achieved)
    with pytest.raises(ValueOutOfRange):
        space.check({"a": float("nan"), "c": "x"}, exact=False)
    with pytest.raises(ValueOutOfRange):
        space.check({"a": 0.1, "c": "z"}, exact=False)


def test_kinds_of_constraints_are_named_once() -> None:
    assert table().constraint_kinds == ("mixture",)


def test_a_sum_of_a_logarithm_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(InputError, match="Write the constraint as an expression"):
        SearchSpace(
            (Continuous(name="a", low=1, high=9, scale="log"),),
            (LinearConstraint(weights={"a": 1}, at_most=5),),
        )


def test_a_lock_between_two_steps_is_refused_with_the_nearest_step() -> None:
    space = SearchSpace((Continuous(name="temperature", low=20, high=95, resolution=0.5),))
    with pytest.raises(InputError, match=r"lies between two.*The nearest is 60\.5"):
        space.restricted({"temperature": 60.6})
    assert space.restricted({"temperature": 60.5}).sample(1, seed=0)[0] == {"temperature": 60.5}
