"""The values that each parameter may take, as whole numbers, so that rules are checked exactly.

Every settable number is ``(first + step * k) / 10**digits`` with whole ``first``, ``step`` and
``k``. A *raw* matrix, ``n p``, holds a column a parameter: numbers as they are, and names as
their index. A *whole* matrix holds ``number * 10**digits``; a rule on it is one of whole numbers.

| symbol | meaning | shape |
|---|---|---|
| ``k`` | which step of the grid, from 0 | n |
| ``u`` | where in [0, 1) a value is drawn | n |
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.space.base import Floats, Value, as_decimal
from planner.space.numeric import Bounded, Continuous, Discrete, Integer
from planner.space.parameters import AnyParameter, Categorical, Contextual, Fixed, Ordinal

# Whole numbers: int64 where all sums fit, Python's own where they do not.
Wholes = NDArray[Any]

# Up to here a whole number and the power of ten that divides it are exact in a double.
_MOST_EXACT, _MOST_POWER = 2**50, 22


@dataclass(frozen=True)
class Axis:
    """What one parameter may be.

    Args:
        parameter: whose values these are.
        levels: every value where they are listed; None for a grid or a free logarithm.
        digits: how many decimal places the whole numbers carry.
        first: whole number of the grid's lowest value.
        step: whole number between two values of the grid.
        count: number of values of the grid; 0 where there is none.
        is_optional: besides the grid the value 0 stands for absent.
    """

    parameter: AnyParameter
    levels: tuple[Value, ...] | None = None
    digits: int = 0
    first: int = 0
    step: int = 1
    count: int = 0
    is_optional: bool = False

    @cached_property
    def is_named(self) -> bool:
        """Whether its values are names, which raw columns hold as their index."""
        return self.levels is not None and isinstance(self.levels[0], str)

    @property
    def is_grid(self) -> bool:
        """Whether its values are steps of a grid, with or without 0 beside them."""
        return self.count > 0

    @property
    def is_constant(self) -> bool:
        """Whether there is one value only."""
        return self.n_levels == 1

    @property
    def n_levels(self) -> int | None:
        """How many values there are; None for a free logarithm."""
        if self.levels is not None:
            return len(self.levels)
        return self.count + self.is_optional if self.is_grid else None

    @cached_property
    def whole_levels(self) -> tuple[int, ...]:
        """The listed numbers as whole ones."""
        return tuple(to_whole(as_decimal(float(each)), self.digits) for each in self.levels or ())

    @cached_property
    def ends(self) -> tuple[int, int]:
        """The lowest and the highest value as whole numbers."""
        if self.levels is not None:
            return min(self.whole_levels), max(self.whole_levels)
        last = self.first + self.step * (self.count - 1)
        return (min(self.first, 0), max(last, 0)) if self.is_optional else (self.first, last)

    @cached_property
    def _is_exact(self) -> bool:
        return max(map(abs, self.ends)) < _MOST_EXACT and abs(self.digits) <= _MOST_POWER

    def wholes(self, raw: Floats) -> Wholes:
        """Returns numbers of a raw column as whole numbers, exactly."""
        if self._is_exact:
            return np.rint(_times_power(raw, self.digits)).astype(np.int64)
        return np.array(
            [to_whole(as_decimal(float(each)), self.digits) for each in raw], dtype=object
        )

    def raws(self, wholes: Wholes) -> Floats:
        """Returns whole numbers as the doubles that are written like them."""
        if self._is_exact:
            # both sides are exact, so the quotient is the nearest double
            return _times_power(np.asarray(wholes, dtype=np.float64), -self.digits)
        return np.array([float(Decimal(int(each)).scaleb(-self.digits)) for each in wholes])

    def are_settable(self, wholes: Wholes) -> NDArray[np.bool_]:
        """Tells which whole numbers are values of the grid, or stand for absent."""
        last = self.first + self.step * (self.count - 1)
        settable = (wholes >= self.first) & (wholes <= last)
        settable &= (wholes - self.first) % self.step == 0
        if self.is_optional:
            settable |= wholes == 0
        return np.asarray(settable, dtype=np.bool_)

    def raw(self, value: Value) -> float:
        """Returns one value as a raw column holds it."""
        if self.is_named:
            assert self.levels is not None
            return float(self.levels.index(value))
        return float(value)

    def value(self, raw: float) -> Value:
        """Returns one raw number in the parameter's own type."""
        if self.is_named:
            assert self.levels is not None
            return self.levels[int(raw)]
        return int(raw) if isinstance(self.parameter, Integer) else float(raw)

    def number_at(self, x: float) -> float:
        """Returns the number that a column of the unit cube stands for, before it is rounded."""
        parameter = self.parameter
        if isinstance(parameter, Discrete):
            return parameter.values[0] + x * (parameter.values[-1] - parameter.values[0])
        assert isinstance(parameter, Bounded)
        low = parameter.origin if isinstance(parameter, Continuous) else parameter.low
        if isinstance(parameter, Continuous) and parameter.scale == "log":
            return low * math.exp(x * math.log(parameter.high / low))
        return low + x * (parameter.high - low)

    def spread(self, u: Floats) -> Floats:
        """Returns the raw values that numbers in [0, 1) stand for, all about equally often.

        Where the parameter may be absent, half of them are 0.
        """
        if self.levels is not None:
            index = np.minimum((u * len(self.levels)).astype(np.intp), len(self.levels) - 1)
            return index.astype(np.float64) if self.is_named else np.array(self.levels)[index]
        if not self.is_grid:
            return self._spread_logarithm(u)
        if isinstance(self.parameter, Integer | Discrete):
            k = np.minimum(np.floor(u * self.count), self.count - 1)
            return self.raws(self.first + self.step * k.astype(np.int64))
        if self.is_optional:
            present = self.raws(self.first + self.step * self._nearest_k(2 * u - 1))
            return np.where(u < 0.5, 0.0, present)
        return self.raws(self.first + self.step * self._nearest_k(u))

    def _spread_logarithm(self, u: Floats) -> Floats:
        """Returns values of as many digits at every size, where no resolution was stated."""
        parameter = self.parameter
        assert isinstance(parameter, Continuous)
        low, high = math.log(parameter.low), math.log(parameter.high)
        numbers = np.clip(np.exp(low + u * (high - low)), parameter.low, parameter.high)
        settable = np.empty_like(numbers)
        sizes = np.floor(np.log10(numbers))
        for size in np.unique(sizes):
            here = sizes == size
            step, _ = parameter.step_at(float(f"1e{int(size)}"))  # a power of ten
            digits = digits_of(step)
            lowest = (as_decimal(parameter.low) / step).to_integral_value(ROUND_CEILING)
            highest = (as_decimal(parameter.high) / step).to_integral_value(ROUND_FLOOR)
            steps = np.rint(_times_power(numbers[here], digits))
            steps = np.clip(steps, float(lowest), float(highest))
            if abs(digits) <= _MOST_POWER:
                settable[here] = _times_power(steps, -digits)
            else:
                settable[here] = [float(Decimal(int(each)).scaleb(-digits)) for each in steps]
        return settable

    def _nearest_k(self, u: Floats) -> Wholes:
        """Returns the steps nearest to a share of the way from ``low`` to ``high``."""
        parameter = self.parameter
        assert isinstance(parameter, Continuous | Contextual)
        low, high = parameter.low, parameter.high
        if isinstance(parameter, Continuous) and parameter.scale == "log":
            numbers = np.exp(math.log(low) + u * (math.log(high) - math.log(low)))
        else:
            numbers = low + u * (high - low)
        steps = (_times_power(numbers, self.digits) - self.first) / self.step
        return np.clip(np.rint(steps), 0, self.count - 1).astype(np.int64)


def make_axis(parameter: AnyParameter, *, held: Value | None = None) -> Axis:
    """Returns what a parameter may be, or the one value at which it is held."""
    if held is not None:
        return _listed(parameter, (held,))
    match parameter:
        case Fixed():
            return _listed(parameter, (parameter.value,))
        case Discrete():
            return _even(parameter) or _listed(parameter, parameter.values)
        case Ordinal():
            return _listed(parameter, parameter.levels)
        case Categorical():
            return _listed(parameter, parameter.choices)
        case Integer():
            low, high = int(parameter.low), int(parameter.high)
            return Axis(parameter, first=low, count=high - low + 1)
        case Contextual():
            return _grid(parameter, *_plain_steps(parameter))
        case Continuous():
            if parameter.scale == "log" and parameter.resolution is None:
                return Axis(parameter)
            return _grid(parameter, *parameter.step_at(parameter.high))


def to_whole(number: Decimal, digits: int) -> int:
    """Returns ``number * 10**digits``, which is whole."""
    return int(number.scaleb(digits))


def digits_of(number: Decimal) -> int:
    """Returns how many decimal places a number has; fewer than 0 for hundreds."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # the number is finite
    return -exponent


def _listed(parameter: AnyParameter, levels: Sequence[Value]) -> Axis:
    if isinstance(levels[0], str):
        return Axis(parameter, levels=tuple(levels))
    digits = max(digits_of(as_decimal(float(each))) for each in levels)
    return Axis(parameter, levels=tuple(levels), digits=max(digits, 0))


def _even(parameter: Discrete) -> Axis | None:
    """Returns the grid of listed values that are equally far apart; None for others."""
    values = [as_decimal(each) for each in parameter.values]
    step = values[1] - values[0]
    if any(upper - lower != step for lower, upper in itertools.pairwise(values)):
        return None
    digits = max(digits_of(step), digits_of(values[0]))
    first, whole_step = to_whole(values[0], digits), to_whole(step, digits)
    return Axis(parameter, digits=digits, first=first, step=whole_step, count=len(values))


def _grid(parameter: Continuous | Contextual, step: Decimal, origin: Decimal) -> Axis:
    low, high = as_decimal(parameter.low), as_decimal(parameter.high)
    lowest = int(((low - origin) / step).to_integral_value(ROUND_CEILING))
    highest = int(((high - origin) / step).to_integral_value(ROUND_FLOOR))
    digits = max(digits_of(step), digits_of(origin))
    return Axis(
        parameter,
        digits=digits,
        first=to_whole(origin + lowest * step, digits),
        step=to_whole(step, digits),
        count=highest - lowest + 1,
        is_optional=isinstance(parameter, Continuous) and parameter.optional,
    )


def _plain_steps(parameter: Contextual) -> tuple[Decimal, Decimal]:
    """Returns steps for what is measured: those of a setting without a resolution."""
    stand_in = Continuous(name=parameter.name, low=parameter.low, high=parameter.high)
    return stand_in.step_at(parameter.high)


def _times_power(numbers: Floats, power: int) -> Floats:
    return numbers * 10.0**power if power >= 0 else numbers / 10.0**-power
