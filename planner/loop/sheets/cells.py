"""Cells that a person filled in: what each says, or what to do where it cannot be used."""

from __future__ import annotations

from pathlib import Path

from planner.campaign import AnyOutcome, ClassOutcome, NumberOutcome
from planner.errors import InputError
from planner.labs import Reported
from planner.loop.exchange.files import read_reference
from planner.loop.exchange.reading import is_choice, read_class, read_number, read_setting
from planner.loop.sheets.form import LOST
from planner.loop.sheets.heads import Heads
from planner.space import AnyParameter
from planner.tables import (
    BelowDetection,
    Cell,
    Date,
    Empty,
    NotAvailable,
    Number,
    Role,
    Row,
    Text,
    number_text,
)


def read_setting_cell(
    heads: Heads, row: Row, parameter: AnyParameter, role: Role
) -> Reported | None:
    """Returns the value of a parameter; None where nothing stands there.

    Raises:
        InputError: the cell holds something else.
    """
    cell = heads.cell(row, parameter.name, role)
    if isinstance(cell, Empty | NotAvailable) and not is_choice(parameter, cell):
        return None
    return read_setting(cell, heads.unit(parameter.name, role), parameter)


def read_outcome_cell(
    heads: Heads, row: Row, outcome: AnyOutcome, *, folder: Path
) -> Reported | None:
    """Returns what was measured; None where nothing was.

    Args:
        heads: of the table.
        row: of the trial.
        outcome: which one.
        folder: where files lie that cells name.

    Raises:
        InputError: the cell holds something else, or a value below detection.
    """
    cell = heads.cell(row, outcome.name)
    if isinstance(outcome, ClassOutcome):
        return read_class(cell, outcome)
    if isinstance(outcome, NumberOutcome):
        if isinstance(cell, BelowDetection):
            raise InputError(_below(cell, outcome))
        sd = heads.cell(row, outcome.name, Role.SD)
        if isinstance(cell, Empty | NotAvailable) and not isinstance(sd, Empty | NotAvailable):
            raise InputError(
                f"outcome {outcome.name!r} has a deviation and no value. Give the value too"
            )
        sd_unit = heads.unit(outcome.name, Role.SD)
        return read_number(cell, heads.unit(outcome.name), outcome, sd=(sd, sd_unit))
    if isinstance(cell, Empty | NotAvailable):
        return None
    return read_reference(plain(cell), outcome, folder=folder)


def is_lost(cell: Cell, outcome: AnyOutcome) -> bool:
    """Tells whether an outcome is given up; a class may be called so."""
    text = plain(cell)
    is_class = isinstance(outcome, ClassOutcome) and text in outcome.classes
    return text.lower() == LOST and not is_class


def plain(cell: Cell) -> str:
    """Returns what stands in a cell, as a text."""
    match cell:
        case Text():
            return cell.text
        case Number() if not cell.raw:
            return number_text(cell.value)
        case Date() if not cell.raw:
            return cell.at.isoformat()
    return cell.raw.strip()


def _below(cell: BelowDetection, outcome: NumberOutcome) -> str:
    """Says what to do with it: nobody can guess which number stands for it."""
    unit = f" {cell.unit}" if cell.unit else ""
    limit = f"{number_text(cell.limit)}{unit} or 0" if cell.limit is not None else "the limit"
    return (
        f"outcome {outcome.name!r} is below detection ({cell.raw.strip()}), which is no number. "
        f"Write the number that stands for it, such as {limit}, and say in the note what it is; or "
        f"clear the cell to tell it later, or write {LOST!r} to give it up"
    )
