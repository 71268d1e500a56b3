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

    def wait_s(self, seconds: float) -> None:
        """Returns after this many seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Returns the time, in UTC."""
        return datetime.now(UTC)

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

    def now(self) -> datetime:
        """Returns the time it was last set to, in UTC."""
        return self._now

    def wait_s(self, seconds: float) -> None:
        """Moves the time forward at once."""
        self._now += timedelta(seconds=seconds)
