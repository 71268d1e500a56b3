"""The knots of a profile, free or fixed, and the course through them that a device gets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictFloat,
    Tag,
    WithJsonSchema,
    model_validator,
)

from planner.errors import UnitError
from planner.space.base import Value, as_decimal, read_number
from planner.space.constraint_base import number_of, shown
from planner.units import DIMENSIONLESS

Interpolation = Literal["linear", "step"]


# A file may write a number with its unit, which the profile converts.
_Number = Annotated[
    StrictFloat, WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})
]


class Free(BaseModel):
    """A number that may be chosen between two bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: _Number = Field(description="Lowest that may be chosen.")
    high: _Number = Field(description="Highest that may be chosen.")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Free:
        if self.low >= self.high:
            raise ValueError(
                f"low ({self.low:g}) must be below high ({self.high:g}): swap them, or give one "
                f"number if it never changes"
            )
        return self


# Told apart by their form, so that a mistake is said once and not for each.
FixedOrFree = Annotated[
    Annotated[_Number, Tag("number")] | Annotated[Free, Tag("bounds")],
    Discriminator(lambda each: "bounds" if isinstance(each, Mapping | Free) else "number"),
]


class Knot(BaseModel):
    """One point of a profile; a number is fixed, bounds are free."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    at: FixedOrFree = Field(description="Time, or its bounds.")
    value: FixedOrFree = Field(description="Value at that time, or its bounds.")


class ProfileTable(BaseModel):
    """The course that a device is told to follow.

    Args:
        times: of the knots, rising, in ``time_unit``; the last is the end.
        values: at these times, in ``unit``.
        interpolation: ``linear`` from knot to knot; ``step`` holds each value until the next knot.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    times: tuple[StrictFloat, ...]
    values: tuple[StrictFloat, ...]
    unit: str
    time_unit: str
    interpolation: Interpolation

    @property
    def end(self) -> float:
        """When the course is over."""
        return self.times[-1]

    @property
    def course_in_words(self) -> str:
        """How it goes from knot to knot."""
        return "in straight lines" if self.interpolation == "linear" else "in steps"

    def value_at(self, time: float) -> float:
        """Returns the value at a time; before the first knot and after the end those of the ends.

        Linear interpolation is computed in decimal, so that half way from 0.1 to 0.3 is 0.2.
        """
        after = bisect_right(self.times, time)
        if after == 0 or after == len(self.times) or self.interpolation == "step":
            return self.values[max(after - 1, 0)]
        start, stop, at = map(as_decimal, (self.times[after - 1], self.times[after], time))
        first, last = as_decimal(self.values[after - 1]), as_decimal(self.values[after])
        return float(first + (last - first) * (at - start) / (stop - start))

    def __str__(self) -> str:
        unit = "" if self.unit == DIMENSIONLESS else f" {self.unit}"
        knots = (
            f"{shown(time)} {self.time_unit}: {shown(value)}{unit}"
            for time, value in zip(self.times, self.values, strict=True)
        )
        return f"{', '.join(knots)} ({self.interpolation})"


def read_knot(knot: object, *, index: int, unit: str | None, time_unit: str | None) -> object:
    """Converts the numbers of a knot that were written with units.

    Args:
        knot: as written.
        index: of the knot, counted from 1, for messages.
        unit: of the profile; None where it is not known.
        time_unit: of its times; None where it is not known.

    Raises:
        UnitError: a text is no number with a unit, or of another dimension.
    """
    if not isinstance(knot, Mapping):
        return knot
    try:
        wanted = {"at": time_unit, "value": unit}
        return {
            key: _read_number_or_bounds(part, unit=wanted[key]) if key in wanted else part
            for key, part in knot.items()
        }
    except UnitError as error:
        raise UnitError(f"knot {index}: {error}") from error


def _read_number_or_bounds(part: object, *, unit: str | None) -> object:
    if not isinstance(part, Mapping):
        return read_number(part, unit=unit)
    return {
        end: read_number(number, unit=unit) if end in ("low", "high") else number
        for end, number in part.items()
    }


def bounds_of(number: float | Free) -> tuple[Decimal, Decimal]:
    """Returns the lowest and the highest that a knot's number can be."""
    if isinstance(number, Free):
        return as_decimal(number.low), as_decimal(number.high)
    return as_decimal(number), as_decimal(number)


def chosen_number(number: float | Free, name: str, configuration: Mapping[str, Value]) -> float:
    """Returns a knot's number: the fixed one, or the value of its parameter.

    Raises:
        UnknownName: it has no value.
    """
    return float(number_of(configuration, name)) if isinstance(number, Free) else number


def bounds_in_words(number: float | Free) -> str:
    """Returns a knot's number or its bounds in words."""
    if isinstance(number, Free):
        return f"{shown(number.low)} to {shown(number.high)}"
    return shown(number)
