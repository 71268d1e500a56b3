"""Databases for readings, those of ledgers; real brokers."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from planner.clock import ManualClock
from planner.ledger import open_ledger
from planner.ledger.engines import writing

sys.path.append(str(Path(__file__).parents[1] / "ledger"))

from postgresql_server import Server, find_programs, serving

_numbers = itertools.count(1)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def readings_server() -> Iterator[Server]:
    try:
        find_programs()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with serving() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """For writing; what passes here holds for both databases."""
    place = str(tmp_path / "ledger.db")
    if request.param == "postgresql":
        place = request.getfixturevalue("readings_server").create(f"readings{next(_numbers)}")
    ledger = open_ledger(place, clock=ManualClock(NOW))
    yield writing(ledger.engine)
    ledger.close()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    ledger = open_ledger(tmp_path / "ledger.db", clock=ManualClock(NOW))
    yield writing(ledger.engine)
    ledger.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)
