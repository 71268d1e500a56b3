"""Faults of a virtual device that are not of its act: crashes, and a bad line."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from planner.device.line import Delivery
from planner.device.virtual.record import append_line
from planner.device.virtual.spec import CrashPoint, Faults
from planner.rng import derive_seed, make_generator


class Crashes:
    """Kills this very program where the file says so.

    How often it has done so stands in a file, which survives it.

    Args:
        faults: name the points.
        path: of the file.
        seed: root of the draws.
    """

    def __init__(self, faults: Faults, *, path: Path, seed: int) -> None:
        self._crashes = faults.crashes
        self._path = path
        self._seed = seed

    def count(self) -> int:
        """Returns how often the program has killed itself so far."""
        return len(self._past())

    def passing(self, point: CrashPoint, key: str) -> None:
        """Crashes, if it is time to."""
        for crash in self._crashes:
            if crash.at != point:
                continue
            past = self._past()
            if past.count(point) >= crash.times:
                continue
            draw = make_generator(derive_seed(self._seed, "crash", point, key, len(past))).random()
            if draw < crash.chance:
                append_line(self._path, point)
                os.kill(os.getpid(), signal.SIGKILL)

    def _past(self) -> list[str]:
        return self._path.read_text().splitlines() if self._path.exists() else []


class BadLine:
    """Loses, doubles and delays answers, and falls silent.

    Args:
        faults: with which chances.
        seed: of the draws.
    """

    def __init__(self, faults: Faults, *, seed: int) -> None:
        self._faults = faults
        self._generator = make_generator(seed)
        self._lock = threading.Lock()
        self._beats = 0
        self._silent_since = 0.0

    def delivery(self) -> Delivery:
        """Returns how the next answer leaves."""
        faults = self._faults
        with self._lock:
            lost, doubled, late = self._generator.random(3)
        if lost < faults.lost:
            return Delivery(copies=0)
        return Delivery(
            copies=2 if doubled < faults.doubled else 1,
            delay_s=faults.late_by if late < faults.late else 0.0,
        )

    def has_beat(self) -> bool:
        """Tells whether the next heartbeat leaves."""
        if self._faults.beats is None:
            return True
        with self._lock:
            self._beats += 1
            if self._beats <= self._faults.beats:
                return True
            now = time.monotonic()
            self._silent_since = self._silent_since or now
            silence = self._faults.silence
            return silence is not None and now - self._silent_since >= silence
