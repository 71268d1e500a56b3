"""Projections from the entries alone."""

from __future__ import annotations

from sqlalchemy import distinct, select

from planner.ledger.appending import take_numbers
from planner.ledger.engines import writing
from planner.ledger.faults import explained
from planner.ledger.projections import project
from planner.ledger.rows import Rows
from planner.ledger.schema import entries
from planner.ledger.store import Ledger
from planner.ledger.stored_rows import clear_projections, save_rows


def rebuild(ledger: Ledger) -> None:
    """Writes every projection anew, in one transaction that other writers wait for.

    Each entry passes the rules again that it passed when it was written. Leases are no projection
    and stay.

    Raises:
        Refused: an entry breaks a rule; the projections stay as they were.
        LedgerTooNew: an entry was written by newer software.
        LedgerUnavailable: the database cannot be reached or written.
    """
    with explained(ledger.place), writing(ledger.engine).begin() as connection:
        take_numbers(connection, 0)
        clear_projections(connection)
        for campaign in connection.execute(select(distinct(entries.c.campaign))).scalars().all():
            rows = Rows()
            for entry in ledger.read(campaign):
                project(entry, rows)
            save_rows(connection, Rows(), rows)
