"""Even draws: as often in each part of the space as its share, by counts.

Each count of n draws with chance p is within 5 standard deviations of n p, which fails by chance
once in 1.7 million; all counts here are fewer than 40, so 1 in 40,000 runs of nothing wrong would
fail, and the seeds are fixed besides.
"""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest

from planner.rng import make_generator
from planner.space import (
    Categorical,
    Continuous,
    Integer,
    LinearConstraint,
    SearchSpace,
)

N = 4000


def drawn(space: SearchSpace, n: int = N, seed: int = 5) -> list[dict[str, object]]:
    return list(islice(space.draw(generator=make_generator(seed)), n))  # type: ignore[arg-type]


def is_share(count: int, share: float, n: int = N) -> bool:
    return abs(count - n * share) <= 5 * math.sqrt(n * share * (1 - share))


def test_each_tenth_of_a_range_is_drawn_as_often() -> None:
    space = SearchSpace(
        (
            Continuous(name="t", low=100, high=200),
            Continuous(name="c", low=0.001, high=1, scale="log"),
            Integer(name="k", low=1, high=5),
            Categorical(name="metal", choices=("Fe", "Co", "Ni")),
        )
    )
    found = drawn(space)
    tenths = np.bincount([min(9, int((row["t"] - 100) / 10)) for row in found], minlength=10)  # type: ignore[operator]
    decades = np.bincount([min(2, int(math.log10(row["c"]) + 3)) for row in found])  # type: ignore[arg-type]
    assert all(is_share(int(each), 0.1) for each in tenths)
    assert all(is_share(int(each), 1 / 3) for each in decades)
    assert all(is_share(sum(row["k"] == k for row in found), 0.2) for k in range(1, 6))
    assert all(is_share(sum(row["metal"] == m for row in found), 1 / 3) for m in ("Fe", "Co", "Ni"))


def test_draws_under_a_rule_are_even_over_what_it_admits() -> None:
    """Under x + y <= 1 the part x <= 1/2 has three quarters of the area; a grid would tell."""
    axes = (Continuous(name="x", low=0, high=1), Continuous(name="y", low=0, high=1))
    rule = LinearConstraint(weights={"x": 1, "y": 1}, at_most=1)
    found = drawn(SearchSpace(axes, constraints=(rule,)))
    assert all(row["x"] + row["y"] <= 1 for row in found)  # type: ignore[operator]
    assert is_share(sum(row["x"] <= 0.5 for row in found), 0.75)  # type: ignore[operator]
    assert not is_share(sum(row["x"] <= 0.5 for row in found), 0.5)  # type: ignore[operator]


def test_where_rules_let_almost_nothing_through_points_are_drawn_within_them() -> None:
    axes = tuple(Continuous(name=name, low=0, high=1) for name in "abcd")
    whole = LinearConstraint(weights=dict.fromkeys("abcd", 1.0), equals=1)
    found = drawn(SearchSpace(axes, constraints=(whole,)), n=50)
    assert len(found) == 50
    assert all(sum(row.values()) == pytest.approx(1, abs=1e-9) for row in found)  # type: ignore[arg-type]


def test_a_small_space_and_a_table_are_gone_through_once() -> None:
    small = SearchSpace((Integer(name="k", low=1, high=6),))
    table = SearchSpace(small.parameters, rows=tuple({"k": k} for k in (2, 3, 5)))
    assert sorted(row["k"] for row in drawn(small)) == [1, 2, 3, 4, 5, 6]  # type: ignore[type-var]
    assert sorted(row["k"] for row in drawn(table)) == [2, 3, 5]  # type: ignore[type-var]
    firsts = [drawn(small, n=1, seed=seed)[0]["k"] for seed in range(600)]
    assert all(is_share(firsts.count(k), 1 / 6, n=600) for k in range(1, 7))
