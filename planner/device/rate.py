"""How often a device may be asked, whatever wire leads to it."""

from __future__ import annotations

import time
from collections.abc import Callable

from planner.trials import Rejection


class Bucket:
    """Holds room for a second's worth of messages, and fills up again as time passes.

    Args:
        rate: most messages a second.
        elapsed_s: counts the seconds, whatever a clock is set to.
    """

    def __init__(self, rate: float, *, elapsed_s: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._elapsed_s = elapsed_s
        self._left = rate
        self._at = elapsed_s()

    def has_room(self) -> bool:
        """Tells whether one more may pass, and counts it if so."""
        now_s = self._elapsed_s()
        self._left = min(self._rate, self._left + (now_s - self._at) * self._rate)
        self._at = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True

    @property
    def rejection(self) -> Rejection:
        """What is answered where there is no room: nothing was taken."""
        text = f"It was sent more than {self._rate:g} messages within a second. Send it again later"
        return Rejection(error="too often", reason=f"{text}.")
