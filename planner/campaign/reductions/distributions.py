"""Numbers of a distribution: weights that sum to one, at distinct values in rising order.

notation: value ``x_i`` with weight ``w_i``, i = 1..n; a weight is a share of the whole (a bin's
content), not a density.
"""

from __future__ import annotations

import numpy as np

from planner.campaign.reductions.peaks import vertex
from planner.campaign.reductions.points import Points, Unreducible
from planner.space import Floats


def mean(points: Points) -> float:
    """Returns sum of w x."""
    return float(np.dot(points.y, points.x))


def deviation(points: Points) -> float:
    """Returns the standard deviation, the root of sum w (x - mean)^2."""
    return float(np.sqrt(np.dot(points.y, (points.x - mean(points)) ** 2)))


def quantile(points: Points, level: float) -> float:
    """Returns the value below which this share of the whole lies.

    Half of a weight lies below its own value, and between two values the share rises in a
    straight line: ``F(x_i) = w_1 + ... + w_(i-1) + w_i / 2``. Below the first and above the last
    of these it is the first and the last value. Values of no weight change nothing.
    """
    has_weight = points.y > 0
    values, weights = points.x[has_weight], points.y[has_weight]
    below = np.cumsum(weights) - weights / 2
    return float(np.interp(level, below, values))


def mode(points: Points) -> float:
    """Returns the value of most weight, by a parabola through it and its neighbours."""
    top = int(np.argmax(points.y))
    if top in (0, points.x.size - 1):
        return float(points.x[top])
    place, _ = vertex(points, top)
    return place


def relative(width: float, size: float) -> float:
    """Returns a width in units of a size.

    Raises:
        Unreducible: the size is not above zero.
    """
    if size <= 0:
        raise Unreducible(f"its size ({size:g}) is not above zero, so no width is relative to it")
    return width / size


def divergence(points: Points, target: Points) -> float:
    """Returns the Jensen-Shannon divergence in bits, 0 (same) to 1 (nothing in common).

    Each weight is spread evenly over its cell, which reaches half way to the neighbouring values;
    the two are compared on the intervals between all ends of cells. Where both have the same
    values these are their weights themselves.
    """
    cells, others = _cell_ends(points.x), _cell_ends(target.x)
    ends = np.union1d(cells, others)
    p, q = _shares(points.y, cells, ends), _shares(target.y, others, ends)
    middle = (p + q) / 2
    return float(np.clip((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2, 0, 1))


def wasserstein(points: Points, target: Points) -> float:
    """Returns the Wasserstein-1 distance: how far the weight must be moved on average.

    The integral of the difference of the two distribution functions, which are steps.
    """
    places = np.union1d(points.x, target.x)
    gap = _step(points, places[:-1]) - _step(target, places[:-1])
    return float(np.dot(np.abs(gap), np.diff(places)))


def _step(points: Points, places: Floats) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(points.y)])
    n_below = np.searchsorted(points.x, places, side="right")
    below: Floats = np.asarray(total[n_below], dtype=np.float64)
    return below


def _cell_ends(x: Floats) -> Floats:
    """Returns the n + 1 ends of cells: half way between values, as far out at both ends."""
    half = np.diff(x) / 2
    return np.concatenate([[x[0] - half[0]], x[:-1] + half, [x[-1] + half[-1]]])


def _shares(weights: Floats, cells: Floats, ends: Floats) -> Floats:
    """Returns the weight between neighbouring ``ends`` of a density that is even in each cell."""
    total = np.concatenate([[0.0], np.cumsum(weights)])
    shares: Floats = np.diff(np.interp(ends, cells, total)).clip(min=0)  # rounding: -1e-17
    return shares


def _relative_entropy(p: Floats, q: Floats) -> float:
    is_there = p > 0
    return float(np.sum(p[is_there] * np.log2(p[is_there] / q[is_there])))
