"""When a source takes the next trial: it is open, and stays so until the trial has ended."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta

from planner.campaign.hours import ALWAYS
from planner.campaign.slots import waiting_until
from planner.campaign.sources import Runner

_A_WEEK = timedelta(days=6)


def closes(source: Runner) -> bool:
    """Tells whether a source ever does."""
    return source.hours.strip().lower() != ALWAYS or bool(source.holidays)


def may_begin(source: Runner, *, needed: timedelta, now: datetime) -> bool:
    """Tells whether what takes so long can begin now and end before the source closes."""
    if not closes(source):
        return True
    opening = source.opening
    return opening.is_open(now) and opening.time_left(now) >= needed


def next_start(source: Runner, *, needed: timedelta, now: datetime) -> datetime | None:
    """Returns the first time from now on at which what takes so long may begin, in UTC.

    None where the source is never open for so long.
    """
    if not closes(source):
        return now
    if needed > timedelta(0):
        return waiting_until(now, hours=source.opening, duration=needed)
    return source.opening.next_opening(now)


def describe_opening(source: Runner, *, now: datetime) -> str:
    """Says until when a source is open or closed; empty where it never closes."""
    if not closes(source):
        return ""
    opening, name = source.opening, f"Source {source.name!r}"
    if not opening.is_open(now):
        return f"{name} is closed until {time_in_words(opening.next_opening(now), source, now=now)}"
    closing = opening.closing(now)
    if closing is None:
        return f"{name} is open"
    return f"{name} is open until {time_in_words(closing, source, now=now)}"


def time_in_words(at: datetime, source: Runner, *, now: datetime) -> str:
    """Returns a time on the source's wall clock, such as ``Mon 18:00``, with the date if far."""
    zone = zoneinfo.ZoneInfo(source.opening.time_zone)
    local = at.astimezone(zone)
    near = timedelta(0) <= at - now < _A_WEEK
    seconds = f":{local:%S}" if local.second else ""
    day = f"{local:%a}" if near else f"{local:%a %Y-%m-%d}"
    return f"{day} {local:%H:%M}{seconds}"
