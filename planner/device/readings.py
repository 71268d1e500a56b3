"""Readings, stored and forwarded: kept in the journal until those who want them have them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

from planner.device.contract import Reading
from planner.device.journal import Journal

AT_MOST_HELD = 100_000  # in memory, while the journal cannot be written
AT_MOST_SENT = 1_000  # what a planner writes at once: it waits for no more before it writes
_EVERY_S = 0.1
_SAID_EVERY_S = 60.0


class Readings:
    """Takes readings from an act as fast as they come, and commits them a few times a second.

    A crash loses those of the last tenth of a second. When nobody fetches them the newest are
    kept; those that are dropped leave a jump in the numbers of those that are sent, and are said.

    Args:
        journal: keeps them.
        takers: names of those who must have a reading before it is dropped.
        at_most: how many are kept.
        hear_dropped: is told now and then how many had to be dropped that nobody had fetched.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        takers: Sequence[str],
        at_most: int,
        hear_dropped: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._takers = tuple(takers)
        self._at_most = at_most
        self._hear_dropped = hear_dropped
        self._n_dropped = 0  # and not said yet
        self._said_at = -math.inf
        self._n_overflown = 0  # that never came into the journal
        self._lock = threading.Lock()
        self._fresh: list[Reading] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep_on, name="readings", daemon=True)
        self.kept = threading.Event()

    def start(self) -> None:
        """Begins to keep readings."""
        self._thread.start()

    def close(self) -> None:
        """Keeps what has come, and ends."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        self.keep()
        self._say_dropped(is_last=True)

    def add(self, reading: Reading) -> None:
        """Takes a reading."""
        with self._lock:
            self._fresh.append(reading)
            self._n_overflown += max(0, len(self._fresh) - AT_MOST_HELD)
            del self._fresh[:-AT_MOST_HELD]

    def keep(self) -> None:
        """Commits what has come since the last time."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
            n_overflown, self._n_overflown = self._n_overflown, 0
        if fresh:
            try:
                # what any taker has is not missed
                fetched = max(map(self.arrived, self._takers), default=0)
                n_dropped = self._journal.insert_readings(
                    fresh, at_most=self._at_most, fetched=fetched, skipping=n_overflown
                )
            except Exception:
                with self._lock:
                    self._fresh[:0] = fresh
                    self._n_overflown += n_overflown
                raise
            self._n_dropped += n_dropped
            self.kept.set()
        self._say_dropped()

    def _say_dropped(self, *, is_last: bool = False) -> None:
        """Says how many were dropped: at once, and then once a minute at most."""
        is_soon = time.monotonic() - self._said_at < _SAID_EVERY_S
        if self._n_dropped and (is_last or not is_soon):
            self._hear_dropped(self._n_dropped)
            self._n_dropped, self._said_at = 0, time.monotonic()

    def after(self, sequence: int, *, at_most: int = AT_MOST_SENT) -> list[dict[str, object]]:
        """Returns kept readings after this one, the oldest first, as they travel."""
        return self._journal.readings(after=sequence, at_most=at_most)

    def last(self) -> int:
        """Returns the number of the last reading that was ever kept in this journal."""
        return self._journal.last_reading()

    def arrived(self, taker: str) -> int:
        """Returns the number of the last reading that this taker has."""
        return int(self._journal.fact(f"readings of {taker}") or 0)

    def acknowledge(self, taker: str, *, up_to: int) -> None:
        """Notes what a taker has, and drops what all have."""
        if up_to <= self.arrived(taker):
            return
        with self._journal.transaction():
            self._journal.set_fact(f"readings of {taker}", str(up_to))
            self._journal.forget_readings(up_to=min(map(self.arrived, self._takers), default=up_to))

    def _keep_on(self) -> None:
        while not self._ending.wait(_EVERY_S):
            try:
                self.keep()
            except Exception:  # noqa: S112 - the disk may have room again; they are still held
                continue
