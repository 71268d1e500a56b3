"""What stands in a cell, and how sure its decimal mark is."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from planner.tables import (
    BelowDetection,
    Cell,
    Date,
    Empty,
    NotAvailable,
    Number,
    Text,
    Unreadable,
)
from planner.tables.cells import read_cell
from planner.tables.spelling import Mark, find_evidence, is_decimal, spell

NO_BREAK, THIN = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("81.5", 81.5, None),
        ("81,5", 81.5, None),
        (" 80 ", 80.0, None),
        ("353 K", 353.0, "K"),
        ("353K", 353.0, "K"),
        ("12 %", 12.0, "%"),
        ("0,5 µL", 0.5, "µL"),
        ("25 °C", 25.0, "°C"),
        ("5 mg/mL", 5.0, "mg/mL"),
        ("1.2e-3", 1.2e-3, None),
        ("1,2E-3", 1.2e-3, None),
        ("1.2\u00d710^-3 mol", 1.2e-3, "mol"),
        ("1.2·10⁻³", 1.2e-3, None),
        ("\u22125", -5.0, None),
        ("\u20135,5 °C", -5.5, "°C"),
        ("+5", 5.0, None),
        (".5", 0.5, None),
        (",5", 0.5, None),
        ("5.", 5.0, None),
        ("1,234,567", 1234567.0, None),
        ("1,234.5", 1234.5, None),
        ("1.234,5", 1234.5, None),
        (f"1{THIN}234,5", 1234.5, None),
        (f"12{NO_BREAK}345", 12345.0, None),
        ("1'234.5", 1234.5, None),
        ("0,125", 0.125, None),  # no group of thousands begins with a zero
        ("1,2345", 1.2345, None),
        ("0.125", 0.125, None),
        ("1.2345", 1.2345, None),
    ],
)
def test_numbers(text: str, value: float, unit: str | None) -> None:
    cell = read_cell(text)
    assert cell == Number(value, unit)
    assert cell.raw == text


@pytest.mark.parametrize(
    "text",
    [
        "THF", "Na", "Nd", "2 x 10", "1 234", "80-90", "ca. 80", "1.2.24", "01.02.2024", "1,00,000",
        "12,34,5", "five", "1:2", "5,", "--5", "1e", "<", "<a", ">99", "3 of 4", "inf",
        "x" * 50_000, "1" * 20_000 + "x",
    ],
)  # fmt: skip
def test_texts(text: str) -> None:
    expected = Number(1.0, "e") if text == "1e" else Text(text)
    assert read_cell(text) == expected


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_nothing(text: str) -> None:
    assert read_cell(text) == Empty()


@pytest.mark.parametrize("text", ["n/a", "N/A", "NA", "na", "-", "\u2013", "?", "#N/A", "NaN"])
def test_not_available(text: str) -> None:
    assert read_cell(text) == NotAvailable()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("<LOD", BelowDetection()),
        ("< loq", BelowDetection()),
        ("n.d.", BelowDetection()),
        ("nd", BelowDetection()),
        ("BDL", BelowDetection()),
        ("<0.5", BelowDetection(0.5)),
        ("< 0,5 %", BelowDetection(0.5, "%")),
    ],
)
def test_below_detection(text: str, cell: Cell) -> None:
    assert read_cell(text) == cell


def test_sodium_and_neodymium_are_no_missing_values() -> None:
    """NA and nd mean that nothing is there; Na and Nd are elements."""
    assert [read_cell(text) for text in ("Na", "Nd")] == [Text("Na"), Text("Nd")]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-02-29T14:30:00", datetime(2024, 2, 29, 14, 30)),
        ("2024-02-29 14:30", datetime(2024, 2, 29, 14, 30)),
    ],
)
def test_dates(text: str, at: date) -> None:
    assert read_cell(text) == Date(at)


def test_a_date_says_why_it_is_no_number() -> None:
    assert "such as 1-2 or 1.5" in Date(date(2024, 2, 1)).why_no_number


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1,234", "1.234 or 1234: no other cell tells which"),
        ("<1,234", "1.234 or 1234"),
        ("1.234", "1.234 or 1234: no other cell tells which"),
        ("<1.234", "1.234 or 1234"),
        ("#DIV/0!", "the error #DIV/0!"),
        ("#####", "the error"),
        ("2024-02-30", "no such day"),
        ("81.5 ± 2", "headed 'NAME sd'"),
        ("81.5+-2 %", "headed 'NAME sd'"),
        ("1e999", "too large"),
    ],
)
def test_what_is_no_value_says_why(text: str, why: str) -> None:
    cell = read_cell(text)
    assert isinstance(cell, Unreadable)
    assert why in cell.why
    assert cell.raw == text


@pytest.mark.parametrize(
    ("text", "others", "why", "remedy"),
    [
        (
            "1.234",
            {Mark.COMMA_DECIMAL},
            "other cells have a decimal comma, and this one has a point.",
            "one digit more (1.2340) or without the mark (1234), or say which mark is the decimal "
            "one (--decimal point reads 1.234, --decimal comma 1234)",
        ),
        (
            "1,234",
            {Mark.DOT_DECIMAL},
            "other cells have a decimal point, and this one has a comma.",
            "one digit more (1,2340) or without the mark (1234), or say which mark is the decimal "
            "one (--decimal point reads 1234, --decimal comma 1.234)",
        ),
        (
            "1.234",
            {Mark.COMMA_DECIMAL, Mark.DOT_DECIMAL},
            "other cells have decimal commas, and others decimal points.",
            "--decimal point reads 1.234",
        ),
    ],
)
def test_what_the_other_cells_have_is_said(
    text: str, others: set[Mark], why: str, remedy: str
) -> None:
    cell = read_cell(text, evidence=frozenset(others))
    assert isinstance(cell, Unreadable)
    assert f"which can be 1.234 or 1234: {why}" in cell.why
    assert remedy in cell.why


@pytest.mark.parametrize(
    ("others", "delimiter", "comma", "point"),
    [
        # others in the column, delimiter; is a comma, is a point before three digits decimal?
        ([], ";", None, None),
        ([], None, None, None),
        ([], ",", None, True),
        (["950"], ";", None, None),
        (["81,5"], ";", True, None),
        (["81,5", "82.5"], ";", None, None),
        (["81.5"], ";", None, True),
        (["81.5"], ",", False, True),  # a program that writes points and divides by commas
        (["1,234,567"], ";", False, True),
        (["1.234,5"], ";", True, False),
        (["1.234.567"], None, True, False),
        (["<0,5"], "\t", True, None),
        (["0,5 %", "THF"], "\t", True, None),
        ([f"1{THIN}234,5"], ";", True, None),
    ],
)
def test_a_mark_before_three_digits_means_what_other_cells_tell(
    others: list[str], delimiter: str | None, comma: bool | None, point: bool | None
) -> None:
    evidence = find_evidence(others)
    assert is_decimal(",", evidence, delimiter=delimiter) is comma
    assert is_decimal(".", evidence, delimiter=delimiter) is point


def test_an_open_mark_gives_both_readings() -> None:
    spelled = spell("-1,234 mg")
    assert spelled is not None
    assert (spelled.value(), spelled.value(is_decimal=False)) == (-1.234, -1234.0)
    assert (spelled.open_mark, spelled.unit) == (",", "mg")
