"""The table that a person takes to the bench, fills in, and brings back."""

from planner.loop.sheets.answers import Effect, How, RowAnswer, TableAnswer
from planner.loop.sheets.form import make_columns, make_rows, told_outcomes
from planner.loop.sheets.table import tell_table
from planner.loop.sheets.typed import read_typed

__all__ = [
    "Effect",
    "How",
    "RowAnswer",
    "TableAnswer",
    "make_columns",
    "make_rows",
    "read_typed",
    "tell_table",
    "told_outcomes",
]
