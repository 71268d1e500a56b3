"""Lets inputs and calibration parameters in: complete, known by name, finite and within bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from planner.errors import UnknownName, ValueOutOfRange
from planner.simulators.contract import (
    AnyInputSpec,
    CalibrationParameter,
    Course,
    CourseSpec,
    Given,
    InputSpec,
    LogNormal,
)


def admit_inputs(
    inputs: Mapping[str, Given], specs: Sequence[AnyInputSpec], *, simulator: str
) -> dict[str, float]:
    """One number for each input that is one: the given one, else the default.

    Raises:
        UnknownName: an input that the simulator does not have.
        ValueOutOfRange: a required input that is missing, or a value outside its bounds.
    """
    _refuse_unknown(inputs, [spec.name for spec in specs], kind="input", simulator=simulator)
    numbers = (spec for spec in specs if isinstance(spec, InputSpec))
    return {spec.name: _admit_number(inputs, spec, simulator=simulator) for spec in numbers}


def _admit_number(inputs: Mapping[str, Given], spec: InputSpec, *, simulator: str) -> float:
    value = inputs.get(spec.name, spec.default)
    where = f"Input {spec.name!r} of simulator {simulator!r}"
    bounds = f"from {spec.low:g} to {spec.high:g} {spec.unit}"
    if value is None:
        raise ValueOutOfRange(f"{where} is missing. Give a value {bounds}: {spec.meaning}")
    if isinstance(value, Course):
        raise ValueOutOfRange(f"{where} is one number, not a course in time. Give it {bounds}.")
    # a NaN compares false with everything and is refused here too
    if not spec.low <= value <= spec.high:
        raise ValueOutOfRange(
            f"{where}: {value:g} {spec.unit} is outside what it accepts. Give a value {bounds}."
        )
    return float(value)


def admit_course(inputs: Mapping[str, Given], spec: CourseSpec, *, simulator: str) -> Course:
    """The course that one input follows.

    Raises:
        ValueOutOfRange: it is missing or a number, its times do not rise from 0 or later, it is
            too long, or a value is outside the bounds.
    """
    course = inputs.get(spec.name)
    where = f"Input {spec.name!r} of simulator {simulator!r}"
    if not isinstance(course, Course):
        raise ValueOutOfRange(
            f"{where} is a course in time: {spec.meaning} Give two or more times in "
            f"{spec.time_unit} with their values, as a profile of the campaign does."
        )
    times, values = course.times, course.values
    rises = all(earlier < later for earlier, later in pairwise(times))
    if len(times) != len(values) or len(times) < 2 or not rises:
        raise ValueOutOfRange(f"{where}: give two or more rising times, each with one value.")
    if not (times[0] >= 0 and times[-1] <= spec.longest):
        raise ValueOutOfRange(
            f"{where} runs from {times[0]:g} to {times[-1]:g} {spec.time_unit}. Let it run within "
            f"0 and {spec.longest:g} {spec.time_unit}."
        )
    wrong = [value for value in values if not spec.low <= value <= spec.high]
    if wrong:
        raise ValueOutOfRange(
            f"{where}: {wrong[0]:g} {spec.unit} is outside what it accepts. Give values from "
            f"{spec.low:g} to {spec.high:g} {spec.unit}."
        )
    return course


def admit_theta(
    theta: Mapping[str, float] | None,
    parameters: Sequence[CalibrationParameter],
    *,
    simulator: str,
) -> dict[str, float]:
    """One value for each calibration parameter: the given one, else its prior's nominal.

    Raises:
        UnknownName: a calibration parameter that the simulator does not have.
        ValueOutOfRange: a value that is not finite, or not positive where the prior is log-normal.
    """
    given = theta or {}
    names = [parameter.name for parameter in parameters]
    _refuse_unknown(given, names, kind="calibration parameter", simulator=simulator)
    return {
        parameter.name: _admit_constant(
            given.get(parameter.name, parameter.prior.nominal), parameter, simulator=simulator
        )
        for parameter in parameters
    }


def _admit_constant(value: float, parameter: CalibrationParameter, *, simulator: str) -> float:
    where = f"Calibration parameter {parameter.name!r} of simulator {simulator!r}"
    if not math.isfinite(value):
        raise ValueOutOfRange(f"{where} is {value}; give a finite number in {parameter.unit}.")
    if isinstance(parameter.prior, LogNormal) and value <= 0:
        raise ValueOutOfRange(
            f"{where} is {value:g} {parameter.unit}; this constant is positive, "
            "give a number above 0."
        )
    return float(value)


def _refuse_unknown(
    given: Iterable[str], known: Sequence[str], *, kind: str, simulator: str
) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UnknownName(
            f"Simulator {simulator!r} has no {kind} {', '.join(map(repr, unknown))}. "
            f"It has: {', '.join(known) or 'none'}."
        )
