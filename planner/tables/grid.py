"""From rows of raw cells, whatever file they come from, to a sheet: header, marks, what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.errors import TableError
from planner.tables.cells import Cell, Date, Empty, Number, Unreadable, read_cell
from planner.tables.headers import read_header
from planner.tables.sheet import Counted, Row, Sheet
from planner.tables.spelling import Mark, evidence_of, find_evidence

MAX_ROWS = 100_000
MAX_COLUMNS = 2_000
MAX_CELLS = 1_000_000
_SHOWN = 5  # places in one message

RawCell = str | Cell  # a text that is to be read, or what is known from the file's own types


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in the file.

    Args:
        number: as a person sees it.
        cells: may be fewer or more than there are headers.
    """

    number: int
    cells: tuple[RawCell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a file before they are understood.

    Args:
        title: for messages.
        rows: all but those that hold nothing; the first is the header.
        counted: how rows are named.
        delimiter: between cells; None where there is none.
        notes: on how the file was read.
    """

    title: str
    rows: tuple[RawRow, ...]
    counted: Counted
    delimiter: str | None = None
    notes: tuple[str, ...] = ()


def is_blank(cell: RawCell) -> bool:
    """Tells whether nothing stands in the cell."""
    return not cell.strip() if isinstance(cell, str) else isinstance(cell, Empty)


def assemble(grid: Grid, *, decimal: str | None, header_row: int | None) -> Sheet:
    """Makes the sheet.

    Args:
        grid: rows of raw cells.
        decimal: the decimal mark, where a person says it.
        header_row: number of the row with the names; None for the first.

    Raises:
        TableError: there is no header, or rows do not fit below it.
    """
    head, body, left_out = _split_header(grid, header_row)
    kept, unnamed = _named(head, body)
    _check_header(grid, head)
    width = 1 + max(kept)
    _check_widths(grid, body, width)
    headers = tuple(read_header(_raw(head.cells[i]), position=i + 1) for i in kept)
    columns = [[_cell(row, i) for row in body] for i in kept]
    read = _read_columns(columns, delimiter=grid.delimiter, decimal=decimal)
    rows = tuple(
        Row(row.number, cells) for row, cells in zip(body, zip(*read, strict=True), strict=True)
    )
    notes = (*grid.notes, *left_out, *unnamed, *_short_rows(grid, body, width))
    return Sheet(grid.title, headers, rows, notes, grid.counted)


def _split_header(
    grid: Grid, header_row: int | None
) -> tuple[RawRow, list[RawRow], tuple[str, ...]]:
    if not grid.rows:
        raise TableError(f"Table {grid.title} is empty. Its first row must hold the names.")
    if header_row is None:
        return grid.rows[0], list(grid.rows[1:]), ()
    numbers = [row.number for row in grid.rows]
    if header_row not in numbers:
        raise TableError(f"Table {grid.title} has nothing in {grid.counted} {header_row}.")
    index = numbers.index(header_row)
    note = f"What stands above {_row_word(grid)} {header_row} was left out."
    return grid.rows[index], list(grid.rows[index + 1 :]), (note,) if index else ()


def _named(head: RawRow, body: Sequence[RawRow]) -> tuple[list[int], tuple[str, ...]]:
    """Returns the columns with a header, and a note on those without that hold something."""
    kept = [i for i, cell in enumerate(head.cells) if not is_blank(cell)]
    within = range(1 + max(kept, default=-1))
    unnamed = [
        i + 1 for i in within if i not in kept and any(not is_blank(_cell(row, i)) for row in body)
    ]
    if not unnamed:
        return kept, ()
    return kept, (f"Columns without a header were left out: {', '.join(map(str, unnamed))}.",)


def _check_header(grid: Grid, head: RawRow) -> None:
    for cell in head.cells:
        if isinstance(cell, Unreadable):
            raise TableError(
                f"Table {grid.title}, header in {_row_word(grid)} {head.number}: {cell.why}. Where "
                "this is a title, take it away or say in which row the names stand."
            )
    texts = [_raw(cell) for cell in head.cells if not is_blank(cell)]
    either = evidence_of(".")  # 1.234 is a number, whichever
    if all(isinstance(read_cell(text, evidence=either), Number | Date) for text in texts):
        raise TableError(
            f"Table {grid.title} has no names in {_row_word(grid)} {head.number}, only numbers "
            f"({', '.join(texts[:_SHOWN])}). Put a row with the names above them."
        )


def _check_widths(grid: Grid, body: Sequence[RawRow], width: int) -> None:
    """Refuses values beyond the last header: a title line, or a comma within a number."""
    beyond = [row for row in body if any(not is_blank(cell) for cell in row.cells[width:])]
    if not beyond:
        return
    numbers = ", ".join(str(row.number) for row in beyond[:_SHOWN])
    more = f" and {len(beyond) - _SHOWN} more" if len(beyond) > _SHOWN else ""
    remedy = "Name each column in the first row; take titles above it away, or say its row"
    if grid.delimiter == ",":
        remedy += ". Where numbers have decimal commas, divide the cells by semicolons"
    raise TableError(
        f"Table {grid.title} has values beyond its {width} named columns in {_row_word(grid)} "
        f"{numbers}{more}. {remedy}."
    )


def _short_rows(grid: Grid, body: Sequence[RawRow], width: int) -> tuple[str, ...]:
    short = [row.number for row in body if len(row.cells) < width]
    if not short or grid.counted is not Counted.LINE:
        return ()
    shown = ", ".join(map(str, short[:_SHOWN])) + (" ..." if len(short) > _SHOWN else "")
    return (f"Lines with fewer than {width} cells, the rest read as empty: {shown}.",)


def _read_columns(
    columns: Sequence[Sequence[RawCell]], *, delimiter: str | None, decimal: str | None
) -> list[list[Cell]]:
    """Reads the texts; a column's own marks count first, then those of the whole table."""
    texts = [[cell for cell in column if isinstance(cell, str)] for column in columns]
    of_columns = [find_evidence(column) for column in texts]
    of_table: frozenset[Mark] = frozenset().union(*of_columns)
    said = evidence_of(decimal) if decimal is not None else None
    read: list[list[Cell]] = []
    for column, own in zip(columns, of_columns, strict=True):
        evidence = said or own or of_table
        read.append([_read(cell, evidence, delimiter) for cell in column])
    return read


def _read(cell: RawCell, evidence: frozenset[Mark], delimiter: str | None) -> Cell:
    if not isinstance(cell, str):
        return cell
    one_kind_of_line_end = cell.replace("\r\n", "\n").replace("\r", "\n")
    return read_cell(one_kind_of_line_end, evidence=evidence, delimiter=delimiter)


def _cell(row: RawRow, index: int) -> RawCell:
    return row.cells[index] if index < len(row.cells) else ""


def _raw(cell: RawCell) -> str:
    return cell if isinstance(cell, str) else cell.raw


def _row_word(grid: Grid) -> str:
    return "line" if grid.counted is Counted.LINE else "row"
