"""Outcomes: the quantities that are measured, or computed from what is measured."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictFloat,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from planner import units
from planner.campaign.reductions import Reduction
from planner.space import read_number, read_unit


class _Outcome(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    kind: str
    about: str = ""

    @model_serializer(mode="wrap")
    def _keep_kind(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Writes the kind even where defaults are left out: it tells outcomes apart."""
        return {"kind": self.kind, **write(self)}


class _WithUnit(_Outcome):
    unit: str = Field(default="1", description="Unit of its values, such as percent or um.")

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1])
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return read_unit(unit)

    @property
    def label(self) -> str:
        """Name and unit, as on an axis."""
        return self.name if self.unit in ("", units.DIMENSIONLESS) else f"{self.name} ({self.unit})"


class NumberOutcome(_WithUnit):
    """A number.

    Args:
        reduce: the curve or distribution that it is computed from, where it is not measured itself.
        by: how it is computed from it.
    """

    kind: Literal["number"] = "number"
    bounds: tuple[StrictFloat | None, StrictFloat | None] = Field(
        default=(None, None),
        description="Values outside are impossible and put aside, such as [0, 100].",
    )
    expected: tuple[StrictFloat, StrictFloat] | None = Field(
        default=None,
        description="Range in which values are expected; predictions start from it.",
    )
    noise: StrictFloat | None = Field(
        default=None, gt=0, description="Known standard deviation of one measurement."
    )
    reduce: str | None = None
    by: Reduction | None = None

    @field_validator(
        "bounds",
        "expected",
        mode="before",
        json_schema_input_type=tuple[float | str | None, float | str | None],
    )
    @classmethod
    def _ends_may_have_a_unit(cls, ends: object, info: ValidationInfo) -> object:
        if not isinstance(ends, list | tuple):
            return ends
        return [read_number(end, unit=info.data.get("unit")) for end in ends]

    @field_validator("noise", mode="before", json_schema_input_type=float | str | None)
    @classmethod
    def _noise_is_a_difference(cls, value: object, info: ValidationInfo) -> object:
        return read_number(value, unit=info.data.get("unit"), is_difference=True)

    @model_validator(mode="after")
    def _reduced_by_a_rule(self) -> NumberOutcome:
        if (self.reduce is None) != (self.by is None):
            raise ValueError(
                "reduce and by belong together: name the curve (reduce) and the rule (by), such as "
                "by: peak_position"
            )
        return self

    @model_validator(mode="after")
    def _ranges_in_order(self) -> NumberOutcome:
        low, high = self.bounds
        if low is not None and high is not None and low >= high:
            raise ValueError(f"bounds: {low:g} must be below {high:g}; swap them")
        if self.noise and low is not None and high is not None and self.noise > (high - low) / 2:
            raise ValueError(
                f"noise: values between {low:g} and {high:g} deviate by at most "
                f"{(high - low) / 2:g}, not by {self.noise:g}: is its unit right? Make it smaller"
            )
        if self.expected and self.expected[0] >= self.expected[1]:
            raise ValueError(
                f"expected: {self.expected[0]:g} must be below {self.expected[1]:g}; swap them"
            )
        if self.expected and any(
            (low is not None and end < low) or (high is not None and end > high)
            for end in self.expected
        ):
            raise ValueError(
                f"expected: {self.expected[0]:g} to {self.expected[1]:g} reaches beyond the "
                f"bounds, where values are impossible; narrow it, or widen the bounds"
            )
        return self


class ClassOutcome(_Outcome):
    """One of a few names, such as the phase that was found.

    Args:
        classes: the names.
        ordered: whether they rise from the first to the last.
    """

    kind: Literal["class"] = "class"
    classes: tuple[str, ...] = Field(min_length=2, description="The names, such as [pure, mixed].")
    ordered: bool = False

    @field_validator("classes")
    @classmethod
    def _classes_differ(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(classes)) != len(classes):
            raise ValueError("a class is listed twice: leave one out")
        if not all(name.strip() for name in classes):
            raise ValueError("a class is empty: name it")
        return classes

    @property
    def unit(self) -> str:
        """Names have none."""
        return units.DIMENSIONLESS

    @property
    def label(self) -> str:
        """Its name, as on an axis."""
        return self.name


class CurveOutcome(_WithUnit):
    """Values over an axis, such as a spectrum or a time series.

    Args:
        x_name: what the axis shows, such as wavelength.
        x_unit: unit of the axis.
    """

    kind: Literal["curve"] = "curve"
    x_name: str = "x"
    x_unit: str = Field(default="1")

    @field_validator("x_unit", mode="before", json_schema_input_type=str | Literal[1])
    @classmethod
    def _x_unit_is_known(cls, unit: object) -> object:
        return read_unit(unit)


class DistributionOutcome(_WithUnit):
    """How often each value occurs, such as the sizes of particles; weights count relatively."""

    kind: Literal["distribution"] = "distribution"

    @property
    def x_unit(self) -> str:
        """Unit of the values, over which the weights stand."""
        return self.unit


class _Kept(_Outcome):
    @property
    def unit(self) -> str:
        """A file has none."""
        return units.DIMENSIONLESS

    @property
    def label(self) -> str:
        """Its name, as in a heading."""
        return self.name


class FileOutcome(_Kept):
    """A file that is kept by its hash."""

    kind: Literal["file"] = "file"


class ImageOutcome(_Kept):
    """A picture, such as a micrograph, that is kept by its hash."""

    kind: Literal["image"] = "image"


AnyOutcome = (
    NumberOutcome | ClassOutcome | CurveOutcome | DistributionOutcome | FileOutcome | ImageOutcome
)
Outcome = Annotated[
    NumberOutcome | ClassOutcome | CurveOutcome | DistributionOutcome | FileOutcome | ImageOutcome,
    Field(discriminator="kind"),
]
