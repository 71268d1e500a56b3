"""The recorder: takes readings from any thread, and writes them in batches from one of its own."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from planner.campaign import Sensor
from planner.clock import Clock
from planner.readings.series import check_units
from planner.readings.wire import Reading, microseconds
from planner.readings.writing import Parcel, Tally, write_parcels

CAPACITY = 50_000  # readings; ten seconds of 5,000 a second
_BATCH = 1_000  # readings of one transaction: some 30 ms, which other writers of SQLite wait
_LINGER_S = 0.1  # how long a batch gathers before it is written
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)  # between attempts, while the database fails
_MOST_STRANGERS = 100  # sources of no campaign that are counted by their names
_OTHERS = "(others)"
_LONGEST_NAME = 64

Done = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Queued:
    parcel: Parcel
    done: Done | None


class Recorder:
    """Writes readings into the database of the ledger.

    Nothing that was taken is lost while the process lives: what cannot be written is kept and tried
    again, the queue fills, and ``take`` says so. Whoever must not lose anything beyond that, such
    as a broker, is told when what it gave is kept (``done``).

    Args:
        engine: of the ledger's database.
        sensors: by name, as the campaign file states them.
        sources: names of those who may send; sensors may name more.
        clock: gives times of arrival.
        capacity: readings that may wait to be written.

    Raises:
        Conflict: the ledger keeps a sensor's readings in another unit.
    """

    def __init__(
        self,
        engine: Engine,
        sensors: Mapping[str, Sensor],
        *,
        sources: Collection[str],
        clock: Clock,
        capacity: int = CAPACITY,
    ) -> None:
        check_units(engine, sensors)
        self._engine = engine
        self._sensors = dict(sensors)
        self._sources = {*sources, *(each.source for each in sensors.values() if each.source)}
        self._clock = clock
        self._capacity = capacity
        self._queue: deque[_Queued] = deque()
        self._n_waiting = 0  # readings, those that are being written included
        self._refused: dict[str, Tally] = {}
        self._strangers: set[str] = set()
        self._changed = threading.Condition()
        self._is_closing = False
        self._is_writing = False
        self._hurry = False
        self.trouble = ""
        self._thread = threading.Thread(target=self._run, name="readings", daemon=True)
        self._thread.start()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def take(
        self,
        source: str,
        readings: Sequence[Reading],
        *,
        last: int | None = None,
        wait_s: float = 0.0,
        done: Done | None = None,
    ) -> bool:
        """Takes all of some readings, or none where the queue is full.

        Readings of a source or of a sensor that is not the campaign's are refused and counted.

        Args:
            source: who sends them.
            readings: of its sensors.
            last: the highest sequence that is kept once these are; None: that of the readings.
            wait_s: how long to wait for room.
            done: called from the recorder's thread once nothing of them can be lost.

        Returns:
            Whether they were taken; if not, give them again later.
        """
        known = self._known(source, readings)
        numbers = [each.sequence for each in readings if each.sequence is not None]
        last = max(numbers, default=None) if last is None else last
        first = min(numbers, default=None)
        parcel = Parcel(source, known, microseconds(self._clock.now()), last, first)
        with self._changed:
            is_room = self._changed.wait_for(lambda: self._has_room(len(known)), timeout=wait_s)
            if not is_room:
                return False
            self._refuse_unknown(source, len(readings) - len(known))
            if source in self._sources:
                self._queue.append(_Queued(parcel, done))
                self._n_waiting += len(known)
            self._changed.notify_all()
        if done is not None and source not in self._sources:
            done()  # nothing of a stranger's is kept, so there is nothing to wait for
        return True

    def refuse(self, source: str, n: int, why: str) -> None:
        """Counts what a feed could not read or would not take."""
        with self._changed:
            self._tally(source).refuse(n, why)

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Waits until all that was taken is written; returns whether it is."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            try:
                return self._changed.wait_for(self._is_idle, timeout=timeout_s)
            finally:
                self._hurry = False

    def close(self, timeout_s: float = 30.0) -> bool:
        """Writes what was taken and ends; returns whether all of it is written."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(timeout=timeout_s)
        return self._is_idle()

    @property
    def n_waiting(self) -> int:
        """Readings that are not yet written."""
        return self._n_waiting

    def _is_idle(self) -> bool:
        return not (self._queue or self._is_writing or self._refused or self._n_waiting)

    def _has_room(self, n: int) -> bool:
        # one parcel larger than the whole queue is taken when the queue is empty
        is_room = self._n_waiting == 0 or self._n_waiting + n <= self._capacity
        return is_room and not self._is_closing

    def _known(self, source: str, readings: Sequence[Reading]) -> list[Reading]:
        if source not in self._sources:
            return []
        return [
            each
            for each in readings
            if (sensor := self._sensors.get(each.name)) is not None
            and sensor.source in (None, source)
        ]

    def _refuse_unknown(self, source: str, n: int) -> None:
        if source not in self._sources:
            self._tally(source).refuse(n, "the source is not part of this campaign")
        elif n:
            self._tally(source).refuse(n, "the sensor is not in the campaign file")

    def _tally(self, source: str) -> Tally:
        """Returns the counts of a source; strangers beyond a number are counted together."""
        source = source[:_LONGEST_NAME]
        if source not in self._sources and source not in self._strangers:
            if len(self._strangers) >= _MOST_STRANGERS:
                source = _OTHERS
            else:
                self._strangers.add(source)
        tally = self._refused.setdefault(source, Tally())
        tally.heard_us = microseconds(self._clock.now())
        return tally

    def _run(self) -> None:
        while True:
            batch, refused = self._next_batch()
            if not batch and not refused:
                return
            began = time.monotonic()
            if not self._is_written(batch, refused):
                return
            for each in batch:
                if each.done is not None:
                    each.done()
            with self._changed:
                self._n_waiting -= sum(len(each.parcel.readings) for each in batch)
                self._is_writing = False
                self._changed.notify_all()
            self._make_way(time.monotonic() - began)

    def _next_batch(self) -> tuple[list[_Queued], dict[str, Tally]]:
        """Waits for readings, lets them gather, and returns some; nothing where all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._refused or self._is_closing)
            self._changed.wait_for(self._is_due, timeout=_LINGER_S)
            batch: list[_Queued] = []
            n = 0
            while self._queue and (not batch or n + len(self._queue[0].parcel.readings) <= _BATCH):
                batch.append(self._queue.popleft())
                n += len(batch[-1].parcel.readings)
            refused, self._refused = self._refused, {}
            self._is_writing = bool(batch or refused)
            return batch, refused

    def _is_due(self) -> bool:
        return self._is_closing or self._hurry or self._n_waiting >= _BATCH

    def _is_written(self, batch: Sequence[_Queued], refused: Mapping[str, Tally]) -> bool:
        """Tries until it is written; gives up only where the process is to end."""
        parcels = [each.parcel for each in batch]
        for attempt in itertools.count():
            try:
                write_parcels(self._engine, parcels, self._sensors, refused)
            except (SQLAlchemyError, OSError) as error:
                self.trouble = f"Readings cannot be written: {_first_line(error)}"
            else:
                self.trouble = ""
                return True
            pause_s = _PAUSES_S[min(attempt, len(_PAUSES_S) - 1)]
            with self._changed:
                if self._changed.wait_for(lambda: self._is_closing, timeout=pause_s):
                    break
        return False

    def _make_way(self, spent_s: float) -> None:
        """Leaves SQLite's one lock to the ledger's writers for as long as we had it."""
        if self._engine.dialect.name == "sqlite":
            with self._changed:
                self._changed.wait_for(lambda: self._hurry or self._is_closing, timeout=spent_s)


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
