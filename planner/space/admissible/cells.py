"""One case of a space's rules: real points that fill it, rounded to whole ones that keep them.

| symbol | meaning | shape |
|---|---|---|
| ``k`` | steps of the parameters that are free within the case | d |
| ``y`` | ``(k - lowest) / (highest - lowest)`` | d |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planner.space.admissible.polytope import Polytope, make_polytope
from planner.space.admissible.presence import State
from planner.space.admissible.rounding import (
    Limits,
    Wholes,
    WholeSolutions,
    round_within,
    solve_whole,
)
from planner.space.admissible.rules import Rules
from planner.space.base import Floats

_MOST_ROUNDS = 20


# Coefficients of ``k`` with the least and the largest sum; None for no limit.
Row = tuple[tuple[int, ...], int | None, int | None]


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A case in whole numbers.

    Args:
        fixed: parameter to its whole value.
        free: parameters, ``d`` of them.
        firsts: whole values at ``k = 0``, ``d``.
        steps: whole values of one step, ``d``.
        most: largest ``k``, ``d``.
        equations: sums that have one value.
        limits: all other sums.
        solutions: whole ``k`` that keep all equations.
    """

    fixed: Mapping[int, int]
    free: tuple[int, ...]
    firsts: tuple[int, ...]
    steps: tuple[int, ...]
    most: tuple[int, ...]
    equations: tuple[Row, ...]
    limits: tuple[Row, ...]
    solutions: WholeSolutions

    def as_upper_limits(self) -> list[tuple[tuple[int, ...], int]]:
        """Returns all sums as ``row @ k <= limit``."""
        rows = []
        for row, low, high in (*self.equations, *self.limits):
            if high is not None:
                rows.append((row, high))
            if low is not None:
                rows.append((tuple(-each for each in row), -low))
        return rows


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """What a case leaves free, and what it fixes.

    Args:
        fixed: parameter to its whole value.
        free: parameters, ``d`` of them.
        firsts: whole values at ``k = 0``, ``d``.
        steps: whole values of one step, ``d``.
        polytope: of ``y``; None where nothing is free.
        solutions: whole ``k`` that keep all equations.
        limits: of ``k``.
    """

    fixed: Mapping[int, int]
    free: tuple[int, ...]
    firsts: tuple[int, ...]
    steps: tuple[int, ...]
    polytope: Polytope | None
    solutions: WholeSolutions
    limits: Limits

    def draw(self, n: int, *, generator: np.random.Generator) -> dict[int, Wholes]:
        """Returns whole values of the case's parameters, each of shape ``n``.

        Nearly all keep the sums; who asks checks which.
        """
        values = {index: np.full(n, value, dtype=object) for index, value in self.fixed.items()}
        if self.polytope is not None:
            k = self.round(self.polytope.draw(n, generator=generator))
            for j, index in enumerate(self.free):
                values[index] = k[:, j].astype(object) * self.steps[j] + self.firsts[j]
        return values

    def round(self, y: Floats) -> Wholes:
        """Returns whole ``k``, ``n d``, near points of the polytope."""
        return round_within(y * np.maximum(self.limits.most, 0.0), self.solutions, self.limits)


def make_cell(rules: Rules, states: Mapping[int, State]) -> Cell | None:
    """Returns the cell of a case; None where it holds no configuration.

    Where whole arithmetic finds that, it is a proof; where the solver of linear programmes does, it
    is as good as the solver's tolerance of 1e-7.
    """
    whole = reduce_case(rules, states)
    if whole is None:
        return None
    most = np.array(whole.most, dtype=np.float64)
    limits = _real_limits(whole, most)
    polytope = None
    if whole.free:
        e = np.array([row for row, _, _ in whole.equations], dtype=np.float64)
        t = np.array([low for _, low, _ in whole.equations], dtype=np.float64)
        polytope = _polytope(limits, e.reshape(len(t), len(most)), t)
        if polytope is None:
            return None
    return Cell(
        whole.fixed, whole.free, whole.firsts, whole.steps, polytope, whole.solutions, limits
    )


def reduce_case(rules: Rules, states: Mapping[int, State]) -> Whole | None:
    """Returns a case in whole numbers, in lowest terms; None where they show it to be empty."""
    box = _tightened(rules, states)
    if box is None:
        return None
    fixed = {index: low for index, (low, high) in box.items() if low == high}
    free = tuple(index for index in box if index not in fixed)
    firsts = tuple(box[index][0] for index in free)
    steps = tuple(rules.axes[index].step for index in free)
    most = tuple((box[i][1] - box[i][0]) // rules.axes[i].step for i in free)
    rows = _rows(rules, fixed, free, firsts, steps)
    if rows is None:
        return None
    equations = tuple(row for row in rows if row[1] is not None and row[1] == row[2])
    solutions = solve_whole(
        [row for row, _, _ in equations],
        [low for _, low, _ in equations if low is not None],
        scales=1.0 / np.maximum(np.array(most, dtype=np.float64), 1.0),
    )
    if solutions is None:
        return None
    limits = tuple(row for row in rows if row not in equations)
    return Whole(fixed, free, firsts, steps, most, equations, limits, solutions)


def _real_limits(whole: Whole, most: Floats) -> Limits:
    """Returns the limits in doubles, each row of a length of 1."""
    g = np.array([row for row, _, _ in whole.limits], dtype=np.float64)
    g = g.reshape(len(whole.limits), len(most))
    sizes = np.linalg.norm(g, axis=1)
    low = np.array([-math.inf if low is None else low for _, low, _ in whole.limits], dtype=float)
    high = np.array(
        [math.inf if high is None else high for _, _, high in whole.limits], dtype=float
    )
    return Limits(most, g / sizes[:, None], low / sizes, high / sizes)


def _polytope(limits: Limits, e: Floats, t: Floats) -> Polytope | None:
    """Returns the limits and equations on ``y``, each row of a length of 1."""
    g = np.vstack([limits.g, -limits.g])
    b = np.concatenate([limits.low, -limits.high])
    is_limit = np.isfinite(b)
    a, b = g[is_limit] * limits.most, b[is_limit]
    e = e * limits.most
    lengths, sizes = np.linalg.norm(a, axis=1), np.linalg.norm(e, axis=1)
    return make_polytope(a / lengths[:, None], b / lengths, e / sizes[:, None], t / sizes)


def _rows(
    rules: Rules,
    fixed: Mapping[int, int],
    free: tuple[int, ...],
    firsts: tuple[int, ...],
    steps: tuple[int, ...],
) -> list[Row] | None:
    """Returns the sums as limits on ``k``, in lowest terms; None where one cannot be kept."""
    rows: list[Row] = []
    for rule in rules.linear:
        factors = rule.coefficients
        known = sum(factors[i] * value for i, value in fixed.items())
        known += sum(factors[i] * first for i, first in zip(free, firsts, strict=True))
        row = tuple(factors[i] * step for i, step in zip(free, steps, strict=True))
        size = math.gcd(*row)
        if size == 0:
            if not _holds(known, rule.low, rule.high):
                return None
            continue
        low = None if rule.low is None else -((known - rule.low) // size)
        high = None if rule.high is None else (rule.high - known) // size
        if low is not None and high is not None and low > high:
            return None
        rows.append((tuple(each // size for each in row), low, high))
    return rows


def _holds(number: int, low: int | None, high: int | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _tightened(rules: Rules, states: Mapping[int, State]) -> dict[int, tuple[int, int]] | None:
    """Returns for each parameter the whole values that the sums leave, by exact arithmetic.

    Each rule bounds each of its parameters by the ends of the others; the rounds end where
    nothing changes, or are cut off where they would creep.
    """
    box = {index: (state.low, state.high) for index, state in states.items()}
    for _ in range(_MOST_ROUNDS):
        before = dict(box)
        for rule in rules.linear:
            for index in rule.indices:
                bounds = _bounds(rules, box, rule.coefficients, rule.low, rule.high, index)
                if bounds is None:
                    return None
                box[index] = bounds
        if box == before:
            break
    return box


def _bounds(
    rules: Rules,
    box: Mapping[int, tuple[int, int]],
    factors: tuple[int, ...],
    low: int | None,
    high: int | None,
    index: int,
) -> tuple[int, int] | None:
    """Returns the whole values of one parameter that the others leave it; None for none."""
    least = most = 0
    for i, factor in enumerate(factors):
        if factor and i != index:
            ends = sorted((factor * box[i][0], factor * box[i][1]))
            least, most = least + ends[0], most + ends[1]
    factor, (lower, upper) = factors[index], box[index]
    step = rules.axes[index].step
    if factor < 0:
        factor, least, most = -factor, -most, -least
        low, high = (None if high is None else -high), (None if low is None else -low)
    if high is not None:
        upper = min(upper, lower + ((high - least) // factor - lower) // step * step)
    if low is not None:
        lower += max(0, -((lower - -((most - low) // factor)) // step)) * step
    return (lower, upper) if lower <= upper else None
