"""Parameters: one thing that we set, with name, unit and domain.

Each kind knows how to check a value, how to write it as columns of the unit cube, and how to come
back to the nearest value that the lab can set. Steps are counted in decimal, so that a value that
left the planner is exactly what a person would write.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from planner import units
from planner.errors import ValueOutOfRange

Value = int | float | str
Floats = NDArray[np.float64]

SIGNIFICANT_DIGITS = 4


class ParameterBase(BaseModel, ABC):
    """What all kinds share: a name, a unit and a few words."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    unit: str = Field(default="1", description="Unit of the values, such as degC, min or sccm.")
    about: str = Field(default="", description="What it is, in a few words.")

    @field_validator("unit")
    @classmethod
    def _unit_is_known(cls, unit: str) -> str:
        units.check_unit(unit)
        return unit

    @property
    def n_columns(self) -> int:
        """Number of columns in the unit cube."""
        return 1

    @property
    def label(self) -> str:
        """Name and unit, as on an axis."""
        return self.name if self.unit in ("", units.DIMENSIONLESS) else f"{self.name} ({self.unit})"

    @abstractmethod
    def check(self, value: Value) -> Value:
        """Returns the value in this parameter's own type.

        Raises:
            ValueOutOfRange: it is not of the right type or outside the domain.
        """

    @abstractmethod
    def encode(self, values: Sequence[Value]) -> Floats:
        """Writes values as columns of the unit cube, shape ``n n_columns``."""

    @abstractmethod
    def decode(self, x: Floats) -> Value:
        """Returns the admissible value nearest to one row of columns, shape ``n_columns``."""

    def _refuse(self, value: object, rule: str) -> ValueOutOfRange:
        return ValueOutOfRange(f"Parameter {self.name!r}: {value!r} {rule}.")

    def _number(self, value: Value) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(value, "is not a number")
        if not math.isfinite(value):
            raise self._refuse(value, "is not a finite number")
        return float(value)


class _Bounded(ParameterBase, ABC):
    low: float = Field(description="Lowest value that may be set.")
    high: float = Field(description="Highest value that may be set.")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> _Bounded:
        if self.low >= self.high:
            raise ValueError(
                f"low ({self.low:g}) must be below high ({self.high:g}): swap them, "
                f"or leave the parameter out if it is fixed"
            )
        return self

    def _inside(self, value: float) -> float:
        if not self.low <= value <= self.high:
            raise self._refuse(
                value, f"is outside {self.low:g} to {self.high:g} {self.unit}".rstrip()
            )
        return value


class Continuous(_Bounded):
    """A number between two bounds that the lab sets in small steps.

    Args:
        scale: ``log`` where ratios matter rather than differences.
        resolution: smallest step the lab can set, counted from ``low``; without it four
            significant digits.
    """

    kind: Literal["continuous"] = "continuous"
    scale: Literal["linear", "log"] = "linear"
    resolution: float | None = Field(
        default=None, gt=0, description="Smallest step that the lab can set."
    )

    @model_validator(mode="after")
    def _log_scale_makes_sense(self) -> Continuous:
        if self.scale == "log" and units.has_offset(self.unit):
            raise ValueError(
                f"a log scale on {self.unit} has no meaning, its zero is arbitrary: "
                f"give the bounds in an absolute unit such as K, or use a linear scale"
            )
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"a log scale needs low above 0, not {self.low:g}")
        if self.resolution is not None and self.resolution > self.high - self.low:
            raise ValueError(f"resolution {self.resolution:g} is wider than the whole range")
        return self

    def check(self, value: Value) -> float:
        """Returns the value as a float within the bounds."""
        return self._inside(self._number(value))

    def encode(self, values: Sequence[Value]) -> Floats:
        """Maps the bounds to 0 and 1, by differences or by ratios."""
        raw = np.asarray([float(value) for value in values], dtype=np.float64)
        low, high = self.low, self.high
        if self.scale == "log":
            raw, low, high = np.log(raw), math.log(low), math.log(high)
        return ((raw - low) / (high - low))[:, None]

    def decode(self, x: Floats) -> float:
        """Returns the nearest value that the lab can set."""
        at = min(1.0, max(0.0, float(x[0])))
        if self.scale == "log":
            value = math.exp(math.log(self.low) + at * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + at * (self.high - self.low)
        return self.snap(value)

    def snap(self, value: float) -> float:
        """Returns the settable value nearest to ``value``, within the bounds."""
        step, origin = self.step_at(value)
        low, high = Decimal(repr(self.low)), Decimal(repr(self.high))
        count = ((Decimal(repr(value)) - origin) / step).quantize(Decimal(1), ROUND_HALF_EVEN)
        lowest = ((low - origin) / step).to_integral_value(ROUND_CEILING)
        highest = ((high - origin) / step).to_integral_value(ROUND_FLOOR)
        if lowest > highest:
            return self.low
        return float(origin + min(max(count, lowest), highest) * step)

    def step_at(self, value: float) -> tuple[Decimal, Decimal]:
        """Returns the step at this value and where steps are counted from."""
        if self.resolution is not None:
            return Decimal(repr(self.resolution)), Decimal(repr(self.low))
        size = abs(value) if self.scale == "log" else max(abs(self.low), abs(self.high))
        size = min(size, self.high - self.low) if self.scale == "linear" else size
        exponent = math.floor(math.log10(size)) if size > 0 else 0
        return Decimal(1).scaleb(exponent + 1 - SIGNIFICANT_DIGITS), Decimal(0)


class Integer(_Bounded):
    """A whole number between two bounds."""

    kind: Literal["integer"] = "integer"

    @model_validator(mode="after")
    def _bounds_are_whole(self) -> Integer:
        if self.low != int(self.low) or self.high != int(self.high):
            raise ValueError("low and high of an integer must be whole numbers")
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
    values: tuple[float, ...] = Field(min_length=2, description="The numbers that may be set.")

    @field_validator("values")
    @classmethod
    def _values_rise(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(values)) != len(values):
            raise ValueError("a value is listed twice: leave one out")
        return tuple(sorted(values))

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


class Categorical(ParameterBase):
    """One of a few names, in no order."""

    kind: Literal["categorical"] = "categorical"
    choices: tuple[str, ...] = Field(min_length=2, description="The names that may be chosen.")

    @field_validator("choices")
    @classmethod
    def _choices_differ(cls, choices: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(choices)) != len(choices):
            raise ValueError("a choice is listed twice: leave one out")
        return choices

    @property
    def n_columns(self) -> int:
        """One column a choice."""
        return len(self.choices)

    def check(self, value: Value) -> str:
        """Returns the choice that the value names."""
        if value not in self.choices:
            raise self._refuse(value, f"is not one of {', '.join(self.choices)}")
        return str(value)

    def encode(self, values: Sequence[Value]) -> Floats:
        """Writes a one in the column of the choice."""
        places = [self.choices.index(str(value)) for value in values]
        return np.eye(len(self.choices))[places].reshape(len(places), len(self.choices))

    def decode(self, x: Floats) -> str:
        """Returns the choice with the largest column."""
        return self.choices[int(np.argmax(x))]


Parameter = Annotated[Continuous | Integer | Discrete | Categorical, Field(discriminator="kind")]
