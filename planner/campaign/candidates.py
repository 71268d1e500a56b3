"""From a campaign to its search space, with the rows of its candidate table."""

from __future__ import annotations

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
from planner.tables import TableRef, Values, read_column, read_table


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
    listed, places = _read(table, parameters, folder=folder)
    rows = _distinct(listed)
    space = SearchSpace(parameters, spec.all_constraints, rows, tolerance=candidates.tolerance)
    first = dict(zip(map(_key, reversed(listed)), reversed(places), strict=True))
    for row in rows:
        _check_row(space, row, f"{first[_key(row)]} of {table.title}")
    return space


def read_rows(
    table: TableRef, parameters: tuple[AnyParameter, ...], *, folder: Path
) -> list[dict[str, Value]]:
    """Reads the parameters' columns of a table, in the parameters' units, repeats included.

    A fixed parameter needs no column, nor does one that is measured: it is taken at its middle
    until it is known.
    """
    return _read(table, parameters, folder=folder)[0]


def _read(
    table: TableRef, parameters: tuple[AnyParameter, ...], *, folder: Path
) -> tuple[list[dict[str, Value]], tuple[str, ...]]:
    """Returns the rows, and where each stands in the file."""
    text = read_table(table, folder=folder)
    places = next(iter(text.values())).places
    columns = [
        [parameter.decode(np.full(parameter.n_columns, 0.5))] * len(places)
        if isinstance(parameter, Fixed | Contextual) and parameter.name not in text
        else _values(text[parameter.name], parameter, table)
        for parameter in parameters
    ]
    names = [parameter.name for parameter in parameters]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return rows, places


def read_numbers(values: Values, *, name: str, table: TableRef, unit: str) -> list[float]:
    """Turns a column's text into numbers in the wanted unit.

    Raises:
        TableError: a value is not a finite number.
        UnitError: the column's unit is of another dimension.
    """
    given = table.column(name).unit or unit
    numbers = read_column(values, name=name, table=table)
    return [units.convert(number, given=given, wanted=unit) for number in numbers]


def _values(column: Values, parameter: AnyParameter, table: TableRef) -> list[Value]:
    if isinstance(parameter, Categorical | Ordinal):
        return list(column)
    return list(read_numbers(column, name=parameter.name, table=table, unit=parameter.unit))


def _key(row: Configuration) -> tuple[Value, ...]:
    return tuple(row.values())


def _distinct(rows: list[dict[str, Value]]) -> tuple[Configuration, ...]:
    return tuple({_key(row): row for row in rows}.values())


def _check_row(space: SearchSpace, row: Configuration, where: str) -> None:
    try:
        space.check(row)
    except ValueOutOfRange as error:
        raise TableError(
            f"{where} is no admissible configuration: {error} "
            f"Widen the bounds, leave the row out, or let candidates have a tolerance where rows "
            f"miss a constraint by rounding."
        ) from error
