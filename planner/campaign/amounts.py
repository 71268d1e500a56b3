"""How much a formula of the parameters can come to over a whole space."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.errors import InputError
from planner.space import (
    AnyParameter,
    Categorical,
    Configuration,
    Discrete,
    Expression,
    Fixed,
    Floats,
    Ordinal,
    Value,
)

_MOST_CORNERS = 1024
_N_POINTS = 1024
_SEED = 0


@dataclass(frozen=True, slots=True)
class Extent:
    """The least and the most of a formula, as far as they were found, and where.

    Args:
        least: smallest value that was found.
        most: largest value that was found.
        at_least: the configuration of the smallest.
        without: a configuration at which the formula has no value; None where none was found.
    """

    least: float
    most: float
    at_least: dict[str, Value]
    without: dict[str, Value] | None = None


def extent(
    amount: float | str,
    parameters: Sequence[AnyParameter],
    *,
    configurations: Sequence[Configuration] = (),
) -> Extent:
    """Returns how much a number or a formula can come to.

    It is computed at the corners of the box that its parameters span (up to 1,024 of them), where
    every formula that rises or falls with each parameter has its ends, and at 1,024 points inside;
    or, where they are given, at configurations alone.

    Args:
        amount: a number, or a formula of numeric parameters.
        parameters: of the space.
        configurations: where to look instead of the whole box.
    """
    if not isinstance(amount, str):
        return Extent(amount, amount, {})
    formula = Expression.parse(amount)
    named = [each for each in parameters if each.name in formula.names]
    if not named:
        return _constant(formula)
    columns = _columns(named, configurations)
    values = np.broadcast_to(formula.values(columns), len(next(iter(columns.values()))))
    settings = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    has_value = ~np.isnan(values)
    without = None if has_value.all() else settings[int(np.argmin(has_value))]
    if not has_value.any():
        return Extent(0.0, 0.0, {}, without)
    least = int(np.nanargmin(values))
    return Extent(float(values[least]), float(np.nanmax(values)), settings[least], without)


def _constant(formula: Expression) -> Extent:
    try:
        value = float(formula.exact({}))
    except InputError:
        return Extent(0.0, 0.0, {}, {})
    return Extent(value, value, {})


def _columns(
    named: Sequence[AnyParameter], configurations: Sequence[Configuration]
) -> dict[str, Floats]:
    if configurations:
        return {
            each.name: np.array([float(row[each.name]) for row in configurations]) for each in named
        }
    generator = np.random.default_rng(_SEED)
    ends = [_ends(each) for each in named]
    corners = np.array(list(itertools.islice(itertools.product(*ends), _MOST_CORNERS)))
    if 2 ** len(named) > _MOST_CORNERS:
        corners = np.where(generator.random((_MOST_CORNERS, len(named))) < 0.5, *np.array(ends).T)
    shares = generator.random((_N_POINTS, len(named)))
    low, high = np.array(ends).T
    points = np.vstack([corners, low + shares * (high - low)])
    return {each.name: points[:, index] for index, each in enumerate(named)}


def _ends(parameter: AnyParameter) -> tuple[float, float]:
    """Returns the least and the most of a number."""
    match parameter:
        case Discrete():
            return parameter.values[0], parameter.values[-1]
        case Fixed():
            return float(parameter.value), float(parameter.value)
        case Categorical() | Ordinal():
            raise TypeError(f"{parameter.name!r} has names and no ends")
        case _:
            return getattr(parameter, "origin", parameter.low), parameter.high
