"""From a measured curve or distribution to the number that decisions are made on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from planner import units
from planner.campaign.reductions.base import Axes, Given, Own, ReductionBase, Targeted
from planner.campaign.reductions.points import (
    Points,
    ReductionFailure,
    Unreducible,
    sort_points,
)
from planner.campaign.reductions.records import AnyReduction, names_for
from planner.errors import InputError, TableError, UnitError
from planner.space import Floats
from planner.tables import TableRef, Values, read_column, read_table

_NOTHING: Own = {}


def check_reduction(
    reduction: AnyReduction,
    *,
    subject: Literal["curve", "distribution"],
    axes: Axes,
    unit: str,
) -> None:
    """Accepts a reduction that fits what it is computed from and the unit of its number.

    Args:
        reduction: what is computed.
        subject: kind of the outcome that it is computed from.
        axes: that outcome's units.
        unit: wanted of the number.

    Raises:
        InputError: it is for another kind of outcome, or its limits are not in order.
        UnitError: the units do not fit.
    """
    if reduction.subject not in (subject, "either"):
        raise InputError(
            f"Reduction {reduction.name!r} is for a {reduction.subject}, not for a {subject}. "
            f"For a {subject} there are {', '.join(names_for(subject))}."
        )
    own = reduction.unit_of(axes)
    try:
        _convert(0.0, reduction, given=own, wanted=unit)
    except UnitError as error:
        raise UnitError(
            f"Reduction {reduction.name!r} gives a number in {own!r}, which cannot be converted "
            f"to {unit!r}. Give the outcome the unit {own!r} or one of the same dimension."
        ) from error


def read_target(reduction: AnyReduction, *, axes: Axes, folder: Path) -> Points | None:
    """Reads the table that a reduction compares with; None where it needs none.

    Args:
        reduction: what is computed.
        axes: units of the outcome that it is computed from, in which the target is returned.
        folder: of the campaign file, where relative paths of tables start.

    Raises:
        MissingPackage: the table's package is not installed.
        TableError: the table cannot be read, or is no curve or distribution.
        UnitError: its units do not fit.
    """
    if not isinstance(reduction, Targeted):
        return None
    table = reduction.target
    text = read_table(table, folder=folder)
    try:
        points = sort_points(
            _numbers(text["x"], "x", table, axes.x_unit),
            _numbers(text["y"], "y", table, axes.y_unit),
        )
        _compute(reduction, points, Given(axes=axes, target=points))  # it is at no distance
    except Unreducible as error:
        raise TableError(
            f"The target {table.title} of reduction {reduction.name!r} cannot be used: {error}. "
            f"Mend the table, or name another."
        ) from error
    return points


def reduce_curve(
    reduction: AnyReduction,
    x: Sequence[float] | Floats,
    y: Sequence[float] | Floats,
    *,
    axes: Axes,
    unit: str | None = None,
    target: Points | None = None,
    own: Own = _NOTHING,
) -> float | ReductionFailure:
    """Computes a number from a curve or distribution.

    Args:
        reduction: what is computed.
        x: places, or values of a distribution, in any order.
        y: of the curve, or weights of any sum.
        axes: their units.
        unit: of the number; by default the one in which it is computed.
        target: of a reduction that compares with one, from ``read_target``.
        own: the user's functions by name.

    Returns:
        The number, or why there is none: what was measured is to be looked at by a person.

    Raises:
        InputError: the reduction needs a target, or a function, that is not there.
        UnitError: the units do not fit; ``check_reduction`` tells beforehand.
    """
    if isinstance(reduction, Targeted) and target is None:
        raise InputError(
            f"Reduction {reduction.name!r} compares with a target, and none is given. Read it with "
            f"read_target."
        )
    given_unit = reduction.unit_of(axes)
    try:
        points = sort_points(x, y)
        number = _compute(reduction, points, Given(axes=axes, target=target, own=own))
    except Unreducible as error:
        subject = "outcome" if reduction.subject == "either" else reduction.subject
        return ReductionFailure(f"The {subject} has no {reduction.name}: {error}.")
    return _convert(number, reduction, given=given_unit, wanted=unit or given_unit)


def _compute(reduction: ReductionBase, points: Points, given: Given) -> float:
    with np.errstate(all="ignore"):  # what overflows ends as no finite number
        number = reduction.compute(points, given)
    if not math.isfinite(number):
        raise Unreducible(f"the result is no finite number ({number})")
    return number


def _convert(number: float, reduction: ReductionBase, *, given: str, wanted: str) -> float:
    turn = units.convert_difference if reduction.is_difference else units.convert
    return turn(number, given=given, wanted=wanted)


def _numbers(column: Values, name: str, table: TableRef, unit: str) -> list[float]:
    given = table.column(name).unit or unit
    numbers = read_column(column, name=name, table=table)
    return [units.convert(number, given=given, wanted=unit) for number in numbers]
