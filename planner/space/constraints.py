"""Rules on parameters that are known beforehand: all kinds, and how a file says which."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictFloat, field_validator, model_validator

from planner.errors import ValueOutOfRange
from planner.space.base import Value, as_decimal
from planner.space.combinations import Count, Exclusion, Presence, Span
from planner.space.constraint_base import (
    ConstraintBase,
    Limited,
    keeps_within,
    limits_in_words,
    refuse_limits_out_of_order,
    shown,
)
from planner.space.expressions import Expression
from planner.space.linear import LinearConstraint, Mixture

__all__ = [
    "AnyConstraint",
    "Constraint",
    "ConstraintBase",
    "Count",
    "Exclusion",
    "ExpressionConstraint",
    "LinearConstraint",
    "Mixture",
    "Presence",
    "Span",
    "name_constraint",
]

# Each step of a formula is rounded to 50 digits; what differs from a limit by less than this
# came from rounding, not from a value, so that a third and two thirds make one.
_ROUNDING = 1e-40


class ExpressionConstraint(Limited):
    """A formula of parameters that keeps to limits.

    A configuration at which it has no value (a division by zero) breaks it.

    Args:
        expression: with ``+ - * / ** ( )``, numbers, parameters in their own units, and
            ``exp ln log10 sqrt abs min max``.
        at_most: upper limit of its value.
        at_least: lower limit of its value.
    """

    kind: Literal["expression"] = "expression"
    expression: str = Field(
        description="Formula of parameters, with + - * / ** ( ) exp ln log10 sqrt abs min max."
    )
    at_most: StrictFloat | None = Field(default=None, description="Upper limit of its value.")
    at_least: StrictFloat | None = Field(default=None, description="Lower limit of its value.")

    @field_validator("expression")
    @classmethod
    def _can_be_read(cls, text: str) -> str:
        if not Expression.parse(text).names:
            raise ValueError("the expression names no parameter, so that it rules none: name one")
        return text

    @model_validator(mode="after")
    def _has_a_limit(self) -> ExpressionConstraint:
        refuse_limits_out_of_order(self.at_least, self.at_most)
        return self

    @cached_property
    def parsed(self) -> Expression:
        """The formula, ready to compute."""
        return Expression.parse(self.expression)

    @property
    def names(self) -> frozenset[str]:
        """Names of the parameters in the formula."""
        return self.parsed.names

    def is_met(self, configuration: Mapping[str, Value], *, tolerance: float = 0.0) -> bool:
        """Tells whether the formula has a value there, and it keeps to the limits."""
        try:
            value = self.parsed.exact(configuration)
        except ValueOutOfRange:
            return False
        largest = max(1.0, abs(self.at_least or 0.0), abs(self.at_most or 0.0))
        return keeps_within(value, self._limits(), tolerance=tolerance + _ROUNDING * largest)

    def find_breach(
        self, configuration: Mapping[str, Value], *, tolerance: float = 0.0
    ) -> str | None:
        """Returns the formula's value and limits, or why it has none."""
        try:
            return super().find_breach(configuration, tolerance=tolerance)
        except ValueOutOfRange as error:
            return str(error)

    def in_words(self) -> str:
        """Returns the rule as a sentence."""
        return f"{self.expression} is {limits_in_words(*self._limits())}."

    def _measure(self, configuration: Mapping[str, Value], tolerance: float) -> Decimal:
        return self.parsed.exact(configuration)

    def _limits(self) -> tuple[Decimal | None, Decimal | None]:
        return (
            None if self.at_least is None else as_decimal(self.at_least),
            None if self.at_most is None else as_decimal(self.at_most),
        )

    def _subject(self) -> str:
        return self.expression

    def __str__(self) -> str:
        low = f"{shown(self.at_least)} <= " if self.at_least is not None else ""
        high = f" <= {shown(self.at_most)}" if self.at_most is not None else ""
        return f"{low}{self.expression}{high}"


# The key that only one kind of constraint has, in the file.
_KIND_OF_KEY = {
    "weights": "linear",
    "mixture": "mixture",
    "expression": "expression",
    "exclude": "exclude",
    "count": "count",
}


def name_constraint(part: object) -> object:
    """Adds to a constraint of the file the kind that its keys imply; others are left as they are.

    Raises:
        ValueError: its keys belong to no kind, or to two.
    """
    if not isinstance(part, Mapping) or "kind" in part:
        return part
    keys = [key for key in _KIND_OF_KEY if key in part]
    if len(keys) != 1:
        meant = [each for key in part for each in get_close_matches(str(key), _KIND_OF_KEY, n=1)]
        if not keys and meant:
            raise ValueError(f"says nothing that is known: did you mean {meant[0]!r}?")
        found = f"has {' and '.join(keys)}" if keys else "says nothing that is known"
        raise ValueError(f"{found}: give one of {', '.join(_KIND_OF_KEY)}")
    return {"kind": _KIND_OF_KEY[keys[0]], **part}


AnyConstraint = LinearConstraint | Mixture | Count | ExpressionConstraint | Exclusion
Constraint = Annotated[
    Annotated[
        LinearConstraint | Mixture | Count | ExpressionConstraint | Exclusion,
        Field(discriminator="kind"),
    ],
    BeforeValidator(name_constraint),
]
