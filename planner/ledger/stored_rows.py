"""Rows of the projections, from the database into memory and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select, update

from planner.ledger import schema
from planner.ledger.entries import Record
from planner.ledger.rows import CampaignRow, InboxRow, OutboxRow, Rows, RunRow, TrialRow

PROJECTIONS = (schema.campaigns, schema.trials, schema.runs, schema.outbox, schema.inbox)

# what the rules of a kind look at, besides the campaign and its trials
_LOOKS_AT_RUNS = frozenset(
    {
        *("run opened", "order sent", "order kept back", "run moved", "result arrived"),
        "heard late",
        *("adjustment asked", "adjustment approved", "adjustment answered"),
    }
)
_LOOKS_AT_ORDERS = frozenset({"order sent", "run moved"})
_LOOKS_AT_RESULTS = frozenset(
    {"result arrived", "outcomes observed", "result quarantined", "verdict given"}
)

_CAMPAIGN = select(schema.campaigns).where(schema.campaigns.c.name == bindparam("campaign"))
_OF_TRIALS = {
    table: select(table).where(
        table.c.campaign == bindparam("campaign"),
        table.c.trial.in_(bindparam("trials", expanding=True)),
    )
    for table in PROJECTIONS[1:]
}
_TRIALS_OF_KEYS = select(schema.runs.c.trial).where(
    schema.runs.c.campaign == bindparam("campaign"),
    schema.runs.c.key.in_(bindparam("keys", expanding=True)),
)
_INSERT = {table: insert(table) for table in PROJECTIONS}
_UPDATE = {
    table: update(table).where(and_(*(c == bindparam(f"its_{c.name}") for c in table.primary_key)))
    for table in PROJECTIONS
}

R = TypeVar("R")


def load_rows(
    connection: Connection, campaign: str, records: Sequence[Record], *, also: Mapping[int, Any]
) -> Rows:
    """Reads the rows that records touch.

    Args:
        connection: of a transaction that holds the ledger's lock.
        campaign: its name.
        records: about to be written.
        also: numbers of trials to read besides.
    """
    found = connection.execute(_CAMPAIGN, {"campaign": campaign}).mappings().one_or_none()
    rows = Rows(campaign=None if found is None else CampaignRow(**found))
    trials = sorted(_trials_of(connection, campaign, records) | set(also))
    if not trials:
        return rows
    kinds = {record.kind for record in records}
    asked = {"campaign": campaign, "trials": trials}
    rows.trials = {each.trial: each for each in _load(connection, TrialRow, schema.trials, asked)}
    if kinds & _LOOKS_AT_RUNS:
        rows.runs = {each.key: each for each in _load(connection, RunRow, schema.runs, asked)}
    if kinds & _LOOKS_AT_ORDERS:
        for order in _load(connection, OutboxRow, schema.outbox, asked):
            rows.outbox.setdefault(order.key, {})[order.sequence] = order
    if kinds & _LOOKS_AT_RESULTS:
        for result in _load(connection, InboxRow, schema.inbox, asked):
            rows.inbox[result.key, result.result_digest] = result
    return rows


def save_rows(connection: Connection, before: Rows, after: Rows) -> None:
    """Writes what differs: new rows are inserted, changed ones updated."""
    old, new = _tables(before), _tables(after)
    for table in PROJECTIONS:
        fresh = [row for key, row in new[table].items() if key not in old[table]]
        changed = [
            row
            for key, row in new[table].items()
            if key in old[table] and old[table][key] is not row
        ]
        if fresh:
            connection.execute(_INSERT[table], [_fields(row) for row in fresh])
        if changed:
            connection.execute(_UPDATE[table], [_with_key(table, row) for row in changed])


def clear_projections(connection: Connection) -> None:
    """Deletes every row that the entries can give again."""
    for table in PROJECTIONS:
        connection.execute(delete(table))


def copied(rows: Rows) -> Rows:
    """Returns the same rows in containers of their own."""
    outbox = {key: dict(orders) for key, orders in rows.outbox.items()}
    return Rows(rows.campaign, dict(rows.trials), dict(rows.runs), outbox, dict(rows.inbox))


def _load(
    connection: Connection, kind: type[R], table: Table, asked: Mapping[str, Any]
) -> Iterator[R]:
    for row in connection.execute(_OF_TRIALS[table], asked).mappings():
        yield kind(**row)


def _trials_of(connection: Connection, campaign: str, records: Sequence[Record]) -> set[int]:
    """Returns the numbers that records name, or name by the key of a run."""
    named: set[int] = set()
    keys: set[str] = set()
    for record in records:
        trial: int | None = getattr(record, "trial", None)
        key: str | None = getattr(record, "key", None)
        if trial is not None:
            named.add(trial)
        elif key is not None:
            keys.add(key)
    if keys:
        asked = {"campaign": campaign, "keys": sorted(keys)}
        named.update(connection.execute(_TRIALS_OF_KEYS, asked).scalars())
    return named


def _tables(rows: Rows) -> dict[Table, dict[Any, Any]]:
    campaign = {} if rows.campaign is None else {rows.campaign.name: rows.campaign}
    orders = {
        sequence: order for orders in rows.outbox.values() for sequence, order in orders.items()
    }
    return dict(
        zip(PROJECTIONS, (campaign, rows.trials, rows.runs, orders, rows.inbox), strict=True)
    )


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _with_key(table: Table, row: Any) -> dict[str, Any]:
    fields = _fields(row)
    return fields | {f"its_{column.name}": fields[column.name] for column in table.primary_key}
