"""The table to fill in as a data frame: out with columns as in the file, and back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from planner.campaign import CampaignSpec
from planner.loop.sheets.form import make_columns, make_rows
from planner.tables import (
    Cell,
    Counted,
    Date,
    Empty,
    Number,
    Row,
    Sheet,
    Unreadable,
    number_text,
    read_header,
)
from planner.tables.cells import read_cell
from planner.trials import Trial


def frame_to_fill(spec: CampaignSpec, trials: Sequence[Trial]) -> pd.DataFrame:
    """Returns a row a trial: what to set, and empty columns for what is to be told."""
    heads = [column.header for column in make_columns(spec)]
    # empty columns of objects take numbers and names alike
    return pd.DataFrame(make_rows(spec, trials), columns=heads, dtype=object)


def sheet_of_frame(frame: pd.DataFrame) -> Sheet:
    """Returns a frame as a table that was filled in; its rows count from 1."""
    heads = tuple(
        read_header(str(column), position=n) for n, column in enumerate(frame.columns, start=1)
    )
    rows = tuple(
        Row(number, tuple(_cell(value) for value in row))
        for number, row in enumerate(frame.itertuples(index=False, name=None), start=1)
    )
    return Sheet("the data frame", heads, rows, (), Counted.ROW)


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return read_cell(value)
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return Empty()
    if isinstance(value, pd.Timestamp):
        return Date(value.to_pydatetime(), str(value))
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return Unreadable(f"it holds {value!r:.40}, which is no value", str(value))
    number = float(value)
    return Number(number, None, number_text(number))
