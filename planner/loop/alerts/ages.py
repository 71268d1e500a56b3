"""How long ago something was: by the clock when it is first seen, by counted seconds from then on.

What the ledger holds are times, and clocks are set (decision 0026). Within one process a setting
changes no age; only what happened before a process looked first is as old as the clock says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

from planner.clock import Clock


class Ages:
    """Counts how old each of some named times is.

    Args:
        clock: time.
        ahead_s: the age of what seems to lie ahead, because the clock was set back in between.
    """

    def __init__(self, clock: Clock, *, ahead_s: float = 0.0) -> None:
        self._clock = clock
        self._ahead_s = ahead_s
        self._since: dict[str, tuple[datetime, float]] = {}
        self._looked_s = -math.inf

    def count(self, times: Mapping[str, datetime]) -> dict[str, float]:
        """Returns the age of each in seconds; names that are not given any more are forgotten.

        Args:
            times: by name, as in the ledger.
        """
        elapsed_s = self._clock.elapsed_s()
        since: dict[str, tuple[datetime, float]] = {}
        for name, at in times.items():
            known = self._since.get(name)
            if known is None or known[0] != at:
                known = at, elapsed_s - self._first_age_s(at)
            since[name] = known
        self._since, self._looked_s = since, elapsed_s
        return {name: elapsed_s - began_s for name, (_, began_s) in since.items()}

    def _first_age_s(self, at: datetime) -> float:
        said_s = age_by_clock_s(self._clock, at)
        # what was not there at the last look has come since
        return min(
            said_s if said_s >= 0 else self._ahead_s, self._clock.elapsed_s() - self._looked_s
        )


def age_by_clock_s(clock: Clock, at: datetime) -> float:
    """Returns how long ago a time was by the clock alone; below zero where it lies ahead."""
    return (clock.now() - at).total_seconds()
