"""Formulas of parameters, as a campaign file writes them: parsed by us, never evaluated by Python.

| syntax | meaning |
|---|---|
| ``+ - * / **``, ``( )`` | as in Python: ``-x**2`` is ``-(x**2)``, ``a**b**c`` is ``a**(b**c)`` |
| ``exp ln log10 sqrt abs`` | of one number; ``ln`` is the natural logarithm |
| ``min max`` | of two or more |
| names | of parameters, in their own units |

A formula is kept as the steps of a stack machine, so that computing one needs no recursion and
every formula of at most 1,000 characters is computed in well under a millisecond. It is computed
in decimal with 50 digits where it decides, and in doubles over arrays where it guides a search.
What has no value at a configuration (a division by zero, the logarithm of a negative number) is
an error in decimal, and NaN in doubles.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np

from planner.errors import ValueOutOfRange
from planner.space.base import Floats, Value, refuse_extremes
from planner.space.constraint_base import number_of

MOST_CHARACTERS = 1000
MOST_NESTED = 50
# Values beyond 1e9999 are an overflow, so that no power can explode; the results are far inside.
_DIGITS = decimal.Context(
    prec=50,
    Emax=9999,
    Emin=-9999,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
_UNARY = ("exp", "ln", "log10", "sqrt", "abs")
_SEVERAL = ("min", "max")

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|[-+*/(),])"
)
_BLANK = re.compile(r"\s*")

# What people write in other languages, and what to write here.
_INSTEAD = {
    "^": "write ** for a power",
    "<": "leave the comparison out, and give its limit as at_most",
    ">": "leave the comparison out, and give its limit as at_least",
    "=": "leave the comparison out, and give limits as at_least and at_most",
    "\u00d7": "write * for a product",
    "\u00b7": "write * for a product",
    "\u2212": "write a plain minus, -",
    "\u00b2": "write **2 for a square",
}

Number = TypeVar("Number", Decimal, Floats)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, name, sign or end
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the stack machine: push a number or a parameter, or apply an operation."""

    kind: Literal["number", "name", "operation"]
    text: str
    n_operands: int = 0
    number: Decimal = Decimal(0)


@dataclass(frozen=True)
class Expression:
    """A parsed formula.

    Args:
        text: as it was written.
        steps: of the stack machine that computes it.
    """

    text: str
    steps: tuple[_Step, ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Reads a formula.

        Raises:
            ValueError: it is no formula, and where; or it is too long or too deeply nested.
        """
        if len(text) > MOST_CHARACTERS:
            raise ValueError(
                f"the expression has {len(text):,} characters, and at most {MOST_CHARACTERS:,} "
                f"can be read: shorten it, or make two constraints of it"
            )
        return cls(text, tuple(_Parser(text).parse()))

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
    steps: Sequence[_Step],
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
    if operation in _SEVERAL:
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


class _Parser:
    """Recursive descent, one method a level of precedence; the steps come out in their order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Iterator[_Step]:
        yield from self._sum()
        if self._next.kind != "end":
            raise _misplaced(self._next)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *signs: str) -> str | None:
        """Takes the next token where it is one of these signs."""
        token = self._next
        if token.kind != "sign" or token.text not in signs:
            return None
        self._at += 1
        return token.text

    def _sum(self) -> Iterator[_Step]:
        yield from self._product()
        while sign := self._take("+", "-"):
            yield from self._product()
            yield _Step("operation", sign, 2)

    def _product(self) -> Iterator[_Step]:
        yield from self._signed()
        while sign := self._take("*", "/"):
            yield from self._signed()
            yield _Step("operation", sign, 2)

    def _signed(self) -> Iterator[_Step]:
        """A power, with any signs before it; each level of nesting passes here."""
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise ValueError(
                f"the expression is nested more than {MOST_NESTED} deep at position "
                f"{self._next.at + 1}: simplify it"
            )
        sign = self._take("+", "-")
        yield from self._signed() if sign else self._power()
        if sign == "-":
            yield _Step("operation", "negative", 1)
        self._depth -= 1

    def _power(self) -> Iterator[_Step]:
        yield from self._atom()
        if self._take("**"):
            yield from self._signed()
            yield _Step("operation", "**", 2)

    def _atom(self) -> Iterator[_Step]:
        token = self._next
        if token.kind == "number":
            self._at += 1
            yield _number_step(token)
        elif token.kind == "name":
            self._at += 1
            if self._take("("):
                yield from self._call(token)
            else:
                yield _Step("name", token.text)
        elif self._take("("):
            yield from self._sum()
            self._close(token)
        else:
            raise _misplaced(token)

    def _call(self, function: _Token) -> Iterator[_Step]:
        if function.text not in (*_UNARY, *_SEVERAL):
            raise ValueError(_unknown_function(function))
        yield from self._sum()
        n_operands = 1
        while self._take(","):
            yield from self._sum()
            n_operands += 1
        self._close(function)
        if (n_operands == 1) is not (function.text in _UNARY):
            needs = "one number" if function.text in _UNARY else "two numbers or more"
            raise ValueError(
                f"{function.text!r} at position {function.at + 1} of the expression needs {needs}, "
                f"not {n_operands}"
            )
        yield _Step("operation", function.text, n_operands)

    def _close(self, opened: _Token) -> None:
        if not self._take(")"):
            if self._next.kind != "end":
                raise _misplaced(self._next)
            raise ValueError(
                f"the bracket that is opened at position {opened.at + 1} of the expression is not "
                f"closed: add a ')'"
            )


def _tokens(text: str) -> Iterator[_Token]:
    at = _skip_blank(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            remedy = _INSTEAD.get(text[at], "leave it out")
            raise ValueError(
                f"{text[at]!r} at position {at + 1} of the expression means nothing here: {remedy}"
            )
        yield _Token(str(match.lastgroup), match[0], at)
        at = _skip_blank(text, match.end())
    yield _Token("end", "", len(text))


def _skip_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None  # it also matches nothing
    return match.end()


def _number_step(token: _Token) -> _Step:
    number = float(token.text)
    if not np.isfinite(number):
        raise ValueError(f"{token.text} at position {token.at + 1} of the expression is too large")
    refuse_extremes(number)
    return _Step("number", token.text, number=Decimal(token.text))


def _misplaced(token: _Token) -> ValueError:
    if token.kind == "end":
        return ValueError("the expression ends where a number or a name should follow")
    return ValueError(
        f"{token.text!r} at position {token.at + 1} of the expression stands where it cannot: "
        f"check the signs and brackets before it"
    )


def _unknown_function(function: _Token) -> str:
    known = ", ".join((*_UNARY, *_SEVERAL))
    hint = "write ln or log10" if function.text == "log" else f"known are {known}"
    return f"{function.text!r} at position {function.at + 1} is no known function: {hint}"
