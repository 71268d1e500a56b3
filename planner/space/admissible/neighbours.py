"""Configurations a small change away from one, in any space."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

import numpy as np

from planner.space.admissible.lattice import Axis
from planner.space.admissible.region import Region
from planner.space.admissible.rules import LinearRule
from planner.space.base import Floats, Value
from planner.space.numeric import Discrete, Integer
from planner.space.parameters import Categorical

# Amounts that are exchanged, in the smallest steps that both can take; larger ones are tried as
# far as the bounds let them.
_EXCHANGES = (1, 3, 10, 30, 100, 300, 1000)


def list_neighbours(region: Region, configuration: Mapping[str, Value]) -> list[dict[str, Value]]:
    """Returns admissible configurations that differ in one choice, level or exchange.

    A number that is set freely has no neighbours unless it stands in a sum: it is found by
    gradients. Of parameters that are held or measured none is changed.
    """
    here = region.raw([{**configuration, **region.held}])[0]
    rows = [
        row for row in _changed(region, here) if not (np.isnan(row).any() or (row == here).all())
    ]
    if not rows:
        return []
    distinct = {row.tobytes(): row for row in rows}
    return list(region.admissible(np.array(list(distinct.values()))))


def _changed(region: Region, here: Floats) -> Iterator[Floats]:
    for index, axis in enumerate(region.axes):
        for raw in _other_values(axis, float(here[index])):
            yield _with(here, {index: raw})
    ruled: set[tuple[int, int]] = set()
    for rule in region.rules.linear:
        for one, other in itertools.permutations(rule.indices, 2):
            if region.axes[one].is_grid and region.axes[other].is_grid:
                yield from _exchanges(region.axes, rule, here, one, other)
                ruled.add((one, other))
    if sum(rule.is_equation for rule in region.rules.linear) > 1:
        yield from _along_equations(region, here)
    for count in region.rules.counts:
        for pair in itertools.permutations(count.indices, 2):
            if pair not in ruled and here[pair[0]] != 0 and here[pair[1]] == 0:
                yield from _replaced(region.axes, here, *pair)


def _replaced(axes: tuple[Axis, ...], here: Floats, gone: int, come: int) -> Iterator[Floats]:
    """Yields configurations in which one parameter is present in the place of another."""
    if not axes[gone].is_constant and _may_be_zero(axes[gone]):
        for raw in _some_values(axes[come]):
            yield _with(here, {gone: 0.0, come: raw})


def _may_be_zero(axis: Axis) -> bool:
    if axis.levels is not None:
        return not axis.is_named and 0 in axis.whole_levels
    return axis.is_grid and bool(axis.are_settable(np.zeros(1, dtype=np.int64))[0])


def _some_values(axis: Axis) -> list[float]:
    """Returns the values of a list, or the ends and the middle of a grid."""
    if axis.is_constant:
        return []
    if axis.levels is not None:
        return [axis.raw(each) for each in axis.levels]
    return [_raw(axis, axis.first + axis.step * k) for k in {0, axis.count // 2, axis.count - 1}]


def _other_values(axis: Axis, raw: float) -> list[float]:
    """Returns the next values of a list or an integer, and all other choices of a category."""
    if axis.is_constant:
        return []
    if axis.levels is not None:
        values = [axis.raw(each) for each in axis.levels]
        if isinstance(axis.parameter, Categorical):
            return [each for each in values if each != raw]
        at = values.index(raw)
        return values[max(0, at - 1) : at] + values[at + 1 : at + 2]
    if isinstance(axis.parameter, Integer | Discrete):
        here = _whole(axis, raw)
        return [_raw(axis, each) for each in (here - axis.step, here + axis.step)]
    if axis.is_optional and raw != 0:
        return [0.0]
    if axis.is_optional:
        return [float(axis.raws(np.array([w]))[0]) for w in (axis.first, axis.ends[1])]
    return []


def _exchanges(
    axes: tuple[Axis, ...], rule: LinearRule, here: Floats, one: int, other: int
) -> Iterator[Floats]:
    """Yields configurations in which one parameter gives to another what keeps the sum."""
    given = _whole(axes[one], here[one])
    taken = _whole(axes[other], here[other])
    steps = [rule.coefficients[i] * axes[i].step for i in (one, other)]
    common = math.gcd(*steps)
    # one loses a multiple of this, the other gains what has the same weight in the sum
    loss = axes[one].step * (abs(steps[1]) // common)
    gain = axes[other].step * (abs(steps[0]) // common)
    gain = gain if steps[0] * steps[1] > 0 else -gain
    if given == axes[one].ends[0] and gain > 0:
        return  # it has nothing to give
    # with opposite signs both rise or both fall
    backwards = tuple(-times for times in _EXCHANGES) if gain < 0 else ()
    for times in (*_EXCHANGES, *backwards):
        yield _with(
            here,
            {
                one: _raw(axes[one], given - times * loss),
                other: _raw(axes[other], taken + times * gain),
            },
        )
    # all of it, so that another component is present in its place, or all but the least
    for left in {0, axes[one].first, axes[one].ends[0]}:
        share = (given - left) * rule.coefficients[one]
        if rule.coefficients[other] and share % rule.coefficients[other] == 0:
            more = taken + share // rule.coefficients[other]
            yield _with(here, {one: _raw(axes[one], left), other: _raw(axes[other], more)})


def _along_equations(region: Region, here: Floats) -> Iterator[Floats]:
    """Yields configurations in which as many parameters change as several equations ask for."""
    cell = region.cell_at(here)
    if cell is None:
        return
    wholes = [_whole(region.axes[index], here[index]) for index in cell.free]
    for vector in cell.solutions.basis.T:
        for times in (sign * size for size in _EXCHANGES for sign in (1, -1)):
            yield _with(
                here,
                {
                    index: _raw(region.axes[index], whole + times * int(change) * step)
                    for index, whole, change, step in zip(
                        cell.free, wholes, vector, cell.steps, strict=True
                    )
                },
            )


def _whole(axis: Axis, raw: float) -> int:
    return int(axis.wholes(np.array([raw]))[0])


def _raw(axis: Axis, whole: int) -> float:
    """Returns a whole value as a raw one, or NaN where the axis has no such value."""
    low, high = axis.ends
    on_grid = low <= whole <= high and (whole - axis.first) % axis.step == 0
    inside = on_grid and whole >= axis.first
    if inside or (axis.is_optional and whole == 0):
        return float(axis.raws(np.array([whole], dtype=object))[0])
    return math.nan


def _with(here: Floats, values: Mapping[int, float]) -> Floats:
    changed = here.copy()
    for index, value in values.items():
        changed[index] = value
    return changed
