"""Reading a campaign off a table of what was measured before: parameters, bounds and outcomes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from planner import units
from planner.campaign.beginnings import Content
from planner.errors import InputError, UnitError
from planner.tables import (
    BelowDetection,
    Cell,
    Date,
    Empty,
    Header,
    NotAvailable,
    Number,
    Role,
    Sheet,
    Text,
    Unreadable,
    name_of,
)

# What a table says of its rows rather than of settings and outcomes, as planner import reads it.
_OF_ROWS = frozenset(
    ["trial", "row", "source", "date", "note", "notes", "status", "deviation", "batch", "id", "no"]
)
_NAME = re.compile(r"[^\W\d_]\w{0,63}")
# How people write units behind an underscore, where the unit itself can be read in two ways.
_ENDINGS = {
    "C": "degC",
    "pct": "percent",
    "mol_pct": "mol_percent",
    "wt_pct": "wt_percent",
    "vol_pct": "vol_percent",
    "mL_min": "mL/min",
    "mg_mL": "mg/mL",
    "S_cm": "S/cm",
}
_PERCENT = ("percent", "%", "mol_percent", "wt_percent", "vol_percent")
_ROUNDING = 0.006  # a sum of 100 that is written without decimals misses it by half of one
_MOST_SUBSETS = 4096
_FEW_VALUES = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be a parameter or an outcome.

    Args:
        name: as the campaign has it.
        unit: of its numbers.
        numbers: that stand in it; empty where it holds names.
        words: that stand in it.
        n_gaps: rows in which nothing usable stands.
        by_row: number of each row, for sums; None where there is none.
        is_guessed: whether the unit was taken from the end of the name.
    """

    name: str
    unit: str
    numbers: tuple[float, ...]
    words: tuple[str, ...]
    n_gaps: int
    by_row: tuple[float | None, ...]
    is_guessed: bool = False


@dataclass(frozen=True, slots=True)
class ReadOff:
    """Part of a campaign's content, and what was assumed.

    Args:
        parts: parameters, constraints and outcomes.
        assumed: in sentences.
    """

    parts: Content
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table that can be used, and what was left out.

    Args:
        columns: by their names, in the order of the table.
        notes: in sentences.
    """

    columns: dict[str, Column]
    notes: tuple[str, ...]


def read_columns(sheet: Sheet) -> Columns:
    """Returns what of a table can be parameters and outcomes.

    Raises:
        InputError: a header is no name, or too little is left.
    """
    columns: dict[str, Column] = {}
    notes: list[str] = []
    strange: list[str] = []
    for index, header in enumerate(sheet.headers):
        name = name_of(header.name)
        cells = [row.cells[index] for row in sheet.rows]
        if header.role is not Role.VALUE or name.lower() in _OF_ROWS:
            notes.append(f"Column {header.raw.strip()!r} is about rows or values: left out.")
        elif any(isinstance(cell, Date) for cell in cells):
            notes.append(f"Column {header.raw.strip()!r} holds dates: left out.")
        elif not _NAME.fullmatch(name):
            strange.append(_rename(header))
        elif name in columns:
            strange.append(f"{header.raw.strip()!r} names {name!r} again: name it differently")
        else:
            columns[name] = _read_column(name, header, cells, sheet.title)
    if strange:
        raise InputError(
            f"Table {sheet.title} has headers that cannot be names of a campaign:\n  "
            + "\n  ".join(strange)
        )
    if len(columns) < 2:
        raise InputError(
            f"Table {sheet.title} needs a column for a parameter and one for an outcome, and has "
            f"{len(columns)} that can be either. Add the other, with a name above it."
        )
    return Columns(columns, tuple(notes))


def read_off(columns: Columns, *, outcomes: Sequence[str]) -> ReadOff:
    """Returns parameters, constraints and outcomes.

    Args:
        columns: of the table.
        outcomes: names of the columns that were measured; all others were set.

    Raises:
        InputError: an outcome has no column, or no parameter is left.
    """
    for name in outcomes:
        if name not in columns.columns:
            known = ", ".join(columns.columns)
            raise InputError(f"The table has no column {name!r} for an outcome, only {known}.")
    assumed = list(columns.notes)
    settings = [each for each in columns.columns.values() if each.name not in outcomes]
    if not settings:
        raise InputError("Every column is an outcome. Leave those out that were set.")
    parameters = {each.name: _parameter(each, assumed) for each in settings}
    constraints = _mixtures(settings, assumed)
    measured = {name: _outcome(columns.columns[name], assumed) for name in outcomes}
    parts: Content = {"parameters": parameters}
    if constraints:
        parts["constraints"] = constraints
    return ReadOff({**parts, "outcomes": measured}, tuple(assumed))


def _rename(header: Header) -> str:
    meant = re.sub(r"\W+", "_", header.name).strip("_0123456789") or "name_it"
    return (
        f"{header.raw.strip()!r}: a name begins with a letter and goes on with letters, digits and "
        f"_; head it {meant!r}, with the unit in brackets"
    )


def _read_column(name: str, header: Header, cells: Sequence[Cell], title: str) -> Column:
    for cell in cells:
        if isinstance(cell, Unreadable):
            raise InputError(f"Table {title}, column {header.raw.strip()!r}: {cell.why}.")
    unit = header.unit or next((c.unit for c in cells if isinstance(c, Number) and c.unit), None)
    guessed = None if unit else _ending(name)
    if unit is not None:
        try:
            units.check_unit(unit)
        except UnitError as error:
            raise InputError(f"Table {title}, column {header.raw.strip()!r}: {error}") from error
    words = [cell.text for cell in cells if isinstance(cell, Text)]
    numbers = [cell.value for cell in cells if isinstance(cell, Number)]
    by_row = tuple(cell.value if isinstance(cell, Number) else None for cell in cells)
    n_gaps = sum(isinstance(cell, Empty | NotAvailable | BelowDetection) for cell in cells)
    if words:  # a name such as 3 among names is a name
        words = [cell.raw.strip() for cell in cells if isinstance(cell, Text | Number)]
        numbers = []
    return Column(
        name=name,
        unit=unit or guessed or units.DIMENSIONLESS,
        numbers=tuple(numbers),
        words=tuple(words),
        n_gaps=n_gaps,
        by_row=by_row,
        is_guessed=guessed is not None,
    )


def _ending(name: str) -> str | None:
    """Returns the unit that a name such as ``temperature_C`` ends with."""
    parts = name.split("_")
    for start in range(max(1, len(parts) - 2), len(parts)):
        ending = "_".join(parts[start:])
        unit = _ENDINGS.get(ending, ending)
        if len(ending) > 1 or ending in "CKsghLmM":
            try:
                units.check_unit(unit)
            except UnitError:
                continue
            return unit
    return None


def _parameter(column: Column, assumed: list[str]) -> dict[str, Any]:
    if column.n_gaps:
        assumed.append(
            f"{column.name} is not known in {column.n_gaps} rows, which cannot be imported."
        )
    if column.words:
        choices = list(dict.fromkeys(column.words))
        if len(choices) == 1:
            assumed.append(f"{column.name} is always {choices[0]}: taken for a constant.")
            return {"value": choices[0]}
        assumed.append(f"{column.name} is one of {len(choices)} names, in no order.")
        return {"choices": choices}
    if not column.numbers:
        raise InputError(f"Column {column.name!r} is empty. Fill it, or delete it.")
    return _number(column, assumed)


def _number(column: Column, assumed: list[str]) -> dict[str, Any]:
    unit = {} if column.unit == units.DIMENSIONLESS else {"unit": column.unit}
    if column.is_guessed:
        assumed.append(f"{column.name} is in {column.unit}, as its name ends.")
    elif not unit:
        assumed.append(f"{column.name} is a plain number: no unit stands in its header.")
    values = sorted(set(column.numbers))
    if len(values) == 1:
        assumed.append(f"{column.name} is always {values[0]:g}: taken for a constant.")
        return {"value": values[0], **unit}
    low, high = _round_outwards(values[0], values[-1])
    words = f"{column.name} may be anything from {low:g} to {high:g}"
    if len(values) <= _FEW_VALUES:
        listed = ", ".join(f"{value:g}" for value in values)
        words += f"; it was {listed}: write 'values: [{listed}]' if nothing between can be set"
    if (low, high) != (values[0], values[-1]):
        words += ", rounded outwards"
    assumed.append(f"{words}.")
    return {"low": low, "high": high, **unit}


def _round_outwards(low: float, high: float) -> tuple[float, float]:
    """Returns bounds that a person would write, to a hundredth of the range; none is cut off."""
    step = Decimal(1).scaleb(Decimal(repr(high - low)).adjusted() - 2)
    return _rounded(low, step, ROUND_FLOOR), _rounded(high, step, ROUND_CEILING)


def _rounded(number: float, step: Decimal, rounding: str) -> float:
    exact = Decimal(repr(number))
    is_round = exact == exact.quantize(step / 10)  # as a person gave it
    return number if is_round else float(exact.quantize(step, rounding))


def _mixtures(settings: Sequence[Column], assumed: list[str]) -> list[dict[str, Any]]:
    """Finds amounts in one unit that sum to the same total in every row."""
    found: list[dict[str, Any]] = []
    for unit in dict.fromkeys(each.unit for each in settings):
        same = [
            each
            for each in settings
            if each.unit == unit and each.numbers and not each.n_gaps and min(each.numbers) >= 0
        ]
        names = _largest_sum(same)
        if names is None:
            continue
        components, total, missed = names
        shown = "" if unit == units.DIMENSIONLESS else f" {unit}"
        rounding = f", within {missed:.2g}" if missed > 1e-9 * total else ""
        assumed.append(
            f"{', '.join(components)} sum to {total:g}{shown} in every row{rounding}: taken for a "
            f"mixture."
        )
        found.append({"mixture": list(components), "total": total})
    return found


def _largest_sum(columns: Sequence[Column]) -> tuple[tuple[str, ...], float, float] | None:
    """Returns the most columns that sum to one total: names, total, and how far rows miss it."""
    varying = [each for each in columns if len(set(each.numbers)) > 1]
    subsets = itertools.chain.from_iterable(
        itertools.combinations(varying, n) for n in range(len(varying), 1, -1)
    )
    for subset in itertools.islice(subsets, _MOST_SUBSETS):
        sums = [sum(row) for row in zip(*(each.numbers for each in subset), strict=True)]
        total = float(f"{sorted(sums)[len(sums) // 2]:.3g}")
        missed = max(abs(each - total) for each in sums)
        if len(sums) > 2 and total > 0 and missed <= _ROUNDING * total:
            return tuple(each.name for each in subset), total, missed
    return None


def _outcome(column: Column, assumed: list[str]) -> dict[str, Any]:
    if column.words:
        classes = list(dict.fromkeys(column.words))
        assumed.append(f"{column.name} is one of the classes {', '.join(classes)}.")
        return {"kind": "class", "classes": classes}
    if not column.numbers:
        raise InputError(f"Column {column.name!r} is empty. Fill it, or delete it.")
    outcome: dict[str, Any] = {}
    if column.unit != units.DIMENSIONLESS:
        outcome["unit"] = column.unit
    if column.is_guessed:
        assumed.append(f"{column.name} is in {column.unit}, as its name ends.")
    low, high = min(column.numbers), max(column.numbers)
    if column.unit in _PERCENT and low >= 0 and high <= 100:
        outcome["bounds"] = [0, 100]
        assumed.append(f"{column.name} cannot be outside 0 to 100 {column.unit}.")
    if low < high:
        outcome["expected"] = [low, high]
        assumed.append(f"{column.name} is expected from {low:g} to {high:g}, as it was.")
    return outcome
