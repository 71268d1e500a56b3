"""Formulas of parameters, as a campaign file writes them: parsed by us, never evaluated by Python.

| syntax | meaning |
|---|---|
| ``+ - * / **``, ``( )`` | as in Python: ``-x**2`` is ``-(x**2)``, ``a**b**c`` is ``a**(b**c)`` |
| ``exp ln log10 sqrt abs`` | of one number; ``ln`` is the natural logarithm |
| ``min max`` | of two or more |
| names | of parameters, in their own units |

A formula is kept as the steps of a stack machine, so that computing one needs no recursion and
every formula of at most 1,000 characters is computed in hundredths of a second at most. It is
computed in decimal with 50 digits where it decides, and in doubles over arrays where it guides a
search.
What has no value at a configuration (a division by zero, the logarithm of a negative number) is
an error in decimal, and NaN in doubles.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

import numpy as np

from planner.errors import ValueOutOfRange
from planner.space.base import Floats, Value
from planner.space.constraint_base import number_of
from planner.space.formula_parser import SEVERAL, Step, parse_steps

# Values beyond 1e9999 are an overflow, so that no power can explode; the results are far inside.
_DIGITS = decimal.Context(
    prec=50,
    Emax=9999,
    Emin=-9999,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)

Number = TypeVar("Number", Decimal, Floats)


@dataclass(frozen=True)
class Expression:
    """A parsed formula.

    Args:
        text: as it was written.
        steps: of the stack machine that computes it.
    """

    text: str
    steps: tuple[Step, ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Reads a formula.

        Raises:
            ValueError: it is no formula, and where; or it is too long or too deeply nested.
        """
        return cls(text, parse_steps(text))

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the parameters in the formula."""
        return frozenset(step.text for step in self.steps if step.kind == "name")

    def exact(self, configuration: Mapping[str, Value]) -> Decimal:
        """Computes the formula in decimal, each step rounded to 50 digits.

        Raises:
            ValueOutOfRange: it has no value there, such as a division by zero.
            UnknownName: a value is missing.
            InputError: a value is a name.
        """
        numbers = {name: number_of(configuration, name) for name in self.names}
        try:
            return _compute(self.steps, numbers, number=lambda each: each, apply=_apply_exactly)
        except decimal.DecimalException as error:
            values = ", ".join(f"{name} = {configuration[name]}" for name in sorted(self.names))
            raise ValueOutOfRange(
                f"'{self.text}' cannot be computed at {values or 'any configuration'}: "
                f"{_cause(error)}."
            ) from error

    def values(self, columns: Mapping[str, Floats]) -> Floats:
        """Computes the formula for many configurations at once, in doubles.

        Args:
            columns: for each name the values in the parameter's own unit, shape ``n``.

        Returns:
            Shape ``n``, or no dimension where the formula has no names; NaN where it cannot be
            computed, or leaves the range of doubles on the way.
        """
        arrays = {name: np.asarray(columns[name], dtype=np.float64) for name in self.names}
        with np.errstate(all="ignore"):
            return _compute(self.steps, arrays, number=_as_array, apply=_apply_to_arrays)

    def __str__(self) -> str:
        return self.text


def _compute(
    steps: Sequence[Step],
    values: Mapping[str, Number],
    *,
    number: Callable[[Decimal], Number],
    apply: Callable[[str, list[Number]], Number],
) -> Number:
    stack: list[Number] = []
    for step in steps:
        match step.kind:
            case "number":
                stack.append(number(step.number))
            case "name":
                stack.append(values[step.text])
            case "operation":
                operands = stack[-step.n_operands :]
                del stack[-step.n_operands :]
                stack.append(apply(step.text, operands))
    return stack[0]


def _as_array(number: Decimal) -> Floats:
    return np.asarray(float(number))


_EXACTLY: dict[str, Callable[..., Decimal]] = {
    "+": _DIGITS.add,
    "-": _DIGITS.subtract,
    "*": _DIGITS.multiply,
    "/": _DIGITS.divide,
    "**": _DIGITS.power,
    "negative": _DIGITS.minus,
    "exp": _DIGITS.exp,
    "ln": _DIGITS.ln,
    "log10": _DIGITS.log10,
    "sqrt": _DIGITS.sqrt,
    "abs": _DIGITS.abs,
    "min": min,
    "max": max,
}


def _apply_exactly(operation: str, operands: list[Decimal]) -> Decimal:
    result = _EXACTLY[operation](*operands)
    if not result.is_finite():  # the logarithm of zero, which decimal takes for infinite
        raise decimal.DivisionByZero
    return result


def _power(base: Floats, exponent: Floats) -> Floats:
    """As in decimal: 0**0 has no value, and neither has a power of what has none."""
    has_none = np.isnan(base) | np.isnan(exponent) | ((base == 0) & (exponent == 0))
    return np.where(has_none, np.nan, np.power(base, exponent))


_ON_ARRAYS: dict[str, Callable[..., Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": _power,
    "negative": np.negative,
    "exp": np.exp,
    "ln": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "abs": np.abs,
}


def _apply_to_arrays(operation: str, operands: list[Floats]) -> Floats:
    if operation in SEVERAL:
        extreme = np.minimum if operation == "min" else np.maximum
        result = operands[0]
        for operand in operands[1:]:
            result = extreme(result, operand)
        return result
    result = _ON_ARRAYS[operation](*operands)
    return np.where(np.isfinite(result), result, np.nan)


def _cause(error: decimal.DecimalException) -> str:
    if isinstance(error, decimal.Overflow):
        return "a number on the way is too large"
    if isinstance(error, decimal.DivisionByZero):
        return "it divides by zero, or takes the logarithm of zero"
    return (
        "it takes the root or logarithm of a negative number, a broken power of one, or divides "
        "zero by zero"
    )
