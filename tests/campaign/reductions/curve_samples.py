"""Curves and distributions whose numbers are known in closed form, and a short way to reduce."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import TypeAdapter

from planner.campaign.reductions import (
    AnyReduction,
    Axes,
    Points,
    Reduction,
    ReductionFailure,
    reduce_curve,
)
from planner.space import Floats

PLAIN = Axes()
_REDUCTION: TypeAdapter[AnyReduction] = TypeAdapter(Reduction)


def make_reduction(by: object) -> AnyReduction:
    return _REDUCTION.validate_python(by)


def reduce(
    by: object,
    x: Sequence[float] | Floats,
    y: Sequence[float] | Floats,
    *,
    axes: Axes = PLAIN,
    unit: str | None = None,
    target: Points | None = None,
) -> float:
    found = reduce_curve(make_reduction(by), x, y, axes=axes, unit=unit, target=target)
    assert not isinstance(found, ReductionFailure), found.reason
    return found


def grid(low: float, high: float, step: float, *, offset: float = 0.0) -> Floats:
    """Points ``step`` apart; ``offset`` (in steps) keeps a peak from lying on one of them."""
    n = round((high - low) / step)
    return np.asarray(low + step * (np.arange(n + 1) + offset))


def gaussian(x: Floats, *, centre: float = 0.0, sd: float = 1.0) -> Floats:
    return np.asarray(np.exp(-(((x - centre) / sd) ** 2) / 2))


def lorentzian(x: Floats, *, centre: float = 0.0, half: float = 1.0) -> Floats:
    return np.asarray(1 / (1 + ((x - centre) / half) ** 2))
