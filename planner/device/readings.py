"""Readings, stored and forwarded: kept in the journal until those who want them have them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from planner.device.contract import Reading
from planner.device.journal import Journal

AT_MOST_KEPT = 100_000
AT_MOST_SENT = 1_000  # what a planner writes at once: it waits for no more before it writes
_EVERY_S = 0.1


class Readings:
    """Takes readings from an act as fast as they come, and commits them a few times a second.

    A crash loses those of the last tenth of a second. When nobody fetches them, the newest
    100,000 are kept.

    Args:
        journal: keeps them.
        takers: names of those who must have a reading before it is dropped.
    """

    def __init__(self, journal: Journal, *, takers: Sequence[str]) -> None:
        self._journal = journal
        self._takers = tuple(takers)
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

    def add(self, reading: Reading) -> None:
        """Takes a reading."""
        with self._lock:
            self._fresh.append(reading)
            del self._fresh[:-AT_MOST_KEPT]  # while the journal cannot be written

    def keep(self) -> None:
        """Commits what has come since the last time."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
        if fresh:
            try:
                self._journal.insert_readings(fresh, at_most=AT_MOST_KEPT)
            except Exception:
                with self._lock:
                    self._fresh[:0] = fresh
                raise
            self.kept.set()

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
