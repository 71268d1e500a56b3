"""Real tables against another reader, and damaged ones: an answer or a table error, no other."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest

from planner.errors import TableError
from planner.tables import Number, SheetColumn, read_sheet, write_sheet

COLUMNS = [SheetColumn(header="trial"), SheetColumn(header="b (K)"), SheetColumn(header="c")]


@pytest.mark.parametrize("name", ["agnp", "reizman_suzuki", "crossed_barrel", "lig_graphene"])
def test_real_tables_hold_what_pandas_reads(real_tables: Path, name: str) -> None:
    """To the last bit: both take the double next to the decimal."""
    path = real_tables / name / "data.csv"
    frame = pd.read_csv(path)
    texts = pd.read_csv(path, dtype=str, keep_default_na=False)
    sheet = read_sheet(path)
    assert sheet.notes == ()
    assert [header.raw for header in sheet.headers] == list(frame.columns)
    for index, column in enumerate(frame.columns):
        cells = [row.cells[index] for row in sheet.rows]
        assert [cell.raw for cell in cells] == texts[column].tolist()
        if frame[column].dtype.kind in "if":
            values = [cell.value if isinstance(cell, Number) else None for cell in cells]
            assert values == frame[column].astype(float).tolist()


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, ending: str) -> None:
    """A hundred times some bytes are changed or the end is cut off; nothing else may be raised."""
    path, source = tmp_path / f"table{ending}", random.Random()
    write_sheet([(1, 2.5, "x"), (2, None, "ü\nz"), (3, "1,234", "=1")], path, columns=COLUMNS)
    whole = path.read_bytes()
    n_refused = 0
    for _ in range(100):
        content = bytearray(whole)
        for _ in range(source.randint(1, 6)):
            content[source.randrange(len(content))] = source.randrange(256)
        path.write_bytes(content[: source.choice([None, source.randrange(len(content))])])
        try:
            read_sheet(path)
        except TableError:
            n_refused += 1
    assert n_refused > 0
