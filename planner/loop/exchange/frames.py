"""Data frames where chemists have them: trials out, measurements in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from planner.campaign import CampaignSpec
from planner.ledger.replay import CampaignState
from planner.loop.exchange.reading import AnyCell, find_all
from planner.loop.exchange.rows import GivenRow, KnownRow, header_of, known_rows, names_of
from planner.tables import Date, Empty, Number, Text, Unreadable, number_text, read_header
from planner.trials import Artifact, Curve

_SD = " sd"


def make_frame(state: CampaignState) -> pd.DataFrame:
    """Returns one row a trial or imported measurement, in the campaign file's units.

    Columns: trial, state, origin, source, when it was measured, why it is left out; each parameter
    as asked and, where that was otherwise, as achieved; each outcome with its deviation; what was
    predicted of the objective's outcome; probability, reason, remark. Curves and files are the
    ledger's own records.
    """
    return pd.DataFrame([_frame_row(row, state.spec) for row in known_rows(state)])


def rows_of(frame: pd.DataFrame, spec: CampaignSpec) -> list[GivenRow]:
    """Returns the rows of a frame, to be imported.

    Columns are named like parameters and outcomes, with the unit in brackets where it is another
    (``temperature (K)``); ``NAME sd`` holds a known deviation. Repeats are rows with the same
    configuration. Other columns are left out.

    Raises:
        InputError: a parameter has no column.
    """
    headers = [read_header(str(column), position=n) for n, column in enumerate(frame.columns, 1)]
    columns = find_all(headers, spec, folder=Path())
    cells = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return [columns.read(row, place=f"row {n}") for n, row in enumerate(cells, start=1)]


def _cell(value: object) -> AnyCell:
    if isinstance(value, Curve | Artifact):
        return value
    if isinstance(value, str):
        return Text(value.strip(), value) if value.strip() else Empty(value)
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return Empty()
    if isinstance(value, pd.Timestamp):
        return Date(value.to_pydatetime(), str(value))
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        return Unreadable(f"it holds {value!r:.40}, which is no value", str(value))
    number = float(value)
    return Number(number, None, number_text(number))


def _frame_row(row: KnownRow, spec: CampaignSpec) -> dict[str, object]:
    names = names_of(spec)
    facts = {header_of(name, names): value for name, value in row.facts.items()}
    first = ("trial", "state", "origin", "source", "measured at", "excluded")
    heads = [header_of(name, names) for name in first]
    cells: dict[str, object] = {head: facts[head] for head in heads}
    asked = row.asked or row.achieved or {}
    cells |= {name: asked.get(name) for name in spec.scalars}
    achieved = row.achieved or {}
    cells |= {
        f"{name} achieved": achieved[name]
        if achieved.get(name) not in (None, asked[name])
        else None
        for name in spec.scalars
    }
    for name in spec.outcomes:
        measured = row.outcomes.get(name)
        cells[name] = measured.value if measured else None
        cells[name + _SD] = measured.sd if measured else None
    return {**cells, **{head: value for head, value in facts.items() if head not in heads}}
