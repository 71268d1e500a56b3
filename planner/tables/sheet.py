"""A table that a person filled in, as it was read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planner.tables.cells import Cell
from planner.tables.headers import Header

TABLE, EXPLANATIONS = "table", "explanations"  # the sheets of a workbook that we write


class Counted(StrEnum):
    """How the program in which a person sees the table names a row."""

    LINE = "line"
    CELL = "cell"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Args:
        number: as a person sees it: line of the file, Excel's row, position from 1 in Parquet.
        cells: one a header.
    """

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of cells.

    Args:
        title: file name, and the sheet's in a workbook.
        headers: one a column.
        rows: those in which something stands, in the order of the file.
        notes: sentences on how it was read, to be shown: encoding, hidden rows, lines left out.
        counted: how its rows are named.
    """

    title: str
    headers: tuple[Header, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    counted: Counted = Counted.LINE

    def place(self, row: Row, index: int) -> str:
        """Returns where a cell stands, to begin a message with."""
        header = self.headers[index]
        if self.counted is Counted.CELL:
            return f"cell {column_letters(header.position)}{row.number} ({header.raw.strip()})"
        return f"{self.counted} {row.number}, column {header.raw.strip()!r}"


def column_letters(position: int) -> str:
    """Returns how Excel names a column: 1 is A, 27 is AA."""
    letters = ""
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
