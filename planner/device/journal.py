"""A device's memory: one SQLite file that says what was taken, begun and done.

What is committed here survives any crash; nothing is told or moved before its line is committed.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter
from pydantic_core import from_json

from planner.device.contract import Adjustment, Reading
from planner.errors import Conflict, HeldByAnother, InputError, LedgerTooNew
from planner.trials import ORDERS, RESULTS, DeviceState, Order, Result

VERSION = 1

_TABLES = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,
    content TEXT NOT NULL, state TEXT NOT NULL, result TEXT, reason TEXT NOT NULL,
    failure TEXT NOT NULL, taken_at TEXT NOT NULL, started_at TEXT, ended_at TEXT);
CREATE INDEX open_jobs ON jobs (number) WHERE state IN ('accepted', 'started', 'paused');
CREATE TABLE adjustments (
    key TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, content TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (key, number));
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE readings (sequence INTEGER PRIMARY KEY AUTOINCREMENT, content TEXT NOT NULL);
"""
_READINGS: TypeAdapter[Reading] = TypeAdapter(Reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the device knows of one key."""

    key: str
    digest: str
    order: Order
    state: DeviceState
    result: Result | None
    reason: str
    failure: Literal["machine", "process"]
    began: datetime | None = None
    ended: datetime | None = None


class Journal:
    """Opens or makes the file, and keeps every other program out of it while it is open.

    The lock also goes to programs that an act has started: as long as one of them still moves,
    no second agent can begin.

    Args:
        path: of the file; a file ``PATH.lock`` lies beside it.

    Raises:
        HeldByAnother: a live program holds it.
        LedgerTooNew: newer software wrote it.
        InputError: it cannot be opened, or is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._depth = 0
        self._lock = _hold(path)
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._prepare()
        except sqlite3.DatabaseError as error:
            os.close(self._lock)
            raise InputError(
                f"The journal {path} cannot be used: {error}. Check the disk, its permissions, "
                f"and that it is a journal of a device."
            ) from error

    def _prepare(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise LedgerTooNew(
                f"The journal {self.path} has version {version}, and this software reads up to "
                f"{VERSION}. Update experiment-planner."
            )
        if version == 0:
            self._database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = 1; COMMIT;")

    def close(self) -> None:
        """Closes the file and lets others at it."""
        with self._guard:
            self._database.close()
            os.close(self._lock)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits all that is written within, or nothing of it; within another, with that one."""
        with self._guard:
            self._depth += 1
            try:
                if self._depth > 1:
                    yield
                    return
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._database.execute("COMMIT")
                except BaseException:
                    if self._database.in_transaction:
                        self._database.execute("ROLLBACK")
                    raise
            finally:
                self._depth -= 1

    def _write(self, statement: str, *values: object) -> int:
        with self.transaction():
            return self._database.execute(statement, values).rowcount

    def _read(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        with self._guard:
            return self._database.execute(statement, values).fetchall()

    # jobs

    def insert(self, order: Order, *, state: DeviceState, reason: str, at: datetime) -> None:
        """Keeps an order under its key, unless the key is known."""
        self._write(
            "INSERT OR IGNORE INTO jobs (key, digest, content, state, reason, failure, taken_at) "
            "VALUES (?, ?, ?, ?, ?, 'machine', ?)",
            order.key, order.digest, ORDERS.dump_json(order).decode(), state, reason, _text(at),
        )  # fmt: skip

    def begin(self, key: str, *, at: datetime) -> None:
        """Marks an accepted job as started.

        Raises:
            Conflict: it is not accepted, so that it must not begin.
        """
        changed = self._write(
            "UPDATE jobs SET state = 'started', started_at = ? WHERE key = ? "
            "AND state = 'accepted'", _text(at), key,
        )  # fmt: skip
        if changed != 1:
            raise Conflict(f"Job {key} is not accepted, so it cannot begin.")

    def pause(self, key: str, *, is_paused: bool, reason: str) -> None:
        """Marks a started job as paused, or a paused one as started."""
        old, new = ("started", "paused") if is_paused else ("paused", "started")
        self._write(
            "UPDATE jobs SET state = ?, reason = ? WHERE key = ? AND state = ?",
            new, reason, key, old,
        )  # fmt: skip

    def end(
        self,
        key: str,
        *,
        state: DeviceState,
        at: datetime,
        result: Result | None = None,
        reason: str = "",
        failure: Literal["machine", "process"] = "machine",
    ) -> None:
        """Writes how an open job ended; what has ended stays as it is."""
        text = None if result is None else RESULTS.dump_json(result).decode()
        self._write(
            "UPDATE jobs SET state = ?, result = ?, reason = ?, failure = ?, ended_at = ? "
            "WHERE key = ? AND state IN ('accepted', 'started', 'paused')",
            state, text, reason, failure, _text(at), key,
        )  # fmt: skip

    def find(self, key: str) -> Entry | None:
        """Returns what is known of a key."""
        return next(iter(self._entries("key = ?", key)), None)

    def next_job(self) -> Entry | None:
        """Returns the accepted job that came first."""
        return next(iter(self._entries("state = 'accepted' ORDER BY number LIMIT 1")), None)

    def open_jobs(self) -> list[Entry]:
        """Returns the jobs that have not ended, in the order in which they came."""
        return self._entries("state IN ('accepted', 'started', 'paused') ORDER BY number")

    def count_open(self) -> int:
        """Returns how many jobs have not ended."""
        condition = "state IN ('accepted', 'started', 'paused')"
        return int(self._read(f"SELECT count(*) FROM jobs WHERE {condition}")[0][0])  # noqa: S608

    def count(self) -> dict[str, int]:
        """Returns how many jobs there are, by state."""
        rows = self._read("SELECT state, count(*) FROM jobs GROUP BY state ORDER BY state")
        return {state: int(n) for state, n in rows}

    def _entries(self, condition: str, *values: object) -> list[Entry]:
        rows = self._read(
            f"SELECT key, digest, content, state, result, reason, failure, started_at, ended_at "  # noqa: S608
            f"FROM jobs WHERE {condition}",  # one of those above
            *values,
        )
        return [_entry(row) for row in rows]

    # adjustments

    def find_adjustment(self, key: str, number: int) -> tuple[str, Adjustment] | None:
        """Returns digest and fate of an adjustment."""
        rows = self._read(
            "SELECT digest, state, reason FROM adjustments WHERE key = ? AND number = ?",
            key, number,
        )  # fmt: skip
        if not rows:
            return None
        digest, state, reason = rows[0]
        is_taken = state == "taken"
        return digest, Adjustment(
            number=number, state="taken" if is_taken else "refused", reason=reason
        )

    def insert_adjustment(
        self, key: str, adjustment: Adjustment, *, digest: str, content: str, at: datetime
    ) -> None:
        """Keeps an adjustment before it is acted on."""
        self._write(
            "INSERT INTO adjustments VALUES (?, ?, ?, ?, ?, ?, ?)",
            key, adjustment.number, digest, content, adjustment.state, adjustment.reason, _text(at),
        )  # fmt: skip

    # facts

    def fact(self, name: str) -> str:
        """Returns a fact, empty where it is not known."""
        rows = self._read("SELECT value FROM facts WHERE name = ?", name)
        return rows[0][0] if rows else ""

    def set_fact(self, name: str, value: str) -> None:
        """Writes a fact."""
        self._write("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    # readings

    def insert_readings(
        self, readings: Sequence[Reading], *, at_most: int, fetched: int = 0, skipping: int = 0
    ) -> int:
        """Keeps readings, and of all of them the newest ``at_most``.

        Args:
            readings: that have come.
            at_most: how many are kept.
            fetched: the number of the last one that somebody has.
            skipping: how many were lost before these; their numbers are left out.

        Returns:
            How many that nobody has are lost.
        """
        texts = [(_READINGS.dump_json(each).decode(),) for each in readings]
        with self.transaction():
            if skipping:
                first = self.last_reading() + skipping + 1
                content = texts.pop(0)[0]
                insert = "INSERT INTO readings (sequence, content) VALUES (?, ?)"
                self._database.execute(insert, (first, content))
            self._database.executemany("INSERT INTO readings (content) VALUES (?)", texts)
            too_old = "DELETE FROM readings WHERE sequence <= ?"
            reaches_to = self.last_reading() - at_most
            self._database.execute(too_old, (min(fetched, reaches_to),))
            return skipping + self._database.execute(too_old, (reaches_to,)).rowcount

    def readings(self, *, after: int, at_most: int) -> list[dict[str, object]]:
        """Returns the kept readings after this one, the oldest first, as they travel."""
        rows = self._read(
            "SELECT sequence, content FROM readings WHERE sequence > ? ORDER BY sequence LIMIT ?",
            after, at_most,
        )  # fmt: skip
        return [{**from_json(text), "sequence": int(number)} for number, text in rows]

    def last_reading(self) -> int:
        """Returns the number of the last reading that was ever kept here; 0 for none."""
        rows = self._read("SELECT seq FROM sqlite_sequence WHERE name = 'readings'")
        return int(rows[0][0]) if rows else 0

    def forget_readings(self, *, up_to: int) -> None:
        """Drops readings that have arrived."""
        self._write("DELETE FROM readings WHERE sequence <= ?", up_to)


def _hold(path: Path) -> int:
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(
            f"The journal {path} cannot be made: {error.strerror}. Make its folder, or "
            f"name another."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise HeldByAnother(
            f"The journal {path} is in use: an agent runs, or a program that an agent started and "
            f"that still moves the device. End it first, or wait."
        ) from error
    os.set_inheritable(lock, True)
    return lock


def _entry(row: tuple[str, ...]) -> Entry:
    key, digest, content, state, result, reason, failure, began, ended = row
    return Entry(
        key=key,
        digest=digest,
        order=ORDERS.validate_json(content),
        state=DeviceState(state),
        result=None if result is None else RESULTS.validate_json(result),
        reason=reason,
        failure="process" if failure == "process" else "machine",
        began=datetime.fromisoformat(began) if began else None,
        ended=datetime.fromisoformat(ended) if ended else None,
    )


def _text(at: datetime) -> str:
    return at.isoformat()
