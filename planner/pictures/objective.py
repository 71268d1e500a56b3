"""A campaign's objective as the pictures draw it; they themselves know of no campaign."""

from __future__ import annotations

from planner.campaign import HitRange, HitTarget, Maximise, Minimise, NumberObjective
from planner.pictures.goal import Goal


def goal_of(objective: NumberObjective) -> Goal:
    """Returns what the objective asks of its outcome, as zone and line of a picture."""
    match objective:
        case Maximise():
            return Goal("maximise", low=objective.goal)
        case Minimise():
            return Goal("minimise", high=objective.goal)
        case HitTarget():
            target, tolerance = objective.target, objective.tolerance
            return Goal("target", target=target, low=target - tolerance, high=target + tolerance)
        case HitRange():
            return Goal("range", low=objective.low, high=objective.high)
