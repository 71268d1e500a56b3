"""Sensors and readings for tests, and what a table holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from planner.campaign import Sensor
from planner.readings import Reading
from planner.readings.wire import EPOCH, microseconds
from planner.readings.writing import Parcel, Tally, write_parcels

START = datetime.fromisoformat("2026-11-22T08:00:00+00:00")
START_US = microseconds(START)


def sensor(name: str = "temperature", unit: str = "degC", **given: Any) -> Sensor:
    return Sensor.model_validate({"name": name, "unit": unit, **given})


def reading(second: float, value: float | None = 20.0, **given: Any) -> Reading:
    """A reading so many seconds after eight o'clock."""
    at = START + timedelta(microseconds=round(second * 1e6))
    return Reading(**{"name": "temperature", "at": at, "value": value, **given})


def write(engine: Engine, *parcels: list[Reading], of: Sensor, source: str = "oven") -> Tally:
    sent = [Parcel(source, each, START_US + 9 * 10**9) for each in parcels]
    return write_parcels(engine, sent, {of.name: of})[source]


def rows_of(engine: Engine) -> list[dict[str, Any]]:
    """All that a table holds of readings, but for the times of arrival."""
    query = text("""
        SELECT source, name, at_us, raw, raw_unit, converted, said, value, quality, reason
        FROM readings JOIN sensors ON sensors.id = readings.sensor ORDER BY source, name, at_us
    """)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


__all__ = ["EPOCH", "START", "START_US", "reading", "rows_of", "sensor", "write"]
