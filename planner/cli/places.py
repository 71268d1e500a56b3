"""From what was typed to the campaign that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import InputError

if TYPE_CHECKING:
    from planner.ledger import Ledger
    from planner.loop.sessions.desk import Place


def make_place(file: Path, name: str | None = None, *, seed: int | None = None) -> Place:
    """Returns the place of a campaign: its file and its name."""
    from planner.loop.sessions.desk import Place

    return Place(file=file, name=name, seed=seed)


@contextmanager
def ledger_of(file: Path | None, *, create: bool) -> Iterator[Ledger]:
    """Opens the ledger of a campaign file, or without one that which the environment names.

    Raises:
        InputError: neither is given.
    """
    from planner.campaign import read_campaign
    from planner.clock import SystemClock
    from planner.ledger import locate, open_ledger
    from planner.loop.sessions.desk import Place, find_shared
    from planner.loop.sessions.sharing import DATABASE_VARIABLE, shared_ledger

    if file is None:
        place = shared_ledger()
    else:
        spec = read_campaign(file)
        place = locate(file, name=spec.campaign, shared=find_shared(Place(file=file), spec))
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
