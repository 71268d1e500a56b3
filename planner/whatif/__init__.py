"""What-if: questions to the model of a campaign; nothing is written."""

from planner.whatif.answer import answer
from planner.whatif.picture import draw
from planner.whatif.question import Question, parse_question
from planner.whatif.records import Answer, Base, Difference, Said
from planner.whatif.shown import render, whatif_json

__all__ = [
    "Answer",
    "Base",
    "Difference",
    "Question",
    "Said",
    "answer",
    "draw",
    "parse_question",
    "render",
    "whatif_json",
]
