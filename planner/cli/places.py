"""From what was typed to the campaign that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli.options import DATABASE_VARIABLE, database_url
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.ledger import Ledger
    from planner.loop.sessions.desk import Place


def make_place(file: Path, name: str | None = None, *, seed: int | None = None) -> Place:
    """Returns the place of a campaign: its file, its name, its ledger."""
    from planner.loop.sessions.desk import Place

    return Place(file=file, name=name, seed=seed, database_url=database_url())


@contextmanager
def ledger_of(file: Path | None, *, create: bool) -> Iterator[Ledger]:
    """Opens the ledger of a campaign file, or the one that the environment names.

    Raises:
        InputError: neither is given.
    """
    from planner.campaign import read_campaign
    from planner.clock import SystemClock
    from planner.ledger import locate, open_ledger

    place: str | Path | None = database_url()
    if place is None and file is not None:
        place = locate(file, name=read_campaign(file).campaign, database_url=None)
    if place is None:
        raise InputError(
            f"Which ledger? Name a campaign file, or the database that your campaigns share in "
            f"{DATABASE_VARIABLE}."
        )
    ledger = open_ledger(place, clock=SystemClock(), create=create)
    try:
        yield ledger
    finally:
        ledger.close()
