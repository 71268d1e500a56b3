"""Tables: those that a campaign file names, and those that people fill in."""

from planner.tables.reference import Column, TableRef, locate_table, read_table

__all__ = ["Column", "TableRef", "locate_table", "read_table"]
