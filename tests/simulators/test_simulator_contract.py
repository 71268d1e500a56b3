"""Records of the contract, and what is let into a simulator."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.simulators.admission import admit_course, admit_inputs, admit_theta
from planner.simulators.contract import (
    CalibrationParameter,
    Course,
    CourseSpec,
    Evidence,
    InputSpec,
    LogNormal,
    Normal,
)

HEAT = InputSpec(name="heat", unit="degC", low=0.0, high=100.0, meaning="How hot it is.")
HOURS = InputSpec(name="hours", unit="h", low=1.0, high=9.0, default=2.0, meaning="How long.")


def constant(prior: Normal | LogNormal) -> CalibrationParameter:
    return CalibrationParameter(
        name="k", unit="1/s", prior=prior, meaning="A rate.", source="here", evidence=Evidence.READ
    )


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0, math.inf)])
def test_bounds_that_are_not_ascending_and_finite_cannot_be_stated(low: float, high: float) -> None:
    with pytest.raises(InputError, match="the lower one first"):
        InputSpec(name="heat", unit="degC", low=low, high=high, meaning="How hot it is.")


def test_a_default_outside_the_bounds_cannot_be_stated() -> None:
    with pytest.raises(InputError, match="outside its bounds"):
        InputSpec(name="h", unit="h", low=1.0, high=2.0, default=3.0, meaning="How long.")


def test_a_default_stands_in_for_what_is_not_given() -> None:
    admitted = admit_inputs({"heat": 20}, (HEAT, HOURS), simulator="oven")
    assert admitted == {"heat": 20.0, "hours": 2.0}
    assert isinstance(admitted["heat"], float)


@pytest.mark.parametrize("value", [-0.1, 100.1, math.nan, math.inf, -math.inf])
def test_a_value_outside_the_bounds_is_refused_with_the_bounds(value: float) -> None:
    with pytest.raises(ValueOutOfRange, match=r"'heat' of simulator 'oven'.*from 0 to 100 degC"):
        admit_inputs({"heat": value}, (HEAT, HOURS), simulator="oven")


@pytest.mark.parametrize("value", [0.0, 100.0])
def test_a_value_on_a_bound_is_let_in(value: float) -> None:
    assert admit_inputs({"heat": value}, (HEAT,), simulator="oven") == {"heat": value}


def test_a_missing_input_is_refused_with_its_meaning() -> None:
    with pytest.raises(ValueOutOfRange, match=r"'heat'.*is missing.*How hot it is"):
        admit_inputs({}, (HEAT, HOURS), simulator="oven")


def test_an_unknown_input_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"no input 'heet'.*heat, hours"):
        admit_inputs({"heat": 1.0, "heet": 2.0}, (HEAT, HOURS), simulator="oven")


def test_a_constant_that_is_not_given_takes_the_centre_of_its_prior() -> None:
    normal, log_normal = Normal(mean=-3.0, sd=1.0), LogNormal(median=3.0, log_sd=1.0)
    assert admit_theta(None, [constant(normal)], simulator="oven") == {"k": -3.0}
    assert admit_theta({}, [constant(log_normal)], simulator="oven") == {"k": 3.0}
    assert admit_theta({"k": 5}, [constant(normal)], simulator="oven") == {"k": 5.0}


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_positive_constant_cannot_be_zero_negative_or_infinite(value: float) -> None:
    with pytest.raises(ValueOutOfRange, match="Calibration parameter 'k'"):
        admit_theta({"k": value}, [constant(LogNormal(median=1, log_sd=1))], simulator="oven")


def test_an_unknown_constant_is_refused() -> None:
    with pytest.raises(UnknownName, match="no calibration parameter 'q'"):
        admit_theta({"q": 1.0}, [constant(Normal(mean=0, sd=1))], simulator="oven")


@pytest.mark.parametrize("probability", [0.001, 0.159, 0.5, 0.975])
def test_quantiles_of_priors_are_those_of_scipy(probability: float) -> None:
    # both invert the normal distribution to a few units in the last place
    normal, log_normal = Normal(mean=2.0, sd=0.3), LogNormal(median=2.0, log_sd=0.3)
    assert normal.quantile(probability) == pytest.approx(
        stats.norm(2.0, 0.3).ppf(probability), rel=1e-12
    )
    assert log_normal.quantile(probability) == pytest.approx(
        stats.lognorm(s=0.3, scale=2.0).ppf(probability), rel=1e-12
    )


@pytest.mark.parametrize("width", [0.0, -1.0, math.nan, math.inf])
def test_a_prior_without_a_width_cannot_be_stated(width: float) -> None:
    with pytest.raises(ValueOutOfRange):
        Normal(mean=0.0, sd=width)
    with pytest.raises(ValueOutOfRange):
        LogNormal(median=1.0, log_sd=width)
    with pytest.raises(ValueOutOfRange):
        LogNormal(median=width, log_sd=1.0)


RAMP = CourseSpec(
    name="ramp",
    unit="degC",
    low=20.0,
    high=900.0,
    time_unit="min",
    longest=600.0,
    meaning="How hot it is.",
)


def test_a_course_is_let_in_as_it_is_beside_numbers() -> None:
    course = Course(times=(0.0, 60.0), values=(20.0, 900.0))
    given = {"ramp": course, "heat": 3.0}
    assert admit_course(given, RAMP, simulator="oven") is course
    assert admit_inputs(given, (HEAT, RAMP), simulator="oven") == {"heat": 3.0}


@pytest.mark.parametrize(
    ("times", "values", "why"),
    [
        ((0.0,), (20.0,), "two or more rising times"),
        ((0.0, 1.0), (20.0,), "two or more rising times"),
        ((0.0, 1.0, 1.0), (20.0, 20.0, 20.0), "two or more rising times"),
        ((0.0, math.nan), (20.0, 20.0), "two or more rising times"),
        ((-1.0, 1.0), (20.0, 20.0), "within 0 and 600 min"),
        ((0.0, 601.0), (20.0, 20.0), "within 0 and 600 min"),
        ((0.0, 60.0), (20.0, 901.0), "901 degC is outside"),
        ((0.0, 60.0), (math.nan, 20.0), "nan degC is outside"),
    ],
)
def test_a_course_that_cannot_be_followed_is_refused(
    times: tuple[float, ...], values: tuple[float, ...], why: str
) -> None:
    with pytest.raises(ValueOutOfRange, match=why):
        admit_course({"ramp": Course(times=times, values=values)}, RAMP, simulator="oven")


@pytest.mark.parametrize("given", [{}, {"ramp": 700.0}])
def test_a_number_is_no_course(given: dict[str, float]) -> None:
    with pytest.raises(ValueOutOfRange, match="is a course in time: How hot it is"):
        admit_course(given, RAMP, simulator="oven")


def test_a_course_is_no_number() -> None:
    with pytest.raises(ValueOutOfRange, match="one number, not a course"):
        admit_inputs({"heat": Course(times=(0, 1), values=(2, 3))}, (HEAT,), simulator="oven")
