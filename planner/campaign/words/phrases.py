"""Numbers, units, counts and times in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from planner import units

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0


def number(value: float) -> str:
    """Writes a number with at most six digits."""
    return f"{value:.6g}"


def typeset(text: str) -> str:
    """Returns a number as a sentence has it: with a true minus sign, and none before zero."""
    return text.replace("-", "\u2212") if float(text) else text.removeprefix("-")


def setting(value: float | str) -> str:
    """Writes a value that is set with all its digits; one of more than nine was computed: four."""
    if isinstance(value, str):
        return value
    whole = f"{value:.9g}"
    return whole if float(whole) == value else f"{value:.4g}"


def rough(value: float, digits: int = 2, *, sign: str = "") -> str:
    """Writes an estimate with few digits, and written out: 280, not 2.8e+02.

    Args:
        value: to be written.
        digits: that mean something.
        sign: ``+`` where one stands before what is above 0, too.
    """
    return f"{float(f'{value:.{digits}g}'):{sign}.6g}"


def span(low: float, high: float, unit: str = "") -> str:
    """Writes one number, or from the lower to the higher, and the unit."""
    ends = number(low) if number(low) == number(high) else f"{number(low)} to {number(high)}"
    return f"{ends}{unit}"


def after(unit: str) -> str:
    """Returns a unit as it follows a number; nothing for plain numbers."""
    return "" if unit in ("", units.DIMENSIONLESS) else f" {unit}"


def count(n: int, noun: str) -> str:
    """Writes how many."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(names: Iterable[str], *, last: str = "and") -> str:
    """Returns names as a sentence has them: ``a, b and c``."""
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end


def near_name(name: str, known: Iterable[str]) -> str:
    """Returns which of the known names was probably meant; empty where none is near."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), "")


def unknown_then(n_before: int) -> str:
    """Says what a run can settle: what is unknown, or what the trials before it leave so."""
    if n_before == 0:
        return "what is unknown"
    before = (
        f"the {n_before} trials before it leave" if n_before > 1 else "the trial before it leaves"
    )
    return f"what {before} unknown"


def duration(seconds: float) -> str:
    """Writes a time in the largest unit of which there are at least two."""
    for size, name in ((_DAY_S, "day"), (_HOUR_S, "hour"), (_MINUTE_S, "minute")):
        if seconds >= 2 * size or seconds == size:
            return _amount(seconds / size, name)
    return _amount(seconds, "second")


def moment(at: datetime, zone: str) -> str:
    """Writes a time on the wall clock of a time zone, with the day of the week."""
    return f"{at.astimezone(ZoneInfo(zone)):%A %Y-%m-%d %H:%M} ({zone})"


def _amount(amount: float, noun: str) -> str:
    return f"{amount:.3g} {noun}" if amount == 1 else f"{amount:.3g} {noun}s"
