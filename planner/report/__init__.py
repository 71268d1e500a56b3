"""The report of a campaign: facts once, then a page, the terminal and JSON that state the same."""

from planner.report.events import HISTORY
from planner.report.facts import Facts
from planner.report.facts_json import report_json
from planner.report.gathering import gather
from planner.report.html import make_page, write_report
from planner.report.text import render

__all__ = ["HISTORY", "Facts", "gather", "make_page", "render", "report_json", "write_report"]
