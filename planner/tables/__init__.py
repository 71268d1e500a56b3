"""Tables: those that a campaign file names, and those that people fill in."""

from planner.tables.cells import (
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
from planner.tables.headers import (
    Found,
    Header,
    Role,
    find_columns,
    name_of,
    read_header,
)
from planner.tables.numbers import read_column
from planner.tables.reading import read_sheet
from planner.tables.reference import Column, TableRef, Values, locate_table, read_table
from planner.tables.sheet import Counted, Row, Sheet
from planner.tables.writing import (
    Entry,
    SheetColumn,
    Written,
    cell_text,
    check_ending,
    write_sheet,
)

__all__ = [
    "BelowDetection",
    "Cell",
    "Column",
    "Counted",
    "Date",
    "Empty",
    "Entry",
    "Found",
    "Header",
    "NotAvailable",
    "Number",
    "Role",
    "Row",
    "Sheet",
    "SheetColumn",
    "TableRef",
    "Text",
    "Unreadable",
    "Values",
    "Written",
    "cell_text",
    "check_ending",
    "find_columns",
    "locate_table",
    "name_of",
    "number_text",
    "read_column",
    "read_header",
    "read_sheet",
    "read_table",
    "write_sheet",
]
