"""Parquet files: typed columns."""

from __future__ import annotations

import datetime as dt
import io
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planner.errors import TableError
from planner.tables.cells import Date, Empty, NotAvailable, Number, Text, Unreadable, number_text
from planner.tables.grid import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Grid, RawCell, RawRow, is_blank
from planner.tables.sheet import Counted

if TYPE_CHECKING:
    import pyarrow as pa

_PANDAS_INDEX = "__index_level_"


def read_columnar(content: bytes, *, title: str) -> Grid:
    """Reads a Parquet file.

    Args:
        content: of the file.
        title: for messages.

    Raises:
        TableError: it is damaged or too large.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        _check_size(file.metadata.num_rows, file.metadata.num_columns, title)
        table = file.read()
        names = [name for name in table.column_names if not name.startswith(_PANDAS_INDEX)]
        columns = [_cells(table.column(name)) for name in names]
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"Table {title} is damaged ({error}). Write it anew.") from error
    rows = [
        RawRow(number, cells)
        for number, cells in enumerate(zip(*columns, strict=True), start=1)
        if not all(map(is_blank, cells))
    ]
    return Grid(title, (RawRow(0, tuple(names)), *rows), Counted.ROW)


def _check_size(n_rows: int, n_columns: int, title: str) -> None:
    if n_rows > MAX_ROWS or n_columns > MAX_COLUMNS or n_rows * n_columns > MAX_CELLS:
        raise TableError(
            f"Table {title} has {n_rows} rows and {n_columns} columns; {MAX_ROWS} rows, "
            f"{MAX_COLUMNS} columns and {MAX_CELLS} cells are the most that is read."
        )


def _cells(column: pa.ChunkedArray[Any]) -> list[RawCell]:
    import numpy as np
    import pyarrow as pa

    values = column.to_pylist()
    if pa.types.is_float16(column.type) or pa.types.is_float32(column.type):
        # 0.1 in single precision is meant as 0.1, not as 0.10000000149011612
        kind = np.float16 if pa.types.is_float16(column.type) else np.float32
        values = [None if value is None else float(str(kind(value))) for value in values]
    return [_read(value) for value in values]


def _read(value: object) -> RawCell:
    match value:
        case None:
            return Empty()
        case bool():
            return Text(str(value).upper(), str(value).upper())
        case int() | float() | Decimal():
            return _number(value)
        case str():
            return value
        case dt.datetime() | dt.date():
            return Date(value, value.isoformat())
    return Unreadable(
        f"it holds {type(value).__name__} {value!r:.40}, which is neither number nor text. Write "
        "it as a number, a text or a date",
        str(value),
    )


def _number(value: float | Decimal) -> RawCell:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isnan(number):
        return NotAvailable("NaN")
    if math.isinf(number):
        return Unreadable(f"it holds {value!r:.40}, no finite number. Leave it empty", str(value))
    return Number(number, None, number_text(number))
