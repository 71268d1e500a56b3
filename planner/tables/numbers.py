"""Numbers of a table that a campaign file names, from their texts."""

from __future__ import annotations

import math

from planner.errors import TableError
from planner.tables.reference import TableRef, Values
from planner.tables.spelling import evidence_of, is_decimal, spell


def read_column(values: Values, *, name: str, table: TableRef) -> list[float]:
    """Turns a column's texts into numbers, in the column's own unit.

    Raises:
        TableError: one is no finite number; the message says where it stands.
    """
    numbers = []
    for text, place in zip(values, values.places, strict=True):
        number = _number(text, decimal=table.decimal)
        if not math.isfinite(number):
            raise TableError(
                f"{place} of {table.title}: {text!r} in the column of {name!r} is no number. "
                f"{_remedy(text, table)}"
            )
        numbers.append(number)
    return numbers


def _number(text: str, *, decimal: str) -> float:
    """Returns the number; NaN where there is none."""
    if decimal == ".":
        try:
            return float(text)
        except ValueError:
            return math.nan
    spelled = spell(text)
    if spelled is None or spelled.unit is not None:
        return math.nan
    found = is_decimal(spelled.open_mark, evidence_of(decimal), delimiter=None)
    return spelled.value(is_decimal=not spelled.open_mark or bool(found))


def _remedy(text: str, table: TableRef) -> str:
    spelled = spell(text)
    if spelled is not None and spelled.unit is None and "," in text and table.decimal == ".":
        return "Where commas are its decimal marks, give the table decimal: ','."
    return "Check columns, delimiter and skip_rows, or delete the row."
