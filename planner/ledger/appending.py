"""One append, within a transaction: number it, check it, write it, project it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from planner import __version__
from planner.clock import Clock
from planner.errors import InputError, LedgerTooNew, Refused, StaleWrite
from planner.ledger import schema
from planner.ledger.entries import (
    RECORDS,
    Entry,
    Expectation,
    OrderSent,
    Record,
    RunOpened,
    WantedSet,
)
from planner.ledger.projections import check_expectation, project
from planner.ledger.stored_rows import copied, load_rows, save_rows

_TAKE_NUMBERS = (
    update(schema.ledger)
    .values(last_sequence=schema.ledger.c.last_sequence + bindparam("count"))
    .returning(
        schema.ledger.c.last_sequence,
        schema.ledger.c.schema,
        schema.ledger.c.software,
        schema.ledger.c.stop_latched_at,
        schema.ledger.c.stop_latched_by,
    )
)
_INSERT_ENTRIES = insert(schema.entries)
_BODIES = select(schema.entries.c.body).where(
    schema.entries.c.campaign == bindparam("campaign"), schema.entries.c.kind == bindparam("kind")
)


@dataclass(frozen=True, slots=True)
class Line:
    """A record that can be written: with its text, and as that text reads back."""

    record: Record
    body: str


def validate(records: Sequence[Record]) -> list[Line]:
    """Returns the records as they will be read again.

    Raises:
        InputError: one of them cannot be written, or would not be read as a record.
    """
    return [_validate(record) for record in records]


def _validate(record: Record) -> Line:
    kind = getattr(record, "kind", type(record).__name__)
    try:
        body = RECORDS.dump_json(record, warnings="error").decode()
        return Line(RECORDS.validate_json(body), body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise InputError(
            f"The record {kind!r} cannot be entered: {where}: {first['msg']} "
            f"(it is {first['input']!r})."
        ) from error
    except (PydanticSerializationError, UnicodeDecodeError) as error:
        raise InputError(f"The record {kind!r} cannot be entered: {error}") from error


def append_in(
    connection: Connection,
    lines: Sequence[Line],
    *,
    campaign: str,
    author: str,
    clock: Clock,
    expect: Expectation | None = None,
) -> tuple[Entry, ...]:
    """Writes entries and their projections.

    The first statement queues for the ledger's one row and keeps it until the commit, so that
    entries become visible in the order of their numbers and no number is ever lost.

    Raises:
        StaleWrite: the expectation no longer holds, or somebody else has written this.
        Refused: the life cycle does not lead there.
        LedgerTooNew: newer software has migrated the ledger since it was opened.
    """
    queued = take_numbers(connection, len(lines))
    first = int(queued.last_sequence) - len(lines) + 1
    _check_latch(queued, lines)
    now = clock.now()  # after the queue, so that times rise with the numbers
    wanted = expect.trials if expect is not None else {}
    rows = load_rows(connection, campaign, [line.record for line in lines], also=wanted)
    before = copied(rows)
    if expect is not None:
        check_expectation(expect, rows, campaign=campaign)
    for line in lines:
        if isinstance(line.record, WantedSet) and line.record.act:
            _check_new(connection, line.record.act, campaign=campaign)
    entries = tuple(
        Entry(
            sequence=first + index,
            campaign=campaign,
            at=now,
            author=author,
            schema=schema.SCHEMA,
            software=__version__,
            record=line.record,
        )
        for index, line in enumerate(lines)
    )
    for entry in entries:
        project(entry, rows)
    written = [_values(*each) for each in zip(entries, lines, strict=True)]
    connection.execute(_INSERT_ENTRIES, written)
    save_rows(connection, before, rows)
    return entries


def take_numbers(connection: Connection, count: int) -> Row[Any]:
    """Queues for the ledger's one row, and returns it; its last number is the last of ``count``.

    Raises:
        LedgerTooNew: newer software has migrated the ledger since it was opened.
    """
    row = connection.execute(_TAKE_NUMBERS, {"count": count}).one()
    if row.schema != schema.SCHEMA:
        raise LedgerTooNew(
            f"Version {row.software} has migrated the ledger to schema {row.schema} while this "
            f"process, version {__version__}, had it open with schema {schema.SCHEMA}. "
            "Update this software and start again."
        )
    return row


def _check_latch(ledger: Row[Any], lines: Sequence[Line]) -> None:
    """Accepts what sends nothing, and anything while the emergency stop is off."""
    if ledger.stop_latched_at is None:
        return
    if any(isinstance(line.record, RunOpened | OrderSent) for line in lines):
        raise Refused(
            f"The emergency stop is on since {ledger.stop_latched_at:%Y-%m-%d %H:%M:%S} UTC (by "
            f"{ledger.stop_latched_by}): nothing is dispatched. When all is safe, a person clears "
            "it with 'planner clear'."
        )


def _check_new(connection: Connection, act: str, *, campaign: str) -> None:
    """Accepts an act that was done elsewhere if no entry of the campaign has it yet."""
    asked = {"campaign": campaign, "kind": "wanted set"}
    for body in connection.execute(_BODIES, asked).scalars():
        record = RECORDS.validate_json(body)
        if isinstance(record, WantedSet) and record.act == act:
            raise StaleWrite(f"The act {act!r} is entered in campaign {campaign!r} already.")


def _values(entry: Entry, line: Line) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "campaign": entry.campaign,
        "at": entry.at,
        "author": entry.author,
        "kind": entry.record.kind,
        "schema": entry.schema,
        "software": entry.software,
        "body": line.body,
    }
