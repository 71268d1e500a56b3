"""A rehearsal: the state as it would be if these records were written, to decide the next on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from planner.ledger.entries import Entry, Record
from planner.ledger.replay import CampaignState, fold


class Rehearsal:
    """A copy of a campaign's state that records are folded into without being written.

    Args:
        state: as the ledger has it; it stays as it is.
        author: who would write.
        now: when.
    """

    def __init__(self, state: CampaignState, *, author: str, now: datetime) -> None:
        self.state = state.copy()
        self._author = author
        self._now = now

    def play(self, records: Iterable[Record]) -> None:
        """Folds records, in order."""
        for record in records:
            entry = Entry(
                sequence=self.state.sequence + 1,
                campaign=self.state.campaign,
                at=self._now,
                author=self._author,
                schema=0,
                software="",
                record=record,
            )
            fold(self.state, entry)
