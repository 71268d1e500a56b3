"""From a campaign to its search space, with the rows of its candidate table."""

from __future__ import annotations

from pathlib import Path

from planner.campaign.spec import CampaignSpec
from planner.errors import TableError, ValueOutOfRange
from planner.space import AnyParameter, Categorical, Configuration, SearchSpace, Value
from planner.tables import TableRef, read_numbers, read_table


def read_space(spec: CampaignSpec, *, folder: Path) -> SearchSpace:
    """Returns the search space of a campaign.

    Args:
        spec: the campaign.
        folder: of the campaign file, where relative paths of tables start.

    Raises:
        MissingPackage: the candidate table's package is not installed.
        TableError: the table cannot be read, or a row is outside the parameters' domains.
    """
    parameters = tuple(spec.parameters.values())
    table = spec.table
    if table is None:
        return SearchSpace(parameters, spec.constraints)
    rows = _distinct(read_rows(table, parameters, folder=folder))
    space = SearchSpace(parameters, spec.constraints, rows)
    for row in rows:
        _check_row(space, row, table)
    return space


def read_rows(
    table: TableRef, parameters: tuple[AnyParameter, ...], *, folder: Path
) -> list[dict[str, Value]]:
    """Reads the parameters' columns of a table, in the parameters' units, repeats included."""
    text = read_table(table, folder=folder)
    columns = [_values(text[parameter.name], parameter, table) for parameter in parameters]
    names = [parameter.name for parameter in parameters]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _values(column: list[str], parameter: AnyParameter, table: TableRef) -> list[Value]:
    if isinstance(parameter, Categorical):
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
            f"Widen the bounds or leave the row out."
        ) from error
