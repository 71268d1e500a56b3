"""Strays: what came from a device that had no business with it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

What = Literal["news", "answers", "status"]

MOST_KINDS = 1_000  # that nobody has taken yet; what comes beyond is counted without its key
_LONGEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A message that was not taken, or several alike.

    Args:
        device: under whose name it came; None for the only one. Of a device that is none of the
            source's, what its topic begins with.
        what: it was.
        key: of the run that it was about; empty where it was about none, or about many.
        n: how many there were.
    """

    device: str | None
    what: What
    key: str = ""
    n: int = 1


class Strays:
    """Counts strays until they are taken; any thread may add."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Stray] = Counter()

    def add(self, device: str | None, what: What, *, key: str = "") -> None:
        """Counts one; of a flood of different keys only the number is kept."""
        if device is not None:
            device = device[:_LONGEST]
        stray = Stray(device=device, what=what, key=key[: 4 * _LONGEST])
        with self._lock:
            if stray not in self._counts and len(self._counts) >= MOST_KINDS:
                stray = Stray(device=device, what=what)
            self._counts[stray] += 1

    def take(self) -> tuple[Stray, ...]:
        """Returns what has come since they were taken last."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return tuple(replace(each, n=n) for each, n in counts.items())
