"""Cells of tables: every kind that can be written."""

from __future__ import annotations

from datetime import timedelta, timezone

from hypothesis import strategies as st

from planner.tables import (
    BelowDetection,
    Cell,
    Date,
    Empty,
    NotAvailable,
    Number,
    Text,
)
from planner.tables.cells import read_cell

UNITS = ["K", "°C", "%", "mol_percent", "mg/mL", "J/(mol*K)", "m^2", "µL", "wt %"]

finite = st.floats(allow_nan=False, allow_infinity=False)
# three digits behind the mark is what can be read in two ways
thousandths = st.integers(1000, 999_999).map(lambda n: n / 1000)
units_or_none = st.none() | st.sampled_from(UNITS)


def numbers() -> st.SearchStrategy[Number]:
    return st.builds(Number, finite | thousandths, units_or_none)


def limits() -> st.SearchStrategy[BelowDetection]:
    known = st.builds(BelowDetection, finite | thousandths, units_or_none)
    return known | st.just(BelowDetection())


def texts() -> st.SearchStrategy[Text]:
    """Texts that are read as texts, among them those that look like formulas and like CSV."""
    letters = st.characters(
        exclude_categories=["Cs"], exclude_characters="\r\x00\ufffe\uffff"
    ).filter(lambda each: each in "\t\n" or ord(each) >= 32)
    beginnings = st.sampled_from(["", "=", "+", "-", "@", "'", "'=", "#", '"', ";", "_x0041_", "<"])
    words = st.builds(lambda start, rest: (start + rest).strip(), beginnings, st.text(letters))
    return words.filter(lambda text: isinstance(read_cell(text), Text)).map(Text)


def dates() -> st.SearchStrategy[Date]:
    days = st.dates()
    zones = st.none() | st.integers(-12, 14).map(lambda h: timezone(timedelta(hours=h)))
    times = st.datetimes(timezones=zones)
    return st.builds(Date, days | times)


def cells() -> st.SearchStrategy[Cell]:
    others = st.sampled_from([Empty(), NotAvailable()])
    return numbers() | limits() | texts() | dates() | others
