"""Cells that a person filled in: what each says, or what to do where it cannot be used."""

from __future__ import annotations

from planner import units
from planner.campaign import AnyOutcome, ClassOutcome, NumberOutcome
from planner.errors import InputError
from planner.labs import Reported
from planner.loop.people.settings import is_named
from planner.loop.sheets.form import LOST, choices_of
from planner.space import AnyParameter
from planner.tables import (
    BelowDetection,
    Cell,
    Date,
    Empty,
    NotAvailable,
    Number,
    Text,
    Unreadable,
    number_text,
)


def read_setting_cell(
    cell: Cell, parameter: AnyParameter, head: str | None, what: str, problems: list[str]
) -> Reported | None:
    """Returns the value of a parameter; None where nothing stands there that can be used."""
    if isinstance(cell, Empty):
        return None
    if is_named(parameter):
        known = choices_of(parameter)
        text = plain(cell)
        if isinstance(cell, Date) and text not in known:
            problems.append(f"{what}: {cell.why_no_number}")
            return None
        return Reported(value=text)
    if isinstance(cell, NotAvailable):
        return None
    return read_number_cell(cell, what, head, problems)


def read_number_cell(
    cell: Cell, what: str, head: str | None, problems: list[str]
) -> Reported | None:
    """Returns a number with its unit: the one behind it, else the one in the head."""
    match cell:
        case Number():
            return Reported(value=cell.value, unit=cell.unit if cell.unit is not None else head)
        case BelowDetection():
            problems.append(f"{what} is {cell.raw.strip()!r}: {_below(cell)}")
        case Unreadable():
            problems.append(f"{what}: {cell.why}")
        case Date():
            problems.append(f"{what}: {cell.why_no_number}")
        case Text():
            problems.append(f"{what} is {cell.text!r}, not a number")
        case _:
            pass
    return None


def _below(cell: BelowDetection) -> str:
    """Says what to do with it: nobody can guess which number stands for it."""
    limit = f"{number_text(cell.limit)} or 0" if cell.limit is not None else "the limit"
    return (
        f"below detection, which is no number. Write the number that stands for it, such as "
        f"{limit}, and say in the note what it is; or clear the cell to tell it later, or write "
        f"{LOST!r} to give it up"
    )


def read_class_cell(cell: Cell, outcome: ClassOutcome, problems: list[str]) -> Reported | None:
    """Returns the name of a class; whether it is one, the check of the result says."""
    text = plain(cell)
    if text in outcome.classes:  # also one that is called 'n.d.' or '1'
        return Reported(value=text)
    match cell:
        case Empty() | NotAvailable():
            return None
        case Date():
            problems.append(f"{outcome.name!r}: {cell.why_no_number}")
            return None
        case Unreadable():
            problems.append(f"{outcome.name!r}: {cell.why}")
            return None
    return Reported(value=text)


def is_lost(cell: Cell, outcome: AnyOutcome) -> bool:
    """Tells whether an outcome is given up; a class may be called so."""
    text = plain(cell)
    is_class = isinstance(outcome, ClassOutcome) and text in outcome.classes
    return text.lower() == LOST and not is_class


def with_sd(
    reported: Reported, sd: Reported | None, outcome: NumberOutcome, problems: list[str]
) -> Reported:
    """Returns a value with its deviation, in the value's unit."""
    if sd is None:
        return reported
    unit = reported.unit if reported.unit is not None else outcome.unit
    given = sd.unit if sd.unit is not None else unit
    assert isinstance(sd.value, float)  # it was read as a number
    try:
        number = units.convert_difference(sd.value, given=given, wanted=unit)
    except InputError as error:
        problems.append(f"{outcome.name!r} sd: {str(error).rstrip('.')}")
        return reported
    return Reported(value=reported.value, unit=reported.unit, sd=number)


def plain(cell: Cell | None) -> str:
    """Returns what stands in a cell, as a text."""
    match cell:
        case None:
            return ""
        case Text():
            return cell.text
        case Number() if not cell.raw:
            return number_text(cell.value)
        case Date() if not cell.raw:
            return cell.at.isoformat()
    return cell.raw.strip()
