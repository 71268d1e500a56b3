"""What is written is read back: each kind of value, in each kind of file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from planner.tables import (
    BelowDetection,
    Cell,
    Empty,
    Entry,
    Number,
    SheetColumn,
    Text,
    read_sheet,
    write_sheet,
)
from tests.strategies.cells import cells, numbers

COLUMNS = [
    SheetColumn(header="trial"),
    SheetColumn(header="yield (%)", entry=Entry.NUMBER),
    SheetColumn(header="remark", entry=Entry.TEXT),
]
# the first cell is a number: a row in which nothing stands is left out
rows_of_cells = st.lists(
    st.tuples(st.integers(1, 99).map(lambda n: Number(float(n))), cells(), cells()), max_size=6
)


def written_and_read(
    rows: list[tuple[Cell, ...]], ending: str, decimal: str = "."
) -> list[tuple[Cell, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        write_sheet(rows, path, columns=COLUMNS, decimal=decimal)  # type: ignore[arg-type]
        sheet = read_sheet(path)
    assert [header.raw for header in sheet.headers] == [each.header for each in COLUMNS]
    return [row.cells for row in sheet.rows]


@pytest.mark.parametrize("decimal", [".", ","])
@given(rows=rows_of_cells)
@example(rows=[(Number(1.0), Number(1.125), Text("a;b"))])
@example(rows=[(Number(1.0), BelowDetection(1.125, "%"), Text("'=1+1"))])
@example(rows=[(Number(1.0), Text("# no comment"), Text("-2+3+cmd|' /C calc'!A0"))])
def test_csv(rows: list[tuple[Cell, ...]], decimal: str) -> None:
    assert written_and_read(rows, ".csv", decimal) == rows


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rows=rows_of_cells)
@example(rows=[(Number(1.0), Number(0.1 + 0.2), Text("_x0041_"))])
@example(rows=[(Number(1.0), Number(5e-324), Text("=1+1"))])
def test_xlsx(rows: list[tuple[Cell, ...]]) -> None:
    assert written_and_read(rows, ".xlsx") == rows


@given(rows=rows_of_cells)
def test_parquet(rows: list[tuple[Cell, ...]]) -> None:
    assert written_and_read(rows, ".parquet") == rows


@given(rows=st.lists(st.tuples(numbers(), st.just(Empty()), st.just(Empty())), max_size=6))
def test_columns_in_which_nothing_stands_are_kept_where_they_have_a_header(
    rows: list[tuple[Cell, ...]],
) -> None:
    assert written_and_read(rows, ".csv") == rows


@given(rows=st.lists(numbers().map(lambda cell: (cell,)), max_size=6))
def test_one_column(rows: list[tuple[Cell, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_sheet(rows, path, columns=COLUMNS[1:2], decimal=",")
        assert [row.cells for row in read_sheet(path).rows] == rows
