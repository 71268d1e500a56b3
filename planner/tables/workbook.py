"""Excel workbooks: values as a person sees them, and what Excel did to them."""

from __future__ import annotations

import io
import math
import re
import warnings
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from planner.errors import TableError
from planner.tables.cells import Date, Number, Text, Unreadable, number_text
from planner.tables.grid import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Grid, RawCell, RawRow, is_blank
from planner.tables.sheet import EXPLANATIONS, Counted, column_letters

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell as WorkbookCell
    from openpyxl.cell.cell import MergedCell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_QUOTED = re.compile(r'"[^"]*"|\\.')
# 0.0" mg", 0.00 "°C", #,##0\ "K": a number, and a unit that Excel writes behind it
_WITH_UNIT = re.compile(r'[#0?,. ]*[#0?](?:\\ | )?"\s*(?P<unit>[^"]*[^"\s\d.,])\s*"(?:;.*)?')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SHOWN = 10


def read_workbook(content: bytes, *, title: str, sheet: str | None) -> Grid:
    """Reads one sheet.

    Args:
        content: of the .xlsx file.
        title: for messages.
        sheet: its name; None for the first that is not hidden.

    Raises:
        TableError: it is damaged or too large, or has no such sheet.
    """
    shown = _open(content, title, has_values=True)
    entered = _open(content, title, has_values=False)
    name, notes = _choose(shown, title, sheet)
    table, formulas = shown[name], entered[name]
    _check_size(table, title)
    merged = _merged(table)
    rows = []
    for number, (values, inputs) in enumerate(
        zip(table.iter_rows(), formulas.iter_rows(), strict=True), start=1
    ):
        cells = tuple(
            _read(value, entry, merged) for value, entry in zip(values, inputs, strict=True)
        )
        if not all(map(is_blank, cells)):
            rows.append(RawRow(number, cells))
    notes += _hidden(table, rows)
    return Grid(f"{title}, sheet {name!r}", tuple(rows), Counted.CELL, None, notes)


def _open(content: bytes, title: str, *, has_values: bool) -> Workbook:
    import openpyxl

    try:
        with warnings.catch_warnings():  # of styles and extensions that no value depends on
            warnings.simplefilter("ignore", UserWarning)
            return openpyxl.load_workbook(io.BytesIO(content), data_only=has_values)
    except Exception as error:  # openpyxl lets pass whatever a damaged file makes it raise
        raise TableError(
            f"Table {title} is damaged ({error}). Open it in Excel and save it anew."
        ) from error


def _choose(book: Workbook, title: str, wanted: str | None) -> tuple[str, tuple[str, ...]]:
    names = [sheet.title for sheet in book.worksheets]
    visible = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if wanted is not None:
        if wanted not in names:
            raise TableError(
                f"Table {title} has no sheet {wanted!r}. Its sheets are {', '.join(names)}."
            )
        return wanted, ()
    if not visible:
        raise TableError(f"Table {title} has no sheet that is shown. Show one, or name it.")
    others = ", ".join(repr(name) for name in visible[1:] if name != EXPLANATIONS)
    note = f"The sheet {visible[0]!r} was read, not {others}."
    return visible[0], (note,) if others else ()


def _check_size(table: Worksheet, title: str) -> None:
    n_rows, n_columns = table.max_row, table.max_column
    if n_rows > MAX_ROWS or n_columns > MAX_COLUMNS or n_rows * n_columns > MAX_CELLS:
        raise TableError(
            f"Table {title}: sheet {table.title!r} goes down to row {n_rows} and to column "
            f"{column_letters(n_columns)}; {MAX_ROWS} rows, {MAX_COLUMNS} columns and {MAX_CELLS} "
            "cells are the most that is read. Delete the rows and columns beside and below the "
            "table, also those that look empty."
        )


def _merged(table: Worksheet) -> dict[str, str]:
    """Returns for each cell that is hidden by a merged one where that begins."""
    places = {}
    for area in table.merged_cells.ranges:
        if table.cell(area.min_row, area.min_col).value is None:
            continue
        first, *others = (f"{column_letters(column)}{row}" for row, column in area.cells)
        places.update(dict.fromkeys(others, first))
    return places


def _read(
    shown: WorkbookCell | MergedCell,
    entered: WorkbookCell | MergedCell,
    merged: dict[str, str],
) -> RawCell:
    first = merged.get(shown.coordinate)
    if first is not None:
        return Unreadable(f"it is merged with {first}. Unmerge the cells and fill in each")
    # a formula may well have an empty text for its result; openpyxl keeps the type of that
    if entered.data_type == "f" and shown.value is None and shown.data_type != "str":
        formula = entered.value if isinstance(entered.value, str) else "of several cells"
        return Unreadable(
            f"its formula {formula} has no result yet. Open the file in Excel and save it, or "
            "type the value",
            str(formula),
        )
    value = shown.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(float(value), str(shown.number_format))
    return _other(value)


def _number(value: float, shown_as: str) -> RawCell:
    """Returns the number that a person sees: 0.5 in the format 0 % is 50 %."""
    is_percent = "%" in _QUOTED.sub("", shown_as)
    if not math.isfinite(value * 100 if is_percent else value):
        return Unreadable(
            f"it holds {value}, too large for a number. Use a larger unit", str(value)
        )
    if is_percent:
        percent = float(Decimal(repr(value)) * 100)
        return Number(percent, "%", f"{number_text(percent)} %")
    if match := _WITH_UNIT.fullmatch(shown_as):
        return Number(value, match["unit"], f"{number_text(value)} {match['unit']}")
    return Number(value, None, number_text(value))


def _other(value: object) -> RawCell:
    match value:
        case None:
            return ""
        case bool():
            return Text(str(value).upper(), str(value).upper())
        case datetime() if value.time() == time():
            return Date(value.date(), value.date().isoformat())
        case datetime() | date():
            return Date(value, value.isoformat())
        case time() | timedelta():
            return Unreadable(
                f"it holds the time {value}. Excel turns entries such as 1:2 into times: format "
                "the column as text and type the value again",
                str(value),
            )
    # Excel's escapes of characters that XML has not: a line end, or an underscore before x
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), str(value))


def _hidden(table: Worksheet, rows: list[RawRow]) -> tuple[str, ...]:
    """Says what was read although it is not shown."""
    hidden = [row.number for row in rows if table.row_dimensions[row.number].hidden]
    columns = [letters for letters, each in sorted(table.column_dimensions.items()) if each.hidden]
    notes = []
    if hidden:
        more = " ..." if len(hidden) > _SHOWN else ""
        notes.append(
            f"Hidden or filtered rows were read too: {', '.join(map(str, hidden[:_SHOWN]))}{more}. "
            "Delete them if they are not meant."
        )
    if columns:
        notes.append(f"Hidden columns were read too: {', '.join(columns)}.")
    return tuple(notes)
