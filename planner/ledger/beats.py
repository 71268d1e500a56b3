"""When devices were heard last."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from planner.ledger import schema
from planner.ledger.faults import explained
from planner.ledger.store import Ledger


def read_last_beats(ledger: Ledger) -> dict[str, datetime]:
    """Returns by device when its last heartbeat came; those that never sent one are left out.

    One of several devices of a source is ``SOURCE/DEVICE``, the only one its source's name.
    """
    table = schema.devices
    query = select(table.c.name, table.c.heartbeat_at).where(table.c.heartbeat_at.is_not(None))
    with explained(ledger.place), ledger.engine.connect() as connection:
        return {row.name: row.heartbeat_at for row in connection.execute(query)}
