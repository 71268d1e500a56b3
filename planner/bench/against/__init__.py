"""Races against other planners: from the same starts, on the same pools, in one store."""

from planner.bench.against.comparison import Comparison, PoolComparison, compare_all
from planner.bench.against.entrants import Entrant, Other, Own
from planner.bench.against.estimate import Estimate, estimate
from planner.bench.against.leaving_out import LeftOut, leave_out
from planner.bench.against.race import Field, Runs, race

__all__ = [
    "Comparison",
    "Entrant",
    "Estimate",
    "Field",
    "LeftOut",
    "Other",
    "Own",
    "PoolComparison",
    "Runs",
    "compare_all",
    "estimate",
    "leave_out",
    "race",
]
