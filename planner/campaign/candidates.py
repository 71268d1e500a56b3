"""From a campaign to its search space, with the rows of its candidate table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from planner import units
from planner.campaign.spec import CampaignSpec
from planner.errors import TableError, ValueOutOfRange
from planner.space import (
    AnyParameter,
    Categorical,
    Configuration,
    Contextual,
    Fixed,
    Ordinal,
    SearchSpace,
    Value,
)
from planner.tables import TableRef, read_table


def read_space(spec: CampaignSpec, *, folder: Path) -> SearchSpace:
    """Returns the search space of a campaign.

    Args:
        spec: the campaign.
        folder: of the campaign file, where relative paths of tables start.

    Raises:
        MissingPackage: the candidate table's package is not installed.
        TableError: the table cannot be read, or a row is outside the parameters' domains.
    """
    parameters = tuple(spec.scalars.values())
    table, candidates = spec.table, spec.candidates
    if table is None or candidates is None:
        return SearchSpace(parameters, spec.all_constraints)
    rows = _distinct(read_rows(table, parameters, folder=folder))
    space = SearchSpace(parameters, spec.all_constraints, rows, tolerance=candidates.tolerance)
    for row in rows:
        _check_row(space, row, table)
    return space


def read_rows(
    table: TableRef, parameters: tuple[AnyParameter, ...], *, folder: Path
) -> list[dict[str, Value]]:
    """Reads the parameters' columns of a table, in the parameters' units, repeats included.

    A fixed parameter needs no column, nor does one that is measured: it is taken at its middle
    until it is known.
    """
    text = read_table(table, folder=folder)
    n_rows = len(next(iter(text.values())))
    columns = [
        [parameter.decode(np.full(parameter.n_columns, 0.5))] * n_rows
        if isinstance(parameter, Fixed | Contextual) and parameter.name not in text
        else _values(text[parameter.name], parameter, table)
        for parameter in parameters
    ]
    names = [parameter.name for parameter in parameters]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def read_numbers(values: Sequence[str], *, name: str, table: TableRef, unit: str) -> list[float]:
    """Turns a column's text into numbers in the wanted unit.

    Raises:
        TableError: a value is not a finite number.
        UnitError: the column's unit is of another dimension.
    """
    given = table.column(name).unit or unit
    numbers = []
    for row, value in enumerate(values, start=1):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise TableError(
                f"Row {row} of {table.title}: {value!r} in the column of {name!r} is no number. "
                f"Check columns and skip_rows, or delete the row."
            )
        numbers.append(units.convert(number, given=given, wanted=unit))
    return numbers


def _values(column: list[str], parameter: AnyParameter, table: TableRef) -> list[Value]:
    if isinstance(parameter, Categorical | Ordinal):
        return list(column)
    numbers = read_numbers(column, name=parameter.name, table=table, unit=parameter.unit)
    return list(numbers)


def _distinct(rows: list[dict[str, Value]]) -> tuple[Configuration, ...]:
    return tuple({tuple(row.values()): row for row in rows}.values())


def _check_row(space: SearchSpace, row: Configuration, table: TableRef) -> None:
    try:
        space.check(row)
    except ValueOutOfRange as error:
        raise TableError(
            f"A row of {table.title} is no admissible configuration: {error} "
            f"Widen the bounds, leave the row out, or let candidates have a tolerance where rows "
            f"miss a constraint by rounding."
        ) from error
