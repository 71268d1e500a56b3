"""A copy of a live ledger, as one file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select

from planner.clock import SystemClock
from planner.errors import InputError, LedgerUnavailable
from planner.ledger.artifacts import ArtifactStore
from planner.ledger.engines import writing
from planner.ledger.faults import explained
from planner.ledger.opening import open_ledger
from planner.ledger.schema import metadata
from planner.ledger.store import Ledger

_ROWS_AT_ONCE = 1000
_ANY_TYPE = "application/octet-stream"  # the ledger says what each is


def backup(ledger: Ledger, target: Path) -> None:
    """Copies a ledger as it is at one moment, while others go on writing.

    The copy is an SQLite ledger whatever the source is, with the same id: the devices that obey the
    one obey the other. It appears under its name only when it is complete, checked and on the disk.

    Args:
        ledger: to copy.
        target: the new file.

    Raises:
        InputError: the target exists, or its folder does not.
        LedgerUnavailable: the source cannot be read, or the target cannot be written.
    """
    if target.exists():
        raise InputError(f"{target} exists, and a backup overwrites nothing. Name a new file.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent} for the backup. Make it first.")
    with _draft_of(target) as draft:
        with explained(f"{ledger.place}, copied to {target}"):
            if ledger.engine.dialect.name == "sqlite":
                _copy_file(ledger.engine, draft)
            else:
                _copy_tables(ledger.engine, draft)
        _check(draft)
        _put_in_place(draft, target)


def copy_artifacts(artifacts: ArtifactStore, target: Path) -> tuple[Path, int]:
    """Copies a campaign's files beside the copy of its ledger; each is checked by its hash.

    Call it after ``backup``: whatever the copied ledger names was kept before it was named.

    Args:
        artifacts: of the campaign.
        target: the copy of the ledger; the files go to ``NAME_artifacts`` beside it, from where
            they are put back as ``NAME.planner/artifacts``.

    Returns:
        The folder, and how many files; no folder is made for none.

    Raises:
        LedgerUnavailable: a file is damaged, or the copy cannot be written.
    """
    folder = target.with_name(f"{target.stem}_artifacts")
    copy, n = ArtifactStore(folder), 0
    for sha256 in artifacts.hashes():
        copy.put_bytes(artifacts.get_bytes(sha256), media_type=_ANY_TYPE, name=sha256)
        n += 1
    return folder, n


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield draft
    except OSError as error:
        raise LedgerUnavailable(
            f"The backup {target} cannot be written ({error.strerror}). Make room there or choose "
            "another place; the ledger itself is untouched."
        ) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                Path(f"{draft}{suffix}").unlink()


def _copy_file(engine: Engine, draft: Path) -> None:
    source = engine.raw_connection()
    try:
        driver = source.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        with closing(sqlite3.connect(draft)) as copy:
            driver.backup(copy)  # all pages in one step: a snapshot that hinders no writer
    finally:
        source.close()


def _copy_tables(engine: Engine, draft: Path) -> None:
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    copy = open_ledger(draft, clock=SystemClock())
    try:
        with snapshot.connect() as reader, writing(copy.engine).begin() as writer:
            for table in metadata.sorted_tables:
                writer.execute(delete(table))  # the new ledger's own identity
                _copy_rows(reader, writer, table.name)
    finally:
        copy.close()


def _copy_rows(reader: Connection, writer: Connection, name: str) -> None:
    table = metadata.tables[name]
    found = reader.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table)).mappings()
    for rows in found.partitions():
        writer.execute(insert(table), [dict(row) for row in rows])


def _check(draft: Path) -> None:
    with explained(str(draft)), closing(sqlite3.connect(draft)) as copy:
        (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
        copy.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if verdict != "ok":
        raise LedgerUnavailable(f"The copy failed its check ({verdict}); nothing was kept of it.")


def _put_in_place(draft: Path, target: Path) -> None:
    _flush(draft)
    try:
        os.link(draft, target)  # unlike a rename it never replaces what is there
    except FileExistsError:
        raise InputError(
            f"{target} exists by now, and a backup overwrites nothing. Name a new file."
        ) from None
    except OSError:  # a memory stick knows no links
        draft.rename(target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
