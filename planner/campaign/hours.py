"""Opening hours: when a source may begin trials and must have ended them.

A window such as ``Mon-Fri 18:00-06:00`` belongs to the day on which it starts, so the one of
Friday ends on Saturday; on a holiday none starts. Windows that meet are one. Times are those of the
wall clock in the source's time zone: where the clock shows a time twice the first counts, and a
time that the clock skips is the moment of the skip.
"""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from planner.errors import InputError

ALWAYS = "always"
NEVER_CLOSES = timedelta.max

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_MIN = 24 * 60
_PART = re.compile(r"([^\d]*)(.*)")
_TIMES = re.compile(r"(\d\d?):(\d\d) *- *(\d\d?):(\d\d)")
_EXAMPLE = "Write hours like 'Mon-Fri 18:00-06:00, Sat 08:00-12:00', or 'always'."
_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 1970, 2199  # of holidays; other years are slips
# A pause that is there every week may fall into an hour that the clock skips, but not twice in a
# row: what is open for three weeks on end is open for ever, but for holidays.
_LONGEST = timedelta(days=22)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A window that is there every week.

    Args:
        day: on which it starts, 0 for Monday.
        start_min: minutes of the wall clock from the day's midnight.
        end_min: as ``start_min``; above 1440 it ends on the next day.
    """

    day: int
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A time without a pause in which a source is open, in UTC.

    Args:
        start: when it opens; None where it has always been open.
        end: when it closes; None where it never does.
    """

    start: datetime | None
    end: datetime | None


_ALL_DAY = tuple(Shift(day=day, start_min=0, end_min=_DAY_MIN) for day in range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When a source is open.

    Args:
        shifts: its weekly windows, in the order in which they start.
        time_zone: whose wall clock they are read on, such as ``Europe/Berlin``.
        holidays: dates on which no window starts.
    """

    shifts: tuple[Shift, ...] = _ALL_DAY
    time_zone: str = "UTC"
    holidays: frozenset[date] = frozenset()

    @classmethod
    def parse(cls, text: str, *, time_zone: str = "UTC", holidays: Iterable[date] = ()) -> Hours:
        """Reads hours such as ``Mon-Fri 18:00-06:00, Sat 08:00-12:00`` or ``always``.

        Args:
            text: windows, comma separated. Days without times have those of the next window;
                times without days are of the days before them, or of every day.
            time_zone: of the wall clock.
            holidays: dates on which no window starts.

        Raises:
            InputError: it cannot be read, or there is no such time zone.
        """
        check_time_zone(time_zone)
        shifts = _parse_shifts(text)
        return cls(shifts=shifts, time_zone=time_zone, holidays=frozenset(holidays))

    def is_open(self, at: datetime) -> bool:
        """Tells whether the source is open; at the moment of closing it no longer is.

        Raises:
            InputError: the time has no time zone. This holds for every question.
        """
        return self.next_opening(at) == _in_utc(at)

    def next_opening(self, at: datetime) -> datetime:
        """Returns the first moment from now on at which it is open, in UTC: now, if it is open."""
        start = next(self.ahead(at)).start
        assert start is not None  # cut at the time that was asked for
        return start

    def closing(self, at: datetime) -> datetime | None:
        """Returns the first moment from now on at which it is closed, in UTC: now, if it is.

        None where it never closes.
        """
        now, window = _in_utc(at), next(self.ahead(at))
        return window.end if window.start == now else now

    def time_left(self, at: datetime) -> timedelta:
        """Returns how long it stays open: nothing if it is closed, NEVER_CLOSES if it never is."""
        closing = self.closing(at)
        return NEVER_CLOSES if closing is None else closing - _in_utc(at)

    def window(self, at: datetime) -> Window | None:
        """Returns the window that a moment is in; None while closed."""
        now, first = _in_utc(at), self._local_date(at) - _LONGEST
        window = self._first_until(now, first)
        assert window.start is not None  # each begins with a shift
        if window.start > now:
            return None
        if self._local_date(window.start) > first + _DAY:
            return window
        # it is open for ever, since the last holiday
        past = [each for each in self.holidays if each <= first + _DAY]
        return self._first_until(now, max(past)) if past else Window(start=None, end=window.end)

    def ahead(self, at: datetime) -> Iterator[Window]:
        """Yields the present window from now on, if it is open, and then those to come."""
        now = _in_utc(at)
        for window in self._windows(self._local_date(at) - 2 * _DAY):
            if window.end is None or window.end > now:
                assert window.start is not None  # each begins with a shift
                yield Window(start=max(window.start, now), end=window.end)

    def _first_until(self, now: datetime, first: date) -> Window:
        windows = self._windows(first)
        return next(each for each in windows if each.end is None or each.end > now)

    def _windows(self, first: date) -> Iterator[Window]:
        """Yields windows that begin on a date or later; shifts that meet are one."""
        start, end = None, None
        for opens, closes in self._open_times(first):
            if start is None or end is None:
                start, end = opens, closes
            elif opens <= end:
                end = max(end, closes)
            else:
                yield Window(start=start, end=end)
                start, end = opens, closes
            if self._is_endless(start, end):
                yield Window(start=start, end=None)
                return

    def _is_endless(self, start: datetime, end: datetime) -> bool:
        if end - start <= _LONGEST:
            return False
        return not self.holidays or end.date() - max(self.holidays) > _LONGEST

    def _open_times(self, first: date) -> Iterator[tuple[datetime, datetime]]:
        """Yields begin and end of every shift from a date on, in UTC."""
        zone = zoneinfo.ZoneInfo(self.time_zone)
        day = first
        while True:
            for shift in self.shifts if day not in self.holidays else ():
                if shift.day == day.weekday():
                    midnight = datetime(day.year, day.month, day.day)
                    ends = (
                        midnight + timedelta(minutes=m) for m in (shift.start_min, shift.end_min)
                    )
                    opens, closes = (_moment(end, zone) for end in ends)
                    if opens < closes:  # else the clock skips it
                        yield opens, closes
            day += _DAY

    def _local_date(self, at: datetime) -> date:
        return _in_utc(at).astimezone(zoneinfo.ZoneInfo(self.time_zone)).date()


@cache  # zones are files: looking for all of them takes some 10 ms
def check_time_zone(name: str) -> str:
    """Returns the name of a time zone that there is.

    Raises:
        InputError: there is none; the nearest names are told.
    """
    known = zoneinfo.available_timezones()
    if name in known:
        return name
    by_end = {each.lower().rpartition("/")[2]: each for each in sorted(known)}
    by_lower = {each.lower(): each for each in known}
    asked = name.lower().replace(" ", "_")
    near = [by_end[asked]] if asked in by_end else []
    near += [by_lower[each] for each in difflib.get_close_matches(asked, by_lower, n=1)]
    near += [by_end[each] for each in difflib.get_close_matches(asked, by_end, n=1)]
    hint = f"Did you mean {near[0]!r}?" if near else "Write one such as 'Europe/Berlin'."
    raise InputError(f"There is no time zone {name!r}. {hint}")


def _in_utc(at: datetime) -> datetime:
    """Returns the same moment in UTC, in which comparing and subtracting is safe."""
    if at.utcoffset() is None:
        raise InputError(f"The time {at} has no time zone. Give it with one, such as UTC.")
    return at.astimezone(UTC)


def _moment(wall: datetime, zone: zoneinfo.ZoneInfo) -> datetime:
    """Returns the first moment at which the wall clock shows this time or a later one."""
    late = wall.replace(tzinfo=zone).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late  # of two moments that show it this is the first
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # before the skip, as late is after
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            early = middle
        else:
            late = middle
    return late


def _parse_shifts(text: str) -> tuple[Shift, ...]:
    if text.strip().lower() == ALWAYS:
        return _ALL_DAY
    shifts: set[Shift] = set()
    days, waiting = list(range(7)), list[int]()
    for part in text.replace("\N{EN DASH}", "-").split(","):
        match = _PART.fullmatch(part.strip())
        named, times = match.groups() if match else (part, "")
        if not named and not times:
            raise InputError(f"{text!r} has nothing where hours should be. {_EXAMPLE}")
        waiting += _parse_days(named.strip()) if named else []
        if times:
            days, waiting = waiting or days, []
            start, end = _parse_times(times)
            shifts |= {Shift(day=day, start_min=start, end_min=end) for day in days}
    if waiting:
        raise InputError(f"{text!r} ends with days that have no times. {_EXAMPLE}")
    return tuple(sorted(shifts, key=lambda shift: (shift.day, shift.start_min, shift.end_min)))


def _parse_days(named: str) -> list[int]:
    if named.lower() == "daily":
        return list(range(7))
    first, is_range, last = (word.strip() for word in named.partition("-"))
    start = _parse_day(first)
    n_days = (_parse_day(last) - start) % 7 + 1 if is_range else 1
    return [(start + k) % 7 for k in range(n_days)]


def _parse_day(word: str) -> int:
    asked = word.lower().removesuffix(".")
    if len(asked) >= 3:
        for number, name in enumerate(_DAYS):
            if name.startswith(asked):
                return number
    near = difflib.get_close_matches(asked[:3], [name[:3] for name in _DAYS], n=1)
    hint = f"Did you mean {near[0].capitalize()!r}?" if near else "Days are named in English."
    raise InputError(f"{word!r} is no day of the week. {hint} {_EXAMPLE}")


def _parse_times(text: str) -> tuple[int, int]:
    match = _TIMES.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{text!r} is no time of the day from one to another. {_EXAMPLE}")
    hours, minutes = [int(match[1]), int(match[3])], [int(match[2]), int(match[4])]
    start, end = (60 * hour + minute for hour, minute in zip(hours, minutes, strict=True))
    if max(minutes) > 59 or start >= _DAY_MIN or end > _DAY_MIN:
        raise InputError(f"{text!r} is beyond 00:00 to 24:00. {_EXAMPLE}")
    if start == end:
        raise InputError(
            f"{text!r} begins and ends at the same time. Write 00:00-24:00 for a whole day."
        )
    return start, end if end > start else end + _DAY_MIN


def _check_hours(text: str) -> str:
    _parse_shifts(text)
    return text


def _check_holidays(days: tuple[date, ...]) -> tuple[date, ...]:
    if len(set(days)) < len(days):
        twice = next(day for day in days if days.count(day) > 1)
        raise InputError(f"{twice} is there twice. Leave one out.")
    return days


def _is_date(day: object) -> object:
    try:
        read = date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        read = None
    if not isinstance(read, date) or isinstance(read, datetime):
        raise ValueError(f"{day!r} is no date: write it like 2026-12-25")
    if not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        raise ValueError(f"{day!r} is not between {_FIRST_YEAR} and {_LAST_YEAR}: check the year")
    return read


# Fields of a source in the campaign file.
HoursText = Annotated[
    str,
    AfterValidator(_check_hours),
    Field(description="When trials may run, such as 'Mon-Fri 18:00-06:00', or 'always'."),
]
TimeZone = Annotated[
    str, AfterValidator(check_time_zone), Field(description="Of the hours, such as Europe/Berlin.")
]
Holidays = Annotated[
    tuple[Annotated[date, BeforeValidator(_is_date, json_schema_input_type=str)], ...],
    AfterValidator(_check_holidays),
    Field(description="Dates on which no window starts, such as [2026-12-25]."),
]
