"""Opening a ledger: create it, migrate it, or refuse it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, Row, inspect, select
from sqlalchemy.exc import DBAPIError

from planner import __version__
from planner.clock import Clock
from planner.errors import LedgerTooNew, LedgerUnavailable, UnknownName
from planner.ledger import schema
from planner.ledger.engines import make_engine, parse_place, set_journal, show_place, writing
from planner.ledger.faults import explained
from planner.ledger.store import Ledger

_IDENTITY = select(schema.ledger.c.id, schema.ledger.c.schema, schema.ledger.c.software)


def open_ledger(place: str | Path, *, clock: Clock, create: bool = True) -> Ledger:
    """Opens a ledger; makes it where there is none, and migrates one of older software.

    A ledger of this software's own schema costs one query.

    Args:
        place: a file's path, or the URL of a database.
        clock: gives entries and leases their times.
        create: whether to make one where there is none.

    Raises:
        InputError: the place cannot be read, or needs a package that is not installed.
        UnknownName: there is none, and none is to be made.
        LedgerTooNew: it was written by newer software.
        LedgerUnavailable: the database cannot be reached or written.
    """
    url = parse_place(place)
    if url.get_backend_name() == "sqlite":
        _find_file(Path(str(url.database)), create=create)
    engine = make_engine(url)
    try:
        return Ledger(engine, ledger_id=_prepare(engine, clock, create=create), clock=clock)
    except BaseException:
        engine.dispose()
        raise


def _find_file(path: Path, *, create: bool) -> None:
    if path.exists():
        return
    if not create:
        raise UnknownName(_NONE.format(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerUnavailable(
            f"The folder {path.parent} of the ledger cannot be made ({error.strerror}). "
            "Make it, or choose another place."
        ) from error


_NONE = "There is no ledger at {}. Check the place."


def _prepare(engine: Engine, clock: Clock, *, create: bool) -> str:
    """Returns the ledger's id, once its schema is ours."""
    place = show_place(engine.url)
    with explained(place):
        row = _read_identity(engine)
        if row is None and not create:
            raise UnknownName(_NONE.format(place))
        set_journal(engine)
        if row is None or row.schema < schema.SCHEMA:
            row = _migrate(engine, clock)
    if row.schema > schema.SCHEMA:
        raise LedgerTooNew(
            f"The ledger {place} has schema {row.schema}, written by version {row.software} of "
            f"this software; this is version {__version__}, which knows schemas up to "
            f"{schema.SCHEMA}. Update it: pip install -U 'experiment-planner>={row.software}'."
        )
    return str(row.id)


def _read_identity(engine: Engine) -> Row[tuple[str, int, str]] | None:
    try:
        return _select_identity(engine)
    except DBAPIError:
        tables = inspect(engine).get_table_names()
        if schema.ledger.name in tables:
            # another process may have made it since we looked; what is foreign fails again
            return _select_identity(engine)
        if tables and engine.dialect.name == "sqlite":  # a server's database may be shared
            raise LedgerUnavailable(
                f"{show_place(engine.url)} is the database of another program (it has the table "
                f"{tables[0]!r} and no ledger). Choose another place."
            ) from None
        return None


def _select_identity(engine: Engine) -> Row[tuple[str, int, str]] | None:
    with engine.connect() as connection:
        return connection.execute(_IDENTITY).one_or_none()


def _migrate(engine: Engine, clock: Clock) -> Row[tuple[str, int, str]]:
    # Alembic takes a third of a second to import, which only a change of schema is worth
    from planner.ledger.migrations.upgrade import upgrade

    with writing(engine).begin() as connection:
        upgrade(connection, now=clock.now())
        return connection.execute(_IDENTITY).one()
