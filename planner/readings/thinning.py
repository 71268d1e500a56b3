"""Retention: old readings become means with their lowest and highest, old means go.

A span of a mean is thinned as a whole, in the transaction that deletes its readings and moves the
series' mark; what comes later than the mark is refused. So a sweep may be killed and repeated at
any time and counts nothing twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, delete, insert, select, update

from planner.campaign import Keep, Sensor
from planner.readings import tables
from planner.readings.series import Series, for_writing, lock_series, read_series
from planner.readings.wire import microseconds

_AT_ONCE = 5_000  # readings of one transaction, so that other writers need not wait


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did.

    Args:
        thinned: readings that became part of a mean.
        means: that were made.
        forgotten: means that were deleted.
    """

    thinned: int = 0
    means: int = 0
    forgotten: int = 0

    def __add__(self, other: Swept) -> Swept:
        return Swept(
            self.thinned + other.thinned,
            self.means + other.means,
            self.forgotten + other.forgotten,
        )


def sweep(engine: Engine, sensors: Mapping[str, Sensor], *, now: datetime) -> Swept:
    """Thins and forgets what is old enough, in short transactions; may be repeated at any time.

    Args:
        engine: of the ledger's database.
        sensors: by name; those without ``keep`` are left alone.
        now: the time.
    """
    swept = Swept()
    for series in read_series(engine):
        sensor = sensors.get(series.name)
        if sensor is None or sensor.keep is None or sensor.source not in (None, series.source):
            continue
        swept += _sweep_series(for_writing(engine), series, sensor.keep, now_us=microseconds(now))
    return swept


def _sweep_series(engine: Engine, series: Series, keep: Keep, *, now_us: int) -> Swept:
    span_us = round(keep.every * 1e6)
    until_us = (now_us - round(keep.raw * 1e6)) // span_us * span_us
    swept = Swept()
    while True:
        with engine.begin() as connection:
            part = _thin_some(connection, series, span_us=span_us, until_us=until_us)
        if part is None:
            break
        swept += part
    if keep.means is not None:
        means = tables.means.c
        old = (means.sensor == series.id) & (means.start_us < now_us - round(keep.means * 1e6))
        with engine.begin() as connection:
            n = connection.execute(delete(tables.means).where(old)).rowcount
        swept += Swept(forgotten=n)
    return swept


def _thin_some(
    connection: Connection, series: Series, *, span_us: int, until_us: int
) -> Swept | None:
    """Thins the oldest whole spans; None where nothing is left to thin."""
    key = (series.source, series.name)
    now = lock_series(connection, [(*key, series.unit)])[key]
    if now.thinned_until_us >= until_us:
        return None
    kept = tables.readings.c
    mine = select(kept.at_us, kept.value).where(kept.sensor == series.id, kept.at_us < until_us)
    rows = connection.execute(mine.order_by(kept.at_us).limit(_AT_ONCE)).all()
    end_us = until_us
    if len(rows) == _AT_ONCE:  # as far as the last whole span; one long span is taken as it is
        end_us = rows[-1].at_us // span_us * span_us
        if end_us <= rows[0].at_us:
            end_us = min(end_us + span_us, until_us)
        rows = connection.execute(mine.where(kept.at_us < end_us).order_by(kept.at_us)).all()
    means = _means_of(series.id, rows, span_us, not_before_us=now.thinned_until_us)
    if means:
        connection.execute(insert(tables.means), means)
    connection.execute(delete(tables.readings).where(kept.sensor == series.id, kept.at_us < end_us))
    connection.execute(
        update(tables.sensors)
        .where(tables.sensors.c.id == series.id)
        .values(thinned_until_us=end_us)
    )
    return Swept(thinned=len(rows), means=len(means))


def _means_of(
    series: int, rows: Sequence[Any], span_us: int, *, not_before_us: int
) -> list[dict[str, object]]:
    """Returns a row for each span in which a reading came.

    The first begins where the last sweep ended, which may be inside a span if spans were shorter.
    """
    if not rows:
        return []
    at_us = np.array([row.at_us for row in rows], dtype=np.int64)
    value = np.array([np.nan if row.value is None else row.value for row in rows])
    starts = np.maximum(at_us // span_us * span_us, not_before_us)
    edges = [0, *(np.flatnonzero(np.diff(starts)) + 1), len(rows)]
    return [
        _mean_of(series, int(starts[first]), span_us, value[first:behind])
        for first, behind in itertools.pairwise(edges)
    ]


def _mean_of(
    series: int, start_us: int, span_us: int, values: np.ndarray[Any, np.dtype[np.float64]]
) -> dict[str, object]:
    good = values[np.isfinite(values)]
    is_any = good.size > 0
    return {
        "sensor": series,
        "start_us": start_us,
        "span_us": span_us,
        "n": int(values.size),
        "n_good": int(good.size),
        "mean": float(good.mean()) if is_any else None,
        "sd": float(good.std()) if is_any else None,
        "lowest": float(good.min()) if is_any else None,
        "highest": float(good.max()) if is_any else None,
    }
