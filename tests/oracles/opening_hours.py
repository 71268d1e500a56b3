"""Opening hours by walking along the wall clock minute by minute: slow and obvious."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

WeeklyWindow = tuple[int, int, int]  # weekday from Monday, first minute, minute of closing
_MINUTE = timedelta(minutes=1)


def open_minutes(
    weekly: Collection[WeeklyWindow],
    *,
    zone: str,
    holidays: Collection[date],
    start: datetime,
    n_minutes: int,
) -> list[bool]:
    """Tells of each minute from ``start`` on whether it is open.

    The clock that counts never goes back: where the wall clock does, it stands until that has
    caught up. A window is open from its first to its last minute on this clock.
    """
    clock, found = datetime.min, []
    at = start - timedelta(hours=26)  # the clock may be standing at the start
    for _ in range(26 * 60 + n_minutes):
        clock = max(clock, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        found.append(_is_open(clock, weekly, holidays))
        at += _MINUTE
    return found[26 * 60 :]


def _is_open(clock: datetime, weekly: Collection[WeeklyWindow], holidays: Collection[date]) -> bool:
    for n_days_ago in (0, 1):
        day = clock.date() - timedelta(days=n_days_ago)
        minute = 60 * clock.hour + clock.minute + 1440 * n_days_ago
        for weekday, first, closing in weekly:
            if day.weekday() == weekday and day not in holidays and first <= minute < closing:
                return True
    return False


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type, misc]
