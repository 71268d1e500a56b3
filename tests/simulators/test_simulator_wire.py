"""What travels between the pool and its workers arrives as it was."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from planner.simulators.contract import Course, Curve, Diagnostics, SimulatorResult, Status
from planner.simulators.wire import read_input, read_result, to_line, written_input, written_result

numbers = st.floats(allow_nan=False)
points = st.lists(st.tuples(numbers, numbers), max_size=9)
curves = points.map(lambda p: Curve(x=tuple(x for x, _ in p), y=tuple(y for _, y in p)))
courses = st.builds(
    lambda p, is_stepped: Course(
        times=tuple(x for x, _ in p), values=tuple(y for _, y in p), is_stepped=is_stepped
    ),
    points,
    st.booleans(),
)


@given(value=st.one_of(numbers, st.text(), curves), status=st.sampled_from(Status))
def test_every_kind_of_outcome_arrives_as_it_was(
    value: float | str | Curve, status: Status
) -> None:
    told = Diagnostics(converged=True, n_steps=3, balance_residual=1e-9, message="done")
    result = SimulatorResult(status=status, values={"a": value}, diagnostics=told)
    assert read_result(json.loads(to_line(written_result(result)))) == result


@given(value=st.one_of(numbers, courses))
def test_every_kind_of_input_arrives_as_it_was(value: float | Course) -> None:
    assert read_input(json.loads(json.dumps(written_input(value)))) == value


def test_what_is_no_number_arrives_too() -> None:
    result = SimulatorResult(
        status=Status.OK, values={"a": math.nan}, diagnostics=Diagnostics(converged=True)
    )
    (arrived,) = read_result(json.loads(to_line(written_result(result)))).values.values()
    assert isinstance(arrived, float)
    assert math.isnan(arrived)
