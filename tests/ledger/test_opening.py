"""Opening: new, current, older, newer, damaged, secret."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ledger_records import begin, trial_steps
from sqlalchemy import inspect, text, update

from planner.clock import ManualClock
from planner.errors import InputError, LedgerTooNew, LedgerUnavailable, UnknownName
from planner.ledger import Ledger, locate, open_ledger, schema
from planner.ledger.migrations import upgrade

NEXT = '''"""The next migration."""

import sqlalchemy as sa
from alembic import op

revision = "{new:04d}"
down_revision = "{old:04d}"


def upgrade() -> None:
    op.create_table("ovens", sa.Column("name", sa.String, primary_key=True))
    with op.batch_alter_table("people") as people:
        people.add_column(sa.Column("room", sa.String))
'''


def test_the_migrations_make_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        options = {"compare_type": True, "version_table": "ledger_migrations"}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []


def test_a_ledger_is_made_with_its_folder_and_keeps_its_id(
    tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "new" / "x.planner" / "ledger.db"
    first = open_ledger(path, clock=clock)
    first.close()
    second = open_ledger(f"sqlite:///{path}", clock=clock)
    second.close()
    assert first.id == second.id
    assert len(first.id) == 36


def test_an_sqlite_ledger_keeps_what_was_committed_through_a_loss_of_power(
    sqlite_ledger: Ledger,
) -> None:
    with sqlite_ledger.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL


def test_none_is_made_where_none_is_wanted(place: str, tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(UnknownName, match="There is no ledger at"):
        open_ledger(place, clock=clock, create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_ledger_is_refused_with_the_remedy(place: str, clock: ManualClock) -> None:
    ledger = open_ledger(place, clock=clock)
    with ledger.engine.begin() as connection:
        connection.execute(update(schema.ledger).values(schema=99, software="9.8.7"))
    with pytest.raises(LedgerTooNew, match=r"schema 99, written by version 9\.8\.7.*>=9\.8\.7"):
        open_ledger(place, clock=clock)
    with pytest.raises(LedgerTooNew, match="while this process"):
        begin(ledger)
    ledger.close()


def test_an_entry_of_newer_software_is_refused_by_name(ledger: Ledger) -> None:
    begin(ledger, *trial_steps(1)[:1])
    newer = {
        "sequence": 4,
        "campaign": "cnt-growth",
        "at": ledger.campaigns()[0].last_at,
        "author": "planner",
        "kind": "furnace dreamt",
        "schema": 1,
        "software": "9.8.7",
        "body": '{"kind":"furnace dreamt"}',
    }
    with ledger.engine.begin() as connection:
        connection.execute(schema.entries.insert(), newer)
    with pytest.raises(LedgerTooNew, match=r"Entry 4 .*furnace dreamt.*9\.8\.7"):
        list(ledger.read())


def test_an_older_ledger_is_migrated_with_all_it_holds(
    place: str, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = open_ledger(place, clock=clock)
    written = begin(old, *trial_steps(1))
    scripts = tmp_path / "migrations"
    shutil.copytree(upgrade.SCRIPTS, scripts)
    next_one = schema.SCHEMA + 1
    text_of_next = NEXT.format(new=next_one, old=schema.SCHEMA)
    (scripts / "versions" / "the_next.py").write_text(text_of_next)
    monkeypatch.setattr(schema, "SCHEMA", next_one)
    monkeypatch.setattr(upgrade.upgrade, "__kwdefaults__", {"to": next_one, "scripts": scripts})
    new = open_ledger(place, clock=clock)
    assert new.id == old.id
    assert inspect(new.engine).has_table("ovens")
    assert "room" in {column["name"] for column in inspect(new.engine).get_columns("people")}
    assert list(new.read()) == written
    new.append("cnt-growth", trial_steps(2)[0], author="planner")
    new.close()
    monkeypatch.undo()
    with pytest.raises(LedgerTooNew):
        old.append("cnt-growth", trial_steps(3)[0], author="planner")
    old.close()


def test_opening_a_current_ledger_imports_no_alembic(tmp_path: Path, clock: ManualClock) -> None:
    open_ledger(tmp_path / "ledger.db", clock=clock).close()
    program = """
import sys
from planner.clock import SystemClock
from planner.ledger import open_ledger
open_ledger(sys.argv[1], clock=SystemClock()).close()
print([name for name in ("alembic", "torch", "prefect") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ledger.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("temperature,yield\n" * 100)
    with pytest.raises(LedgerUnavailable, match="damaged, or is no ledger"):
        open_ledger(path, clock=clock)
    assert path.read_text() == "temperature,yield\n" * 100


def test_an_empty_file_becomes_a_ledger(tmp_path: Path, clock: ManualClock) -> None:
    """What a process leaves that is killed before its first commit."""
    (tmp_path / "ledger.db").touch()
    open_ledger(tmp_path / "ledger.db", clock=clock).close()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("ledger", "not as a ledger has them"),
        ("flow_run", "has the table 'flow_run' and no ledger"),
    ],
)
def test_another_programs_database_is_left_alone(
    tmp_path: Path, clock: ManualClock, table: str, words: str
) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"CREATE TABLE {table} (amount REAL)")
    before = path.read_bytes()
    with pytest.raises(LedgerUnavailable, match=words):
        open_ledger(path, clock=clock)
    assert path.read_bytes() == before


def test_a_server_that_does_not_answer_is_named_without_its_password(
    clock: ManualClock,
) -> None:
    url = "postgresql://planner:s3cret@127.0.0.1:1/lab?application_name=s3cret"
    with pytest.raises(LedgerUnavailable, match=r"postgresql://127\.0\.0\.1:1/lab") as caught:
        open_ledger(url, clock=clock)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "s3cret" not in f"{chain!r} {chain}"
        chain = chain.__cause__ or chain.__context__


@pytest.mark.parametrize(
    "url", ["postgresql://planner:s3cret@host:port/x", "mysql://u:s3cret@h/x", "sqlite://"]
)
def test_a_place_that_cannot_be_used_is_refused_without_its_password(
    clock: ManualClock, url: str
) -> None:
    with pytest.raises(InputError) as caught:
        open_ledger(url, clock=clock)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_ledger_lies_beside_its_campaign_unless_a_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cnt.yaml"
    beside = str(tmp_path / "cnt-growth.planner" / "ledger.db")
    assert locate(file, name="cnt-growth", shared=None) == beside
    shared = "postgresql://lab/planner"
    assert locate(file, name="cnt-growth", shared=shared) == shared
