"""The tables that a campaign rests on, by content: one may change although its name does not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from planner.campaign.outcomes import NumberOutcome
from planner.campaign.reductions.base import Targeted
from planner.campaign.sources import ReplayedTable
from planner.campaign.spec import CampaignSpec
from planner.tables import TableRef, locate_table


def hash_tables(spec: CampaignSpec, *, folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each table that the campaign rests on, by its title.

    They are the candidates, the measurements that a source replays, and the targets of reductions.

    Args:
        spec: the campaign.
        folder: of the campaign file, where relative paths of tables start.

    Raises:
        MissingPackage: a table's package is not installed.
        TableError: there is no such table.
    """
    return {table.title: _hash(table, folder) for table in _tables(spec)}


def _tables(spec: CampaignSpec) -> Iterator[TableRef]:
    if spec.table is not None:
        yield spec.table
    if isinstance(spec.source, ReplayedTable):
        yield spec.source.table
    for outcome in spec.outcomes.values():
        if isinstance(outcome, NumberOutcome) and isinstance(outcome.by, Targeted):
            yield outcome.by.target


def _hash(table: TableRef, folder: Path) -> str:
    return hashlib.sha256(locate_table(table, folder=folder).read_bytes()).hexdigest()
