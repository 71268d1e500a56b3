"""Excel workbooks as people leave them; what Excel itself stores is put into the file by hand."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from planner.errors import TableError
from planner.tables import (
    Cell,
    Date,
    Empty,
    Number,
    Sheet,
    Text,
    Unreadable,
    read_sheet,
)
from planner.tables import contents as contents_module
from planner.tables import workbook as workbook_module

Fill = Callable[[Worksheet], object]


def make(path: Path, *fills: Fill) -> Path:
    book = Workbook()
    book.worksheets[0].append(["temperature (°C)", "yield (%)"])
    book.worksheets[0].title = "May"
    for fill in fills:
        fill(book.worksheets[0])
    book.save(path)
    return path


def one(path: Path, value: object, number_format: str | None = None) -> Cell:
    """Returns what is read of one cell."""

    def fill(table: Worksheet) -> None:
        table["A2"] = 80
        table["B2"] = value
        if number_format is not None:
            table["B2"].number_format = number_format

    return read_sheet(make(path, fill)).rows[0].cells[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.xlsx"


@pytest.mark.parametrize(
    ("value", "number_format", "cell"),
    [
        (81.5, None, Number(81.5)),
        (81, None, Number(81.0)),
        (0.123456789, "0.0", Number(0.123456789)),  # rounded on the screen, not in the file
        (0.5, "0 %", Number(50.0, "%")),
        (0.07, "0.0%", Number(7.0, "%")),
        (5, '0"%"', Number(5.0, "%")),  # a sign behind the number, not a hundredth
        (80, '0.0" K"', Number(80.0, "K")),
        (80, '0 "mg/mL"', Number(80.0, "mg/mL")),
        (80, '#,##0.00\\ "°C"', Number(80.0, "°C")),
        (1234.5, "#,##0.00", Number(1234.5)),
        ("81,5", "@", Number(81.5)),
        ("81.5 %", "@", Number(81.5, "%")),
        ("THF", None, Text("THF")),
        (True, None, Text("TRUE")),
        (datetime(2024, 2, 1), None, Date(date(2024, 2, 1))),
        (datetime(2024, 2, 1, 14, 30), None, Date(datetime(2024, 2, 1, 14, 30))),
    ],
)
def test_a_value_is_what_a_person_sees(
    path: Path, value: object, number_format: str | None, cell: Cell
) -> None:
    assert one(path, value, number_format) == cell


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (time(1, 2), "1:2 into times"),
        (timedelta(hours=30), "1:2 into times"),
        ("#DIV/0!", "the error #DIV/0!"),
        ("=A2/0", "formula =A2/0 has no result yet"),
        ("1,234", "1.234 or 1234"),
    ],
)
def test_what_excel_made_of_an_entry_is_said(path: Path, value: object, why: str) -> None:
    cell = one(path, value)
    assert isinstance(cell, Unreadable)
    assert why in cell.why


def test_numbers_of_cells_tell_nothing_about_marks_in_texts(path: Path) -> None:
    """81.5 is a point only in how we write it; the workbook holds a number."""

    def fill(table: Worksheet) -> None:
        table.append([80.5, 81.5])
        table.append([80.5, "1,234"])
        table.append([80.5, "81,5"])

    cells = [row.cells[1] for row in read_sheet(make(path, fill)).rows]
    assert cells == [Number(81.5), Number(1.234), Number(81.5)]


def with_result(path: Path, formula: str, stored: str, kind: str = "n") -> None:
    """Puts the stored result of a formula into the file, as Excel does when it saves."""
    content = path.read_bytes()
    n_changed = 0
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name).decode()
            if name.endswith("sheet1.xml"):
                cell = rf'<c r="(\w+)"[^>]*><f>{re.escape(formula)}</f><v ?(?:/>|></v>)'
                full = rf'<c r="\1" t="{kind}"><f>{formula}</f><v>{stored}</v>'
                data, n_changed = re.subn(cell, full, data)
            new.writestr(name, data)
    assert n_changed == 1


@pytest.mark.parametrize(
    ("kind", "stored", "cell"),
    [
        ("n", "81.5", Number(81.5)),
        ("str", "THF", Text("THF")),
        ("str", "", Empty()),  # =IF(A2="","",...)
        ("b", "1", Text("TRUE")),
    ],
)
def test_a_formula_is_its_stored_result(path: Path, kind: str, stored: str, cell: Cell) -> None:
    make(path, lambda table: table.append([80, "=A2+1.5"]))
    with_result(path, "A2+1.5", stored, kind)
    assert read_sheet(path).rows[0].cells[1] == cell


def test_a_number_that_is_too_large_is_said(path: Path) -> None:
    make(path, lambda table: table.append([80, "=A2+1.5"]))
    with_result(path, "A2+1.5", "1E999")
    assert "too large" in str(read_sheet(path).rows[0].cells[1])
    assert "too large" in str(one(path, 1.7e308, "0 %"))
    assert one(path, 1.7e308) == Number(1.7e308)


def test_rows_are_named_as_in_excel(path: Path) -> None:
    def fill(table: Worksheet) -> None:
        table["A5"] = 80
        table["B5"] = "x"

    sheet = read_sheet(make(path, fill))
    assert sheet.rows[0].number == 5
    assert sheet.place(sheet.rows[0], 1) == "cell B5 (yield (%))"
    assert sheet.title == "table.xlsx, sheet 'May'"


def test_merged_cells_are_not_filled_in(path: Path) -> None:
    def fill(table: Worksheet) -> None:
        table.append([80, 81.5])
        table.append([None, 82.5])
        table.merge_cells("A2:A3")

    rows = read_sheet(make(path, fill)).rows
    assert rows[0].cells[0] == Number(80.0)
    merged = rows[1].cells[0]
    assert isinstance(merged, Unreadable)
    assert "merged with A2" in merged.why


def test_a_title_in_merged_cells_is_refused_unless_the_row_of_names_is_said(path: Path) -> None:
    def fill(table: Worksheet) -> None:
        table.insert_rows(1)
        table["A1"] = "Screening of May"
        table.merge_cells("A1:B1")
        table.append([80, 81.5])

    make(path, fill)
    with pytest.raises(TableError, match=r"header in row 1: it is merged.*say in which row"):
        read_sheet(path)
    assert read_sheet(path, header_row=2).rows[0].cells == (Number(80.0), Number(81.5))


def test_hidden_rows_and_columns_are_read_and_said(path: Path) -> None:
    def fill(table: Worksheet) -> None:
        table.append([80, 81.5])
        table.append([90, 82.5])
        table.row_dimensions[3].hidden = True
        table.column_dimensions["B"].hidden = True

    sheet = read_sheet(make(path, fill))
    assert len(sheet.rows) == 2
    assert "Hidden or filtered rows were read too: 3." in sheet.notes[0]
    assert sheet.notes[1] == "Hidden columns were read too: B."


def several(path: Path) -> Sheet:
    book = Workbook()
    book.worksheets[0].title = "cover"
    book.worksheets[0].sheet_state = "hidden"
    for name, value in (("May", 5), ("June", 6)):
        book.create_sheet(name)
        book[name].append(["month", "yield"])
        book[name].append(["x", value])
    book.save(path)
    return read_sheet(path)


def test_the_first_sheet_that_is_shown_is_read_or_the_one_that_is_named(path: Path) -> None:
    sheet = several(path)
    assert sheet.rows[0].cells[1] == Number(5.0)
    assert sheet.notes == ("The sheet 'May' was read, not 'June'.",)
    assert read_sheet(path, sheet="June").rows[0].cells[1] == Number(6.0)
    with pytest.raises(TableError, match=r"no sheet 'July'. Its sheets are cover, May, June"):
        read_sheet(path, sheet="July")


def test_excels_escapes_are_read(path: Path) -> None:
    """Excel stores a line end of Windows within a cell as _x000D_ and a line feed."""
    assert one(path, "a_x000D_\nb") == Text("a\nb")


def test_a_workbook_under_another_name_is_read(path: Path) -> None:
    make(path, lambda table: table.append([80, 81.5]))
    named = path.rename(path.with_suffix(".csv"))
    assert read_sheet(named).rows[0].cells == (Number(80.0), Number(81.5))


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, r"\.ods"),
        ({"xl/workbook.bin": b""}, r"\.xlsb"),
        ({"notes.txt": b"x"}, "an archive and no table"),
        ({"xl/workbook.xml": b"<nothing/>"}, "damaged"),
    ],
)
def test_other_packages_are_refused_with_the_remedy(
    path: Path, members: dict[str, bytes], text: str
) -> None:
    with pytest.raises(TableError, match=text):
        read_sheet(archive(path, **members))


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(path: Path) -> None:
    huge = b"\0" * (contents_module.MAX_UNPACKED_BYTES + 1)
    archive(path, **{"xl/workbook.xml": huge})
    assert path.stat().st_size < 2**20
    with pytest.raises(TableError, match="unpacks to more than"):
        read_sheet(path)


def test_a_lost_cell_far_below_is_named_and_does_not_take_an_hour(path: Path) -> None:
    make(path, lambda table: table.cell(1_048_576, 1, "lost"))
    with pytest.raises(TableError, match="goes down to row 1048576"):
        read_sheet(path)


def test_a_truncated_file_is_damaged(path: Path) -> None:
    make(path, lambda table: table.append([80, 81.5]))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TableError, match="damaged"):
        read_sheet(path)


def test_the_worksheet_is_bounded_in_cells(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_module, "MAX_CELLS", 3)
    make(path, lambda table: table.append([80, 81.5]))
    with pytest.raises(TableError, match="3 cells are the most"):
        read_sheet(path)


def test_all_sheets_hidden_cannot_be_written_but_is_answered(path: Path) -> None:
    """Openpyxl refuses to save such a book; a damaged one may still be so."""
    several(path)
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(b'state="visible"', b'state="hidden"')
            new.writestr(name, data)
    assert openpyxl.load_workbook(path)["May"].sheet_state == "hidden"
    with pytest.raises(TableError, match="no sheet that is shown"):
        read_sheet(path)
