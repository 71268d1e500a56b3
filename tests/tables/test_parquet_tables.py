from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from planner.errors import TableError
from planner.tables import (
    Cell,
    Date,
    Empty,
    NotAvailable,
    Number,
    Text,
    Unreadable,
    read_sheet,
)


def one(path: Path, values: pa.Array) -> list[Cell]:
    keys = pa.array(range(len(values)))
    parquet.write_table(pa.table({"trial": keys, "yield (%)": values}), path)
    return [row.cells[1] for row in read_sheet(path).rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.parquet"


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        (pa.array([81.5, None, float("nan")]), [Number(81.5), Empty(), NotAvailable()]),
        (pa.array([81, None], pa.int32()), [Number(81.0), Empty()]),
        (pa.array([0.1, None], pa.float32()), [Number(0.1), Empty()]),
        (pa.array([Decimal("81.50")]), [Number(81.5)]),
        (pa.array(["81,5", "THF", None]), [Number(81.5), Text("THF"), Empty()]),
        (pa.array(["THF", "DMF"]).dictionary_encode(), [Text("THF"), Text("DMF")]),
        (pa.array([True]), [Text("TRUE")]),
        (pa.array([date(2024, 2, 1)]), [Date(date(2024, 2, 1))]),
        (pa.array([datetime(2024, 2, 1, 14)]), [Date(datetime(2024, 2, 1, 14))]),
    ],
)
def test_types_are_kept(path: Path, values: pa.Array, cells: list[Cell]) -> None:
    assert one(path, values) == cells


@pytest.mark.parametrize(
    "values", [pa.array([[1, 2]]), pa.array([time(1)]), pa.array([float("inf")])]
)
def test_what_is_no_value_says_why(path: Path, values: pa.Array) -> None:
    cell = one(path, values)[0]
    assert isinstance(cell, Unreadable)


def test_the_index_of_pandas_is_left_out(path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=[5, 7])
    frame.to_parquet(path)
    sheet = read_sheet(path)
    assert [header.name for header in sheet.headers] == ["a"]
    assert sheet.place(sheet.rows[1], 0) == "row 2, column 'a'"


def test_a_damaged_file_is_refused(path: Path) -> None:
    one(path, pa.array([1.0]))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TableError, match="damaged"):
        read_sheet(path)
