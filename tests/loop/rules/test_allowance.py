"""What is left for the next trials: which fit, one by one and together, counted in decimal."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from planner.loop.rules.allowance import MONEY, Allowance, Resource
from planner.space import Continuous, SearchSpace

A, B = (Continuous(name=name, low=0, high=10, resolution=0.1) for name in "ab")
OPEN = SearchSpace((A, B))


def of(amount: float | str, left: str, *, name: str | None = MONEY) -> Allowance:
    return Allowance((Resource(name, (amount,), Decimal(left), ""),))


def test_of_a_batch_the_longest_beginning_fits_that_fits_together() -> None:
    batch = [{"a": 0.1, "b": 0.0}, {"a": 0.2, "b": 0.0}, {"a": 0.1, "b": 0.0}]
    assert of("a", "0.3").n_that_fit(batch) == 2  # 0.1 + 0.2 is above 0.3 in doubles
    assert of("a", "0.4").n_that_fit(batch) == 3
    assert of("a", "0.05").n_that_fit(batch) == 0
    assert of("1 / a", "100").n_that_fit([{"a": 0.0, "b": 0.0}]) == 0  # nobody can say


def test_rows_of_a_table_are_kept_exactly_where_they_fit() -> None:
    rows = tuple({"a": k / 10, "b": 0.0} for k in range(11))
    part = of("3 * a", "0.9").restrict(SearchSpace((A, B), rows=rows))
    assert part is not None
    assert part.row_numbers == (0, 1, 2, 3)  # 3 * 0.3 is 0.9, and 0.8999... in doubles
    assert of("a + 1", "0.9").restrict(SearchSpace((A, B), rows=rows)) is None


def test_where_nothing_is_left_for_the_cheapest_there_is_no_part() -> None:
    assert of("1 + a", "0.999").restrict(OPEN) is None
    assert of(2.0, "1.9").restrict(OPEN) is None
    assert of(0.0, "-0.1").restrict(OPEN) is None


@settings(max_examples=25, deadline=None)
@given(
    formula=st.sampled_from(["a + b", "0.3 * a + 0.7", "a * b + 1", "exp(a / 5)", "max(a, b)"]),
    left=st.integers(1, 60).map(lambda k: f"{k / 10}"),
)
def test_what_is_drawn_from_the_part_fits(formula: str, left: str) -> None:
    allowance = of(formula, left, name="salt")
    part = allowance.restrict(OPEN)
    cheapest = allowance.resources[0].taken_by({"a": 0.0, "b": 0.0})
    assert cheapest is not None
    assert (part is None) == (cheapest > Decimal(left))  # all of these rise with a and b
    for configuration in part.sample(5, seed=0) if part is not None else ():
        assert allowance.n_that_fit([configuration]) == 1
