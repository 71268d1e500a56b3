"""Tables for people to fill in, or to take away: CSV, Excel and Parquet, read back as they were."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, assert_never

from planner.errors import TableError
from planner.tables.cells import (
    BelowDetection,
    Cell,
    Date,
    Empty,
    NotAvailable,
    Number,
    Text,
    Unreadable,
    number_text,
)

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_TEXT = 32_767  # Excel's; it would cut off the rest without a word
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Written = Cell | str | int | float | date | None


class Entry(StrEnum):
    """What a person does with a column."""

    GIVEN = "given"
    NUMBER = "a number to fill in"
    TEXT = "a text to fill in"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """A column of a table to be written.

    Args:
        header: as in ``Header.raw``: name and unit.
        about: what stands in it, for the sheet of explanations.
        entry: whether it is given, or to be filled in.
        choices: what may be filled in; empty for anything.
    """

    header: str
    about: str = ""
    entry: Entry = Entry.GIVEN
    choices: tuple[str, ...] = ()


def write_sheet(
    rows: Sequence[Sequence[Written]],
    path: Path,
    *,
    columns: Sequence[SheetColumn],
    about: str = "",
    decimal: Literal[".", ","] = ".",
    may_replace: bool = False,
) -> None:
    """Writes a table, whole or not at all; the ending of its name says which kind.

    Args:
        rows: one value a column; texts that begin like a formula are written as text.
        path: ends in ``.csv``, ``.xlsx`` or ``.parquet``.
        columns: heads, and in a workbook colours, lists and explanations.
        about: what the table is for; in a workbook it heads the explanations.
        decimal: of a CSV file; with a comma the cells are divided by semicolons, which is what
            Excel expects in countries with decimal commas.
        may_replace: whether a file that is there is written over.

    Raises:
        TableError: another ending, a file that is there, a place that cannot be written, or a
            value that no table can hold.
    """
    check_ending(path)
    makers = {".csv": _make_csv, ".xlsx": _make_workbook, ".parquet": _make_parquet}
    make = makers[path.suffix.lower()]
    cells = [_row(row, len(columns), number) for number, row in enumerate(rows, start=1)]
    for column in columns:
        _check_text(column.header, "a header")
    _place(make(cells, columns, about, decimal), path, may_replace=may_replace)


def check_ending(path: Path) -> None:
    """Accepts the name of a file that a table can be written to.

    Raises:
        TableError: its ending says no kind.
    """
    if path.suffix.lower() not in (".csv", ".xlsx", ".parquet"):
        raise TableError(f"{path} has no ending that says a kind. Use .csv, .xlsx or .parquet.")


def as_cell(value: Written) -> Cell:
    """Returns what a plain value is as a cell.

    Raises:
        TableError: a number that is not finite.
    """
    match value:
        case None:
            return Empty()
        case bool():
            return Text(str(value).upper())
        case int() | float():
            return Number(_finite(value))
        case str():
            return Text(value.strip()) if value.strip() else Empty()
        case date():
            return Date(value)
    return value


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number - number != 0:  # infinite, or no number
        raise TableError(f"{value!r:.30} is no finite number. Leave the cell empty, or say n/a.")
    return number


def cell_text(cell: Cell, *, decimal: str = ".", delimiter: str | None = None) -> str:
    """Returns the text that is read as this cell.

    Args:
        cell: to write.
        decimal: its mark.
        delimiter: between the cells of the file; None where there is none.
    """
    match cell:
        case Number(value, unit):
            return _with_unit(_decimal_text(value, decimal, delimiter), unit)
        case BelowDetection(limit, unit):
            if limit is None:
                return "<LOD"
            return "<" + _with_unit(_decimal_text(limit, decimal, delimiter), unit)
        case Empty():
            return ""
        case NotAvailable():
            return "n/a"
        case Date(at):
            return at.isoformat()
        case Text(text):
            return text
        case Unreadable():
            return cell.raw
    assert_never(cell)


def _decimal_text(value: float, decimal: str, delimiter: str | None) -> str:
    text = number_text(value)
    if decimal == "." and delimiter == ",":
        return text  # where commas divide the cells, points are decimal ones
    # with three digits behind it the mark could stand between thousands; a fourth settles it
    settled = re.sub(r"^(-?[1-9]\d{0,2}\.\d{3})$", r"\g<1>0", text)
    return settled.replace(".", decimal)


def _with_unit(number: str, unit: str | None) -> str:
    return number if unit is None else f"{number} {unit}"


def _row(row: Sequence[Written], width: int, number: int) -> list[Cell]:
    if len(row) != width:
        raise TableError(f"Row {number} has {len(row)} values for {width} columns.")
    cells = [as_cell(value) for value in row]
    for cell in cells:
        _check_text(cell_text(cell), f"row {number}")
    return cells


def _check_text(text: str, where: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise TableError(f"A text in {where} is longer than {LONGEST_TEXT} characters. Shorten it.")
    if found := _FORBIDDEN.search(text):
        raise TableError(f"A text in {where} holds {found[0]!r}, which no table can. Remove it.")


def _make_csv(
    rows: Sequence[Sequence[Cell]], columns: Sequence[SheetColumn], about: str, decimal: str
) -> bytes:
    from planner.tables.delimited_writing import make_delimited

    del about  # a CSV file has no place for it
    delimiter = ";" if decimal == "," else ","
    seen = delimiter if len(columns) > 1 else None  # one column shows none
    texts = [[cell_text(cell, decimal=decimal, delimiter=seen) for cell in row] for row in rows]
    headers = [column.header for column in columns]
    return make_delimited([headers, *texts], delimiter=delimiter)


def _make_workbook(
    rows: Sequence[Sequence[Cell]], columns: Sequence[SheetColumn], about: str, decimal: str
) -> bytes:
    from planner.tables.workbook_writing import make_workbook

    del decimal  # Excel shows its own
    return make_workbook(rows, columns, about)


def _make_parquet(
    rows: Sequence[Sequence[Cell]], columns: Sequence[SheetColumn], about: str, decimal: str
) -> bytes:
    """A column of plain numbers is one of doubles, any other one of texts."""
    import pyarrow as pa
    from pyarrow import parquet

    del about, decimal
    arrays: list[pa.Array[Any]] = []
    for index in range(len(columns)):
        cells = [row[index] for row in rows]
        if all(isinstance(cell, Empty | Number) and _is_plain(cell) for cell in cells):
            values = [cell.value if isinstance(cell, Number) else None for cell in cells]
            arrays.append(pa.array(values, pa.float64()))
        else:
            texts = [cell_text(cell) or None for cell in cells]
            arrays.append(pa.array(texts, pa.string()))
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(arrays, names=[column.header for column in columns]), sink)
    return sink.getvalue().to_pybytes()


def _is_plain(cell: Cell) -> bool:
    return not (isinstance(cell, Number) and cell.unit is not None)


def _place(content: bytes, path: Path, *, may_replace: bool) -> None:
    """Puts the file where it belongs; one that is there is safe also from a race."""
    try:
        if not may_replace:
            path.open("xb").close()
    except FileExistsError as error:
        raise TableError(
            f"{path} is there already and was left as it is. Name another file, or take it away."
        ) from error
    except OSError as error:
        raise TableError(f"{path} cannot be written ({error.strerror}).") from error
    try:
        _replace(content, path)
    except OSError as error:
        if not may_replace:
            with suppress(OSError):
                path.unlink()
        raise TableError(
            f"{path} cannot be written ({error.strerror}). If it is open in Excel, close it there."
        ) from error


def _replace(content: bytes, path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)  # a temporary file is its owner's alone
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
