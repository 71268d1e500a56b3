"""What all reductions share: a name, the unit of the number, and how it is computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictFloat,
    StrictStr,
    model_serializer,
)

from planner import units
from planner.campaign.reductions.points import Points
from planner.errors import InputError, UnitError
from planner.space import Floats
from planner.tables import TableRef


def _is_quantity(value: float | str) -> float | str:
    if isinstance(value, str):
        _, unit = units.split_quantity(value, wanted=units.DIMENSIONLESS)
        units.check_unit(unit)
    return value


def _has_x_and_y(table: TableRef) -> TableRef:
    if set(table.columns) != {"x", "y"}:
        raise ValueError(
            f"a target has the columns x and y, not {', '.join(table.columns)}: name those two"
        )
    return table


# A place on the x axis: a bare number is in the unit of x, which the reduction does not know.
Quantity = Annotated[StrictFloat | StrictStr, AfterValidator(_is_quantity)]

Own = Mapping[str, Callable[[Floats, Floats], float]]  # a user's own functions of x and y


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Units of what is reduced.

    Args:
        x_unit: of the places, or of a distribution's values.
        y_unit: of the curve; of weights it has no meaning.
    """

    x_unit: str = units.DIMENSIONLESS
    y_unit: str = units.DIMENSIONLESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a reduction is given beside the points.

    Args:
        axes: units of the points.
        target: what they are compared with, in the same units.
        own: the user's functions by name.
    """

    axes: Axes = Axes()
    target: Points | None = None
    own: Own = field(default_factory=dict)


class ReductionBase(BaseModel, ABC):
    """A way from a curve or distribution to one number.

    Args:
        subject: what the number is computed from.
        gives: whose unit it has: that of x, of y, of an area below y, or none.
        is_difference: whether it is a step rather than a value (5 K is a step of 5 degC).
        needs_zero_of: the axes on which zero must be zero, so not degC.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    subject: ClassVar[Literal["curve", "distribution", "either"]]
    gives: ClassVar[Literal["x", "y", "area", "number"]]
    is_difference: ClassVar[bool] = False
    needs_zero_of: ClassVar[str] = ""

    name: str

    @model_serializer(mode="wrap")
    def _keep_name(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Writes the name even where defaults are left out: it tells reductions apart."""
        return {"name": self.name, **write(self)}

    def unit_of(self, axes: Axes) -> str:
        """Returns the unit in which the number is computed.

        Raises:
            UnitError: there is none, or a place is in a unit that does not fit x.
            InputError: the limits are not in order.
        """
        for axis, unit in (("x", axes.x_unit), ("y", axes.y_unit)):
            if axis in self.needs_zero_of:
                self.check_zero(axis, unit)
        by_kind = {"x": axes.x_unit, "y": axes.y_unit, "number": units.DIMENSIONLESS}
        return by_kind.get(self.gives) or area_unit(axes)

    def check_zero(self, axis: str, unit: str) -> None:
        """Accepts a unit whose zero is the zero of the quantity.

        Raises:
            UnitError: it is not (degC), and the number would depend on where its zero is.
        """
        if units.has_offset(unit):
            raise UnitError(
                f"Reduction {self.name!r} has no meaning for {axis} in {unit!r}, where zero is "
                f"arbitrary. Give the outcome a unit such as K."
            )

    @abstractmethod
    def compute(self, points: Points, given: Given) -> float:
        """Returns the number.

        Raises:
            Unreducible: it cannot be computed from these points.
            UnknownName: the user's function of this name was not handed over.
        """


class Windowed(ReductionBase, ABC):
    """A reduction of the part of a curve between two places."""

    subject: ClassVar[Literal["curve", "distribution", "either"]] = "curve"

    start: Quantity | None = Field(
        default=None,
        alias="from",
        description="Where the part begins, such as '400 nm'; by default where the curve does.",
    )
    end: Quantity | None = Field(
        default=None,
        alias="to",
        description="Where the part ends, such as '600 nm'; by default where the curve does.",
    )

    def unit_of(self, axes: Axes) -> str:
        """Returns the unit in which the number is computed, once the limits are checked."""
        self.limits(axes)
        return super().unit_of(axes)

    def limits(self, axes: Axes) -> tuple[float | None, float | None]:
        """Returns both ends in the unit of x.

        Raises:
            UnitError: one is of another dimension.
            InputError: they are not in order.
        """
        low, high = read_place(self.start, axes), read_place(self.end, axes)
        if low is not None and high is not None and low >= high:
            raise InputError(
                f"Reduction {self.name!r}: from ({self.start}) must be below to ({self.end}). "
                f"Swap them."
            )
        return low, high


class OnBaseline(Windowed, ABC):
    """A reduction of a part of a curve that may stand on a background."""

    needs_zero_of: ClassVar[str] = "y"

    baseline: Literal["zero", "linear"] = Field(
        default="zero",
        description="What is subtracted first: nothing, or the straight line between the curve's "
        "values at from and to.",
    )


class Targeted(ReductionBase, ABC):
    """A comparison with a target that a table holds."""

    target: Annotated[TableRef, AfterValidator(_has_x_and_y)] = Field(
        description="Table of the target, with columns x and y."
    )


def read_place(place: float | str | None, axes: Axes) -> float | None:
    """Returns a place on the x axis in the unit of x.

    Raises:
        UnitError: it is of another dimension.
    """
    if not isinstance(place, str):
        return place
    number, unit = units.split_quantity(place, wanted=axes.x_unit)
    return units.convert(number, given=unit, wanted=axes.x_unit) if unit else number


def area_unit(axes: Axes) -> str:
    """Returns the unit of an area: of y times a difference of x."""
    factors = [
        f"delta_{unit}" if units.has_offset(unit) else "percent" if unit == "%" else unit
        for unit in (axes.y_unit, axes.x_unit)
        if unit not in ("", units.DIMENSIONLESS)
    ]
    if len(factors) == 2:
        return f"({factors[0]}) * ({factors[1]})"
    return factors[0] if factors else units.DIMENSIONLESS
