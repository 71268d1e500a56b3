"""Readings are kept while nobody fetches them; what cannot be kept is counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.device import readings as kept
from planner.device.contract import Reading
from planner.device.journal import Journal
from planner.device.readings import Readings

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "furnace.journal")
    yield journal
    journal.close()


def read(readings: Readings, n: int) -> None:
    for each in range(n):
        at = START + timedelta(seconds=each)
        readings.add(Reading(name="heater", value=20.0, unit="degC", quality="good", at=at))


def test_what_one_of_two_takers_has_is_not_missed(journal: Journal) -> None:
    """A broker has them all; over HTTP nobody ever asks, and the store is full of them."""
    dropped: list[int] = []
    both = Readings(journal, takers=["http", "mqtt"], at_most=100, hear_dropped=dropped.append)
    for _ in range(5):
        read(both, 50)
        both.keep()
        both.acknowledge("mqtt", up_to=both.last())
    assert (dropped, len(both.after(0))) == ([], 100)
    for _ in range(4):  # and now the broker is gone
        read(both, 50)
        both.keep()
    both.close()
    assert sum(dropped) == 100


def test_a_long_outage_is_said_at_once_and_then_not_all_the_time(journal: Journal) -> None:
    dropped: list[int] = []
    readings = Readings(journal, takers=["mqtt"], at_most=100, hear_dropped=dropped.append)
    for _ in range(20):
        read(readings, 50)
        readings.keep()
    assert dropped == [50]
    readings.close()
    assert dropped == [50, 850]


def test_what_is_lost_while_the_disk_is_full_is_a_jump_in_the_numbers(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty come, ten can be held: the first that is kept has the number 21."""
    monkeypatch.setattr(kept, "AT_MOST_HELD", 10)
    dropped: list[int] = []
    readings = Readings(journal, takers=["mqtt"], at_most=100, hear_dropped=dropped.append)

    def fail(*_: object, **__: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as full:
        full.setattr(journal, "insert_readings", fail)
        for _ in range(3):
            read(readings, 10)
            with pytest.raises(sqlite3.OperationalError):
                readings.keep()
    readings.keep()
    assert [row["sequence"] for row in readings.after(0)] == list(range(21, 31))
    assert dropped == [20]
