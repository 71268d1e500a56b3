"""What all parameters share: name, unit, and the four verbs check, read, encode and decode."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from planner import units
from planner.errors import UnitError, ValueOutOfRange

Value = int | float | str
Floats = NDArray[np.float64]


# Beyond these squares and ratios leave the range of a double; another unit brings them back.
_SMALLEST, _LARGEST = 1e-100, 1e100


class Quantity(BaseModel):
    """Something with a name, a kind, a unit and a few words."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    kind: str
    unit: str = Field(default="1", description="Unit of the values, such as degC, min or sccm.")
    about: str = Field(default="", description="What it is, in a few words.")

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1])
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return read_unit(unit)

    @model_serializer(mode="wrap")
    def _keep_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Writes the kind even where defaults are left out: it tells parameters apart."""
        return {"kind": self.kind, **write(self)}

    @property
    def label(self) -> str:
        """Name and unit, as on an axis."""
        return self.name if self.unit in ("", units.DIMENSIONLESS) else f"{self.name} ({self.unit})"

    @property
    def unit_words(self) -> str:
        """The unit as it follows a number, with the space before it; nothing for plain numbers."""
        return "" if self.unit in ("", units.DIMENSIONLESS) else f" {self.unit}"


class ParameterBase(Quantity, ABC):
    """One thing that is set, or measured, in a domain of values."""

    @property
    def n_columns(self) -> int:
        """Number of columns in the unit cube."""
        return 1

    @abstractmethod
    def check(self, value: Value) -> Value:
        """Returns the value in this parameter's own type.

        Raises:
            ValueOutOfRange: it is not of the right type or outside the domain.
        """

    def read(self, value: Value) -> Value:
        """Returns a value that was achieved or reported, in this parameter's own type.

        What was achieved may lie between settings and beyond the bounds.

        Raises:
            ValueOutOfRange: it is not of the right type, not finite, or no known name.
        """
        return self.check(value)

    @abstractmethod
    def encode(self, values: Sequence[Value]) -> Floats:
        """Writes values as columns of the unit cube, shape ``n n_columns``."""

    @abstractmethod
    def decode(self, x: Floats) -> Value:
        """Returns the admissible value nearest to one row of columns, shape ``n_columns``."""

    def _refuse(self, value: object, rule: str) -> ValueOutOfRange:
        shown = repr(value).removesuffix(".0") if isinstance(value, float) else repr(value)
        return ValueOutOfRange(f"Parameter {self.name!r}: {shown} {rule}.")

    def _number(self, value: Value) -> float:
        """Returns the number; one with its unit, such as ``373 K``, is converted."""
        if isinstance(value, str):
            try:
                return units.parse_quantity(value, wanted=self.unit)
            except UnitError as error:
                raise self._refuse(value, f"is not a number in {self.unit!r}") from error
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(value, "is not a number")
        if not math.isfinite(value):
            raise self._refuse(value, "is not a finite number")
        return float(value)


def as_decimal(number: float) -> Decimal:
    """Returns the number that its shortest decimal writing stands for: 0.1 is a tenth."""
    return Decimal(number) if isinstance(number, int) else Decimal(repr(float(number)))


def as_exact_float(number: Decimal) -> float:
    """Returns the double that is written like this decimal.

    Raises:
        ValueError: it has more digits than a double holds.
    """
    if as_decimal(float(number)) != number:
        raise ValueError(f"{number} has more digits than can be computed with: round the numbers")
    return float(number)


def refuse_extremes(*numbers: float) -> None:
    """Accepts numbers whose squares and ratios can be computed.

    Raises:
        ValueError: one is too large or too small.
    """
    for number in numbers:
        if number and not _SMALLEST <= abs(number) <= _LARGEST:
            raise ValueError(
                f"{number:g} is beyond what can be computed with ({_SMALLEST:g} to {_LARGEST:g}): "
                f"use another unit"
            )


def read_unit(unit: object) -> object:
    """Returns the unit as text: a bare 1 is the unit of plain numbers.

    Raises:
        UnitError: it is not known.
    """
    if unit == 1 and not isinstance(unit, bool):
        return units.DIMENSIONLESS
    if isinstance(unit, str):
        units.check_unit(unit)
    return unit


def read_number(value: object, *, unit: str | None, is_difference: bool = False) -> object:
    """Converts a number that was written with a unit, such as ``373 K``.

    Args:
        value: as written; what is not text is returned as it is.
        unit: wanted; None where it is not known, and then the number is enough.
        is_difference: whether it is a step or a deviation rather than a value.

    Raises:
        UnitError: the text is no number with a unit, or of another dimension.
    """
    if not isinstance(value, str):
        return value
    if unit is None:  # the unit itself is the mistake, and it is reported
        return units.split_quantity(value, wanted=units.DIMENSIONLESS)[0]
    return units.parse_quantity(value, wanted=unit, is_difference=is_difference)
