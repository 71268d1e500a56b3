"""Files that a person names beside a table: curves to be read, pictures and files to be kept."""

from __future__ import annotations

import mimetypes
from dataclasses import replace
from pathlib import Path

from planner.campaign import (
    AnyOutcome,
    CampaignSpec,
    ClassOutcome,
    CurveOutcome,
    DistributionOutcome,
    NumberOutcome,
)
from planner.errors import InputError
from planner.labs import Attachment, Reported, Series
from planner.loop.people.told import Told
from planner.loop.sheets.cells import is_lost
from planner.loop.sheets.form import x_name, y_name
from planner.tables import Number, Row, Sheet, Text, read_header, read_sheet

MAX_BYTES = 256 * 2**20


def read_attached(name: str, outcome: AnyOutcome, *, folder: Path) -> Reported:
    """Reads the file that stands for an outcome.

    Args:
        name: as the person wrote it; relative to ``folder``.
        outcome: a curve or distribution, which is read; otherwise it is taken as it is.
        folder: where the table lies.

    Raises:
        InputError: there is no such file, it is too large, or holds no curve.
    """
    path = folder / name
    if not path.is_file():
        raise InputError(
            f"{outcome.name!r} names the file {name}, and there is none in {folder.resolve()}. Put "
            f"it there, or correct the name"
        )
    if isinstance(outcome, CurveOutcome | DistributionOutcome):
        return _read_series(path, outcome)
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            f"{outcome.name!r} names {name}, larger than {MAX_BYTES // 2**20} MiB, the most that "
            f"is kept. Keep the original elsewhere, and give an excerpt"
        )
    media_type, _ = mimetypes.guess_type(path.name)
    return Reported(
        value=Attachment(
            name=path.name,
            content=path.read_bytes(),
            media_type=media_type or "application/octet-stream",
        )
    )


def read_typed(told: Told, spec: CampaignSpec, *, folder: Path) -> Told:
    """Returns what was typed of one trial with the files that it names, and what is given up.

    Args:
        told: its outcomes as typed: a curve or file by the name of a file, ``lost`` for one that
            nobody will measure.
        spec: which outcomes are what.
        folder: where the files are.

    Raises:
        InputError: there is no such file, or it holds no curve.
    """
    outcomes, lost = dict(told.outcomes), []
    for name, reported in told.outcomes.items():
        outcome, text = spec.outcomes.get(name), reported.value
        if not isinstance(text, str) or outcome is None:
            continue
        if is_lost(Text(text), outcome):
            lost.append(name)
            del outcomes[name]
        elif not isinstance(outcome, ClassOutcome | NumberOutcome):
            outcomes[name] = read_attached(text, outcome, folder=folder)
    return replace(told, outcomes=outcomes, lost=tuple(lost))


def _read_series(path: Path, outcome: CurveOutcome | DistributionOutcome) -> Reported:
    sheet = read_sheet(path)
    names = (x_name(outcome), y_name(outcome))
    x, y = (_find(sheet, wanted, names) for wanted in names)
    x_head, y_head = sheet.headers[x], sheet.headers[y]
    return Reported(
        value=Series(
            x=tuple(_number(sheet, row, x) for row in sheet.rows),
            y=tuple(_number(sheet, row, y) for row in sheet.rows),
        ),
        unit=y_head.unit,
        x_unit=x_head.unit,
    )


def _find(sheet: Sheet, wanted: str, names: tuple[str, str]) -> int:
    """Returns the column of this name; of a table with two columns they are x and y in order."""
    for index, header in enumerate(sheet.headers):
        if read_header(header.raw, position=header.position, known={wanted}).name == wanted:
            return index
    if len(sheet.headers) == len(names):
        return names.index(wanted)
    heads = ", ".join(repr(header.raw) for header in sheet.headers)
    raise InputError(
        f"{sheet.title} has the columns {heads}; name those of the curve {names[0]!r} and "
        f"{names[1]!r}"
    )


def _number(sheet: Sheet, row: Row, index: int) -> float:
    cell, header = row.cells[index], sheet.headers[index]
    if isinstance(cell, Number) and cell.unit in (None, header.unit):
        return cell.value
    raise InputError(
        f"{sheet.title}, {sheet.place(row, index)}, holds {cell.raw!r}, not a plain number"
    )
