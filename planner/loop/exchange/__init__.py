"""Measurements in and out: tables and JSON that hold every kind of outcome, and come back whole."""

from planner.loop.exchange.exporting import Format, export
from planner.loop.exchange.importing import Imported, import_rows
from planner.loop.exchange.sources import read_campaign_rows, read_file

__all__ = [
    "Format",
    "Imported",
    "export",
    "import_rows",
    "read_campaign_rows",
    "read_file",
]
