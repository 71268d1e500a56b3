"""Which series of readings there are: one a sensor and source, each kept in one unit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from planner.campaign import Sensor
from planner.errors import Conflict
from planner.readings import tables


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one sensor from one source.

    Args:
        id: its number in the database.
        unit: of all its values.
        thinned_until_us: before this only means are kept.
    """

    id: int
    source: str
    name: str
    unit: str
    thinned_until_us: int


def for_writing(engine: Engine) -> Engine:
    """Returns the engine for transactions that take SQLite's lock at their beginning."""
    return engine.execution_options(planner_writes=True)


def for_reading(engine: Engine) -> Engine:
    """Returns the engine for transactions that wait for no writer."""
    return engine.execution_options(planner_writes=False)


def read_series(engine: Engine) -> tuple[Series, ...]:
    """Returns all series of the database, by source and name."""
    listed = tables.sensors.c
    with for_reading(engine).connect() as connection:
        query = select(tables.sensors).order_by(listed.source, listed.name)
        return tuple(Series(**row) for row in connection.execute(query).mappings())


def check_units(engine: Engine, sensors: Mapping[str, Sensor]) -> None:
    """Accepts sensors whose units are those in which their readings are kept already.

    Raises:
        Conflict: another campaign of this ledger keeps them in another unit.
    """
    for series in read_series(engine):
        sensor = sensors.get(series.name)
        is_meant = sensor is not None and sensor.source in (None, series.source)
        if sensor is not None and is_meant and sensor.unit != series.unit:
            raise Conflict(
                f"The readings of {series.name!r} from {series.source!r} are kept in "
                f"{series.unit!r} in this ledger, and the campaign file states {sensor.unit!r}. "
                f"Write unit: {series.unit} in the campaign file; readings in another unit are "
                f"converted as they come."
            )


def lock_series(
    connection: Connection, wanted: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str], Series]:
    """Returns series by source and name; those that are new are begun.

    They are locked until the end of the transaction: whoever writes knows all neighbours.

    Args:
        connection: of a transaction that writes.
        wanted: source, name and unit of each.
    """
    keys = sorted({(source, name) for source, name, _ in wanted})
    found = _locked(connection, keys)
    units = {(source, name): unit for source, name, unit in wanted}
    new = [key for key in keys if key not in found]
    if new:
        rows = [
            {"source": key[0], "name": key[1], "unit": units[key], "thinned_until_us": 0}
            for key in new
        ]
        statement = _INSERT_UNLESS_THERE[connection.dialect.name]
        connection.exec_driver_sql(statement, [tuple(row.values()) for row in rows])
        found |= _locked(connection, new)
    return found


_INSERT_UNLESS_THERE = {
    "sqlite": "INSERT INTO sensors (source, name, unit, thinned_until_us) VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING",
    "postgresql": "INSERT INTO sensors (source, name, unit, thinned_until_us) "
    "VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
}


def _locked(
    connection: Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Series]:
    listed = tables.sensors.c
    query = (
        select(tables.sensors)
        .where(listed.name.in_({name for _, name in keys}))
        .where(listed.source.in_({source for source, _ in keys}))
        .order_by(listed.id)  # the same order everywhere, so that no two wait for each other
        .with_for_update()
    )
    rows = [Series(**row) for row in connection.execute(query).mappings()]
    return {(each.source, each.name): each for each in rows if (each.source, each.name) in keys}
