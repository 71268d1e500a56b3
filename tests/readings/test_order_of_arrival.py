"""Any order of arrival and any repetition give the same table, which a plain computation gives."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_samples import START_US, reading, rows_of, sensor, write
from sqlalchemy import Engine

from planner.campaign import Sensor
from planner.readings import Reading
from planner.readings.pen import Pen
from tests.oracles.filtered_readings import filter_plainly

_sources = (f"oven{n}" for n in itertools.count())

FILTERS: list[dict[str, Any]] = [
    {},
    {"outliers": 5, "resolution": 0.1, "threshold": 3},
    {"noise": 5},
    {"outliers": 7, "resolution": 0.5, "noise": 3},
]
seconds = st.integers(0, 40) | st.integers(100, 110) | st.integers(0, 4000)
values = st.sampled_from([20.0, 20.1, 20.2, 21.0, 35.0, 400.0, -90.0, math.nan]) | st.none()
qualities = st.sampled_from(["good", "good", "good", "uncertain", "bad"])
units = st.sampled_from([None, None, "degC", "K", "mbar", "no such unit"])


@st.composite
def sent_readings(draw: st.DrawFn) -> list[Reading]:
    """Readings of one sensor at different times."""
    times = draw(st.lists(seconds, min_size=1, max_size=25, unique=True))
    return [reading(at, draw(values), quality=draw(qualities), unit=draw(units)) for at in times]


@st.composite
def deliveries(draw: st.DrawFn, sent: list[Reading]) -> list[list[list[Reading]]]:
    """All of them at least once, in any order, cut into messages and batches anyhow."""
    again = draw(st.lists(st.sampled_from(sent), max_size=10))
    line = draw(st.permutations([*sent, *again]))
    batches: list[list[list[Reading]]] = [[[]]]
    for each in line:
        match draw(st.sampled_from(["on", "on", "message", "batch"])):
            case "message":
                batches[-1].append([])
            case "batch":
                batches.append([[]])
        batches[-1][-1].append(each)
    return batches


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_order_and_any_repetition_give_the_same_table(engine: Engine, data: Any) -> None:
    rule, gap = data.draw(st.sampled_from(FILTERS)), data.draw(st.sampled_from([None, 5.0]))
    kind = sensor(limits=[-50, 300], filter=rule, gap=gap)
    sent = data.draw(sent_readings())
    source = next(_sources)
    kept = repeated = n = 0
    for batch in data.draw(deliveries(sent)):
        tally = write(engine, *batch, of=kind, source=source)
        n += sum(len(parcel) for parcel in batch)
        kept, repeated = kept + tally.kept, repeated + tally.repeated
    found = [row for row in rows_of(engine) if row["source"] == source]
    assert (kept, kept + repeated) == (len(sent), n)
    assert_as_plainly_computed(found, sent, kind)


def assert_as_plainly_computed(
    found: list[dict[str, Any]], sent: list[Reading], kind: Sensor
) -> None:
    ordered = sorted(sent, key=lambda each: each.at)
    assert [row["at_us"] for row in found] == [each.at_us for each in ordered]
    counting = [
        (each.at_us, value) for each in ordered if (value := converted_plainly(each)) is not None
    ]
    filtered = filter_plainly(counting, kind.filter, None if kind.gap is None else kind.gap * 1e6)
    value_at = dict(zip([at_us for at_us, _ in counting], filtered, strict=True))
    for row, each in zip(found, ordered, strict=True):
        is_number = each.value is not None and math.isfinite(each.value)
        assert row["raw"] == (each.value if is_number else None)
        assert row["value"] == value_at.get(each.at_us)
        assert (row["quality"] == "bad") == (row["value"] is None)
        assert row["quality"] in ("bad", each.quality)
        assert (row["reason"] is None) == (row["quality"] == "good")


def converted_plainly(each: Reading) -> float | None:
    if each.value is None or not math.isfinite(each.value) or each.quality == "bad":
        return None
    if each.unit in ("mbar", "no such unit"):
        return None
    # in decimal, as the units are converted: 20.1 K are -253.05 degC
    value = round(each.value - 273.15, 10) if each.unit == "K" else each.value
    return value if -50 <= value <= 300 else None


def test_of_two_that_contradict_each_other_the_first_stays(engine: Engine) -> None:
    kind = sensor()
    write(engine, [reading(1, 20.0)], of=kind)
    tally = write(engine, [reading(1, 99.0)], [reading(1, 98.0)], of=kind)
    assert [row["value"] for row in rows_of(engine)] == [20.0]
    assert (tally.kept, tally.repeated) == (0, 2)


def test_a_late_reading_changes_what_its_neighbours_are_taken_for(engine: Engine) -> None:
    """Of 20, 20, 20, 30 the last is an outlier, until the rest of a step comes."""
    kind = sensor(filter={"outliers": 7, "resolution": 0.1})
    write(engine, [reading(second, 20.0) for second in (1, 2, 3)], [reading(4, 30.0)], of=kind)
    assert [row["quality"] for row in rows_of(engine)] == ["good"] * 3 + ["bad"]
    write(engine, [reading(second, 30.0) for second in (6, 5)], of=kind)
    assert [row["value"] for row in rows_of(engine)] == [20.0] * 3 + [30.0] * 3


def test_what_is_not_revised_for_late_readings_is_found(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: were the neighbours left as they are, the table would say so."""
    kind = sensor(filter={"outliers": 5, "resolution": 0.1, "threshold": 3})
    monkeypatch.setattr(Pen, "revise", lambda *_, **__: None)
    sent = [reading(second, 20.0 if second < 4 else 35.0) for second in range(8)]
    for each in sent:
        write(sqlite_engine, [each], of=kind)
    with pytest.raises(AssertionError):
        assert_as_plainly_computed(rows_of(sqlite_engine), sent, kind)


def test_times_are_kept_to_the_microsecond(engine: Engine) -> None:
    write(engine, [reading(0.123457), reading(0.123456)], of=sensor())
    assert [row["at_us"] - START_US for row in rows_of(engine)] == [123_456, 123_457]
