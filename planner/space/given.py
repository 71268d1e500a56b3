"""Parameters that nobody chooses: what never changes, and what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Literal

import numpy as np
from pydantic import Discriminator, Field, StrictFloat, Tag, ValidationInfo, field_validator

from planner import units
from planner.space.base import (
    Floats,
    ParameterBase,
    Value,
    as_decimal,
    read_number,
    refuse_extremes,
)
from planner.space.numeric import MOST_DIGITS, Bounded, first_digit

# Told apart by their form, so that a mistake is said once and not for each.
NumberOrName = Annotated[
    Annotated[StrictFloat, Tag("number")] | Annotated[str, Tag("name")],
    Discriminator(lambda each: "name" if isinstance(each, str) else "number"),
]


class Fixed(ParameterBase):
    """A constant of the campaign: it is sent to the device and takes part in no choice."""

    kind: Literal["fixed"] = "fixed"
    value: NumberOrName = Field(description="The value, the same in every trial.")

    @field_validator("value", mode="before", json_schema_input_type=float | str)
    @classmethod
    def _value_may_have_a_unit(cls, value: object, info: ValidationInfo) -> object:
        unit = info.data.get("unit")
        if unit in (None, "", units.DIMENSIONLESS):
            return value
        return read_number(value, unit=unit)

    @field_validator("value")
    @classmethod
    def _value_is_something(cls, value: float | str) -> float | str:
        if isinstance(value, str):
            if not value.strip():
                raise ValueError("the value is empty: give one")
            return value
        refuse_extremes(value)
        return value

    @property
    def n_columns(self) -> int:
        """None: what never changes explains nothing."""
        return 0

    def read(self, value: Value) -> Value:
        """Returns a number where the constant is one, and else the constant."""
        return self.check(value) if isinstance(self.value, str) else self._number(value)

    def check(self, value: Value) -> Value:
        """Returns the constant, which is the only value."""
        number = value if isinstance(self.value, str) else self._number(value)
        if number != self.value:
            raise self._refuse(
                value,
                f"is not the fixed value {self.value!r}{self.unit_words}; give that, or leave "
                f"the parameter out",
            )
        return self.value

    def encode(self, values: Sequence[Value]) -> Floats:
        """Writes no columns."""
        return np.empty((len(values), 0))

    def decode(self, x: Floats) -> Value:
        """Returns the constant."""
        return self.value


class Contextual(Bounded):
    """A number that is measured, not set, such as the humidity of the day.

    Its bounds are those between which it is expected; they scale it for the model.
    """

    kind: Literal["contextual"] = "contextual"

    def check(self, value: Value) -> float:
        """Returns the value as a float within the bounds."""
        return self._inside(self._number(value))

    def encode(self, values: Sequence[Value]) -> Floats:
        """Maps the bounds to 0 and 1."""
        raw = np.asarray([float(value) for value in values], dtype=np.float64)
        return ((raw - self.low) / (self.high - self.low))[:, None]

    def decode(self, x: Floats) -> float:
        """Returns the value with as many digits as survive encoding."""
        at = min(1.0, max(0.0, float(x[0])))
        value = self.low + at * (self.high - self.low)
        last = first_digit(max(abs(self.low), abs(self.high))) + 1 - MOST_DIGITS
        rounded = as_decimal(value).quantize(Decimal(1).scaleb(last), ROUND_HALF_EVEN)
        return min(max(float(rounded), self.low), self.high)
