"""Constraints as arithmetic on whole numbers, for many configurations at once.

| symbol | meaning | shape |
|---|---|---|
| ``a`` | whole coefficients of a rule ``low <= a @ v <= high`` | p |
| ``v`` | whole values of the parameters, ``number * 10**digits`` | n p |

Formulas alone are computed in doubles here; what they let pass is checked in decimal afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.space.admissible.lattice import Axis, Wholes, digits_of, to_whole
from planner.space.base import Floats, as_decimal
from planner.space.combinations import Count, Exclusion, Presence, Span
from planner.space.constraints import AnyConstraint, ExpressionConstraint
from planner.space.linear import LinearConstraint, Mixture

Truths = NDArray[np.bool_]

_LARGEST_SUM = 2**62
# A formula that misses its limit by no more than this share is left to the check in decimal.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class LinearRule:
    """A weighted sum of whole values within limits.

    Args:
        coefficients: one a parameter, ``p``.
        low: least sum; None for no limit.
        high: largest sum; None for no limit.
        index: of the constraint that it comes from.
    """

    coefficients: tuple[int, ...]
    low: int | None
    high: int | None
    index: int

    @property
    def is_equation(self) -> bool:
        """Whether the sum has one value only."""
        return self.low is not None and self.low == self.high

    @property
    def indices(self) -> tuple[int, ...]:
        """Which parameters stand in the sum."""
        return tuple(i for i, factor in enumerate(self.coefficients) if factor)


@dataclass(frozen=True, slots=True)
class CountRule:
    """How many of some parameters are not 0."""

    indices: tuple[int, ...]
    low: int
    high: int
    index: int


@dataclass(frozen=True, eq=False)
class Rules:
    """All constraints of a space, compiled.

    Args:
        axes: what each parameter may be.
        constraints: as the campaign has them.
        linear: sums.
        counts: numbers of parameters that are present.
        exclusions: for each the parameters, with a test of their raw columns.
        formulas: those whose values are limited.
    """

    axes: tuple[Axis, ...]
    constraints: tuple[AnyConstraint, ...]
    linear: tuple[LinearRule, ...]
    counts: tuple[CountRule, ...]
    exclusions: tuple[dict[int, Callable[[Floats], Truths]], ...]
    formulas: tuple[ExpressionConstraint, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(axis.parameter.name for axis in self.axes)

    def are_kept(self, raw: Floats) -> Truths:
        """Tells which rows keep all rules: exactly, but for formulas."""
        kept = self.are_sums_kept(raw) & self.are_exclusions_kept(raw)
        left = np.flatnonzero(kept)
        if self.formulas and len(left):
            kept[left] = self.breaches(raw[left]) <= _ROUNDING
        return kept

    def are_sums_kept(self, raw: Floats) -> Truths:
        """Tells which rows keep the sums and counts, exactly, with values that can be set."""
        kept = np.ones(len(raw), dtype=np.bool_)
        for index in {index for rule in self.linear for index in rule.indices}:
            if self.axes[index].is_grid:
                kept &= self.axes[index].are_settable(self.axes[index].wholes(raw[:, index]))
        for rule in self.linear:
            total = self._sum(rule, raw)
            kept &= np.asarray(rule.low is None or total >= rule.low, dtype=np.bool_)
            kept &= np.asarray(rule.high is None or total <= rule.high, dtype=np.bool_)
        for count in self.counts:
            present = (raw[:, list(count.indices)] != 0).sum(axis=1)
            kept &= (present >= count.low) & (present <= count.high)
        return kept

    def are_exclusions_kept(self, raw: Floats) -> Truths:
        """Tells which rows are no excluded combination."""
        kept = np.ones(len(raw), dtype=np.bool_)
        for exclusion in self.exclusions:
            kept &= ~np.logical_and.reduce([test(raw[:, i]) for i, test in exclusion.items()])
        return kept

    def breaches(self, raw: Floats) -> Floats:
        """Returns by how much formulas miss their limits, each by its size; infinite for none."""
        columns = {
            axis.parameter.name: raw[:, i] for i, axis in enumerate(self.axes) if not axis.is_named
        }
        total = np.zeros(len(raw))
        for formula in self.formulas:
            values = formula.parsed.values(columns)
            limits = [each for each in (formula.at_least, formula.at_most) if each is not None]
            size = max([1e-12, *map(abs, limits)])
            above = -np.inf if formula.at_most is None else values - formula.at_most
            below = -np.inf if formula.at_least is None else formula.at_least - values
            missed = np.maximum(np.maximum(above, below), 0.0) / size
            total += np.where(np.isnan(values), np.inf, missed)
        return total

    def _sum(self, rule: LinearRule, raw: Floats) -> Wholes:
        columns = [self.axes[i].wholes(raw[:, i]) for i in rule.indices]
        factors = [rule.coefficients[i] for i in rule.indices]
        bound = sum(
            abs(factor) * max(map(abs, self.axes[i].ends))
            for factor, i in zip(factors, rule.indices, strict=True)
        )
        kind: Any = np.int64 if bound < _LARGEST_SUM else object
        total: Wholes = np.zeros(len(raw), dtype=kind)
        for factor, column in zip(factors, columns, strict=True):
            total = total + column.astype(kind) * factor
        return total


def compile_rules(axes: Sequence[Axis], constraints: Sequence[AnyConstraint]) -> Rules:
    """Returns the constraints as rules on whole numbers; names were checked before."""
    places = {axis.parameter.name: i for i, axis in enumerate(axes)}
    linear: list[LinearRule] = []
    counts: list[CountRule] = []
    exclusions: list[dict[int, Callable[[Floats], Truths]]] = []
    formulas: list[ExpressionConstraint] = []
    for index, constraint in enumerate(constraints):
        match constraint:
            case LinearConstraint():
                low, high = constraint.at_least, constraint.at_most
                if constraint.equals is not None:
                    low = high = constraint.equals
                linear.append(_whole_rule(axes, places, constraint.weights, low, high, index))
            case Mixture(total=total):
                weights = constraint.weights
                linear.append(_whole_rule(axes, places, weights, total, total, index))
                counts += _counted(places, constraint.mixture, constraint.present, index)
            case Count():
                counts += _counted(places, constraint.count, constraint.present, index)
            case Exclusion():
                exclusions.append(
                    {
                        places[name]: excluded_test(axes[places[name]], excluded)
                        for name, excluded in constraint.exclude.items()
                    }
                )
            case ExpressionConstraint():
                formulas.append(constraint)
    return Rules(
        tuple(axes),
        tuple(constraints),
        tuple(linear),
        tuple(counts),
        tuple(exclusions),
        tuple(formulas),
    )


def excluded_test(axis: Axis, excluded: object) -> Callable[[Floats], Truths]:
    """Returns the test whether raw values are among the excluded ones.

    Doubles compare like the decimals they are written as, so comparing them is exact.
    """
    if isinstance(excluded, Span):
        low = -math.inf if excluded.at_least is None else excluded.at_least
        high = math.inf if excluded.at_most is None else excluded.at_most
        return lambda raw: (raw >= low) & (raw <= high)
    choices = excluded if isinstance(excluded, tuple) else (excluded,)
    if axis.is_named:
        known = axis.levels or ()
        wanted = [float(known.index(each)) for each in choices if each in known]
    else:
        wanted = [float(each) for each in choices if not isinstance(each, str)]
    return lambda raw: np.isin(raw, wanted)


def _whole_rule(
    axes: Sequence[Axis],
    places: Mapping[str, int],
    weights: Mapping[str, float],
    low: float | None,
    high: float | None,
    index: int,
) -> LinearRule:
    """Scales a weighted sum by the power of ten that makes all its numbers whole."""
    exact = {places[name]: as_decimal(weight) for name, weight in weights.items() if weight}
    limits = [as_decimal(each) for each in (low, high) if each is not None]
    digits = max(
        [digits_of(weight) + axes[i].digits for i, weight in exact.items()]
        + [digits_of(limit) for limit in limits]
    )
    factors = {i: to_whole(weight, digits - axes[i].digits) for i, weight in exact.items()}
    return LinearRule(
        coefficients=tuple(factors.get(i, 0) for i in range(len(axes))),
        low=None if low is None else to_whole(as_decimal(low), digits),
        high=None if high is None else to_whole(as_decimal(high), digits),
        index=index,
    )


def _counted(
    places: Mapping[str, int], names: Sequence[str], present: Presence | None, index: int
) -> list[CountRule]:
    if present is None:
        return []
    low = 0 if present.at_least is None else present.at_least
    high = len(names) if present.at_most is None else present.at_most
    return [CountRule(tuple(places[name] for name in names), low, high, index)]
