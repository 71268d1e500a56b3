"""Tables that are handed out: safe, never in the place of another, and good to fill in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from planner.errors import TableError
from planner.tables import BelowDetection, Entry, Number, SheetColumn, Text, read_sheet, write_sheet

COLUMNS = [
    SheetColumn(header="trial", about="number of the trial"),
    SheetColumn(header="yield (%)", about="isolated", entry=Entry.NUMBER),
    SheetColumn(header="status", entry=Entry.TEXT, choices=("done", "failed, by the machine")),
]
ROWS = [(1, None, "done"), (2, 81.5, None)]
ENDINGS = [".csv", ".xlsx", ".parquet"]
FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", '=HYPERLINK("http://x","y")']


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_there_is_left_alone_unless_told(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table{ending}"
    write_sheet(ROWS, path, columns=COLUMNS)
    before = path.read_bytes()
    with pytest.raises(TableError, match="is there already and was left as it is"):
        write_sheet(ROWS[:1], path, columns=COLUMNS)
    assert path.read_bytes() == before
    write_sheet(ROWS[:1], path, columns=COLUMNS, may_replace=True)
    assert len(read_sheet(path).rows) == 1
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**400, "a\0b", "\ud800", "x" * 40_000]
)
def test_what_no_table_can_hold_is_refused_and_leaves_no_file(
    tmp_path: Path, ending: str, value: object
) -> None:
    path = tmp_path / f"table{ending}"
    with pytest.raises(TableError):
        write_sheet([(1, value, None)], path, columns=COLUMNS)  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []


def test_places_and_kinds_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no ending that says a kind"):
        write_sheet(ROWS, tmp_path / "table.xls", columns=COLUMNS)
    with pytest.raises(TableError, match="cannot be written"):
        write_sheet(ROWS, tmp_path / "nowhere" / "table.csv", columns=COLUMNS)
    with pytest.raises(TableError, match="Row 1 has 2 values for 3 columns"):
        write_sheet([(1, 2)], tmp_path / "table.csv", columns=COLUMNS)


def test_a_csv_file_has_the_mark_by_which_excel_knows_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_sheet([(1, 81.5, "Öl")], path, columns=COLUMNS)
    assert path.read_bytes() == "\ufefftrial,yield (%),status\r\n1,81.5,Öl\r\n".encode()


def test_a_csv_file_for_a_country_with_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_sheet([(1, 1.125, None), (2, Number(0.5, "g"), None)], path, columns=COLUMNS, decimal=",")
    # the fourth digit tells that the comma does not stand between thousands
    assert path.read_text("utf-8-sig").splitlines() == [
        "trial;yield (%);status", "1;1,1250;", "2;0,5 g;",
    ]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_csv_file_begins_like_a_formula(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    write_sheet([(1, None, text)], path, columns=COLUMNS)
    cell = path.read_text("utf-8-sig").splitlines()[1].split(",", 2)[2].strip('"')
    assert cell.startswith("'")
    assert read_sheet(path).rows[0].cells[2] == Text(text)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.xlsx"
    write_sheet([(1, None, text)], path, columns=COLUMNS)
    cell = openpyxl.load_workbook(path)["table"]["C2"]
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, True)


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_sheet([(-1, -81.5, None)], path, columns=COLUMNS)
    assert "-1,-81.5," in path.read_text("utf-8-sig")


def test_a_workbook_is_good_to_fill_in(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    write_sheet(ROWS, path, columns=COLUMNS, about="Trials of the week.")
    book = openpyxl.load_workbook(path)
    table, explained = book["table"], book["explanations"]
    assert table.freeze_panes == "A2"
    assert table["A1"].font.bold
    assert table.protection.sheet
    assert [table[f"{letter}2"].protection.locked for letter in "ABC"] == [True, False, False]
    assert table["A2"].fill.fill_type is None
    assert table["B2"].fill.fill_type == "solid"
    assert table["C2"].number_format == "@"
    assert table.column_dimensions["C"].width >= len("status")
    rule = table.data_validations.dataValidation[0]
    assert (str(rule.sqref), rule.formula1) == ("C2:C53", "explanations!$G$1:$G$2")
    assert [explained[f"G{row}"].value for row in (1, 2)] == list(COLUMNS[2].choices)
    words = " ".join(str(row[0]) for row in explained.iter_rows(max_col=1, values_only=True))
    assert "Trials of the week." in words
    assert "yield (%)" in words


def test_a_form_comes_back_filled_in(tmp_path: Path) -> None:
    """As from Excel: numbers into cells of numbers, text into cells of text, one in its format."""
    path = tmp_path / "table.xlsx"
    write_sheet([(1, None, None), (2, None, None), (3, None, None)], path, columns=COLUMNS)
    book = openpyxl.load_workbook(path)
    table = book["table"]
    table["B2"], table["C2"] = 81.5, "done"
    table["B3"], table["B4"] = "<0,5", 0.82
    table["B4"].number_format = "0%"
    book.save(path)
    sheet = read_sheet(path)
    assert [row.cells[1] for row in sheet.rows] == [
        Number(81.5),
        BelowDetection(0.5),
        Number(82.0, "%"),
    ]
    assert sheet.rows[0].cells[2] == Text("done")
    assert sheet.notes == ()


def test_a_workbook_without_entries_is_not_locked(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    write_sheet([(1,)], path, columns=[SheetColumn(header="trial")])
    assert not openpyxl.load_workbook(path)["table"].protection.sheet


def test_plain_values_are_cells(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_sheet([(True, date(2024, 2, 1), " x ")], path, columns=COLUMNS)
    assert path.read_text("utf-8-sig").splitlines()[1] == "TRUE,2024-02-01,x"
