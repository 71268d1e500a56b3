"""What is read back: windows, gaps, summaries; and what is left of old readings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from reading_samples import START, reading, rows_of, sensor, write
from sqlalchemy import Engine, text

from planner.errors import UnknownName
from planner.readings import Archive, Summary, Window, summarise, sweep

HOUR = timedelta(hours=1)


def window_of(engine: Engine, kind: Any, *, hours: float = 1) -> Window:
    return Archive(engine, {kind.name: kind}).window("oven", kind.name, START, START + hours * HOUR)


def test_a_window_has_raw_and_filtered_values_by_time(engine: Engine) -> None:
    kind = sensor(limits=[0, 100], filter={"outliers": 5, "resolution": 0.1})
    values = [20.0, 20.1, 500.0, 20.1, 60.0, 20.2, 20.1, None]
    write(engine, [reading(n, each) for n, each in enumerate(values)][::-1], of=kind)
    window = window_of(engine, kind)
    assert np.array_equal(
        window.value, [20.0, 20.1, np.nan, 20.1, np.nan, 20.2, 20.1, np.nan], equal_nan=True
    )
    assert np.array_equal(window.raw[:7], values[:7])
    assert np.isnan(window.raw[7])
    assert window.reason[2:5] == ("above the limit of 100 degC", None, "an outlier")
    assert window.reason[7] == "no number came"
    assert window.at[1] == np.datetime64("2026-11-22T08:00:01")
    assert len(window) == 8


def test_a_window_ends_before_its_end(engine: Engine) -> None:
    kind = sensor()
    write(engine, [reading(0), reading(3599.999999), reading(3600)], of=kind)
    assert len(window_of(engine, kind)) == 2


def test_a_pause_is_marked_as_a_gap_and_nothing_is_invented_in_it(engine: Engine) -> None:
    """Bad readings do not end a gap; the ends of the window count."""
    kind = sensor(gap="10 s", limits=[0, 100])
    good = [*range(0, 60, 5), *range(120, 3600, 5)]
    bad = [reading(90, 400.0), reading(100, None)]
    write(engine, [reading(n) for n in good] + bad, of=kind)
    window = window_of(engine, kind)
    second = timedelta(seconds=1)
    assert window.gaps == ((START + 55 * second, START + 120 * second),)
    assert len(window) == len(good) + 2
    assert int(np.isfinite(window.value).sum()) == len(good)
    longer = window_of(engine, kind, hours=2)
    assert longer.gaps[1] == (START + 3595 * second, START + 2 * HOUR)


def test_a_summary_is_that_of_the_good_readings(engine: Engine) -> None:
    kind = sensor(limits=[0, 100])
    generator = np.random.default_rng()
    values = 20 + 0.01 * np.arange(600) + generator.normal(0, 0.1, 600)
    sent = [reading(n, float(each)) for n, each in enumerate(values)]
    write(engine, [*sent, reading(600, 999.0)], of=kind)
    summary = summarise(window_of(engine, kind))
    line = np.polyfit(np.arange(600.0), values, 1)
    assert (summary.n, summary.n_good) == (601, 600)
    assert summary.share_good == pytest.approx(600 / 601)
    assert summary.mean == pytest.approx(values.mean(), rel=1e-12)
    assert summary.sd == pytest.approx(values.std(ddof=1), rel=1e-9)
    assert summary.slope == pytest.approx(line[0], rel=1e-6)
    assert (summary.lowest, summary.highest) == (values.min(), values.max())
    assert summary.last == values[-1]


def test_a_summary_of_nothing_or_one_says_so(engine: Engine) -> None:
    kind = sensor()
    write(engine, [reading(1, None)], of=kind)
    none = summarise(window_of(engine, kind))
    assert (none.n, none.n_good, none.share_good, none.mean, none.last) == (1, 0, 0.0, None, None)
    write(engine, [reading(2, 7.0)], of=kind)
    one = summarise(window_of(engine, kind))
    assert (one.mean, one.sd, one.slope, one.last) == (7.0, None, None, 7.0)


def test_what_never_came_is_said_by_name(sqlite_engine: Engine) -> None:
    archive = Archive(sqlite_engine, {"temperature": sensor()})
    with pytest.raises(UnknownName, match="no sensor 'humidity'"):
        archive.window("oven", "humidity", START, START + HOUR)
    with pytest.raises(UnknownName, match="Nothing has come of sensor 'temperature' from 'oven'"):
        archive.window("oven", "temperature", START, START + HOUR)


KEEP = {"raw": "10 min", "every": "1 min", "means": "1 h"}


def minutes_of_noise(n: int) -> np.ndarray:
    """Values each second of so many minutes, with spikes beyond the limits."""
    values = np.random.default_rng().normal(20, 2, 60 * n)
    values[::50] = 500
    return values


def test_old_readings_become_means_and_the_summary_stays_what_it_was(engine: Engine) -> None:
    """But for the last value, and for the slope, which has only the middle of each minute."""
    kind = sensor(limits=[0, 100], keep=KEEP)
    values = minutes_of_noise(30)
    write(engine, [reading(n, float(each)) for n, each in enumerate(values)], of=kind)
    before = summarise(window_of(engine, kind))
    swept = sweep(engine, {kind.name: kind}, now=START + timedelta(minutes=30, seconds=30))
    assert (swept.thinned, swept.means, swept.forgotten) == (20 * 60, 20, 0)
    window = window_of(engine, kind)
    assert len(window) == 10 * 60
    assert window.means.n.tolist() == [60] * 20
    first = values[:60][values[:60] < 100]
    assert window.means.mean[0] == pytest.approx(first.mean(), rel=1e-12)
    assert (window.means.lowest[0], window.means.highest[0]) == (first.min(), first.max())
    assert_nearly(summarise(window), before)


def assert_nearly(one: Summary, other: Summary) -> None:
    assert (one.n, one.n_good, one.lowest, one.highest, one.last) == (
        *(other.n, other.n_good, other.lowest, other.highest, other.last),
    )
    assert one.mean == pytest.approx(other.mean, rel=1e-12)
    assert one.sd == pytest.approx(other.sd, rel=1e-9)


def means_of(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM reading_means ORDER BY start_us")))


def test_a_sweep_that_is_repeated_does_nothing_twice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one that was cut into pieces: the same means come out of any number of sweeps."""
    monkeypatch.setattr("planner.readings.thinning._AT_ONCE", 150)
    kind = sensor(limits=[0, 100], keep=KEEP)
    sent = [reading(n, float(each)) for n, each in enumerate(minutes_of_noise(15))]
    write(engine, sent, of=kind)
    for seconds in (605, 660, 665, 700, 700, 900, 900):
        sweep(engine, {kind.name: kind}, now=START + timedelta(seconds=seconds))
    once = means_of(engine)
    assert [row.n for row in once] == [60] * 5
    late = write(engine, sent[:200], of=kind)
    assert (late.kept, late.refused) == (0, 200)
    assert "older than raw readings are kept" in late.why
    sweep(engine, {kind.name: kind}, now=START + timedelta(seconds=900))
    assert means_of(engine) == once
    assert len(rows_of(engine)) == 10 * 60


def test_means_go_when_their_time_is_over_and_others_stay(engine: Engine) -> None:
    kind, other = sensor(keep=KEEP), sensor("pressure", "mbar")
    write(engine, [reading(60 * n) for n in range(30)], of=kind)
    write(engine, [reading(n, name="pressure") for n in range(30)], of=other)
    both = {kind.name: kind, other.name: other}
    swept = sweep(engine, both, now=START + timedelta(minutes=75))
    assert (swept.thinned, swept.forgotten) == (30, 15)
    assert [row["name"] for row in rows_of(engine)] == ["pressure"] * 30


def test_spans_may_change_their_length_between_sweeps(engine: Engine) -> None:
    """The first long span begins where the last short one ended, and not before."""
    values = [float(n) for n in range(1800)]
    short = sensor(keep=KEEP)
    write(engine, [reading(n, each) for n, each in enumerate(values)], of=short)
    sweep(engine, {short.name: short}, now=START + timedelta(minutes=13))
    longer = sensor(keep={**KEEP, "every": "10 min"})
    sweep(engine, {longer.name: longer}, now=START + timedelta(minutes=30))
    rows = means_of(engine)
    assert [row.n for row in rows] == [60, 60, 60, 420, 600]
    assert summarise(window_of(engine, longer)).mean == pytest.approx(np.mean(values))
