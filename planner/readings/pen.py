"""Rows of readings on their way into the database, and out of it, as its driver takes them fastest.

SQLAlchemy's own statements cost several times what the database does with a row, so texts go to the
driver as they are: to SQLite as one statement for many rows, to PostgreSQL as a COPY.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from planner.readings import tables

Content = tuple[object, ...]

_COLUMNS = tuple(each.name for each in tables.readings.columns)
_COPY = f"COPY readings ({', '.join(_COLUMNS)}) FROM STDIN"
_PLACES = ", ".join("?" * len(_COLUMNS))
_INSERT = f"INSERT INTO readings ({', '.join(_COLUMNS)}) VALUES ({_PLACES})"  # noqa: S608  our names
_REVISE = {
    "sqlite": "UPDATE readings SET value = ?, quality = ?, reason = ? "
    "WHERE sensor = ? AND at_us = ?",
    "postgresql": "UPDATE readings SET value = %s, quality = %s, reason = %s "
    "WHERE sensor = %s AND at_us = %s",
}

# What there is already, around new readings: those that can count on both sides, and all between.
_AROUND = """
    SELECT at_us, converted, said, value, quality, reason FROM (
        SELECT * FROM readings WHERE sensor = {sensor} AND at_us < {first}
        AND converted IS NOT NULL ORDER BY at_us DESC LIMIT {reach}) AS earlier
    UNION ALL
    SELECT at_us, converted, said, value, quality, reason FROM readings
        WHERE sensor = {sensor} AND at_us BETWEEN {first} AND {last}
    UNION ALL
    SELECT at_us, converted, said, value, quality, reason FROM (
        SELECT * FROM readings WHERE sensor = {sensor} AND at_us > {last}
        AND converted IS NOT NULL ORDER BY at_us LIMIT {reach}) AS later
"""
_NAMES = ("sensor", "first", "last", "reach")
_READ_AROUND = {
    "sqlite": _AROUND.format(**{name: f":{name}" for name in _NAMES}),
    "postgresql": _AROUND.format(**{name: f"%({name})s" for name in _NAMES}),
}


def read_around(
    connection: Connection, *, series: int, first_us: int, last_us: int, reach: int
) -> Sequence[Any]:
    """Returns what a series has near some time: ``at_us, converted, said, value, quality, reason``.

    Args:
        connection: of a transaction that has the series locked.
        series: its number.
        first_us: from here on all is returned.
        last_us: up to and with here.
        reach: how many that can count are returned before and after.
    """
    asked = {"sensor": series, "first": first_us, "last": last_us, "reach": reach}
    return connection.exec_driver_sql(_READ_AROUND[connection.dialect.name], asked).all()


@dataclass(slots=True)
class Pen:
    """Rows to be written: all of a transaction at once, which costs less than one by one."""

    _inserted: list[Content] = field(default_factory=list)
    _revised: list[Content] = field(default_factory=list)

    def insert(
        self,
        *,
        sensor: int,
        at_us: int,
        arrived_us: int,
        raw: float | None,
        raw_unit: str | None,
        converted: float | None,
        said: str,
        value: float | None,
        quality: str,
        reason: str | None,
    ) -> None:
        """Notes a row that is not there yet."""
        self._inserted.append(
            (sensor, at_us, arrived_us, raw, raw_unit, converted, said, value, quality, reason)
        )

    def revise(
        self, *, sensor: int, at_us: int, value: float | None, quality: str, reason: str | None
    ) -> None:
        """Notes what a row that is there becomes."""
        self._revised.append((value, quality, reason, sensor, at_us))

    def write(self, connection: Connection) -> None:
        """Writes what was noted.

        Raises:
            DBAPIError: the database does not take it.
        """
        if self._inserted and connection.dialect.name == "postgresql":
            _copy(connection, self._inserted)
        elif self._inserted:
            connection.exec_driver_sql(_INSERT, self._inserted)
        if self._revised:
            connection.exec_driver_sql(_REVISE[connection.dialect.name], self._revised)
        self._inserted, self._revised = [], []


def _copy(connection: Connection, rows: Sequence[Content]) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        with driver.cursor() as cursor, cursor.copy(_COPY) as copying:
            for row in rows:
                copying.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:  # SQLAlchemy knows nothing of this one
        raise DBAPIError(_COPY, None, error) from error
