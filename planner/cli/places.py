"""From what was typed to the campaign that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli.options import database_url

if TYPE_CHECKING:
    from planner.loop.desk import Place


def make_place(file: Path, name: str | None = None, *, seed: int | None = None) -> Place:
    """Returns the place of a campaign: its file, its name, its ledger."""
    from planner.loop.desk import Place

    return Place(file=file, name=name, seed=seed, database_url=database_url())
