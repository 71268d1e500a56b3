"""The archive: readings as they are kept, to look at and to compute with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Engine, Row, func, select

from planner.campaign import Sensor
from planner.errors import UnknownName
from planner.readings import tables
from planner.readings.series import Series, for_reading, read_series
from planner.readings.window import Floats, Ints, Means, Window, find_gaps
from planner.readings.wire import microseconds, moment


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What a source has sent since the ledger began.

    Args:
        last_sequence: the highest that is kept; 0 where it does not count.
        n_kept, n_repeated, n_refused: readings, or messages that could not be read.
        n_missing: readings that never came, by jumps of their sequence.
        refused_why: of the last one that was refused.
        heard_at: when something came last.
    """

    source: str
    last_sequence: int
    n_kept: int
    n_repeated: int
    n_refused: int
    n_missing: int
    refused_why: str
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a series stands.

    Args:
        n, n_good: readings since a time, and those that have a value.
        last: the last reading that there is; None where there is none.
    """

    series: Series
    n: int
    n_good: int
    last: LastReading | None


@dataclass(frozen=True, slots=True)
class LastReading:
    """The last reading of a series; arguments as of Window."""

    at: datetime
    arrived: datetime
    value: float | None
    raw: float | None
    quality: str
    reason: str | None


class Archive:
    """Reads what a recorder wrote.

    Args:
        engine: of the ledger's database.
        sensors: by name, as the campaign file states them.
    """

    def __init__(self, engine: Engine, sensors: Mapping[str, Sensor]) -> None:
        self._engine = for_reading(engine)
        self._sensors = sensors

    def series(self) -> tuple[Series, ...]:
        """Returns the series of the campaign's sensors, by name and source."""
        found = [each for each in read_series(self._engine) if self._is_ours(each)]
        return tuple(sorted(found, key=lambda each: (each.name, each.source)))

    def window(self, source: str, name: str, start: datetime, end: datetime) -> Window:
        """Returns readings from ``start`` until before ``end``.

        Raises:
            UnknownName: the campaign has no such sensor, or nothing came of it from this source.
        """
        if name not in self._sensors:
            known = ", ".join(self._sensors) or "none"
            raise UnknownName(f"The campaign file has no sensor {name!r} (it has: {known}).")
        series = next(
            (each for each in self.series() if (each.source, each.name) == (source, name)), None
        )
        if series is None:
            raise UnknownName(
                f"Nothing has come of sensor {name!r} from {source!r} yet. "
                "'planner readings FILE' lists what has come."
            )
        return self._read(series, start, end)

    def standings(self, since: datetime) -> tuple[Standing, ...]:
        """Returns how each series stands, counted since a time."""
        return tuple(self._standing(each, since) for each in self.series())

    def last(self, series: Series) -> LastReading | None:
        """Returns the newest reading of a series; None where none is kept."""
        newest = (
            select(tables.readings)
            .where(tables.readings.c.sensor == series.id)
            .order_by(tables.readings.c.at_us.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(newest).one_or_none()
        return None if row is None else _last(row)

    def sources(self) -> tuple[SourceCount, ...]:
        """Returns what each source has sent, strangers included, by name."""
        query = select(tables.sources).order_by(tables.sources.c.source)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return tuple(
            SourceCount(
                source=row.source,
                last_sequence=row.last_sequence,
                n_kept=row.n_kept,
                n_repeated=row.n_repeated,
                n_refused=row.n_refused,
                n_missing=row.n_missing,
                refused_why=row.refused_why or "",
                heard_at=moment(row.heard_us),
            )
            for row in rows
        )

    def last_sequence(self, source: str) -> int:
        """Returns the highest sequence that is kept of a source; 0 where there is none."""
        query = select(tables.sources.c.last_sequence).where(tables.sources.c.source == source)
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one_or_none() or 0)

    def _is_ours(self, series: Series) -> bool:
        sensor = self._sensors.get(series.name)
        return sensor is not None and sensor.source in (None, series.source)

    def _standing(self, series: Series, since: datetime) -> Standing:
        kept = tables.readings.c
        counts = (
            select(func.count(), func.count(kept.value))
            .where(kept.sensor == series.id)
            .where(kept.at_us >= microseconds(since))
        )
        with self._engine.connect() as connection:
            n, n_good = connection.execute(counts).one()
        return Standing(series, n, n_good, self.last(series))

    def _read(self, series: Series, start: datetime, end: datetime) -> Window:
        first, behind = microseconds(start), microseconds(end)
        kept, mean = tables.readings.c, tables.means.c
        readings = (
            select(kept.at_us, kept.value, kept.raw, kept.raw_unit, kept.quality, kept.reason)
            .where(kept.sensor == series.id, kept.at_us >= first, kept.at_us < behind)
            .order_by(kept.at_us)
        )
        older = (
            select(tables.means)
            .where(mean.sensor == series.id, mean.start_us >= first, mean.start_us < behind)
            .order_by(mean.start_us)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(readings).all()
            means = _means(connection.execute(older).all())
        at_us, value, raw, raw_unit, quality, reason = (
            zip(*rows, strict=True) if rows else ((),) * 6
        )
        times = np.array(at_us, dtype=np.int64)
        values = _floats(value)
        gap_s = self._sensors[series.name].gap
        good = np.concatenate([means.start_us[means.n_good > 0], times[np.isfinite(values)]])
        return Window(
            source=series.source,
            name=series.name,
            unit=series.unit,
            start=start,
            end=end,
            at_us=times,
            value=values,
            raw=_floats(raw),
            raw_unit=tuple(raw_unit),
            quality=tuple(quality),
            reason=tuple(reason),
            means=means,
            gaps=find_gaps(
                good,
                start_us=first,
                end_us=behind,
                gap_us=None if gap_s is None else gap_s * 1e6,
            ),
        )


def _means(rows: Any) -> Means:
    def whole(name: str) -> Ints:
        return np.array([getattr(row, name) for row in rows], dtype=np.int64)

    def real(name: str) -> Floats:
        return _floats([getattr(row, name) for row in rows])

    return Means(
        start_us=whole("start_us"),
        span_us=whole("span_us"),
        n=whole("n"),
        n_good=whole("n_good"),
        mean=real("mean"),
        sd=real("sd"),
        lowest=real("lowest"),
        highest=real("highest"),
    )


def _floats(values: Any) -> Floats:
    return np.array([np.nan if each is None else each for each in values], dtype=np.float64)


def _last(row: Row[Any]) -> LastReading:
    return LastReading(
        at=moment(row.at_us),
        arrived=moment(row.arrived_us),
        value=row.value,
        raw=row.raw,
        quality=row.quality,
        reason=row.reason,
    )
