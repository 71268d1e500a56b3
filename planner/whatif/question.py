"""What a person asks: values, sweeps and differences, as typed.

| written                            | means                                                  |
|------------------------------------|--------------------------------------------------------|
| ``temperature=130``                | a value, in the parameter's unit                       |
| ``temperature=400K``               | a value in another unit                                |
| ``temperature=100,120``            | several values                                         |
| ``reaction_time=3:31:8``           | 8 values from 3 to 31, on the parameter's own scale    |
| ``catalyst=P1-L3,P2-L1``           | several categories                                     |
| ``temperature=+20``, ``=-36degF``  | 20 more, or 36 degF (20 K) less, than the base         |

A number with a minus sign that is itself an admissible value is a value: ``temperature=-20`` in a
bath from -78 to 25 degC. ``temperature-=20`` and ``temperature+=20`` are always differences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner import units
from planner.errors import InputError, ValueOutOfRange
from planner.space import AnyParameter, Categorical, Continuous, SearchSpace, Value

MOST_CONFIGURATIONS = 10_000

_ASSIGNMENT = re.compile(r"\s*([^=+\-]+(?:[+\-][^=+\-]+)*?)\s*([+\-]?)=\s*(.*?)\s*", re.DOTALL)
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Args:
        values: for each parameter that was given values, these, without repeats.
        differences: for each parameter that was given a difference, that, in its unit.
    """

    values: dict[str, tuple[Value, ...]]
    differences: dict[str, float]

    @property
    def n_configurations(self) -> int:
        """How many configurations are asked about."""
        return math.prod(len(values) for values in self.values.values())


def parse_question(assignments: Sequence[str], space: SearchSpace) -> Question:
    """Reads what was typed.

    Raises:
        UnknownName: a name that is no parameter.
        ValueOutOfRange: a value outside its parameter's domain.
        InputError: anything else that cannot be read, or more than 10,000 configurations.
    """
    values: dict[str, tuple[Value, ...]] = {}
    differences: dict[str, float] = {}
    for text in assignments:
        name, sign, written = _split(text)
        parameter = space.parameter(name)
        if name in values or name in differences:
            raise InputError(f"{name!r} is given twice; give it once.")
        difference = _difference(parameter, written, sign)
        if difference is not None:
            differences[name] = difference
        else:
            values[name] = _values(parameter, written)
    question = Question(values=values, differences=differences)
    if question.n_configurations > MOST_CONFIGURATIONS:
        counts = " x ".join(str(len(each)) for each in values.values())
        raise InputError(
            f"That are {counts} = {question.n_configurations} configurations; at most "
            f"{MOST_CONFIGURATIONS} are answered at once. Take fewer steps, or hold a parameter."
        )
    return question


def _split(text: str) -> tuple[str, str, str]:
    match = _ASSIGNMENT.fullmatch(text)
    if match is None or not match[3]:
        raise InputError(
            f"{text!r} is no question; write NAME=VALUE, such as temperature=130, "
            f"temperature=100:150:6 (from, to, how many) or temperature=+20."
        )
    return match[1].strip(), match[2], match[3]


def _difference(parameter: AnyParameter, written: str, sign: str) -> float | None:
    """Returns the difference that is written; None where values are."""
    if not sign and not (written[0] in "+-" and "," not in written and ":" not in written):
        return None
    if isinstance(parameter, Categorical):
        if not sign:
            return None  # a category may be named so
        raise InputError(
            f"{parameter.name!r} is a category, so nothing can be added to it. Name the categories."
        )
    if not sign and written[0] == "-" and _is_admissible(parameter, written):
        return None
    size = _number(parameter, written, is_difference=True)
    if sign and written[0] in "+-":
        raise InputError(f"Parameter {parameter.name!r}: {sign}= takes a number without a sign.")
    return -size if sign == "-" else size


def _is_admissible(parameter: AnyParameter, written: str) -> bool:
    try:
        parameter.check(_number(parameter, written))
    except InputError:
        return False
    return True


def _values(parameter: AnyParameter, written: str) -> tuple[Value, ...]:
    if isinstance(parameter, Categorical):
        # a category may hold a comma itself
        names = [written] if written in parameter.choices else written.split(",")
        return _distinct([parameter.check(name.strip()) for name in names])
    if ":" in written:
        return _sweep(parameter, written)
    parts = [part.strip() for part in written.split(",")]
    return _distinct([parameter.check(_number(parameter, part)) for part in parts])


def _sweep(parameter: AnyParameter, written: str) -> tuple[Value, ...]:
    parts = [part.strip() for part in written.split(":")]
    if len(parts) != 3 or not parts[2].isdigit() or int(parts[2]) < 2:
        raise InputError(
            f"Parameter {parameter.name!r}: {written!r} is no sweep; write FROM:TO:COUNT with a "
            f"count of at least 2, such as 3:31:8."
        )
    count = int(parts[2])
    if count > MOST_CONFIGURATIONS:
        raise InputError(
            f"Parameter {parameter.name!r}: {count} steps; at most {MOST_CONFIGURATIONS} "
            f"configurations are answered at once. Take fewer."
        )
    ends = [parameter.check(_number(parameter, part)) for part in parts[:2]]
    first, last = (float(end) for end in ends)
    is_log = isinstance(parameter, Continuous) and parameter.scale == "log"
    between = np.geomspace if is_log else np.linspace
    # twelve digits: a step is shown as a person would write it
    steps = [float(f"{step:.12g}") for step in between(first, last, count)]
    try:
        return _distinct([parameter.check(step) for step in [first, *steps[1:-1], last]])
    except ValueOutOfRange as error:
        raise ValueOutOfRange(
            f"{error} The sweep {written!r} meets it; choose another count, or list the values."
        ) from error


def _number(parameter: AnyParameter, written: str, *, is_difference: bool = False) -> float:
    match = _NUMBER.fullmatch(written)
    if match is None:
        raise InputError(
            f"Parameter {parameter.name!r}: {written!r} is not a number"
            f"{' with a unit' if parameter.unit != units.DIMENSIONLESS else ''}. "
            f"Write it like {parameter.name}=130 or, with a unit, {parameter.name}=400K."
        )
    given = match[2].strip() or parameter.unit
    convert = units.convert_difference if is_difference else units.convert
    number = convert(float(match[1]), given=given, wanted=parameter.unit)
    if not math.isfinite(number):
        raise InputError(f"Parameter {parameter.name!r}: {written!r} is too large for a number.")
    return number


def _distinct(values: Sequence[Value]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys(values))
