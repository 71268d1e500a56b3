"""The table that a person takes to the bench, fills in, and brings back."""

from planner.loop.sheets.answers import Effect, How, RowAnswer, TableAnswer, answer_in_words
from planner.loop.sheets.form import make_columns, make_rows, told_outcomes
from planner.loop.sheets.table import tell_table
from planner.loop.sheets.typed import Given, read_typed, report

__all__ = [
    "Effect",
    "Given",
    "How",
    "RowAnswer",
    "TableAnswer",
    "answer_in_words",
    "make_columns",
    "make_rows",
    "read_typed",
    "report",
    "tell_table",
    "told_outcomes",
]
