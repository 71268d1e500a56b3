"""One reading by itself: into the sensor's unit, and whether it can count at all."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from planner import units
from planner.campaign import Sensor
from planner.errors import UnitError
from planner.readings.wire import Quality, Reading

# What a sensor may name as its unit: pint computes what it parses, so no towers of powers.
_PLAIN_UNIT = re.compile(
    r"(?!.*\d{3})(?!.*(?:\*\*|\^)[^*/·^]*(?:\*\*|\^))[\w %°·./*^-]{1,32}",
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A reading, judged without its neighbours.

    Args:
        raw: as it came; None where it was no finite number.
        raw_unit: as it came; None where it is the sensor's.
        converted: in the sensor's unit; None where it cannot count.
        said: the quality that the source gives it.
        reason: why it cannot count; None where it can.
    """

    at_us: int
    raw: float | None
    raw_unit: str | None
    converted: float | None
    said: Quality
    reason: str | None


def clean(reading: Reading, sensor: Sensor) -> Cleaned:
    """Returns the reading in the sensor's unit; what cannot count keeps its raw value and says why.

    Nothing is invented: what is missing, or cannot be understood, has no value.
    """
    value = reading.value
    raw = value if value is not None and math.isfinite(value) else None
    unit = reading.unit if reading.unit not in (None, sensor.unit) else None
    converted, reason = None, _why_not(reading)
    if reason is None and raw is not None:
        converted, reason = _convert(raw, unit, sensor)
    return Cleaned(reading.at_us, raw, unit, converted, reading.quality, reason)


def _why_not(reading: Reading) -> str | None:
    if reading.value is None:
        return "no number came"
    if not math.isfinite(reading.value):
        return f"{reading.value} is no number"
    return "the source says it is bad" if reading.quality == "bad" else None


def _convert(raw: float, unit: str | None, sensor: Sensor) -> tuple[float | None, str | None]:
    converted = raw
    if unit is not None:
        if not _PLAIN_UNIT.fullmatch(unit):
            return None, f"unit {unit!r} is not known"
        try:
            converted = units.convert(raw, given=unit, wanted=sensor.unit)
        except UnitError:
            return None, f"unit {unit!r} is not known, or no unit of what is in {sensor.unit!r}"
    low, high = sensor.limits
    if not math.isfinite(converted):
        return None, f"too large a number in {sensor.unit!r}"
    if low is not None and converted < low:
        return None, f"below the limit of {low:g}{sensor.unit_words}"
    if high is not None and converted > high:
        return None, f"above the limit of {high:g}{sensor.unit_words}"
    return converted, None
