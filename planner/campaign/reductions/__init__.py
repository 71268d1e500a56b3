"""Reductions by name: from a curve or distribution to the number that decisions are made on."""

from planner.campaign.reductions.base import Axes, Own
from planner.campaign.reductions.computing import check_reduction, read_target, reduce_curve
from planner.campaign.reductions.points import Points, ReductionFailure
from planner.campaign.reductions.records import (
    AnyReduction,
    Reduction,
    name_reduction,
    names_for,
)

__all__ = [
    "AnyReduction",
    "Axes",
    "Own",
    "Points",
    "Reduction",
    "ReductionFailure",
    "check_reduction",
    "name_reduction",
    "names_for",
    "read_target",
    "reduce_curve",
]
