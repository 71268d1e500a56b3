"""Trials and measurements as a table or JSON, complete: nothing measured stays behind."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from planner import __version__
from planner.campaign import CampaignSpec, FileOutcome, ImageOutcome, NumberOutcome
from planner.errors import InputError
from planner.ledger.artifacts import ArtifactStore
from planner.ledger.replay import CampaignState
from planner.loop.exchange.files import FilesBeside, Written
from planner.loop.exchange.rows import (
    MEASURED_AT,
    PREDICTED,
    KnownRow,
    header_of,
    known_rows,
    names_of,
)
from planner.loop.results.measuring import points_of
from planner.space import AnyParameter, Value
from planner.tables import SheetColumn, write_sheet
from planner.trials import Artifact, Measured

_BEFORE = ("trial", "state", "origin", "source", MEASURED_AT, "excluded")
_AFTER = (
    *(f"predicted {key}" for key in PREDICTED),
    "probability",
    "why",
    "remark",
    "notes",
    "version",
)
# what no table holds: a remark may carry it from a device
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Format(StrEnum):
    """How measurements are written."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    PARQUET = "parquet"


def export(
    state: CampaignState, artifacts: ArtifactStore, path: Path, *, may_replace: bool = False
) -> tuple[int, Path | None]:
    """Writes every trial and imported measurement; the ending of the path says how.

    Curves, distributions and files lie in ``NAME_files`` beside a table, which names them by path
    and hash; in JSON curves stand in their place. Tables of one name share the folder: no file in
    it is written over.

    Args:
        state: of the campaign.
        artifacts: where its files lie.
        path: ends in ``.csv``, ``.xlsx``, ``.parquet`` or ``.json``.
        may_replace: whether a file that is there is written over.

    Returns:
        How many rows, and the folder of the files where there are any.

    Raises:
        InputError: another ending, a file that is there, or a place that cannot be written.
        LedgerUnavailable: a file of the campaign is missing or damaged.
    """
    ending = path.suffix.lower().lstrip(".")
    if ending not in {str(each) for each in Format}:
        known = ", ".join(f".{each}" for each in Format)
        raise InputError(f"{path} has no ending that says how to write it. Use one of {known}.")
    if not may_replace and path.exists():
        raise InputError(f"{path} is there already and was left as it is. Name another file.")
    beside = FilesBeside(path, artifacts)
    rows = list(known_rows(state))
    try:
        if ending == Format.JSON:
            _write_json(rows, state.spec, artifacts, beside, path)
        else:
            _write_table(rows, state.spec, beside, path, may_replace=may_replace)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
    return len(rows), beside.folder if beside.is_used else None


def _write_table(
    rows: Sequence[KnownRow],
    spec: CampaignSpec,
    beside: FilesBeside,
    path: Path,
    *,
    may_replace: bool,
) -> None:
    columns = table_columns(spec)
    cells = [_table_row(row, spec, beside) for row in rows]
    about = f"Campaign {spec.campaign}: every trial and imported measurement."
    write_sheet(
        [[row.get(header) for header in columns] for row in cells],
        path,
        columns=[SheetColumn(header=header, about=text) for header, text in columns.items()],
        about=about,
        may_replace=may_replace,
    )


def table_columns(spec: CampaignSpec) -> dict[str, str]:
    """Returns the heads of a table in their order, and what stands below each."""
    names = names_of(spec)
    columns = {header_of(name, names): "" for name in _BEFORE}
    for name, parameter in spec.scalars.items():
        columns[_header(name, parameter)] = parameter.about or "as asked for"
    for name, parameter in spec.scalars.items():
        columns[_header(f"{name} achieved", parameter)] = "where it was set otherwise"
    for name, outcome in spec.outcomes.items():
        match outcome:
            case NumberOutcome():
                columns[f"{name} ({outcome.unit})"] = outcome.about
                columns[f"{name} sd ({outcome.unit})"] = "known standard deviation of its error"
            case FileOutcome() | ImageOutcome():
                columns[name] = "file, from the folder of this table"
                columns[f"{name} sha256"] = "of the file"
                columns[f"{name} media type"] = "of the file"
            case _:
                columns[name] = outcome.about or outcome.kind
                if outcome.kind != "class":
                    columns[f"{name} sha256"] = "of the file"
    return {**columns, **{header_of(name, names): "" for name in _AFTER}}


def _header(name: str, parameter: AnyParameter) -> str:
    return name if parameter.unit in ("", "1") else f"{name} ({parameter.unit})"


def _table_row(
    row: KnownRow, spec: CampaignSpec, beside: FilesBeside
) -> dict[str, str | float | int | None]:
    names = names_of(spec)
    cells = {header_of(name, names): _clean(value) for name, value in row.facts.items()}
    for name, parameter in spec.scalars.items():
        asked = (row.asked or row.achieved or {}).get(name)
        cells[_header(name, parameter)] = asked
        cells[_header(f"{name} achieved", parameter)] = _if_other(row, name, asked)
    for name, measured in row.outcomes.items():
        cells.update(_outcome_cells(row.name, name, measured, spec, beside))
    return cells


def _if_other(row: KnownRow, name: str, asked: Value | None) -> Value | None:
    achieved = row.achieved.get(name) if row.achieved is not None else None
    return achieved if achieved != asked else None


def _outcome_cells(
    row: str, name: str, measured: Measured, spec: CampaignSpec, beside: FilesBeside
) -> dict[str, str | float | None]:
    value = measured.value
    if isinstance(value, str):
        return {name: value}
    if isinstance(value, int | float):
        unit = spec.outcomes[name].unit
        return {f"{name} ({unit})": float(value), f"{name} sd ({unit})": measured.sd}
    written = beside.write(row, name, value, spec)
    cells: dict[str, str | float | None] = {name: written.path, f"{name} sha256": written.sha256}
    if isinstance(value, Artifact):
        cells[f"{name} media type"] = value.media_type
    return cells


def _clean(value: str | float | None) -> str | float | None:
    return _FORBIDDEN.sub("\ufffd", value) if isinstance(value, str) else value


def _write_json(
    rows: Sequence[KnownRow],
    spec: CampaignSpec,
    artifacts: ArtifactStore,
    beside: FilesBeside,
    path: Path,
) -> None:
    content = {
        "campaign": spec.campaign,
        "software": __version__,
        "parameters": {name: {"unit": each.unit} for name, each in spec.scalars.items()},
        "outcomes": {
            name: {"kind": each.kind, "unit": each.unit, "x_unit": getattr(each, "x_unit", None)}
            for name, each in spec.outcomes.items()
        },
        "rows": [_json_row(row, spec, artifacts, beside) for row in rows],
    }
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _json_row(
    row: KnownRow, spec: CampaignSpec, artifacts: ArtifactStore, beside: FilesBeside
) -> dict[str, object]:
    return {
        **row.facts,
        "asked": row.asked,
        "achieved": row.achieved,
        "outcomes": {
            name: {**_json_value(row.name, name, each, spec, artifacts, beside), "sd": each.sd}
            for name, each in row.outcomes.items()
        },
    }


def _json_value(
    row: str,
    name: str,
    measured: Measured,
    spec: CampaignSpec,
    artifacts: ArtifactStore,
    beside: FilesBeside,
) -> dict[str, object]:
    value = measured.value
    if isinstance(value, str | int | float):
        return {"value": value}
    if isinstance(value, Artifact):
        written: Written = beside.write(row, name, value, spec)
        return {"file": written.path, "sha256": written.sha256, "media_type": value.media_type}
    curve = points_of(value, artifacts)
    return {"x": curve.x, "y": curve.y}
