"""The report of a campaign: facts once, then a page, the terminal and JSON that state the same."""

from planner.report.events import HISTORY
from planner.report.facts import Facts
from planner.report.facts_json import report_json
from planner.report.gathering import gather
from planner.report.text import render

__all__ = ["HISTORY", "Facts", "gather", "render", "report_json"]
