"""The rules as a mixed-integer programme: complete where drawing at random finds nothing.

Solved by HiGHS, in doubles; what it finds is checked in whole numbers by whoever asks. Formulas
are left out. So are exclusions of a logarithm without steps.

| symbol | meaning |
|---|---|
| ``k`` | step of a grid, whole |
| ``z`` | 1 where a component is present |
| ``s`` | 1 for the listed value that is chosen |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from planner.space.admissible.lattice import Axis, digits_of, to_whole
from planner.space.admissible.listing import list_raw
from planner.space.admissible.rules import LinearRule, Rules, excluded_test
from planner.space.base import Floats, as_decimal
from planner.space.combinations import Exclusion, Span

# Branches of the search before it is given up; a limit in seconds would give other answers on
# other machines.
_MOST_NODES = 5_000

Terms = dict[int, float]
Outcome = Literal["found", "empty", "unsettled"]


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What the solver says.

    Args:
        outcome: ``found``; ``empty``, which is as good as its tolerance of 1e-6; ``unsettled``.
        raw: a configuration in raw numbers, ``p``, where one was found.
    """

    outcome: Outcome
    raw: Floats | None = None


@dataclass(slots=True)
class _Programme:
    """Variables, rows and costs as they are added."""

    highest: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    is_whole: list[bool] = field(default_factory=list)
    rows: list[tuple[Terms, float, float]] = field(default_factory=list)

    def variable(self, highest: float = 1.0, *, cost: float = 0.0, is_whole: bool = True) -> int:
        self.highest.append(highest)
        self.cost.append(cost)
        self.is_whole.append(is_whole)
        return len(self.cost) - 1

    def row(self, terms: Terms, low: float, high: float) -> None:
        self.rows.append((terms, low, high))

    def solve(self) -> tuple[Outcome, Floats | None]:
        from scipy.optimize import Bounds, LinearConstraint, milp  # late: it takes long to import
        from scipy.sparse import csr_array

        n = len(self.cost)
        if n == 0:
            return "found", np.empty(0)
        entries = [(i, j, x) for i, (terms, _, _) in enumerate(self.rows) for j, x in terms.items()]
        row, column, value = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = csr_array((value, (row, column)), shape=(len(self.rows), n))
        limits: Any = LinearConstraint(
            matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows]
        )
        found = milp(
            np.array(self.cost),
            integrality=np.array(self.is_whole, dtype=int),
            bounds=Bounds(np.zeros(n), np.array(self.highest)),
            constraints=limits if self.rows else None,
            # its presolve fails on equations that are not divisible, and prints so
            options={"node_limit": _MOST_NODES, "mip_rel_gap": 1e-3, "presolve": False},
        )
        if found.x is not None:
            return "found", np.asarray(found.x, dtype=np.float64)
        return ("empty" if found.status == 2 else "unsettled"), None


@dataclass(frozen=True, slots=True)
class _Parameter:
    """The variables of one parameter; its whole value is ``offset + terms``."""

    terms: Terms
    present: Terms
    chosen: tuple[int, ...] = ()


def solve(
    rules: Rules,
    *,
    near: Mapping[int, float] | None = None,
    costs: Mapping[int, Floats] | None = None,
) -> Solution:
    """Looks for a configuration that keeps sums, counts and exclusions.

    Args:
        rules: to keep.
        near: for grids the raw number to be near to; distances are added up in shares of each
            parameter's range.
        costs: for lists what each value costs.
    """
    programme = _Programme()
    near, costs = near or {}, costs or {}
    ruled = _ruled(rules)
    parts = {
        index: _add_parameter(programme, rules.axes[index], near.get(index), costs.get(index))
        for index in ruled
    }
    for rule in rules.linear:
        _add_sum(programme, parts, rule)
    for count in rules.counts:
        terms: Terms = {}
        n_always = 0
        for index in count.indices:
            if index in parts:
                _add_terms(terms, parts[index].present, 1.0)
            else:
                n_always += 1
        n_always += round(terms.pop(_CONSTANT, 0.0))
        programme.row(terms, count.low - n_always, count.high - n_always)
    for constraint in rules.constraints:
        if isinstance(constraint, Exclusion):
            _add_exclusion(programme, rules, parts, constraint)
    outcome, x = programme.solve()
    if x is None:
        return Solution(outcome)
    raw = np.full(len(rules.axes), np.nan)
    for index, part in parts.items():
        raw[index] = _read(rules.axes[index], part, x)
    return Solution(outcome, raw)


def _ruled(rules: Rules) -> list[int]:
    """Returns the parameters that the programme has variables for."""
    named = {index for rule in rules.linear for index in rule.indices}
    named |= {index for rule in rules.counts for index in rule.indices}
    named |= {index for exclusion in rules.exclusions for index in exclusion}
    return [i for i in sorted(named) if rules.axes[i].n_levels is not None]


def _add_parameter(
    programme: _Programme, axis: Axis, near: float | None, costs: Floats | None
) -> _Parameter:
    if axis.levels is not None:
        prices = np.zeros(len(axis.levels)) if costs is None else costs
        chosen = tuple(programme.variable(cost=float(price)) for price in prices)
        programme.row(dict.fromkeys(chosen, 1.0), 1, 1)
        if axis.is_named:
            return _Parameter({}, {}, chosen)
        wholes = axis.whole_levels
        terms = {s: float(whole) for s, whole in zip(chosen, wholes, strict=True) if whole}
        return _Parameter(terms, dict.fromkeys(terms, 1.0), chosen)
    k = programme.variable(axis.count - 1)
    terms = {k: float(axis.step)}
    present = _add_presence(programme, axis, k, terms)
    if near is not None:
        _add_distance(programme, axis, terms, near)
    return _Parameter(terms, present)


_CONSTANT = -1  # the key of a term that multiplies no variable


def _add_presence(programme: _Programme, axis: Axis, k: int, terms: Terms) -> Terms:
    """Adds what makes a grid 0 or not; returns the terms that are 1 where it is not."""
    last, steps = axis.count - 1, axis.step
    if axis.is_optional:
        z = programme.variable()
        terms[z] = float(axis.first)
        programme.row({k: 1.0, z: -float(last)}, -np.inf, 0)
        return {z: 1.0}
    terms[_CONSTANT] = float(axis.first)
    if axis.first > 0 or axis.first + steps * last < 0 or -axis.first % steps:
        return {_CONSTANT: 1.0}
    zero = -axis.first // steps
    above, below = programme.variable(), programme.variable()
    programme.row({above: 1.0, below: 1.0}, 0, 1)
    # above: k > zero; below: k < zero; neither: k = zero
    programme.row({k: 1.0, above: -float(last - zero), below: 1.0}, -np.inf, zero)
    programme.row({k: 1.0, above: -1.0, below: float(zero)}, zero, np.inf)
    return {above: 1.0, below: 1.0}


def _add_distance(programme: _Programme, axis: Axis, terms: Terms, near: float) -> None:
    low, high = axis.ends
    span = max(high - low, 1)
    wanted = near * 10.0**axis.digits if axis.digits >= 0 else near / 10.0**-axis.digits
    distance = programme.variable(1e6, cost=1.0, is_whole=False)
    scaled = {j: factor / span for j, factor in terms.items()}
    offset = scaled.pop(_CONSTANT, 0.0) - wanted / span
    programme.row({**scaled, distance: -1.0}, -np.inf, -offset)
    programme.row({**scaled, distance: 1.0}, -offset, np.inf)


def _add_sum(programme: _Programme, parts: Mapping[int, _Parameter], rule: LinearRule) -> None:
    terms: Terms = {}
    for index in rule.indices:
        _add_terms(terms, parts[index].terms, float(rule.coefficients[index]))
    offset = terms.pop(_CONSTANT, 0.0)
    # whole and small coefficients: the solver then knows what is divisible
    size = float(math.gcd(*(round(x) for x in terms.values()))) or 1.0
    programme.row(
        {j: x / size for j, x in terms.items()},
        -np.inf if rule.low is None else (rule.low - offset) / size,
        np.inf if rule.high is None else (rule.high - offset) / size,
    )


def _add_terms(terms: Terms, more: Terms, factor: float) -> None:
    for j, x in more.items():
        terms[j] = terms.get(j, 0.0) + factor * x


def _add_exclusion(
    programme: _Programme, rules: Rules, parts: Mapping[int, _Parameter], constraint: Exclusion
) -> None:
    """Adds that at least one parameter is not as the exclusion says."""
    ways: list[int] = []
    for name, excluded in constraint.exclude.items():
        index = rules.names.index(name)
        if index not in parts:
            return
        axis, part = rules.axes[index], parts[index]
        if part.chosen:
            is_in = excluded_test(axis, excluded)(list_raw(axis))
            outside = [s for s, inside in zip(part.chosen, is_in, strict=True) if not inside]
            way = programme.variable()
            programme.row({way: 1.0, **dict.fromkeys(outside, -1.0)}, -np.inf, 0)
            ways.append(way)
        else:
            ways.append(_add_outside(programme, axis, part, excluded))
    programme.row(dict.fromkeys(ways, 1.0), 1, np.inf)


def _add_outside(programme: _Programme, axis: Axis, part: _Parameter, excluded: object) -> int:
    """Adds a variable that is 1 only where a grid lies outside all excluded ranges."""
    way = programme.variable()
    for lowest, highest in _ranges(axis, excluded):
        below, above = programme.variable(), programme.variable()
        programme.row({way: 1.0, below: -1.0, above: -1.0}, -np.inf, 0)
        low, high = axis.ends
        terms = dict(part.terms)
        offset = terms.pop(_CONSTANT, 0.0)
        # where below is 1 the value is under the range; else only under its own upper end
        limit = max(low - 1, min(high, lowest - 1)) if lowest is not None else low - 1
        programme.row({**terms, below: float(high - limit)}, -np.inf, high - offset)
        limit = min(high + 1, max(low, highest + 1)) if highest is not None else high + 1
        programme.row({**terms, above: float(low - limit)}, low - offset, np.inf)
    return way


def _ranges(axis: Axis, excluded: object) -> list[tuple[int | None, int | None]]:
    """Returns the excluded ranges in whole values, both ends excluded too."""
    if isinstance(excluded, Span):
        return [
            (
                None if excluded.at_least is None else _whole_above(axis, excluded.at_least),
                None if excluded.at_most is None else _whole_below(axis, excluded.at_most),
            )
        ]
    choices = excluded if isinstance(excluded, tuple) else (excluded,)
    ranges: list[tuple[int | None, int | None]] = []
    for each in choices:
        if not isinstance(each, str) and digits_of(as_decimal(each)) <= axis.digits:
            whole = to_whole(as_decimal(each), axis.digits)
            ranges.append((whole, whole))
    return ranges


def _whole_above(axis: Axis, number: float) -> int:
    return int(as_decimal(number).scaleb(axis.digits).to_integral_value("ROUND_CEILING"))


def _whole_below(axis: Axis, number: float) -> int:
    return int(as_decimal(number).scaleb(axis.digits).to_integral_value("ROUND_FLOOR"))


def _read(axis: Axis, part: _Parameter, x: Floats) -> float:
    """Returns the raw value that the solver chose."""
    if part.chosen:
        return float(list_raw(axis)[int(np.argmax(x[list(part.chosen)]))])
    whole = sum(
        round(factor) * (1 if j == _CONSTANT else round(float(x[j])))
        for j, factor in part.terms.items()
    )
    return float(axis.raws(np.array([whole], dtype=object))[0])
