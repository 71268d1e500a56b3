"""Sensors: what is measured all the time, how it is cleaned, and how long it is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from planner import units
from planner.campaign.source_base import Duration
from planner.space import read_number, read_unit

_MOST_WINDOW = 99  # neighbours that are read again for each reading that comes


def _odd(window: int) -> int:
    if window % 2 == 0:
        raise ValueError(
            f"{window} has no middle: write an odd number of readings, such as {window + 1}"
        )
    return window


_Window = Annotated[StrictInt, Field(ge=3, le=_MOST_WINDOW), AfterValidator(_odd)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Filter(_Part):
    """How readings are cleaned; the raw ones are kept beside.

    Both windows are centred, and never reach over a gap. A step of the process stays a step.
    """

    outliers: _Window | None = Field(
        default=None,
        description="Readings of a window; one far from the window's median is left out (Hampel).",
    )
    threshold: StrictFloat = Field(
        default=5.0,
        gt=0,
        description="How many robust deviations from the median are far.",
    )
    resolution: StrictFloat | None = Field(
        default=None,
        ge=0,
        description="The sensor's smallest step, needed with outliers: nearer than that is no "
        "deviation.",
    )
    noise: _Window | None = Field(
        default=None, description="Readings of a window whose median replaces each reading."
    )

    @model_validator(mode="after")
    def _outliers_have_a_scale(self) -> Filter:
        if self.outliers is not None and self.resolution is None:
            raise ValueError(
                "outliers needs the sensor's resolution too, its smallest step, such as "
                "resolution: 0.1; where readings are all equal, any other would be an outlier"
            )
        return self

    @property
    def reach(self) -> int:
        """How many places further the values may change where a reading is added."""
        return (self.outliers or 1) // 2 + (self.noise or 1) // 2


class Keep(_Part):
    """How long readings are kept: first as they came, then as means with their lowest and highest.

    What comes later than its raw readings would be kept is refused.
    """

    raw: Duration = Field(description="How long readings are kept as they came, such as '30 days'.")
    means: Duration | None = Field(
        default=None, description="How long their means are kept after that; none for ever."
    )
    every: Duration = Field(
        default=60.0, description="The time that one mean stands for, such as '1 min'."
    )

    @model_validator(mode="after")
    def _times_in_order(self) -> Keep:
        if self.raw < self.every:
            raise ValueError(
                f"raw: {self.raw:g} s is shorter than the {self.every:g} s of one mean: "
                f"keep the readings longer, or make the means of less"
            )
        if self.means is not None and self.means < self.raw:
            raise ValueError(
                "means are kept from when the reading came, so at least as long as raw ones: "
                "keep them longer"
            )
        return self


class Sensor(_Part):
    """Something that is measured all the time, such as a temperature or the humidity.

    Args:
        unit: of the values; what comes in another unit of the same kind is converted.
        source: the device that sends it; none for any device of the campaign.
        limits: what lies outside is no measurement of a working sensor, such as [0, 100].
        gap: a longer time without a good reading is a gap, such as '10 s'.
    """

    name: str
    about: str = ""
    unit: str = "1"
    source: str | None = None
    limits: tuple[StrictFloat | None, StrictFloat | None] = (None, None)
    gap: Duration | None = Field(
        default=None,
        description="A longer time without a good reading is a gap, such as '10 s'.",
    )
    filter: Filter = Filter()
    keep: Keep | None = Field(
        default=None, description="How long readings are kept; none for ever."
    )

    @field_validator("unit", mode="before", json_schema_input_type=str | Literal[1])
    @classmethod
    def _unit_is_known(cls, unit: object) -> object:
        return read_unit(unit)

    @field_validator(
        "limits",
        mode="before",
        json_schema_input_type=tuple[float | str | None, float | str | None],
    )
    @classmethod
    def _limits_may_have_a_unit(cls, ends: object, info: ValidationInfo) -> object:
        if not isinstance(ends, list | tuple):
            return ends
        return [read_number(end, unit=info.data.get("unit")) for end in ends]

    @model_validator(mode="after")
    def _limits_in_order(self) -> Sensor:
        low, high = self.limits
        if low is not None and high is not None and low >= high:
            raise ValueError(f"limits: {low:g} must be below {high:g}; swap them")
        return self

    @property
    def unit_words(self) -> str:
        """The unit as it follows a number, with the space before it; nothing for plain numbers."""
        return "" if self.unit in ("", units.DIMENSIONLESS) else f" {self.unit}"
