"""Parameters that are numbers: continuous, whole, or one of a list.

Steps are counted in decimal, so that a value that left the planner is exactly what a person would
write.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal

import numpy as np
from pydantic import (
    Field,
    StrictBool,
    StrictFloat,
    ValidationInfo,
    field_validator,
    model_validator,
)

from planner import units
from planner.space.base import (
    Floats,
    ParameterBase,
    Value,
    as_decimal,
    read_number,
    refuse_extremes,
)

SIGNIFICANT_DIGITS = 4
# A double holds 15 decimal digits; three are left to the rounding of encoding and decoding.
MOST_DIGITS = 12


class Bounded(ParameterBase, ABC):
    """A number between two bounds."""

    low: StrictFloat = Field(description="Lowest value that may be set.")
    high: StrictFloat = Field(description="Highest value that may be set.")

    @field_validator("low", "high", mode="before", json_schema_input_type=float | str)
    @classmethod
    def _bounds_may_have_a_unit(cls, value: object, info: ValidationInfo) -> object:
        return read_number(value, unit=info.data.get("unit"))

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Bounded:
        if self.low >= self.high:
            raise ValueError(
                f"low ({self.low:g}) must be below high ({self.high:g}): swap them, or write "
                f"'value: {self.low:g}' instead of both if it never changes"
            )
        largest = max(abs(self.low), abs(self.high))
        refuse_extremes(self.low, self.high)
        if self.high - self.low < 1e-9 * largest:
            raise ValueError(
                f"the range from {self.low!r} to {self.high!r} is narrower than a billionth of "
                f"its values: give the difference from a fixed value as the parameter"
            )
        return self

    def read(self, value: Value) -> float:
        """Returns the number, converted where it has another unit; the bounds are not looked at."""
        return self._number(value)

    def _inside(self, value: float) -> float:
        if not self.low <= value <= self.high:
            raise self._refuse(
                value,
                f"is outside {self.low:g} to {self.high:g}{self.unit_words}; give a value between "
                f"them, or amend the campaign's bounds",
            )
        return value


class Continuous(Bounded):
    """A number between two bounds that the lab sets in small steps.

    Args:
        scale: ``log`` where ratios matter rather than differences.
        resolution: smallest step the lab can set, counted from ``low``; without it four
            significant digits.
        optional: whether it may also be absent, exactly 0; then ``low`` is the least that makes
            sense where it is present, and 0 to ``high`` are encoded as 0 to 1.
    """

    kind: Literal["continuous"] = "continuous"
    scale: Literal["linear", "log"] = "linear"
    resolution: StrictFloat | None = Field(
        default=None, gt=0, description="Smallest step that the lab can set."
    )
    optional: StrictBool = Field(
        default=False, description="Whether it may be left out: exactly 0, or from low to high."
    )

    @field_validator("resolution", mode="before", json_schema_input_type=float | str | None)
    @classmethod
    def _resolution_is_a_difference(cls, value: object, info: ValidationInfo) -> object:
        return read_number(value, unit=info.data.get("unit"), is_difference=True)

    @model_validator(mode="after")
    def _log_scale_makes_sense(self) -> Continuous:
        if self.scale == "log" and units.has_offset(self.unit):
            raise ValueError(
                f"a log scale on {self.unit} has no meaning, its zero is arbitrary: "
                f"give the bounds in an absolute unit such as K, or use a linear scale"
            )
        if self.scale == "log" and self.low <= 0:
            raise ValueError(
                f"a log scale needs low above 0, not {self.low:g}: raise it, or use a linear scale"
            )
        return self

    @model_validator(mode="after")
    def _absence_makes_sense(self) -> Continuous:
        if not self.optional:
            return self
        if self.scale == "log":
            raise ValueError("what may be absent is 0, which a log scale has not: use a linear one")
        if units.has_offset(self.unit):
            raise ValueError(
                f"0 {self.unit} is a temperature like any other, not the absence of one: "
                f"leave 'optional' out"
            )
        if self.low <= 0:
            raise ValueError(
                f"'optional' means absent, which is 0, or at least low, and low is {self.low:g}: "
                f"leave 'optional' out, or give as low the least amount that makes sense"
            )
        return self

    @model_validator(mode="after")
    def _resolution_fits(self) -> Continuous:
        if self.resolution is None:
            return self
        if self.resolution > self.high - self.low:
            raise ValueError(
                f"resolution {self.resolution:g} is wider than the whole range from {self.low:g} "
                f"to {self.high:g}: make it smaller"
            )
        last = min(_last_digit(self.resolution), _last_digit(self.low))
        if first_digit(max(abs(self.low), abs(self.high))) - last >= MOST_DIGITS:
            raise ValueError(
                f"steps of {self.resolution!r} from {self.low!r} up to {self.high!r} need more "
                f"than {MOST_DIGITS} digits: use a coarser resolution or rounder bounds"
            )
        return self

    @property
    def origin(self) -> float:
        """The value that is encoded as 0: ``low``, or 0 where the parameter may be absent."""
        return 0.0 if self.optional else self.low

    def check(self, value: Value) -> float:
        """Returns the value as a float within the bounds, or 0 where it may be absent."""
        number = self._number(value)
        if self.optional and number == 0:
            return 0.0
        if self.optional and not self.low <= number <= self.high:
            raise self._refuse(
                value,
                f"is neither 0 (absent) nor within {self.low:g} to {self.high:g}"
                f"{self.unit_words}; give 0 or a value between them",
            )
        return self._inside(number)

    def encode(self, values: Sequence[Value]) -> Floats:
        """Maps the bounds (0 and ``high`` where it may be absent) to 0 and 1."""
        raw = np.asarray([float(value) for value in values], dtype=np.float64)
        low, high = self.origin, self.high
        if self.scale == "log":
            raw, low, high = np.log(raw), math.log(low), math.log(high)
        return ((raw - low) / (high - low))[:, None]

    def decode(self, x: Floats) -> float:
        """Returns the nearest value that the lab can set."""
        at = min(1.0, max(0.0, float(x[0])))
        if self.scale == "log":
            value = math.exp(math.log(self.low) + at * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.origin + at * (self.high - self.origin)
        return self.snap(value)

    def snap(self, value: float) -> float:
        """Returns the settable value nearest to ``value``: within the bounds, or absent."""
        if self.optional and 2 * value < self.low:
            return 0.0
        value = min(max(value, self.low), self.high)
        step, origin = self.step_at(value)
        low, high = as_decimal(self.low), as_decimal(self.high)
        count = ((as_decimal(value) - origin) / step).quantize(Decimal(1), ROUND_HALF_EVEN)
        lowest = ((low - origin) / step).to_integral_value(ROUND_CEILING)
        highest = ((high - origin) / step).to_integral_value(ROUND_FLOOR)
        return float(origin + min(max(count, lowest), highest) * step)

    def step_at(self, value: float) -> tuple[Decimal, Decimal]:
        """Returns the step at this value and where steps are counted from.

        Without a resolution it is a power of ten that leaves four significant digits of the
        largest value (of this value, on a log scale), and at least a hundred steps to the range.
        """
        if self.resolution is not None:
            return as_decimal(self.resolution), as_decimal(self.low)
        size = abs(value) if self.scale == "log" else max(abs(self.low), abs(self.high))
        first = min(first_digit(size), first_digit(self.high - self.low) + 1)
        return Decimal(1).scaleb(first + 1 - SIGNIFICANT_DIGITS), Decimal(0)


def first_digit(number: float) -> int:
    """Returns the power of ten of the first digit: 2 for 512.5."""
    return as_decimal(number).adjusted()


def _last_digit(number: float) -> int:
    """Returns the power of ten of the last digit: -1 for 512.5."""
    exponent = as_decimal(number).normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # the number is finite
    return exponent


class Integer(Bounded):
    """A whole number between two bounds."""

    kind: Literal["integer"] = "integer"

    @model_validator(mode="after")
    def _bounds_are_whole(self) -> Integer:
        if self.low != int(self.low) or self.high != int(self.high):
            raise ValueError("low and high of an integer must be whole numbers: round them")
        if max(abs(self.low), abs(self.high)) >= 10**MOST_DIGITS:
            raise ValueError(f"an integer may have at most {MOST_DIGITS} digits: use another unit")
        return self

    def check(self, value: Value) -> int:
        """Returns the value as an int within the bounds."""
        number = self._inside(self._number(value))
        if number != int(number):
            raise self._refuse(value, "is not a whole number")
        return int(number)

    def encode(self, values: Sequence[Value]) -> Floats:
        """Maps the bounds to 0 and 1."""
        raw = np.asarray([float(value) for value in values], dtype=np.float64)
        return ((raw - self.low) / (self.high - self.low))[:, None]

    def decode(self, x: Floats) -> int:
        """Returns the nearest whole number within the bounds."""
        at = min(1.0, max(0.0, float(x[0])))
        return round(self.low + at * (self.high - self.low))


class Discrete(ParameterBase):
    """One of a few numbers, in order."""

    kind: Literal["discrete"] = "discrete"
    values: tuple[StrictFloat, ...] = Field(
        min_length=2, description="The numbers that may be set."
    )

    @field_validator("values", mode="before", json_schema_input_type=tuple[float | str, ...])
    @classmethod
    def _values_may_have_a_unit(cls, values: object, info: ValidationInfo) -> object:
        if not isinstance(values, list | tuple):
            return values
        return [read_number(value, unit=info.data.get("unit")) for value in values]

    @field_validator("values")
    @classmethod
    def _values_rise(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(values)) != len(values):
            raise ValueError("a value is listed twice: leave one out")
        refuse_extremes(*values)
        rising = tuple(sorted(values))
        for lower, upper in itertools.pairwise(rising):
            if upper - lower < 10.0**-MOST_DIGITS * max(abs(lower), abs(upper)):
                raise ValueError(f"{lower!r} and {upper!r} differ by rounding: leave one out")
        return rising

    def read(self, value: Value) -> float:
        """Returns the number, whether it is listed or not."""
        return self._number(value)

    def check(self, value: Value) -> float:
        """Returns the listed number that the value equals."""
        number = self._number(value)
        if number not in self.values:
            allowed = ", ".join(f"{each:g}" for each in self.values)
            raise self._refuse(value, f"is not one of {allowed}")
        return number

    def encode(self, values: Sequence[Value]) -> Floats:
        """Maps the lowest value to 0 and the highest to 1."""
        raw = np.asarray([float(value) for value in values], dtype=np.float64)
        return ((raw - self.values[0]) / (self.values[-1] - self.values[0]))[:, None]

    def decode(self, x: Floats) -> float:
        """Returns the nearest listed number."""
        wanted = self.values[0] + float(x[0]) * (self.values[-1] - self.values[0])
        return min(self.values, key=lambda value: (abs(value - wanted), value))
