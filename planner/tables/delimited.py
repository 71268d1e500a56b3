"""Text tables: which character divides the cells, which lines are comments."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from planner.errors import TableError
from planner.tables.contents import decode
from planner.tables.grid import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Grid, RawRow, is_blank
from planner.tables.sheet import Counted
from planner.tables.spelling import spell

# in the order of how seldom they stand within names and numbers
DELIMITERS = ("\t", ";", "|", ",")
_ALONE = "\x1f"  # between the cells of a table of one column: nothing that is typed
_EXCELS_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_TRIED = 2_000  # rows that have a say in what divides them
_MOST = 0.5  # of the rows below a title
_ERRORS = r"(?:DIV/0|REF|NAME|VALUE|NUM|NULL|N/A|SPILL|CALC)"  # Excel's
# what a writer puts before = + - @ so that no program takes the cell for a formula
DEFUSED = re.compile(r"'+[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def read_delimited(
    content: bytes, *, title: str, delimiter: str | None, header_row: int | None
) -> Grid:
    """Reads the rows of a CSV file or one of its kin.

    Args:
        content: of the file.
        title: for messages.
        delimiter: between the cells; None to find it.
        header_row: line of the names; None for the first row.

    Raises:
        TableError: it is no text, a quotation mark is not closed, or it is too large.
    """
    text, notes = decode(content, title=title)
    skipped = 0
    if said := _EXCELS_LINE.match(text):
        delimiter = delimiter or said[1]
        text, skipped = text[said.end() :], 1
    found = delimiter or find_delimiter(text, from_line=(header_row or 1) - skipped)
    lines = _Lines(text, found, first=1 + skipped)
    rows = tuple(_rows(lines, title))
    if lines.comments:
        shown = ", ".join(map(str, lines.comments[:10])) + (" ..." * (len(lines.comments) > 10))
        notes += (f"Comment lines were left out: {shown}.",)
    return Grid(title, rows, Counted.LINE, found, notes)


class _Lines:
    """The lines of a text for the csv module: counted, and without comments between the rows."""

    def __init__(self, text: str, delimiter: str, *, first: int = 1) -> None:
        # an empty newline keeps line ends that stand within quotation marks
        self._lines = io.StringIO(text, newline="")
        # "#;temperature" is a header, its first name is #
        self._above = re.compile(rf"\s*#(?!\s*{re.escape(delimiter)})")
        self._below = re.compile(rf"\s*#(?!\s*{re.escape(delimiter)})(?:\s|(?!{_ERRORS})[^\W\d_])")
        self.delimiter = delimiter
        self.number = first - 1
        self.begins_row = True
        self.has_header = False
        self.comments: list[int] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            self.number += 1
            if self.begins_row and self._is_left_out(line):
                self.comments.append(self.number)
                continue
            self.begins_row = False
            return line
        raise StopIteration

    def _is_left_out(self, line: str) -> bool:
        """Above the header each line with # is a comment; below, "#3" and "#REF!" are values."""
        return bool((self._below if self.has_header else self._above).match(line))


def _rows(lines: _Lines, title: str) -> Iterator[RawRow]:
    """Yields the rows in which something stands."""
    reader = csv.reader(lines, delimiter=lines.delimiter, strict=True)
    n_cells = n_rows = 0
    while True:
        lines.begins_row = True
        begun = lines.number + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TableError(_why(error, title, begun)) from error
        if cells is None:
            return
        if all(map(is_blank, cells)):
            continue
        lines.has_header = True
        n_rows, n_cells = n_rows + 1, n_cells + len(cells)
        if n_rows > MAX_ROWS + 1 or n_cells > MAX_CELLS or len(cells) > MAX_COLUMNS:
            raise TableError(_too_large(title))
        # a row over several lines is named by its first; comments in front of it do not count
        first = max(begun, 1 + max(lines.comments, default=0))
        yield RawRow(first, tuple(_undefused(cell) for cell in cells))


def _why(error: csv.Error, title: str, line: int) -> str:
    if "field larger" in str(error) or "unexpected end" in str(error):
        return (
            f"Table {title}: a quotation mark that is opened at line {line} is not closed. "
            "Close it, or take it away."
        )
    return f"Table {title}, line {line}: {error}. Check the quotation marks there."


def _too_large(title: str) -> str:
    return (
        f"Table {title} has more than {MAX_ROWS} rows, {MAX_COLUMNS} columns or {MAX_CELLS} cells, "
        "the most that is read. Give the columns and rows that are needed."
    )


def _undefused(cell: str) -> str:
    return cell[1:] if DEFUSED.match(cell) else cell


def find_delimiter(text: str, *, from_line: int) -> str:
    """Returns what divides the header and, as far as it can be, every row alike."""
    rows = {each: _first_rows(text, each, from_line) for each in DELIMITERS}
    whole, fit = _best({each: _fit(rows[each]) for each in DELIMITERS})
    if fit > _MOST:
        return whole
    # the first row may be no header but a title: what divides the others, so that it can be said
    fits = {each: _fit(rows[each][1:]) for each in DELIMITERS}
    if all(spell(line) is not None for line in text.split()[1:]):
        fits[","] = 0.0  # one column of numbers with decimal commas
    below, fit_below = _best(fits)
    if fit_below > _MOST:
        return below
    if fit > 0.0:
        return whole
    return next((each for each in DELIMITERS if not rows[each]), _ALONE)  # ";;;" and no more


def _best(fits: dict[str, float]) -> tuple[str, float]:
    found = max(fits, key=lambda each: (fits[each], -DELIMITERS.index(each)))
    return found, fits[found]


def _first_rows(text: str, delimiter: str, from_line: int) -> list[RawRow]:
    found: list[RawRow] = []
    rows = (row for row in _rows(_Lines(text, delimiter), "") if row.number >= from_line)
    with suppress(TableError):  # reading proper says what is wrong further down
        found.extend(islice(rows, _TRIED))
    return found


def _fit(rows: list[RawRow]) -> float:
    """Returns which part of the rows has as many cells as the first; 0 where that has one."""
    if not rows or (width := _width(rows[0])) < 2:
        return 0.0
    fitting = [len(row.cells) >= width and _width(row) <= width for row in rows]
    return sum(fitting) / len(rows)


def _width(row: RawRow) -> int:
    """Counts the cells; empty ones at the end of a row are no cells of their own."""
    cells = list(row.cells)
    while len(cells) > 1 and is_blank(cells[-1]):
        cells.pop()
    return len(cells)
