"""Messages as they come from devices, good and bad."""

from __future__ import annotations

import json
import math

import pytest
from reading_samples import START_US, reading, sensor

from planner.errors import InputError
from planner.readings import MOST_BYTES, read_message
from planner.readings.cleaning import clean

AT = "2026-11-22T08:00:00Z"


def message(*readings: object, **more: object) -> bytes:
    return json.dumps({"readings": readings, **more}).encode()


def test_a_message_is_read_as_it_was_agreed() -> None:
    full = {
        "name": "furnace_temperature",
        "unit": "degC",
        "value": 871.2,
        "quality": "uncertain",
        "at": AT,
        "sequence": 12,
    }
    found = read_message(message(full, {"name": "x", "at": AT, "value": None}, last=17))
    first, second = found.readings
    assert (first.name, first.unit, first.value, first.quality) == (
        *("furnace_temperature", "degC", 871.2, "uncertain"),
    )
    assert (first.at_us, first.sequence, found.last) == (START_US, 12, 17)
    assert (second.value, second.unit, second.quality) == (None, None, "good")


@pytest.mark.parametrize("word", ["NaN", "Infinity", '"NaN"', "-Infinity"])
def test_what_is_no_number_travels_and_counts_as_none(word: str) -> None:
    text = f'{{"readings": [{{"name": "temperature", "at": "{AT}", "value": {word}}}]}}'
    (found,) = read_message(text.encode()).readings
    assert found.value is not None
    assert not math.isfinite(found.value)
    cleaned = clean(found, sensor())
    assert (cleaned.raw, cleaned.converted) == (None, None)
    assert cleaned.reason is not None
    assert "is no number" in cleaned.reason


BAD = [
    {"at": AT, "value": 1},
    {"name": "x", "value": 1},
    {"name": "x", "at": "2026-11-22T08:00:00", "value": 1},
    {"name": "x", "at": "yesterday", "value": 1},
    {"name": "x", "at": AT, "value": "hot"},
    {"name": "x", "at": AT, "value": [1]},
    {"name": "x", "at": AT, "quality": "fine"},
    {"name": "x" * 65, "at": AT},
    {"name": "x", "at": AT, "sequence": -1},
    {"name": "x", "at": AT, "unit": "m" * 65},
    "not even a mapping",
    None,
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_one_bad_reading_does_not_lose_the_others(bad: object) -> None:
    good = {"name": "x", "at": AT, "value": 1.0}
    found = read_message(message(good, bad, good))
    assert (len(found.readings), found.n_unreadable) == (2, 1)
    assert found.why


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1, 2]", "no list of readings"),
        (b'{"readings": {}}', "no list of readings"),
        (b" " * (MOST_BYTES + 1), "too large"),
        (b"[" * 100_000, "no JSON"),
    ],
    ids=["cut", "bytes", "list", "mapping", "large", "deep"],
)
def test_what_is_no_message_is_refused_in_words(content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_message(content)


@pytest.mark.parametrize(
    ("unit", "value", "converted", "reason"),
    [
        (None, 20.0, 20.0, None),
        ("degC", 20.0, 20.0, None),
        ("K", 293.15, 20.0, None),
        ("degF", 68.0, 20.0, None),
        ("mbar", 20.0, None, "no unit of what is in 'degC'"),
        ("C", 20.0, None, "not known"),
        ("9**9**9**9", 20.0, None, "not known"),
        ("m**2**9**9", 20.0, None, "not known"),
        ("__import__('os')", 20.0, None, "not known"),
        ("K", 1e308, 1e308, None),
        ("K", -5.0, -278.15, None),
    ],
)
def test_units_are_converted_or_the_raw_value_is_kept_with_the_reason(
    unit: str | None, value: float, converted: float | None, reason: str | None
) -> None:
    cleaned = clean(reading(1, value, unit=unit), sensor())
    assert cleaned.raw == value
    assert cleaned.raw_unit == (None if unit in (None, "degC") else unit)
    assert cleaned.converted == (converted if converted is None else pytest.approx(converted))
    assert (cleaned.reason is None) == (reason is None)
    assert reason is None or reason in str(cleaned.reason)
