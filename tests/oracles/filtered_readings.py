"""Readings cleaned and filtered as plainly as it can be said: one by one, over the whole series."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence

from planner.campaign import Filter


def filter_plainly(
    readings: Sequence[tuple[int, float]], rule: Filter, gap_us: float | None
) -> list[float | None]:
    """Each (time, value), by time; None for an outlier."""
    kept = [
        None if rule.outliers and is_outlier(i, readings, rule, gap_us) else readings[i][1]
        for i in range(len(readings))
    ]
    if rule.noise is None:
        return kept
    smooth: list[float | None] = []
    for i, value in enumerate(kept):
        if value is None:
            smooth.append(None)
            continue
        before = [j for j in range(i) if together(j, i, readings, gap_us)]
        after = [j for j in range(i + 1, len(kept)) if together(i, j, readings, gap_us)]
        half = min(rule.noise // 2, len(before), len(after))
        window = [kept[j] for j in range(i - half, i + half + 1)]
        smooth.append(middle([each for each in window if each is not None], value))
    return smooth


def is_outlier(
    i: int, readings: Sequence[tuple[int, float]], rule: Filter, gap_us: float | None
) -> bool:
    assert rule.outliers is not None
    assert rule.resolution is not None
    half = rule.outliers // 2
    near = range(max(0, i - half), min(len(readings), i + half + 1))
    window = [readings[j][1] for j in near if together(min(i, j), max(i, j), readings, gap_us)]
    if len(window) < 3:
        return False
    value = readings[i][1]
    centre = middle(window, value)
    spread = statistics.median_low(abs(each - centre) for each in window)
    return abs(value - centre) > rule.threshold * max(1.4826 * spread, rule.resolution)


def together(i: int, j: int, readings: Sequence[tuple[int, float]], gap_us: float | None) -> bool:
    """Whether no gap lies between two readings."""
    times = [time for time, _ in readings[i : j + 1]]
    pauses = [later - sooner for sooner, later in itertools.pairwise(times)]
    return gap_us is None or all(pause <= gap_us for pause in pauses)


def middle(window: Sequence[float], towards: float) -> float:
    low, high = statistics.median_low(window), statistics.median_high(window)
    return low if abs(towards - low) <= abs(high - towards) else high
