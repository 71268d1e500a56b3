"""A reading as a device sends it, and messages that hold many of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from planner.clock import EPOCH
from planner.errors import InputError

MOST_BYTES = 1 << 20  # of one message; some 8,000 readings
Quality = Literal["good", "uncertain", "bad"]

_Word = Annotated[str, Field(min_length=1, max_length=64)]
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one sensor; (source, name, at) tells which, whenever and how often it comes.

    Args:
        name: of the sensor.
        at: when it was read, by the source's clock.
        value: None where the sensor had no number to give.
        unit: of the value; None for the unit that the campaign states.
        quality: as the source sees it.
        sequence: counts what the source has read, if it counts.
    """

    name: _Word
    at: AwareDatetime
    value: float | None = None
    unit: Annotated[str, Field(max_length=64)] | None = None
    quality: Quality = "good"
    sequence: Annotated[int, Field(ge=0, lt=1 << 63)] | None = None

    @property
    def at_us(self) -> int:
        """Microseconds since 1970."""
        return microseconds(self.at)


@dataclass(frozen=True, slots=True)
class Message:
    """Readings of one source.

    Args:
        readings: those that can be read.
        n_unreadable: how many others there were.
        why: what is wrong with the first of them.
        last: the highest sequence that the source has, where it says so.
    """

    readings: tuple[Reading, ...]
    n_unreadable: int = 0
    why: str = ""
    last: int | None = None


_ALL: TypeAdapter[tuple[Reading, ...]] = TypeAdapter(tuple[Reading, ...])
_ONE: TypeAdapter[Reading] = TypeAdapter(Reading)


def read_message(content: bytes) -> Message:
    """Reads ``{"readings": [...]}``; a reading that cannot be read does not lose the others.

    Raises:
        InputError: the message is too large, or is no such JSON.
    """
    if len(content) > MOST_BYTES:
        raise InputError(
            f"A message of {len(content):,} bytes is too large: send at most {MOST_BYTES:,}."
        )
    try:
        parsed = from_json(content)
    except ValueError as error:
        raise InputError(f"A message is no JSON: {error}.") from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("readings"), list):
        raise InputError('A message has no list of readings: send {"readings": [...]}.')
    last = parsed.get("last")
    last = last if isinstance(last, int) and 0 <= last < 1 << 63 else None
    try:
        return Message(_ALL.validate_python(tuple(parsed["readings"])), last=last)
    except ValidationError:
        return _read_each(parsed["readings"], last=last)


def _read_each(parsed: list[Any], *, last: int | None) -> Message:
    readings, n_unreadable, why = [], 0, ""
    for each in parsed:
        try:
            readings.append(_ONE.validate_python(each))
        except ValidationError as error:
            n_unreadable += 1
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            why = why or f"{where}: {first['msg']}"[:200]
    return Message(tuple(readings), n_unreadable=n_unreadable, why=why, last=last)


def microseconds(at: datetime) -> int:
    """Returns whole microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def moment(at_us: int) -> datetime:
    """Returns the time, in UTC."""
    return EPOCH + timedelta(microseconds=at_us)
