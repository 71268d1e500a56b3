"""Time as an argument: what needs the time is given a clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Returns the time, in UTC."""
        ...

    def elapsed_s(self) -> float:
        """Returns seconds since some moment; who sets the clock does not change this count."""
        ...

    def wait_s(self, seconds: float) -> None:
        """Returns after this many seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Returns the time, in UTC."""
        return datetime.now(UTC)

    def elapsed_s(self) -> float:
        """Returns seconds since some moment; who sets the clock does not change this count."""
        return time.monotonic()

    def wait_s(self, seconds: float) -> None:
        """Sleeps."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to, or by being waited on.

    Args:
        start: its first time, with a time zone.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        """Returns the time it was last set to, in UTC."""
        return self._now

    def elapsed_s(self) -> float:
        """Returns the seconds waited so far."""
        return self._elapsed_s

    def wait_s(self, seconds: float) -> None:
        """Moves the time forward at once."""
        self._now += timedelta(seconds=seconds)
        self._elapsed_s += seconds

    def set(self, now: datetime) -> None:
        """Sets the clock, as people do: no time passes by it."""
        self._now = now.astimezone(UTC)
