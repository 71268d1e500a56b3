"""All rows of the projections, to compare."""

from __future__ import annotations

from sqlalchemy import select

from planner.ledger import Ledger
from planner.ledger.stored_rows import PROJECTIONS


def projections_of(ledger: Ledger) -> dict[str, list[dict[str, object]]]:
    with ledger.engine.connect() as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in PROJECTIONS
        }
