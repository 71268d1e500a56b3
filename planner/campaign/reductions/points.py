"""The points of a curve or distribution, checked and in the order of x.

notation: ``x`` and ``y`` have shape ``n``; between its points a curve is a straight line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.space import Floats


@dataclass(frozen=True, slots=True)
class ReductionFailure:
    """A measured curve from which the number cannot be computed.

    Args:
        reason: a sentence for the person who gives the verdict.
    """

    reason: str


class Unreducible(Exception):
    """Why a number cannot be computed; ``reduce_curve`` returns it as a ``ReductionFailure``."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points in the order of x, all finite.

    Args:
        x: shape ``n``, rising.
        y: shape ``n``.
    """

    x: Floats
    y: Floats


def sort_points(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> Points:
    """Returns points in the order of x; those at the same x keep their order.

    Raises:
        Unreducible: they are not as many x as y, none, or not all finite.
    """
    try:
        xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise Unreducible("it holds what is no number") from None
    if xs.ndim != 1 or xs.shape != ys.shape:
        raise Unreducible(f"it has {xs.size} values of x and {ys.size} of y")
    if xs.size == 0:
        raise Unreducible("it has no points")
    n_bad = int(np.sum(~(np.isfinite(xs) & np.isfinite(ys))))
    if n_bad:
        raise Unreducible(f"{n_bad} of its {xs.size} points are not finite numbers")
    order = np.argsort(xs, kind="stable")
    return Points(xs[order], ys[order])


def read_curve(points: Points, *, n_least: int) -> Points:
    """Returns the points if they are a curve: one y for each x, and enough of them.

    Raises:
        Unreducible: an x occurs twice, or there are fewer than ``n_least`` points.
    """
    repeated = points.x[1:][np.diff(points.x) == 0]
    if repeated.size:
        raise Unreducible(f"it has several values at x = {repeated[0]:g}")
    if points.x.size < n_least:
        raise Unreducible(f"it has {points.x.size} points, and this needs at least {n_least}")
    return points


def read_distribution(points: Points, *, n_least: int) -> Points:
    """Returns the points as a distribution: distinct values whose weights sum to one.

    Weights at the same value are added: a list of single particles may name a size twice.

    Raises:
        Unreducible: a weight is negative, none is positive, or there are fewer than ``n_least``
            values.
    """
    if np.any(points.y < 0):
        raise Unreducible(f"a weight is negative ({points.y.min():g})")
    largest = points.y.max()
    if largest == 0:
        raise Unreducible("all weights are zero")
    values, places = np.unique(points.x, return_inverse=True)
    weights = np.bincount(places, weights=points.y / largest)  # a sum of huge weights overflows
    if values.size < n_least:
        raise Unreducible(f"it has {values.size} values, and this needs at least {n_least}")
    return Points(values, weights / weights.sum())
