"""Paired differences: what two entrants came to from the same starts, with Student's interval.

Starts differ more than entrants do, so two are compared start by start. The interval takes the
differences of a course as normal; over courses their variances add, with the degrees of freedom of
Welch (1947) and Satterthwaite (1946): starts are drawn within courses, the courses are given.
Where the starts of an entrant on a course are nearly the same, so are its races, and they are no
sample of anything: there the courses are the sample.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import t as student

from planner.bench.bootstrap import LEVEL, Interval
from planner.space import Floats

FEWEST = 5  # shared starts on one course; of fewer no interval is stated


def pairs(one: Mapping[int, float], other: Mapping[int, float]) -> Floats:
    """Returns one less the other at the starts that both have run, in their order.

    Args:
        one: a figure by start.
        other: the same figure of another entrant.
    """
    shared = sorted(set(one) & set(other))
    return np.array([one[seed] - other[seed] for seed in shared])


def difference(differences: Floats) -> Interval:
    """Returns the mean of the differences on one course; unbounded where there are few.

    Args:
        differences: at least one, shape ``n``.
    """
    n = len(differences)
    value = float(differences.mean())
    if n < FEWEST:
        return Interval(value=value, low=-math.inf, high=math.inf)
    room = _room(float(differences.var(ddof=1)) / n, freedom=n - 1)
    return Interval(value=value, low=value - room, high=value + room)


def difference_over(courses: Sequence[Floats]) -> Interval:
    """Returns the mean over courses of the mean difference on each.

    Args:
        courses: the differences on each, at least one on each. Unbounded where one has a single,
            or where all together have fewer degrees of freedom than five starts on one course.
    """
    value = float(np.mean([each.mean() for each in courses]))
    is_few = sum(len(each) - 1 for each in courses) < FEWEST - 1
    if is_few or any(len(each) < 2 for each in courses):
        return Interval(value=value, low=-math.inf, high=math.inf)
    variances = np.array([each.var(ddof=1) / len(each) for each in courses])
    total = float(variances.sum())
    if total == 0:
        return Interval(value=value, low=value, high=value)
    freedom = total**2 / float(np.sum(variances**2 / [len(each) - 1 for each in courses]))
    room = _room(total / len(courses) ** 2, freedom=freedom)
    return Interval(value=value, low=value - room, high=value + room)


def difference_among(courses: Sequence[Floats]) -> Interval:
    """Returns the same mean with an interval that takes the courses as drawn, not the starts.

    Args:
        courses: the differences on each, at least one on each; unbounded of fewer than five.
    """
    return difference(np.array([each.mean() for each in courses]))


def _room(variance: float, *, freedom: float) -> float:
    """Returns half the width of the interval of a mean with this variance."""
    return float(student.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(variance)
