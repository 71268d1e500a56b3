"""Workbooks to be filled in: what is given is locked, what is wanted is coloured and explained."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.errors import TableError
from planner.tables.cells import Cell, Empty, Number, number_text
from planner.tables.sheet import EXPLANATIONS, TABLE, column_letters
from planner.tables.writing import Entry, SheetColumn, cell_text

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as WorkbookCell
    from openpyxl.cell.cell import MergedCell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_MAX_ROWS, _MAX_COLUMNS = 1_048_575, 16_384  # of a sheet, without its header
_INPUT_COLOUR, _HEAD_COLOUR = "FFF6D6", "E3ECF2"
_WIDTHS = (8, 48)
_OWN_ROWS = 50  # below those written, in which lists are offered too
_FIRST_LIST = 7  # column G of the explanations: to the right of what is read there
# an underscore that Excel would take for the beginning of an escaped character
_LIKE_AN_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_HOW = (
    "Fill in the coloured cells; the others are locked, without a password.",
    "Leave a cell empty where there is nothing to say.",
    "Below detection: the number that stands for it, and a word in the note. Not available: n/a.",
    "Rows of your own go below the last one, where all cells are open.",
    "Another unit than the header's goes behind the number: 353 K.",
)


def make_workbook(
    rows: Sequence[Sequence[Cell]], columns: Sequence[SheetColumn], about: str
) -> bytes:
    """Returns the file.

    Args:
        rows: cells, one a column.
        columns: their heads and what is wanted of them.
        about: what the table is for.

    Raises:
        TableError: more rows or columns than a sheet holds.
    """
    import openpyxl

    if len(rows) > _MAX_ROWS or len(columns) > _MAX_COLUMNS:
        raise TableError(f"{len(rows)} rows are too many for a sheet. Write .parquet or .csv.")
    book = openpyxl.Workbook()
    table = book.worksheets[0]
    table.title = TABLE
    explained = book.create_sheet(EXPLANATIONS)
    _fill_table(table, rows, columns)
    _fill_explanations(explained, columns, about)
    _offer_choices(table, explained, columns, n_rows=len(rows))
    _protect(table, columns)
    return _bytes(book)


def _fill_table(
    table: Worksheet, rows: Sequence[Sequence[Cell]], columns: Sequence[SheetColumn]
) -> None:
    from openpyxl.styles import Alignment, PatternFill, Protection
    from openpyxl.worksheet.properties import PageSetupProperties

    colour = PatternFill("solid", fgColor=_INPUT_COLOUR)
    for position, column in enumerate(columns, start=1):
        _head(table.cell(1, position), column.header)
        is_input = column.entry is not Entry.GIVEN
        for number, row in enumerate(rows, start=2):
            cell = table.cell(number, position)
            _write(cell, row[position - 1])
            cell.alignment = Alignment(vertical="top", wrap_text="\n" in str(cell.value or ""))
            if is_input:
                cell.fill, cell.protection = colour, Protection(locked=False)
                if column.entry is Entry.TEXT:
                    cell.number_format = "@"  # so that Excel makes no date of 1-2
        texts = [column.header, *(cell_text(row[position - 1]) for row in rows)]
        dimension = table.column_dimensions[column_letters(position)]
        dimension.width = _width(texts)
        dimension.protection = Protection(locked=False)  # of the cells below those written here
    table.freeze_panes = "A2"
    table.print_title_rows = "1:1"
    table.page_setup.orientation = "landscape"
    table.page_setup.paperSize = 9  # A4
    table.page_setup.fitToHeight = 0
    table.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _head(cell: WorkbookCell | MergedCell, text: str) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    _write_text(cell, text)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor=_HEAD_COLOUR)
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _write(cell: WorkbookCell | MergedCell, value: Cell) -> None:
    match value:
        case Empty():
            return
        case Number(number, None):
            # as text into a cell of numbers: openpyxl itself keeps sixteen digits, a double has 17
            cell.value = number_text(number)
            cell.data_type = "n"
        case _:
            _write_text(cell, cell_text(value))


def _write_text(cell: WorkbookCell | MergedCell, text: str) -> None:
    cell.value = _LIKE_AN_ESCAPE.sub("_x005F_", text)
    cell.data_type = "s"  # never a formula, an error or a number, whatever it begins with
    if text[:1] in tuple("=+-@"):
        cell.quotePrefix = True  # it stays text where a person edits it


def _width(texts: Sequence[str]) -> float:
    longest = max(len(line) for text in texts for line in (text.splitlines() or [""]))
    return float(min(max(longest * 1.1 + 2, _WIDTHS[0]), _WIDTHS[1]))


def _fill_explanations(sheet: Worksheet, columns: Sequence[SheetColumn], about: str) -> None:
    from openpyxl.styles import Alignment

    is_form = any(column.entry is not Entry.GIVEN for column in columns)
    lines = [text for text in (about, *(_HOW if is_form else ())) if text]
    for number, text in enumerate(lines, start=1):
        _write_text(sheet.cell(number, 1), text)
    start = len(lines) + 2
    for position, text in enumerate(("column", "what it is", "what to do"), start=1):
        _head(sheet.cell(start, position), text)
        sheet.column_dimensions[column_letters(position)].width = (28, 60, 40)[position - 1]
    for number, column in enumerate(columns, start=start + 1):
        for position, text in enumerate((column.header, column.about, _wanted(column)), start=1):
            cell = sheet.cell(number, position)
            _write_text(cell, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _wanted(column: SheetColumn) -> str:
    if column.choices:
        return f"choose: {', '.join(column.choices)}"
    return "" if column.entry is Entry.GIVEN else str(column.entry)


def _offer_choices(
    table: Worksheet, explained: Worksheet, columns: Sequence[SheetColumn], *, n_rows: int
) -> None:
    """Lists lie in cells: within a rule Excel takes 255 characters and no commas."""
    from openpyxl.worksheet.datavalidation import DataValidation

    offered = [(i, each) for i, each in enumerate(columns, start=1) if each.choices]
    for place, (position, column) in enumerate(offered, start=_FIRST_LIST):
        letters, letters_of = column_letters(place), column_letters(position)
        for number, choice in enumerate(column.choices, start=1):
            _write_text(explained.cell(number, place), choice)
        explained.column_dimensions[letters].hidden = True
        rule = DataValidation(
            type="list",
            formula1=f"{EXPLANATIONS}!${letters}$1:${letters}${len(column.choices)}",
            allow_blank=True,
            showErrorMessage=True,
            errorTitle=column.header[:32],
            error=f"Choose one of: {', '.join(column.choices)}"[:225],
        )
        if n_rows:
            rule.add(f"{letters_of}2:{letters_of}{n_rows + 1 + _OWN_ROWS}")
            table.add_data_validation(rule)


def _protect(table: Worksheet, columns: Sequence[SheetColumn]) -> None:
    """Locks what is given; widths and formats stay free. A table without entries is not locked."""
    if all(column.entry is Entry.GIVEN for column in columns):
        return
    table.protection.sheet = True
    table.protection.formatColumns = False  # False: not forbidden
    table.protection.formatRows = False
    table.protection.formatCells = False


def _bytes(book: Workbook) -> bytes:
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()
