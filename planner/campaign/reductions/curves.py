"""Numbers of a curve that is a straight line between its points; integrals of it are exact."""

from __future__ import annotations

import numpy as np

from planner.campaign.reductions.points import Points, Unreducible


def value_at(points: Points, place: float) -> float:
    """Returns the curve's value at a place.

    Raises:
        Unreducible: the place is outside the curve.
    """
    if not points.x[0] <= place <= points.x[-1]:
        raise Unreducible(
            f"it reaches from x = {points.x[0]:g} to {points.x[-1]:g}, and {place:g} is outside"
        )
    return float(np.interp(place, points.x, points.y))


def cut(points: Points, *, low: float | None, high: float | None) -> Points:
    """Returns the part of a curve between two places, with points at both.

    Raises:
        Unreducible: the curve does not reach as far.
    """
    low = float(points.x[0]) if low is None else low
    high = float(points.x[-1]) if high is None else high
    ends = value_at(points, low), value_at(points, high)
    if low >= high:
        raise Unreducible(f"it has nothing between from and to ({low:g} and {high:g})")
    inside = (points.x > low) & (points.x < high)
    return Points(
        np.concatenate([[low], points.x[inside], [high]]),
        np.concatenate([[ends[0]], points.y[inside], [ends[1]]]),
    )


def without_baseline(
    points: Points, *, low: float | None = None, high: float | None = None
) -> Points:
    """Subtracts the straight line through the curve's values at two places, everywhere.

    Raises:
        Unreducible: the curve does not reach as far.
    """
    part = cut(points, low=low, high=high)
    rise = (part.y[-1] - part.y[0]) / (part.x[-1] - part.x[0])
    return Points(points.x, points.y - (part.y[0] + rise * (points.x - part.x[0])))


def area(points: Points) -> float:
    """Returns the integral of y over x."""
    return float(np.dot(np.diff(points.x), points.y[1:] + points.y[:-1]) / 2)


def average(points: Points) -> float:
    """Returns the mean of y over x."""
    return area(points) / float(points.x[-1] - points.x[0])


def centroid(points: Points) -> float:
    """Returns the integral of x y over that of y.

    Raises:
        Unreducible: the curve has no area, or so much below zero that the centroid is outside.
    """
    x, y = points.x, points.y
    moment = x[:-1] * (2 * y[:-1] + y[1:]) + x[1:] * (y[:-1] + 2 * y[1:])
    whole = area(points)
    if whole <= 0:
        raise Unreducible(f"its area ({whole:g}) is not above zero, so it has no centroid")
    place = float(np.dot(np.diff(x), moment) / 6 / whole)
    if not x[0] <= place <= x[-1]:
        raise Unreducible("much of it is below zero, which puts its centroid outside")
    return place


def onset(points: Points, *, level: float, is_rising: bool) -> float:
    """Returns where the curve first passes a level between its lowest and its highest value.

    Args:
        points: the curve.
        level: share of the way from the side where it begins.
        is_rising: whether it begins low.

    Raises:
        Unreducible: the curve is flat, or begins beyond the level.
    """
    sign = 1.0 if is_rising else -1.0
    y = sign * points.y
    lowest, highest = float(y.min()), float(y.max())
    if lowest == highest:
        raise Unreducible(f"it is flat, at y = {points.y[0]:g}")
    wanted = lowest + level * (highest - lowest)
    k = int(np.argmax(y >= wanted))
    if k == 0:
        raise Unreducible(f"it begins beyond the level (y = {sign * wanted:g}) already")
    step = (wanted - y[k - 1]) / (y[k] - y[k - 1])
    return float(points.x[k - 1] + step * (points.x[k] - points.x[k - 1]))


def overlap(points: Points, target: Points, *, least: float) -> tuple[float, float]:
    """Returns the ends of the part of x that both cover.

    Raises:
        Unreducible: it is less than the share ``least`` of the target, or nothing.
    """
    low, high = max(points.x[0], target.x[0]), min(points.x[-1], target.x[-1])
    share = (high - low) / (target.x[-1] - target.x[0])
    if share < least:
        raise Unreducible(
            f"it reaches from x = {points.x[0]:g} to {points.x[-1]:g} and covers "
            f"{max(share, 0):.0%} of the target, which reaches from {target.x[0]:g} to "
            f"{target.x[-1]:g}; {least:.0%} is the least"
        )
    return float(low), float(high)


def scaled(points: Points) -> Points:
    """Returns the curve in units of its highest value.

    Raises:
        Unreducible: it is nowhere above zero.
    """
    highest = points.y.max()
    if highest <= 0:
        raise Unreducible("a curve is nowhere above zero and cannot be scaled by its highest value")
    return Points(points.x, points.y / highest)


def distance(points: Points, target: Points) -> float:
    """Returns the root of the mean squared difference of two curves with the same ends.

    The difference is a straight line from ``d`` to ``e`` between neighbouring places of either, of
    which the mean square is ``(d^2 + d e + e^2) / 3``.
    """
    places = np.union1d(points.x, target.x)
    gap = np.interp(places, points.x, points.y) - np.interp(places, target.x, target.y)
    squares = (gap[:-1] ** 2 + gap[:-1] * gap[1:] + gap[1:] ** 2) / 3
    return float(np.sqrt(np.dot(np.diff(places), squares) / (places[-1] - places[0])))
