"""Brings a database to this software's schema."""

from __future__ import annotations

import uuid
from datetime import datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert, inspect, select, update

from planner import __version__
from planner.ledger.engines import lock_ledger
from planner.ledger.schema import SCHEMA, ledger

SCRIPTS = Path(__file__).parent


def upgrade(
    connection: Connection, *, now: datetime, to: int = SCHEMA, scripts: Path = SCRIPTS
) -> None:
    """Runs the migrations that are missing, in the connection's transaction.

    Args:
        connection: of a transaction that holds the write lock; a kill leaves the old schema.
        now: time of creation, for a new ledger.
        to: the schema to reach.
        scripts: folder of the migrations.
    """
    lock_ledger(connection)
    has_ledger = inspect(connection).has_table(ledger.name)
    now_at = connection.execute(select(ledger.c.schema)).scalar_one() if has_ledger else 0
    if now_at >= to:
        return  # another process was faster
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, f"{to:04d}")
    written = {"schema": to, "software": __version__}
    if has_ledger:
        connection.execute(update(ledger).values(written))
    else:
        identity = {"id": str(uuid.uuid4()), "created_at": now, "last_sequence": 0}
        connection.execute(insert(ledger).values(identity | written))
