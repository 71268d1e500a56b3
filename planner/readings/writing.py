"""One batch of readings, in one transaction: cleaned, filtered with its neighbours, written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection, Engine, select, text

from planner.campaign import Filter, Sensor
from planner.readings import tables
from planner.readings.cleaning import Cleaned, clean
from planner.readings.filtering import apply_filter
from planner.readings.pen import Pen, read_around
from planner.readings.series import Series, for_writing, lock_series
from planner.readings.wire import Quality, Reading

_APART_US = 60_000_000  # new readings further apart are filtered with neighbours of their own
_OUTLIER = "an outlier"


@dataclass(frozen=True, slots=True)
class Parcel:
    """Readings of one source that came together.

    Args:
        arrived_us: when, by our clock.
        last: the highest sequence that is kept once these are; None: the source does not count.
        first: the lowest sequence of what came, whether it is kept or not.
    """

    source: str
    readings: Sequence[Reading]
    arrived_us: int
    last: int | None = None
    first: int | None = None


@dataclass(slots=True)
class Tally:
    """What became of a source's readings.

    Args:
        kept: those that were new.
        repeated: those that had come before.
        refused: those that were not taken, with why for the last of them.
        missing: those that never came, by jumps of their sequence.
    """

    kept: int = 0
    repeated: int = 0
    refused: int = 0
    missing: int = 0
    why: str = ""
    last: int = 0
    heard_us: int = 0

    def refuse(self, n: int, why: str) -> None:
        """Counts readings that were not taken."""
        self.refused += n
        self.why = why


@dataclass(slots=True)
class _Row:
    """A reading beside its neighbours, as it stands in the table or is to stand there."""

    at_us: int
    converted: float | None
    said: Quality
    value: float | None
    quality: str
    reason: str | None
    new: _Fresh | None = None


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A reading that has come, cleaned before the database is locked."""

    cleaned: Cleaned
    arrived_us: int


_ByTime = Mapping[int, _Fresh]


def write_parcels(
    engine: Engine,
    parcels: Sequence[Parcel],
    sensors: Mapping[str, Sensor],
    tallies: Mapping[str, Tally] | None = None,
) -> dict[str, Tally]:
    """Writes readings; returns what became of them, by source.

    The same readings in any order, in any parcels, any number of times give the same rows but for
    the times of arrival; of two that contradict each other the first stays.

    Args:
        engine: of the ledger's database.
        parcels: readings of sensors that are known, each of the source that may send it.
        sensors: by name.
        tallies: counts to be kept too, of what was refused before it came here.
    """
    # copies: an attempt that fails is made again
    counted = defaultdict(Tally, {name: replace(each) for name, each in (tallies or {}).items()})
    fresh = _by_series(parcels, sensors, counted)
    pen = Pen()
    with for_writing(engine).begin() as connection:
        wanted = [(source, name, sensors[name].unit) for source, name in fresh]
        series = lock_series(connection, wanted) if wanted else {}
        for key, found in fresh.items():
            _write_series(connection, pen, series[key], sensors[key[1]], found, counted[key[0]])
        pen.write(connection)
        _count_missing(connection, parcels, counted)
        _count(connection, counted)
    return dict(counted)


def _by_series(
    parcels: Sequence[Parcel], sensors: Mapping[str, Sensor], counted: defaultdict[str, Tally]
) -> Mapping[tuple[str, str], _ByTime]:
    """Returns what has come, by source and name; counts what came twice."""
    fresh: dict[tuple[str, str], dict[int, _Fresh]] = defaultdict(dict)
    for parcel in parcels:
        tally = counted[parcel.source]
        tally.last = max(tally.last, parcel.last or 0)
        tally.heard_us = max(tally.heard_us, parcel.arrived_us)
        for reading in parcel.readings:
            found = fresh[(parcel.source, reading.name)]
            cleaned = clean(reading, sensors[reading.name])
            if cleaned.at_us in found:
                tally.repeated += 1
            else:
                found[cleaned.at_us] = _Fresh(cleaned, parcel.arrived_us)
    return fresh


def _write_series(
    connection: Connection,
    pen: Pen,
    series: Series,
    sensor: Sensor,
    found: _ByTime,
    tally: Tally,
) -> None:
    if series.unit != sensor.unit:
        tally.refuse(len(found), f"{series.name} is kept in {series.unit!r} in this ledger")
        return
    times = sorted(at_us for at_us in found if at_us >= series.thinned_until_us)
    if len(times) < len(found):
        tally.refuse(len(found) - len(times), f"{series.name}: older than raw readings are kept")
    for place, cluster in enumerate(_clusters(times)):
        if place:
            pen.write(connection)  # the one before may hold neighbours of this one
        rows = _neighbourhood(connection, series.id, cluster, sensor, found)
        _filter(rows, sensor.filter, gap_s=sensor.gap)
        n_new = _note(pen, series.id, rows)
        tally.kept += n_new
        tally.repeated += len(cluster) - n_new


def _note(pen: Pen, series: int, rows: Sequence[tuple[_Row, _Before]]) -> int:
    """Notes what is new, and neighbours that changed; returns how many are new."""
    n_new = 0
    for row, before in rows:
        if row.new is not None:
            n_new += 1
            _insert(pen, series, row, row.new)
        elif before != (row.value, row.quality, row.reason):
            pen.revise(
                sensor=series,
                at_us=row.at_us,
                value=row.value,
                quality=row.quality,
                reason=row.reason,
            )
    return n_new


def _clusters(times: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yields times that lie near each other together: what is far needs other neighbours."""
    first = 0
    for place in range(1, len(times) + 1):
        if place == len(times) or times[place] - times[place - 1] > _APART_US:
            yield times[first:place]
            first = place


_Before = tuple[float | None, str, str | None]


def _neighbourhood(
    connection: Connection, series: int, times: Sequence[int], sensor: Sensor, found: _ByTime
) -> list[tuple[_Row, _Before]]:
    """Returns new readings among those that are there, by time, with what each was before.

    Twice the reach on each side: what may change, and what that in turn depends on.
    """
    reach = 2 * sensor.filter.reach
    there = read_around(
        connection, series=series, first_us=times[0], last_us=times[-1], reach=reach
    )
    rows = {each[0]: _Row(*each) for each in there}
    for at_us in times:
        if at_us not in rows:
            new = found[at_us]
            by_itself = new.cleaned
            rows[at_us] = _Row(
                at_us, by_itself.converted, by_itself.said, None, "bad", by_itself.reason, new
            )
    ordered = [rows[at_us] for at_us in sorted(rows)]
    return [(row, (row.value, row.quality, row.reason)) for row in ordered]


def _filter(rows: Sequence[tuple[_Row, _Before]], rule: Filter, *, gap_s: float | None) -> None:
    """Sets what the filter gives, but where its window is not wholly known."""
    counting = [row for row, _ in rows if row.converted is not None]
    if not counting:
        return
    values = np.array([row.converted for row in counting], dtype=np.float64)
    at_us = np.array([row.at_us for row in counting], dtype=np.int64)
    filtered = apply_filter(values, at_us, rule, gap_us=None if gap_s is None else gap_s * 1e6)
    is_new = [place for place, row in enumerate(counting) if row.new is not None]
    if not is_new:
        return
    first, last = max(is_new[0] - rule.reach, 0), is_new[-1] + rule.reach
    for row, value in zip(counting[first : last + 1], filtered[first : last + 1], strict=True):
        is_outlier = bool(np.isnan(value))
        row.value = None if is_outlier else float(value)
        row.quality = "bad" if is_outlier else row.said
        row.reason = _OUTLIER if is_outlier else _doubt(row.said)


def _doubt(said: Quality) -> str | None:
    return None if said == "good" else "the source is not certain"


def _insert(pen: Pen, series: int, row: _Row, new: _Fresh) -> None:
    pen.insert(
        sensor=series,
        at_us=row.at_us,
        arrived_us=new.arrived_us,
        raw=new.cleaned.raw,
        raw_unit=new.cleaned.raw_unit,
        converted=row.converted,
        said=row.said,
        value=row.value,
        quality=row.quality,
        reason=row.reason,
    )


def _count_missing(
    connection: Connection, parcels: Sequence[Parcel], counted: Mapping[str, Tally]
) -> None:
    """Counts what a source has numbered and never sent: each jump beyond its highest number.

    Parcels of one source come in the order in which it sent them, and what comes again jumps
    nowhere. What came before a source was first heard is not missed.
    """
    counting = {each.source for each in parcels if each.first is not None}
    if not counting:
        return
    known = select(tables.sources.c.source, tables.sources.c.last_sequence).where(
        tables.sources.c.source.in_(sorted(counting))
    )
    reached = {row.source: row.last_sequence for row in connection.execute(known)}
    for parcel in parcels:
        if parcel.first is None or parcel.last is None:
            continue
        before = reached.get(parcel.source, 0)
        if before:
            counted[parcel.source].missing += max(0, parcel.first - before - 1)
        reached[parcel.source] = max(before, parcel.last)


_COUNT = text("""
    INSERT INTO reading_sources AS s
        (source, last_sequence, n_kept, n_repeated, n_refused, n_missing, refused_why, heard_us)
    VALUES (:source, :last, :kept, :repeated, :refused, :missing, :why, :heard_us)
    ON CONFLICT (source) DO UPDATE SET
        last_sequence = CASE WHEN excluded.last_sequence > s.last_sequence
            THEN excluded.last_sequence ELSE s.last_sequence END,
        n_kept = s.n_kept + excluded.n_kept,
        n_repeated = s.n_repeated + excluded.n_repeated,
        n_refused = s.n_refused + excluded.n_refused,
        n_missing = s.n_missing + excluded.n_missing,
        refused_why = COALESCE(excluded.refused_why, s.refused_why),
        heard_us = CASE WHEN excluded.heard_us > s.heard_us
            THEN excluded.heard_us ELSE s.heard_us END
""")


def _count(connection: Connection, counted: Mapping[str, Tally]) -> None:
    rows = [
        {
            "source": source,
            "last": tally.last,
            "kept": tally.kept,
            "repeated": tally.repeated,
            "refused": tally.refused,
            "missing": tally.missing,
            "why": tally.why or None,
            "heard_us": tally.heard_us,
        }
        for source, tally in sorted(counted.items())
    ]
    if rows:
        connection.execute(_COUNT, rows)
