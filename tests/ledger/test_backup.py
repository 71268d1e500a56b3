"""Copies of a live ledger."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from ledger_records import CAMPAIGN, begin, trial_steps

from planner.clock import ManualClock
from planner.errors import InputError
from planner.ledger import Ledger, open_ledger
from planner.ledger.backup import backup
from planner.ledger.entries import Noted
from planner.ledger.rebuild import rebuild


def test_a_copy_holds_all_and_is_the_same_ledger(
    ledger: Ledger, tmp_path: Path, clock: ManualClock
) -> None:
    written = begin(ledger, *trial_steps(1), *trial_steps(2)[:2])
    lease = ledger.take(CAMPAIGN)
    backup(ledger, tmp_path / "copy.db")
    copy = open_ledger(tmp_path / "copy.db", clock=clock, create=False)
    assert copy.id == ledger.id
    assert list(copy.read())[:-1] == written
    assert copy.open_runs() == ledger.open_runs()
    assert copy.outbox() == ledger.outbox()
    assert copy.renew(lease) == lease
    copy.append(CAMPAIGN, trial_steps(2)[2], author="planner")
    copy.close()
    assert len(list(ledger.read())) == len(written) + 1


def test_a_copy_is_one_file_and_nothing_else_is_left(ledger: Ledger, tmp_path: Path) -> None:
    begin(ledger)
    (tmp_path / "backups").mkdir()
    backup(ledger, tmp_path / "backups" / "copy.db")
    assert [each.name for each in (tmp_path / "backups").iterdir()] == ["copy.db"]


def test_a_copy_overwrites_nothing(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "thesis.db").write_text("three years of work")
    with pytest.raises(InputError, match="overwrites nothing"):
        backup(ledger, tmp_path / "thesis.db")
    assert (tmp_path / "thesis.db").read_text() == "three years of work"
    with pytest.raises(InputError, match="There is no folder"):
        backup(ledger, tmp_path / "nowhere" / "copy.db")


def test_a_copy_of_a_ledger_that_is_written_is_of_one_moment(
    ledger: Ledger, tmp_path: Path, clock: ManualClock
) -> None:
    """Appends of two entries each go on all the while: a copy has both of a pair or none."""
    begin(ledger)
    done = threading.Event()
    pair = [Noted(text="one"), Noted(text="two")]

    def write() -> None:
        while not done.is_set():
            ledger.append(CAMPAIGN, pair, author="mara")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(4):
            before = ledger.campaign_row(CAMPAIGN).last_sequence
            backup(ledger, tmp_path / f"copy{number}.db")
            copy = open_ledger(tmp_path / f"copy{number}.db", clock=clock, create=False)
            sequences = [entry.sequence for entry in copy.read()]
            assert sequences == list(range(1, len(sequences) + 1))
            assert len(sequences) % 2 == 1
            assert len(sequences) >= before
            row = copy.campaign_row(CAMPAIGN)
            assert row.last_sequence == len(sequences)
            rebuild(copy)
            assert copy.campaign_row(CAMPAIGN) == row
            copy.close()
    finally:
        done.set()
        writer.join()
    assert ledger.campaign_row(CAMPAIGN).last_sequence > len(sequences) - 2
