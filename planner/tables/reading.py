"""One verb for every table that a person fills in."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from planner.errors import TableError
from planner.tables.columnar import read_columnar
from planner.tables.contents import FileKind, find_kind, read_bytes
from planner.tables.delimited import DELIMITERS, read_delimited
from planner.tables.grid import assemble
from planner.tables.sheet import Sheet
from planner.tables.workbook import read_workbook


def read_sheet(
    path: Path,
    *,
    sheet: str | None = None,
    delimiter: str | None = None,
    decimal: Literal[".", ","] | None = None,
    header_row: int | None = None,
) -> Sheet:
    """Reads a table as it is: CSV and its kin, Excel (.xlsx) or Parquet, told by its contents.

    A cell is what it is, with its raw text; one that can be read in two ways is ``Unreadable`` and
    says why. Rows and columns in which nothing stands are left out.

    Args:
        path: of the file.
        sheet: of a workbook; None for the first that is not hidden.
        delimiter: between the cells of a text; None to find it.
        decimal: the decimal mark of numbers that are written as text; None to find it.
        header_row: number of the row with the names; None for the first in which something stands.

    Raises:
        TableError: the file is missing, too large, damaged, or no table; or it has no header.
    """
    if delimiter is not None and delimiter not in DELIMITERS:
        raise TableError(f"{delimiter!r} divides no cells. Use a comma, semicolon, tab or bar.")
    title = path.name
    content = read_bytes(path)
    kind = find_kind(content, title=title)
    if sheet is not None and kind is not FileKind.WORKBOOK:
        raise TableError(f"Table {title} is {kind} and has no sheet {sheet!r}. Leave it out.")
    match kind:
        case FileKind.WORKBOOK:
            grid = read_workbook(content, title=title, sheet=sheet)
        case FileKind.PARQUET:
            grid = read_columnar(content, title=title)
        case FileKind.DELIMITED:
            grid = read_delimited(content, title=title, delimiter=delimiter, header_row=header_row)
    return assemble(grid, decimal=decimal, header_row=header_row)
