"""Ledgers in both databases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from postgresql_server import Server, find_programs, serving

from planner.clock import ManualClock
from planner.ledger import Ledger, open_ledger

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    try:
        find_programs()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with serving() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a ledger is to be made: what passes here holds for both databases."""
    if request.param == "sqlite":
        return str(tmp_path / "x.planner" / "ledger.db")
    server: Server = request.getfixturevalue("server")
    return server.create(f"ledger{next(_numbers)}")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 21, 9, 0, tzinfo=UTC))


@pytest.fixture
def ledger(place: str, clock: ManualClock) -> Iterator[Ledger]:
    ledger = open_ledger(place, clock=clock)
    yield ledger
    ledger.close()


@pytest.fixture
def sqlite_ledger(tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    ledger = open_ledger(tmp_path / "ledger.db", clock=clock)
    yield ledger
    ledger.close()
