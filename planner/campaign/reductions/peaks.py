"""The highest peak of a curve: where, how high, how wide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.campaign.reductions.points import Points, Unreducible
from planner.space import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A peak.

    Args:
        position: x of its top.
        height: y of its top.
        first: index of the first of its highest points.
        last: index of the last of them, which is the same unless its top is flat.
    """

    position: float
    height: float
    first: int
    last: int


def highest_peak(points: Points, *, low: float | None, high: float | None) -> Peak:
    """Finds the top of the highest peak between two places.

    The top is that of the parabola through the highest point and its neighbours; of a flat top
    (three or more points, as of a saturated detector) it is the middle. Of several peaks of the
    same height it is the first.

    Raises:
        Unreducible: the curve is highest at an end, so its peak may lie beyond, or it is flat.
    """
    inside = np.flatnonzero(
        (points.x >= (-np.inf if low is None else low))
        & (points.x <= (np.inf if high is None else high))
    )
    if inside.size == 0:
        raise Unreducible("it has no point between from and to")
    first = last = int(inside[np.argmax(points.y[inside])])
    while first > 0 and points.y[first - 1] == points.y[last]:
        first -= 1
    while last + 1 < points.x.size and points.y[last + 1] == points.y[first]:
        last += 1
    _check_is_inside(points, first, last)
    if last - first >= 2:
        middle = float(points.x[first] + points.x[last]) / 2
        return Peak(position=middle, height=float(points.y[first]), first=first, last=last)
    position, height = vertex(points, first)
    return Peak(position=position, height=height, first=first, last=last)


def _check_is_inside(points: Points, first: int, last: int) -> None:
    if last - first + 1 == points.x.size:
        raise Unreducible(f"it is flat, at y = {points.y[first]:g}")
    is_at_end = first == 0 or last == points.x.size - 1
    if is_at_end or max(points.y[first - 1], points.y[last + 1]) > points.y[first]:
        raise Unreducible(
            f"it is highest at an end, x = {points.x[first]:g}, so its peak may lie beyond; "
            f"measure further, or move from and to"
        )


def vertex(points: Points, top: int) -> tuple[float, float]:
    """Returns x and y of the top of the parabola through a highest point and its neighbours.

    With distances ``a`` and ``b`` to the neighbours and drops ``p`` and ``q`` down to them,
    ``x = x_top + (p b^2 - q a^2) / (2 (p b + q a))``.
    """
    a, b = np.diff(points.x[top - 1 : top + 2])
    p, q = points.y[top] - points.y[top - 1], points.y[top] - points.y[top + 1]
    weight = p * b + q * a
    if weight == 0:  # all three are as high
        return float(points.x[top]), float(points.y[top])
    shift = (p * b * b - q * a * a) / (2 * weight)
    curvature = weight / (a * b * (a + b))
    return float(points.x[top] + shift), float(points.y[top] + curvature * shift**2)


def half_width(points: Points, peak: Peak) -> float:
    """Returns the full width at half of the peak's height, by straight lines between points.

    Raises:
        Unreducible: the peak is not above zero, or the curve does not fall to half its height.
    """
    if peak.height <= 0:
        raise Unreducible(f"its peak is not above zero (y = {peak.height:g}), so it has no half")
    half = peak.height / 2
    left = _fall(points.x[peak.first :: -1], points.y[peak.first :: -1], half, side="before")
    right = _fall(points.x[peak.last :], points.y[peak.last :], half, side="behind")
    return right - left


def _fall(x: Floats, y: Floats, level: float, *, side: str) -> float:
    """Returns where points that begin at a peak first reach a level below it."""
    reached = np.flatnonzero(y <= level)
    if reached.size == 0:
        raise Unreducible(f"it does not fall to half its height {side} the peak")
    k = int(reached[0])
    if k == 0:  # the parabola stands more than twice as high as the points do
        raise Unreducible("its peak is a single point, too narrow for a width")
    return float(x[k - 1] + (x[k] - x[k - 1]) * (y[k - 1] - level) / (y[k - 1] - y[k]))
