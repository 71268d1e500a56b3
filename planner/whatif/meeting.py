"""When an outcome meets the goal."""

from __future__ import annotations

from planner.campaign import HitRange, HitTarget, Maximise, NumberObjective


def goal_ends(
    objective: NumberObjective, *, best: float | None, bounds: tuple[float | None, float | None]
) -> tuple[float, float] | None:
    """Returns from where to where an outcome meets the goal.

    An end at the outcome's bound is no end: what the model expects beyond it is measured at it.

    Args:
        objective: what is wanted.
        best: mean at the best conditions so far; a maximum or minimum without a goal is to beat
            it by the stated gain.
        bounds: of the outcome.

    Returns:
        None where there is neither a goal nor a best to be beaten. No outcome lies between ends
        beyond the bounds: then both are infinite, of the same sign.
    """
    infinite = float("inf")
    match objective:
        case HitTarget():
            ends = objective.target - objective.tolerance, objective.target + objective.tolerance
        case HitRange():
            ends = objective.low, objective.high
        case _:
            sign = 1.0 if isinstance(objective, Maximise) else -1.0
            limit = objective.goal
            if limit is None and best is None:
                return None
            if limit is None:
                limit = best + sign * (objective.gain or 0.0)  # type: ignore[operator]
            ends = (limit, infinite) if sign > 0 else (-infinite, limit)
    lowest, highest = bounds
    low, high = ends
    if highest is not None:
        if low > highest:
            return infinite, infinite
        high = infinite if high >= highest else high
    if lowest is not None:
        if high < lowest:
            return -infinite, -infinite
        low = -infinite if low <= lowest else low
    return low, high
