"""The recorder: batches, refusals, back-pressure, a database that is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from reading_samples import START, reading, rows_of, sensor
from sqlalchemy import Engine, text

from planner.clock import ManualClock
from planner.errors import Conflict
from planner.ledger import open_ledger
from planner.ledger.engines import writing
from planner.readings import Archive, Reading, Recorder

TEMPERATURE = {"temperature": sensor(limits=[0, 1200])}
HUMIDITY = {"humidity": sensor("humidity", "rh_percent", source="room")}


@pytest.fixture
def recorder(engine: Engine, clock: ManualClock) -> Iterator[Recorder]:
    sensors = {**TEMPERATURE, **HUMIDITY}
    with Recorder(engine, sensors, sources=["oven"], clock=clock, capacity=100) as recorder:
        yield recorder


def test_what_was_taken_is_in_the_table_after_a_flush(engine: Engine, recorder: Recorder) -> None:
    for first in range(0, 90, 30):
        assert recorder.take("oven", [reading(n, float(n)) for n in range(first, first + 30)])
        assert recorder.flush()
    assert [row["value"] for row in rows_of(engine)] == [float(n) for n in range(90)]
    (source,) = Archive(engine, TEMPERATURE).sources()
    assert (source.n_kept, source.n_repeated, source.n_refused) == (90, 0, 0)
    assert source.heard_at == ManualClock(START + timedelta(hours=1)).now()


def test_a_name_that_is_not_the_campaigns_is_refused_and_counted(
    engine: Engine, recorder: Recorder
) -> None:
    stranger = [reading(n) for n in range(3)]
    assert recorder.take("intruder", stranger)
    assert recorder.take("oven", [reading(1), reading(1, name="secrets")])
    assert recorder.take("oven", [reading(1, name="humidity")])  # only the room may say that
    assert recorder.take("room", [reading(1, 40.0, name="humidity")])
    assert recorder.flush()
    assert {(row["source"], row["name"]) for row in rows_of(engine)} == {
        ("oven", "temperature"),
        ("room", "humidity"),
    }
    counts = {each.source: each for each in Archive(engine, TEMPERATURE).sources()}
    assert counts["intruder"].n_refused == 3
    assert counts["intruder"].refused_why == "the source is not part of this campaign"
    assert (counts["oven"].n_kept, counts["oven"].n_refused) == (1, 2)
    assert counts["oven"].refused_why == "the sensor is not in the campaign file"


def test_numbers_that_were_passed_over_are_counted_as_missing(
    engine: Engine, clock: ManualClock
) -> None:
    """Ten come, twenty never do; what comes once more, or late, is no jump, and no more missing."""

    def numbered(first: int, n: int) -> list[Reading]:
        return [reading(k, sequence=k) for k in range(first, first + n)]

    def n_missing() -> int:
        assert recorder.flush()
        (source,) = Archive(engine, TEMPERATURE).sources()
        return source.n_missing

    with Recorder(engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        recorder.take("oven", numbered(501, 10))  # nobody knows what was before it was first heard
        assert n_missing() == 0
        recorder.take("oven", numbered(531, 10))
        assert n_missing() == 20
        recorder.take("oven", numbered(531, 20))
        recorder.take("oven", numbered(551, 10))
        recorder.take("oven", [reading(9_000)])  # it need not count
        assert n_missing() == 20
    with Recorder(engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        recorder.take("oven", [reading(600, sequence=562, name="secrets")])  # came, and was refused
        recorder.take("oven", numbered(563, 1))
        assert n_missing() == 21


def test_strangers_cannot_fill_the_table_of_sources(
    sqlite_engine: Engine, clock: ManualClock
) -> None:
    with Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        for n in range(250):
            recorder.take(f"stranger{n}", [reading(1)])
        assert recorder.flush()
    counts = {each.source: each.n_refused for each in Archive(sqlite_engine, {}).sources()}
    assert len(counts) == 101
    assert sum(counts.values()) == 250
    assert counts["(others)"] == 150


def test_a_full_queue_says_so_and_loses_nothing(sqlite_engine: Engine, clock: ManualClock) -> None:
    """Another writer holds the database until the queue is full."""
    with Recorder(
        sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock, capacity=100
    ) as recorder:
        n_taken = 0
        with sqlite_engine.begin() as connection:
            connection.execute(text("UPDATE ledger SET software = software"))
            while recorder.take("oven", [reading(n_taken + n) for n in range(10)]):
                n_taken += 10
            assert n_taken == 100
            assert recorder.n_waiting == 100
        assert recorder.take("oven", [reading(n_taken + n) for n in range(10)], wait_s=20)
        assert recorder.flush()
    assert len(rows_of(sqlite_engine)) == 110


def test_who_gave_readings_hears_when_they_are_kept(engine: Engine, recorder: Recorder) -> None:
    """And not before: what is heard is already in the table."""
    seen: list[int] = []
    heard = threading.Event()

    def done() -> None:
        seen.append(len(rows_of(engine)))
        heard.set()

    assert recorder.take("oven", [reading(n) for n in range(7)], done=done)
    assert heard.wait(20)
    assert seen == [7]


def test_a_database_that_comes_back_gets_what_was_taken_meanwhile(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("planner.readings.recorder._PAUSES_S", (0.02,))
    ledger = open_ledger(tmp_path / "ledger.db", clock=clock)
    engine = writing(ledger.engine)
    with Recorder(engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE readings RENAME TO gone"))
        assert recorder.take("oven", [reading(n) for n in range(5)])
        assert not recorder.flush(timeout_s=0.5)
        assert "no such table: readings" in recorder.trouble
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO readings"))
        assert recorder.flush()
        assert recorder.trouble == ""
    assert len(rows_of(engine)) == 5
    (source,) = Archive(engine, TEMPERATURE).sources()
    assert source.n_kept == 5  # attempts that failed are not counted
    ledger.close()


def test_closing_says_what_could_not_be_written(sqlite_engine: Engine, clock: ManualClock) -> None:
    recorder = Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock)
    with sqlite_engine.begin() as connection:
        connection.execute(text("ALTER TABLE readings RENAME TO gone"))
    assert recorder.take("oven", [reading(1)])
    assert not recorder.close()


def test_a_closed_recorder_takes_nothing(sqlite_engine: Engine, clock: ManualClock) -> None:
    recorder = Recorder(sqlite_engine, TEMPERATURE, sources=["oven"], clock=clock)
    assert recorder.close()
    assert not recorder.take("oven", [reading(1)])


def test_a_sensor_kept_in_another_unit_is_refused_with_the_remedy(
    engine: Engine, clock: ManualClock
) -> None:
    with Recorder(engine, TEMPERATURE, sources=["oven"], clock=clock) as recorder:
        recorder.take("oven", [reading(1)])
    with pytest.raises(Conflict, match=r"kept in 'degC'.*states 'K'.*Write unit: degC"):
        Recorder(engine, {"temperature": sensor(unit="K")}, sources=["oven"], clock=clock)


def test_several_recorders_at_once_give_one_table(engine: Engine, clock: ManualClock) -> None:
    """Two processes' worth of writers, each with half of the readings of one filtered sensor."""
    kind = {"temperature": sensor(filter={"outliers": 7, "resolution": 0.1})}
    sent = [reading(n, 20.0 if n < 200 else 60.0) for n in range(400)]
    recorders = [Recorder(engine, kind, sources=["oven"], clock=clock) for _ in range(2)]
    for first in range(0, 400, 40):
        for at, recorder in enumerate(recorders):
            assert recorder.take("oven", sent[first + at : first + 40 : 2], wait_s=10)
    for recorder in recorders:
        assert recorder.close()
    assert [row["value"] for row in rows_of(engine)] == [20.0] * 200 + [60.0] * 200
