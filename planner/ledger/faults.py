"""What a database says when it fails, in words that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from planner.errors import LedgerOutOfReach, LedgerUnavailable

BUSY_S = 30.0  # how long a write waits for other writers before it gives up

_UNSURE = (
    "If this came while writing, the write may or may not be there: read the ledger before you "
    "decide again."
)
_ADVICE = {
    "full": "The disk is full. Make room, then go on: nothing was written, and nothing was sent.",
    "busy": f"Another process kept it locked for more than {BUSY_S:.0f} s. Find out which program "
    "has it open (a browser of databases, a copy in progress) and close that, then go on.",
    "read-only": "It cannot be written. Mend the permissions of the file and of its folder.",
    "missing": "It cannot be opened. Check that its folder exists and may be read and written.",
    "damaged": "The file is damaged, or is no ledger. Restore it from the latest backup.",
    "foreign": "Its tables are not as a ledger has them: it belongs to another program, or was "
    "changed by hand. Choose another place, or restore the latest backup.",
    "i/o": "The disk does not read or write it. Check the disk (full, quota, removed), then go on.",
    "refused": "The server refuses the login or the database. Check PLANNER_DATABASE_URL.",
    "lost": f"The server does not answer. Start it or check the network, then go on. {_UNSURE}",
}
_SQLITE = {
    sqlite3.SQLITE_ERROR: "foreign",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "read-only",
    sqlite3.SQLITE_CANTOPEN: "missing",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_IOERR: "i/o",
}
_POSTGRESQL = {  # by SQLSTATE or its class
    "53100": "full",
    "55P03": "busy",
    "25006": "read-only",
    "42501": "read-only",
    "42": "foreign",
    "58": "i/o",
    "28": "refused",
    "3D": "refused",
    "08": "lost",
    "53": "lost",
    "57P": "lost",
    "25P03": "lost",
}


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Turns a database's failure into ours.

    Args:
        place: the ledger, as people may read it: without its secrets.

    Raises:
        LedgerOutOfReach: the server does not answer.
        LedgerUnavailable: the database cannot be read or written.
    """
    try:
        yield
    except PoolTimeout as error:
        raise LedgerUnavailable(f"The ledger {place}: {_ADVICE['busy']}") from error
    except (DBAPIError, sqlite3.Error) as error:
        cause = _cause(error)
        if cause is None:
            raise
        kind = LedgerOutOfReach if cause == "lost" else LedgerUnavailable
        raise kind(f"The ledger {place}: {_ADVICE[cause]}") from error


def _cause(error: DBAPIError | sqlite3.Error) -> str | None:
    driver = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(driver, sqlite3.Error):
        code = getattr(driver, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return _SQLITE.get(code & 0xFF)  # the low byte; the rest says more than we need
    assert isinstance(error, DBAPIError)
    state: str | None = getattr(driver, "sqlstate", None)
    if state is None:
        return "lost" if error.connection_invalidated or _is_connecting(error) else None
    return next((_POSTGRESQL[state[:n]] for n in (5, 3, 2) if state[:n] in _POSTGRESQL), None)


def _is_connecting(error: DBAPIError) -> bool:
    """A driver that could not connect has no state to report, and ran no statement."""
    return error.statement is None
