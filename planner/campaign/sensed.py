"""What a campaign reads off its sensors: what must be so to begin, and what models are to know."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictFloat,
    field_validator,
    model_validator,
)

from planner import units
from planner.campaign.times import written_time

FRESH_S = 10.0  # how old a reading may be that lets something begin, where the file does not say

_REQUIRED = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([^,]+?)\s*(?:,\s*no older than\s+(.+?)\s*)?")
_BEFORE = re.compile(r"before\s+(.+)")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SummaryName = Literal["mean", "lowest", "highest", "last", "sd", "slope", "time_above"]


@dataclass(frozen=True, slots=True)
class Precondition:
    """What a sensor must say before anything begins, such as ``pressure < 5 mbar``.

    Args:
        text: as it was written.
        sensor: which one is read.
        sign: how its last value compares with the limit.
        limit: with its unit; without one it is in the sensor's.
        fresh_s: how old the reading may be.
    """

    text: str
    sensor: str
    sign: str
    limit: str
    fresh_s: float

    @classmethod
    def parse(cls, text: str) -> Precondition:
        """Reads ``SENSOR SIGN LIMIT, no older than TIME``, of which the last may be left out.

        Raises:
            ValueError: it is not of this form.
        """
        match = _REQUIRED.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} cannot be read: write it like 'pressure < 5 mbar, no older than 10 s'"
            )
        sensor, sign, limit, age = match.groups()
        units.split_quantity(limit, wanted=units.DIMENSIONLESS)
        fresh_s = FRESH_S if age is None else units.parse_quantity(age, wanted="s")
        if not fresh_s > 0:
            raise ValueError(f"{text!r}: a reading is always some time old; write more than 0 s")
        return cls(text.strip(), sensor, sign, limit, fresh_s)

    def limit_in(self, unit: str) -> float:
        """Returns the limit in the sensor's unit.

        Raises:
            UnitError: it is of another kind.
        """
        number, given = units.split_quantity(self.limit, wanted=unit)
        return units.convert(number, given=given, wanted=unit) if given else number

    def is_met(self, value: float, *, unit: str) -> bool:
        """Tells whether a value, in the sensor's unit, is as it must be."""
        return _SIGNS[self.sign](value, self.limit_in(unit))

    @property
    def words(self) -> str:
        """What must be so, without how old the reading may be."""
        return f"{self.sensor} {self.sign} {self.limit}"


def _can_be_read(text: str) -> str:
    Precondition.parse(text)
    return text


PreconditionText = Annotated[str, AfterValidator(_can_be_read)]


class SensedContext(BaseModel):
    """How what is measured and not set follows from the readings of a sensor.

    It belongs to a parameter of kind contextual.
    A summary is known where at least half of the readings of its window count and the sensor has
    no gap in it.
    Nothing is put in its place where it is not: a trial is proposed with what was measured last,
    and says so; the result of one without its context is put aside for a person.

    Args:
        sensor: whose readings; those of the trial's own device, where it has some.
        summary: of the readings that count; slope is a rate, time_above a time.
        above: the value that time_above means, in the sensor's unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sensor: str
    summary: SummaryName = "mean"
    window: str = Field(
        description="'before 10 min': the ten minutes before a trial begins, known when it is "
        "proposed; 'during': the time of the trial itself."
    )
    above: StrictFloat | None = None

    @field_validator("window")
    @classmethod
    def _window_can_be_read(cls, text: str) -> str:
        if text != "during" and not (_read_before(text) or 0.0) > 0:
            raise ValueError(f"{text!r} is no window: write 'before 10 min', or 'during'")
        return text

    @model_validator(mode="after")
    def _above_belongs_to_time_above(self) -> SensedContext:
        if (self.above is None) == (self.summary == "time_above"):
            raise ValueError(
                "time_above needs the value that it means, such as above: 900"
                if self.above is None
                else f"above belongs to time_above, not to {self.summary}: leave it out"
            )
        return self

    @cached_property
    def before_s(self) -> float | None:
        """How long before a trial begins the window opens; None where it is the trial's time."""
        return None if self.window == "during" else _read_before(self.window)

    def unit_of(self, sensor_unit: str) -> str:
        """Returns the unit of the summary, of a sensor in this unit."""
        match self.summary:
            case "time_above":
                return "s"
            case "slope":
                return units.rate_unit(sensor_unit, "s")
            case _:
                return sensor_unit

    def in_words(self) -> str:
        """Says what it is, such as ``mean of humidity in the 10 min before a trial``."""
        what = self.summary.replace("_", " ")
        if self.above is not None:
            what += f" {self.above:g}"
        if self.before_s is None:
            return f"{what} of {self.sensor} during a trial"
        return f"{what} of {self.sensor} in the {written_time(self.before_s)} before a trial"


def _read_before(text: str) -> float | None:
    match = _BEFORE.fullmatch(text.strip())
    return None if match is None else units.parse_quantity(match[1], wanted="s")
