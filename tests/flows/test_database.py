"""Prefect's database may be deleted at any time, in whole or in part."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flows.database import DatabaseWatch, clear_remains, database_path

REMAINS = ("prefect.db-wal", "prefect.db-shm", "memo_store.toml")


def write_database(home: Path) -> None:
    with closing(sqlite3.connect(database_path(home))) as connection:
        connection.execute("create table flow_run (id)")


def write_remains(home: Path) -> None:
    for name in REMAINS:
        (home / name).write_text("of an earlier database")


@pytest.mark.parametrize("size", [None, 0])
def test_the_remains_of_a_deleted_database_go_too(tmp_path: Path, size: int | None) -> None:
    write_remains(tmp_path)
    if size == 0:
        database_path(tmp_path).touch()
    clear_remains(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_sound_database_stays_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    write_database(tmp_path)
    (tmp_path / "memo_store.toml").write_text("of this database")
    clear_remains(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {"prefect.db", "memo_store.toml"}


def test_a_file_that_is_no_database_is_put_aside(tmp_path: Path) -> None:
    database_path(tmp_path).write_text("no database " * 100)
    clear_remains(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["prefect.unreadable"]


def test_a_database_is_lost_when_it_is_deleted_or_replaced(tmp_path: Path) -> None:
    write_database(tmp_path)
    watch = DatabaseWatch(tmp_path)
    assert not watch.is_lost()
    database_path(tmp_path).rename(tmp_path / "kept")  # its inode stays taken
    assert watch.is_lost()
    write_database(tmp_path)
    assert watch.is_lost()


def test_a_database_elsewhere_is_not_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://lab/prefect")
    assert not DatabaseWatch(tmp_path).is_lost()
