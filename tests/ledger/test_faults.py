"""A disk that is full, a file that is locked, a server that is gone."""

from __future__ import annotations

import resource
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_processes import in_processes
from ledger_records import CAMPAIGN, begin, moved, proposed, run_opened
from postgresql_server import Server
from sqlalchemy import event, text

from planner.clock import ManualClock, SystemClock
from planner.errors import LedgerUnavailable
from planner.ledger import Ledger, engines, open_ledger
from planner.ledger.entries import Noted
from planner.trials import TrialState

LONG = "x" * 20_000


def fill(ledger: Ledger) -> int:
    """Appends until the database refuses, and returns the last number that it accepted."""
    last = 0
    for _ in range(1000):
        try:
            last = ledger.append(CAMPAIGN, [Noted(text=LONG)], author="mara")[-1].sequence
        except LedgerUnavailable:
            return last
    raise AssertionError("the disk never got full")


def test_a_full_disk_refuses_the_intent_before_anything_could_be_sent(
    sqlite_ledger: Ledger,
) -> None:
    """SQLite's own limit on pages gives SQLITE_FULL exactly where a full disk does."""
    begin(sqlite_ledger, [proposed(1), moved(1, TrialState.APPROVED)])
    with sqlite_ledger.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one() + 40

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(sqlite_ledger.engine, "connect", limit)
    sqlite_ledger.engine.dispose()
    last = fill(sqlite_ledger)
    intent = [replace(run_opened(1), order={"note": LONG})]
    with pytest.raises(LedgerUnavailable, match=r"disk is full.*nothing was sent"):
        sqlite_ledger.append(CAMPAIGN, intent, author="planner")
    assert sqlite_ledger.outbox() == ()
    assert [entry.sequence for entry in sqlite_ledger.read()] == list(range(1, last + 1))
    event.remove(sqlite_ledger.engine, "connect", limit)
    sqlite_ledger.engine.dispose()
    sqlite_ledger.append(CAMPAIGN, intent, author="planner")
    assert len(sqlite_ledger.outbox()) == 1


def test_a_disk_that_refuses_to_grow_a_file_loses_nothing(tmp_path: Path) -> None:
    """The operating system refuses, in a process with a limit on the size of its files."""
    place = str(tmp_path / "ledger.db")
    ledger = open_ledger(place, clock=SystemClock())
    begin(ledger)
    ledger.close()

    def write(ledger: Ledger, number: int) -> int:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead
        size = Path(place).stat().st_size + 2**18
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return fill(ledger)

    (last,) = in_processes(1, place, write)
    assert isinstance(last, int)
    assert last > 2
    ledger = open_ledger(place, clock=SystemClock())
    assert [entry.sequence for entry in ledger.read()] == list(range(1, last + 1))
    ledger.append(CAMPAIGN, [Noted(text=LONG)], author="mara")
    ledger.close()


def test_a_file_that_another_program_locks_is_named(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_S", 0.05)
    ledger = open_ledger(tmp_path / "ledger.db", clock=clock)
    begin(ledger)
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match=r"ledger\.db.*Another process kept it locked"):
            ledger.append(CAMPAIGN, [Noted(text="x")], author="mara")
        assert len(list(ledger.read())) == 1  # reading does not wait
        other.execute("ROLLBACK")
    ledger.append(CAMPAIGN, [Noted(text="x")], author="mara")
    ledger.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "x.planner").write_text("a file where the folder should be")
    with pytest.raises(LedgerUnavailable, match=r"x\.planner of the ledger cannot be made"):
        open_ledger(tmp_path / "x.planner" / "ledger.db", clock=clock)


def test_a_server_that_stops_is_named_and_serves_again_when_it_is_back(
    server: Server, clock: ManualClock
) -> None:
    ledger = open_ledger(server.create("restarted"), clock=clock)
    begin(ledger)
    server.stop()
    try:
        for _ in range(2):
            with pytest.raises(LedgerUnavailable, match="The server does not answer"):
                ledger.append(CAMPAIGN, [Noted(text="x")], author="mara")
        with pytest.raises(LedgerUnavailable):
            list(ledger.read())
    finally:
        server.start()
    ledger.append(CAMPAIGN, [Noted(text="y")], author="mara")
    assert [entry.sequence for entry in ledger.read()] == [1, 2]
    ledger.close()


def test_a_writer_that_holds_the_ledger_does_not_stop_others_for_good(
    server: Server, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_S", 0.5)
    ledger = open_ledger(server.create("held"), clock=clock)
    begin(ledger)
    with ledger.engine.connect() as other:
        other.execute(text("SELECT * FROM ledger FOR UPDATE"))
        with pytest.raises(LedgerUnavailable, match="Another process kept it locked"):
            ledger.append(CAMPAIGN, [Noted(text="x")], author="mara")
        other.rollback()
    ledger.append(CAMPAIGN, [Noted(text="x")], author="mara")
    ledger.close()
