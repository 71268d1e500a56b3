"""Constraints on weighted sums: limits, equations, and mixtures that sum to a total."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field, StrictFloat, field_validator, model_validator

from planner.space.base import Value, as_decimal
from planner.space.combinations import Presence, count_present
from planner.space.constraint_base import (
    EXACT,
    Limited,
    keeps_within,
    limits_in_words,
    listed,
    number_of,
    refuse_limits_out_of_order,
    refuse_twice,
    shown,
)


class LinearConstraint(Limited):
    """A weighted sum of numeric parameters that keeps to limits, or to one value.

    Args:
        weights: parameter name to factor, in the parameters' own units.
        at_most: upper limit of the sum.
        at_least: lower limit of the sum.
        equals: the sum itself, exact in decimal; then there are no limits.
    """

    kind: Literal["linear"] = "linear"
    weights: dict[str, StrictFloat] = Field(
        min_length=1, description="Factor of each parameter in the sum, in its own unit."
    )
    at_most: StrictFloat | None = Field(default=None, description="Upper limit of the sum.")
    at_least: StrictFloat | None = Field(default=None, description="Lower limit of the sum.")
    equals: StrictFloat | None = Field(default=None, description="What the sum is, exactly.")

    @model_validator(mode="after")
    def _has_a_limit(self) -> LinearConstraint:
        if self.equals is None:
            refuse_limits_out_of_order(self.at_least, self.at_most)
        elif self.at_most is not None or self.at_least is not None:
            raise ValueError("equals leaves no room for at_most or at_least: leave them out")
        if not any(self.weights.values()):
            raise ValueError("all weights are 0, so that the sum says nothing: give one")
        return self

    @property
    def names(self) -> frozenset[str]:
        """Names of the parameters in the sum."""
        return frozenset(self.weights)

    def is_met(self, configuration: Mapping[str, Value], *, tolerance: float = 0.0) -> bool:
        """Tells whether the sum keeps to the limits, exactly."""
        total = self._measure(configuration, tolerance)
        return keeps_within(total, self._limits(), tolerance=tolerance)

    def in_words(self) -> str:
        """Returns the rule as a sentence."""
        return f"{_formula(self.weights)} is {limits_in_words(*self._limits())}."

    def _measure(self, configuration: Mapping[str, Value], tolerance: float) -> Decimal:
        return _weighted_sum(self.weights, configuration)

    def _limits(self) -> tuple[Decimal | None, Decimal | None]:
        low, high = (
            (self.at_least, self.at_most) if self.equals is None else (self.equals, self.equals)
        )
        return (
            None if low is None else as_decimal(low),
            None if high is None else as_decimal(high),
        )

    def _subject(self) -> str:
        return _formula(self.weights)

    def __str__(self) -> str:
        if self.equals is not None:
            return f"{_formula(self.weights)} = {shown(self.equals)}"
        low = f"{shown(self.at_least)} <= " if self.at_least is not None else ""
        high = f" <= {shown(self.at_most)}" if self.at_most is not None else ""
        return f"{low}{_formula(self.weights)}{high}"


class Mixture(Limited):
    """Components that sum to a total, to the last digit; some of them may be absent.

    Args:
        mixture: names of the components, whose unit is the same.
        total: their sum, in that unit: 1 for fractions, 100 for percent.
        present: how many of them may be present at once (not 0); None where all may.
    """

    kind: Literal["mixture"] = "mixture"
    mixture: tuple[str, ...] = Field(min_length=2, description="Names of the components.")
    total: StrictFloat = Field(default=1.0, gt=0, description="What they sum to, such as 1 or 100.")
    present: Presence | None = Field(
        default=None, description="How many components may be present (not 0) at once."
    )

    @field_validator("mixture")
    @classmethod
    def _components_differ(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twice(names)
        return names

    @model_validator(mode="after")
    def _presence_is_possible(self) -> Mixture:
        if self.present is not None:
            self.present.refuse_more_than(len(self.mixture))
            if self.present.at_most == 0:
                raise ValueError(
                    f"at_most 0 leaves nothing that sums to {self.total:g}: allow at least 1"
                )
        return self

    @property
    def names(self) -> frozenset[str]:
        """Names of the components."""
        return frozenset(self.mixture)

    @property
    def weights(self) -> dict[str, float]:
        """The sum as that of a linear constraint: each component counts once."""
        return dict.fromkeys(self.mixture, 1.0)

    def is_met(self, configuration: Mapping[str, Value], *, tolerance: float = 0.0) -> bool:
        """Tells whether the components sum to the total, and as many are present as may be."""
        total = self._measure(configuration, tolerance)
        if not keeps_within(total, self._limits(), tolerance=tolerance):
            return False
        if self.present is None:
            return True
        return self.present.holds(count_present(self.mixture, configuration, tolerance=tolerance))

    def find_breach(
        self, configuration: Mapping[str, Value], *, tolerance: float = 0.0
    ) -> str | None:
        """Returns the sum, or the number of components, where it is another than it must be."""
        total = self._measure(configuration, tolerance)
        if not keeps_within(total, self._limits(), tolerance=tolerance):
            return super().find_breach(configuration, tolerance=tolerance)
        n_present = count_present(self.mixture, configuration, tolerance=tolerance)
        if self.present is None or self.present.holds(n_present):
            return None
        return (
            f"{n_present} of {listed(self.mixture)} are present (not 0), and must be "
            f"{self.present.in_words()}."
        )

    def in_words(self) -> str:
        """Returns the rule as a sentence."""
        words = f"{listed(self.mixture)} always sum to exactly {shown(self.total)}"
        if self.present is None:
            return f"{words}."
        return f"{words}, and {self.present.in_words()} of them are present (not 0)."

    def _measure(self, configuration: Mapping[str, Value], tolerance: float) -> Decimal:
        return _weighted_sum(self.weights, configuration)

    def _limits(self) -> tuple[Decimal, Decimal]:
        total = as_decimal(self.total)
        return total, total

    def _subject(self) -> str:
        return _formula(self.weights)

    def __str__(self) -> str:
        words = f"{_formula(self.weights)} = {shown(self.total)}"
        return words if self.present is None else f"{words} ({self.present.in_words()} present)"


def _weighted_sum(weights: Mapping[str, float], configuration: Mapping[str, Value]) -> Decimal:
    total = Decimal(0)
    for name, weight in weights.items():
        term = EXACT.multiply(as_decimal(weight), number_of(configuration, name))
        total = EXACT.add(total, term)
    return total


def _formula(weights: Mapping[str, float]) -> str:
    terms = ""
    for name, weight in weights.items():
        sign = "-" if weight < 0 else "+"
        factor = "" if abs(weight) == 1 else f"{shown(abs(weight))} "
        terms += f" {sign} {factor}{name}" if terms else f"{sign.strip('+')}{factor}{name}"
    return terms
