"""All configurations of a space that holds few, found without going through all combinations.

Parameters are settled one after the other; what no choice of the rest could mend is dropped at
once, by exact arithmetic, so a mixture of a few hundred configurations is listed from among
billions of combinations.
"""

from __future__ import annotations

import numpy as np

from planner.space.admissible.lattice import Axis
from planner.space.admissible.rules import Rules, Truths
from planner.space.base import Floats

# More unfinished configurations than this at once, and the list is given up.
_MOST_AT_ONCE = 200_000


def list_all(rules: Rules, *, at_most: int) -> Floats | None:
    """Returns all raw configurations that keep the rules, ``n p``; None where there are more.

    None too where too many have to be looked at, or a parameter has no list of values. Formulas
    are kept up to rounding; who asks checks them in decimal.
    """
    found = np.empty((1, 0))
    for index, axis in enumerate(rules.axes):
        n_levels = axis.n_levels
        if n_levels is None or len(found) * n_levels > _MOST_AT_ONCE:
            return None
        if len(found) * n_levels > at_most and not _is_ruled(rules, index):
            return None
        levels = list_raw(axis)
        found = np.hstack(
            [np.repeat(found, n_levels, axis=0), np.tile(levels, len(found))[:, None]]
        )
        found = found[_may_be_kept(rules, found, n_settled=index + 1)]
        if len(found) == 0:
            return np.empty((0, len(rules.axes)))
    found = found[rules.are_kept(found)]
    return found if len(found) <= at_most else None


def list_raw(axis: Axis) -> Floats:
    """Returns all raw values of one parameter, in order."""
    if axis.is_named:
        return np.arange(len(axis.levels or ()), dtype=np.float64)
    if axis.levels is not None:
        return np.array([float(each) for each in axis.levels])
    grid = axis.raws(axis.first + axis.step * np.arange(axis.count))
    return np.append(0.0, grid) if axis.is_optional else grid


def _is_ruled(rules: Rules, n_settled: int) -> bool:
    """Tells whether a rule on a parameter that is not settled may thin out the list."""
    ruled = [rule.indices for rule in rules.linear] + [rule.indices for rule in rules.counts]
    ruled += [tuple(exclusion) for exclusion in rules.exclusions]
    if rules.formulas:
        return True
    return any(max(indices, default=0) >= n_settled for indices in ruled)


def _may_be_kept(rules: Rules, raw: Floats, *, n_settled: int) -> Truths:
    """Tells which rows of the first parameters some values of the others could complete."""
    kept = np.ones(len(raw), dtype=np.bool_)
    for rule in rules.linear:
        total = np.zeros(len(raw), dtype=object)
        least = most = 0
        for index in rule.indices:
            factor = rule.coefficients[index]
            if index < n_settled:
                total = total + rules.axes[index].wholes(raw[:, index]).astype(object) * factor
            else:
                ends = sorted(factor * end for end in rules.axes[index].ends)
                least, most = least + ends[0], most + ends[1]
        kept &= np.asarray(rule.low is None or total + most >= rule.low, dtype=np.bool_)
        kept &= np.asarray(rule.high is None or total + least <= rule.high, dtype=np.bool_)
    for count in rules.counts:
        settled = [index for index in count.indices if index < n_settled]
        present = (raw[:, settled] != 0).sum(axis=1)
        kept &= present <= count.high
        kept &= present + len(count.indices) - len(settled) >= count.low
    for exclusion in rules.exclusions:
        if max(exclusion) == n_settled - 1:
            kept &= ~np.logical_and.reduce([test(raw[:, i]) for i, test in exclusion.items()])
    return kept
