"""Databases: where a ledger lies, and how its database must be set to keep what it is given."""

from __future__ import annotations

import sqlite3
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from planner.errors import InputError, LedgerUnavailable, MissingPackage
from planner.ledger.faults import BUSY_S

_CONNECT_S = 10
_POSTGRESQL_PORT = 5432


def locate(campaign_file: Path, *, name: str, shared: str | None) -> str:
    """Returns where the ledger of a campaign lies.

    Args:
        campaign_file: beside it lies ``NAME.planner/ledger.db``.
        name: of the campaign.
        shared: place of the ledger that campaigns share, which goes before; None for none.
    """
    return shared or str(campaign_file.parent / f"{name}.planner" / "ledger.db")


def are_one_place(one: str, other: str) -> bool:
    """Tells whether two paths or URLs name the same database, whoever it is opened as.

    Raises:
        InputError: one of them is no such place.
    """
    return _database_of(parse_place(one)) == _database_of(parse_place(other))


def _database_of(url: URL) -> tuple[str | int | None, ...]:
    if url.get_backend_name() == "sqlite":
        return ("sqlite", str(Path(str(url.database)).resolve()))
    return ("postgresql", url.host, url.port or _POSTGRESQL_PORT, url.database or url.username)


def parse_place(place: str | Path) -> URL:
    """Returns the URL of a path or a URL.

    Raises:
        InputError: no such kind of database, or no URL.
    """
    if isinstance(place, Path) or "://" not in place:
        return URL.create("sqlite", database=str(Path(place).absolute()))
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        # the text may hold a password, so neither it nor what SQLAlchemy says of it is shown
        raise InputError(
            "The ledger's URL cannot be read. Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
        ) from None
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite", database=str(Path(url.database or "").absolute()))
    raise InputError(
        f"A ledger cannot lie in {backend!r} (or in memory). Give a file's path, "
        "sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
    )


def show_place(url: URL) -> str:
    """Returns the ledger's place as people may read it: no password, no options."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{url.host or 'local'}{port}/{url.database or ''}"


def make_engine(url: URL) -> Engine:
    """Returns an engine whose commits survive a kill and a loss of power.

    Raises:
        MissingPackage: the driver of PostgreSQL is not installed.
    """
    if url.get_backend_name() == "sqlite":
        return _make_sqlite(url)
    if find_spec("psycopg") is None:
        raise MissingPackage(
            "A ledger in PostgreSQL needs the package psycopg. Install it with "
            "pip install 'experiment-planner[postgresql]'."
        )
    # a connection that broke while it lay idle is found before it is used
    engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": _CONNECT_S})
    event.listen(engine, "connect", _set_postgresql)
    return engine


def writing(engine: Engine) -> Engine:
    """Returns the engine for writes: the lock is taken at the beginning, never halfway."""
    return engine.execution_options(planner_writes=True)


def reading(engine: Engine) -> Engine:
    """Returns the engine for reads of one statement, which need no transaction around them."""
    return engine.execution_options(planner_reads=True)


def set_journal(engine: Engine) -> None:
    """Gives SQLite's file a write-ahead log, so that readers and the writer do not wait.

    SQLite does not wait for other processes here, whatever its busy time-out, so we do.

    Raises:
        LedgerUnavailable: the file cannot have one.
    """
    if engine.dialect.name != "sqlite":
        return
    give_up = time.monotonic() + BUSY_S
    connection = engine.raw_connection()
    try:
        while not _is_wal(connection.cursor()):
            if time.monotonic() > give_up:
                raise LedgerUnavailable(
                    f"The ledger {show_place(engine.url)} cannot use SQLite's write-ahead log: "
                    "another program holds it, or its disk is a network share. Close that program, "
                    "or put the ledger on a local disk or into PostgreSQL."
                )
            time.sleep(0.01)
    finally:
        connection.close()


def lock_ledger(connection: Connection) -> None:
    """Waits until no other process creates or migrates; SQLite's write lock has it already."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7261803251470)")


def _make_sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_S})
    event.listen(engine, "connect", _set_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we begin ourselves; the driver would begin too late
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("planner_reads", False):
        return
    writes = options.get("planner_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_wal(cursor: Any) -> bool:
    try:
        mode: str = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return mode == "wal"


def _set_postgresql(connection: Any, _record: Any) -> None:
    """Sets limits, so that a writer that hangs does not stop all others for good."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {int(BUSY_S * 1000)}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {int(BUSY_S * 2000)}")
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()
