"""How many trials fit into opening hours, and when the next can begin.

A source has ``capacity * n_devices`` places; a trial takes one of them for its duration, and must
begin and end within one window.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from planner.campaign.hours import Hours
from planner.errors import InputError

_LOOKED_AHEAD = timedelta(days=15)  # every weekly window is seen twice


def n_fit(
    now: datetime,
    *,
    hours: Hours,
    duration: timedelta,
    capacity: int = 1,
    n_devices: int = 1,
    busy: Sequence[datetime] = (),
) -> int | None:
    """Returns how many more trials can begin and end in the present window, or in the next one.

    Args:
        now: the time.
        hours: of the source.
        duration: of one trial.
        capacity: trials that one device takes at once.
        n_devices: of the source.
        busy: when each trial under way is expected to end; one that is overdue ends now.

    Returns:
        Their number, 0 where what is left of the present window is too short; None where the
        source never closes, so that there is no such number.

    Raises:
        InputError: a time has no time zone, or the duration, capacity or number of devices is not
            above zero.
    """
    _check(duration, capacity, n_devices)
    window = next(hours.ahead(now))
    assert window.start is not None  # cut at the time that was asked for
    if window.end is None:
        return None
    free = _free_from(window.start, capacity * n_devices, busy)
    return sum(max((window.end - each) // duration, 0) for each in free)


def waiting_until(
    now: datetime,
    *,
    hours: Hours,
    duration: timedelta,
    capacity: int = 1,
    n_devices: int = 1,
    busy: Sequence[datetime] = (),
) -> datetime | None:
    """Returns when the next trial can begin, so that it ends before the source closes.

    Arguments as of ``n_fit``.

    Returns:
        The time in UTC; now, if a trial can begin now. None where no window is long enough.

    Raises:
        InputError: as ``n_fit``.
    """
    _check(duration, capacity, n_devices)
    free = min(_free_from(now, capacity * n_devices, busy))
    last = max([free.date(), *hours.holidays]) + _LOOKED_AHEAD
    for window in hours.ahead(free):
        assert window.start is not None  # cut at the time that was asked for
        if window.end is None or window.end - window.start >= duration:
            return window.start
        if window.start.date() > last:
            break
    return None


def _free_from(now: datetime, n_places: int, busy: Sequence[datetime]) -> list[datetime]:
    """Returns when each place is free, in UTC.

    Where more trials are under way than there are places, those that end last hold them.
    """
    if any(each.utcoffset() is None for each in (now, *busy)):
        raise InputError("A time has no time zone. Give it with one, such as UTC.")
    start = now.astimezone(UTC)
    ends = sorted((max(each.astimezone(UTC), start) for each in busy), reverse=True)[:n_places]
    return [start] * (n_places - len(ends)) + ends


def _check(duration: timedelta, capacity: int, n_devices: int) -> None:
    if duration <= timedelta(0) or capacity < 1 or n_devices < 1:
        raise InputError(
            f"{n_devices} devices with {capacity} places each and a duration of {duration} give no "
            f"number of trials. Give numbers above zero."
        )
