"""Prefect's SQLite file, which anybody may delete at any time: what to do about its remains."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def database_path(home: Path) -> Path:
    """Return where Prefect keeps its database; there is none where a URL names another."""
    return home / "prefect.db"


def clear_remains(home: Path) -> None:
    """Make the home fit for a start: a sound database stays, all else makes room for a new one.

    What a database leaves beside it goes with it: a journal would be replayed into the new file,
    and the memo of registered blocks would keep them from being registered there.
    A file that is no database is put aside, not deleted.
    """
    path = database_path(home)
    if path.exists() and path.stat().st_size > 0:
        if _is_readable(path):
            return
        path.replace(path.with_suffix(".unreadable"))
    for name in ("prefect.db", "prefect.db-wal", "prefect.db-shm", "memo_store.toml"):
        (home / name).unlink(missing_ok=True)


def clear_locks(home: Path) -> None:
    """Remove the locks under which Prefect unpacks its pages.

    A process killed meanwhile leaves them, and the next start would wait 90 s for each.
    Only the one server of a home may call this.
    """
    for lock in (home / "pages").glob(".*_ui_static.lock"):
        lock.unlink(missing_ok=True)


class DatabaseWatch:
    """Notices that the database file under a running server was deleted or replaced.

    Made once the server is up, when the file exists, unless a URL names another database.
    """

    def __init__(self, home: Path) -> None:
        self._path = database_path(home)
        self._file = _identity(self._path)

    def is_lost(self) -> bool:
        """Tell whether the file is no longer the one that was there at the start."""
        if _is_elsewhere():
            return False
        return self._file is None or _identity(self._path) != self._file


def _is_elsewhere() -> bool:
    return any(
        os.environ.get(name)
        for name in (
            "PREFECT_SERVER_DATABASE_CONNECTION_URL",
            "PREFECT_API_DATABASE_CONNECTION_URL",
        )
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _is_readable(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            connection.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        return False
    return True
