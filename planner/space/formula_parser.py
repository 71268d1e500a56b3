"""Reads formulas: from text to the steps of a stack machine.

Recursive descent, with one function a level of precedence; ``planner.space.expressions`` says what
the syntax is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from planner.space.base import refuse_extremes

MOST_CHARACTERS = 1000
MOST_NESTED = 50
UNARY = ("exp", "ln", "log10", "sqrt", "abs")
SEVERAL = ("min", "max")

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


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, name, sign or end
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the stack machine: push a number or a parameter, or apply an operation."""

    kind: Literal["number", "name", "operation"]
    text: str
    n_operands: int = 0
    number: Decimal = Decimal(0)


def parse_steps(text: str) -> tuple[Step, ...]:
    """Reads a formula.

    Raises:
        ValueError: it is no formula, and where; or it is too long or too deeply nested.
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(
            f"the expression has {len(text):,} characters, and at most {MOST_CHARACTERS:,} "
            f"can be read: shorten it, or make two constraints of it"
        )
    return tuple(_Parser(text).parse())


class _Parser:
    """Recursive descent, one method a level of precedence; the steps come out in their order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Iterator[Step]:
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

    def _sum(self) -> Iterator[Step]:
        yield from self._product()
        while sign := self._take("+", "-"):
            yield from self._product()
            yield Step("operation", sign, 2)

    def _product(self) -> Iterator[Step]:
        yield from self._signed()
        while sign := self._take("*", "/"):
            yield from self._signed()
            yield Step("operation", sign, 2)

    def _signed(self) -> Iterator[Step]:
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
            yield Step("operation", "negative", 1)
        self._depth -= 1

    def _power(self) -> Iterator[Step]:
        yield from self._atom()
        if self._take("**"):
            yield from self._signed()
            yield Step("operation", "**", 2)

    def _atom(self) -> Iterator[Step]:
        token = self._next
        if token.kind == "number":
            self._at += 1
            yield _number_step(token)
        elif token.kind == "name":
            self._at += 1
            if self._take("("):
                yield from self._call(token)
            else:
                yield Step("name", token.text)
        elif self._take("("):
            yield from self._sum()
            self._close(token)
        else:
            raise _misplaced(token)

    def _call(self, function: _Token) -> Iterator[Step]:
        if function.text not in (*UNARY, *SEVERAL):
            raise ValueError(_unknown_function(function))
        yield from self._sum()
        n_operands = 1
        while self._take(","):
            yield from self._sum()
            n_operands += 1
        self._close(function)
        if (n_operands == 1) is not (function.text in UNARY):
            needs = "one number" if function.text in UNARY else "two numbers or more"
            raise ValueError(
                f"{function.text!r} at position {function.at + 1} of the expression needs {needs}, "
                f"not {n_operands}"
            )
        yield Step("operation", function.text, n_operands)

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


def _number_step(token: _Token) -> Step:
    number = float(token.text)
    if not math.isfinite(number):
        raise ValueError(f"{token.text} at position {token.at + 1} of the expression is too large")
    refuse_extremes(number)
    return Step("number", token.text, number=Decimal(token.text))


def _misplaced(token: _Token) -> ValueError:
    if token.kind == "end":
        return ValueError("the expression ends where a number or a name should follow")
    return ValueError(
        f"{token.text!r} at position {token.at + 1} of the expression stands where it cannot: "
        f"check the signs and brackets before it"
    )


def _unknown_function(function: _Token) -> str:
    known = ", ".join((*UNARY, *SEVERAL))
    hint = "write ln or log10" if function.text == "log" else f"known are {known}"
    return f"{function.text!r} at position {function.at + 1} is no known function: {hint}"
