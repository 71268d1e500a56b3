"""Rules on parameters that are known beforehand, checked in decimal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, model_validator

from planner.space.base import Value

# Digits for the sum of products of doubles between 1e-100 and 1e100, so that none is rounded.
_EXACT = Context(prec=1000)


class LinearConstraint(BaseModel):
    """A weighted sum of numeric parameters that may not exceed, or fall below, a limit.

    Args:
        weights: parameter name to factor, in the parameters' own units.
        at_most: upper limit of the sum.
        at_least: lower limit of the sum.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weights: dict[str, StrictFloat] = Field(min_length=1)
    at_most: StrictFloat | None = None
    at_least: StrictFloat | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> LinearConstraint:
        if self.at_most is None and self.at_least is None:
            raise ValueError("needs at_most or at_least: give one")
        if self.at_most is not None and self.at_least is not None and self.at_least > self.at_most:
            raise ValueError(
                f"at_least ({self.at_least:g}) is above at_most ({self.at_most:g}): swap them"
            )
        return self

    def is_met(self, configuration: Mapping[str, Value]) -> bool:
        """Tells whether the configuration keeps to the limits, exactly."""
        total = Decimal(0)
        for name, weight in self.weights.items():
            term = _EXACT.multiply(Decimal(repr(weight)), Decimal(repr(configuration[name])))
            total = _EXACT.add(total, term)
        above = self.at_least is None or total >= Decimal(repr(self.at_least))
        return above and (self.at_most is None or total <= Decimal(repr(self.at_most)))

    def __str__(self) -> str:
        terms = ""
        for name, weight in self.weights.items():
            sign = "-" if weight < 0 else "+"
            factor = "" if abs(weight) == 1 else f"{abs(weight):g} "
            terms += f" {sign} {factor}{name}" if terms else f"{sign.strip('+')}{factor}{name}"
        low = f"{self.at_least:g} <= " if self.at_least is not None else ""
        high = f" <= {self.at_most:g}" if self.at_most is not None else ""
        return f"{low}{terms}{high}"
