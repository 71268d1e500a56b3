"""What all constraints share: names, whether they are met, and words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal

from pydantic import BaseModel, ConfigDict

from planner.errors import InputError, UnknownName
from planner.space.base import Value, as_decimal

# Digits for any sum of products of two doubles, from 5e-324 squared to 1.8e308 squared, so that
# none is rounded.
EXACT = Context(prec=1400)


class ConstraintBase(BaseModel, ABC):
    """A rule on parameters that is known beforehand, checked in decimal."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str

    @property
    @abstractmethod
    def names(self) -> frozenset[str]:
        """Names of the parameters that it rules."""

    @abstractmethod
    def is_met(self, configuration: Mapping[str, Value], *, tolerance: float = 0.0) -> bool:
        """Tells whether a configuration keeps to the rule, to the last digit.

        Args:
            configuration: values in the parameters' own units; others than those of ``names`` are
                not looked at.
            tolerance: by how much a limit may be missed, in the unit of what is limited.

        Raises:
            UnknownName: a value is missing.
            InputError: a value is a name where a number is needed.
        """

    @abstractmethod
    def find_breach(
        self, configuration: Mapping[str, Value], *, tolerance: float = 0.0
    ) -> str | None:
        """Returns in a sentence how the configuration breaks the rule; None where it does not.

        Args:
            configuration: values in the parameters' own units.
            tolerance: as in ``is_met``.

        Raises:
            UnknownName: a value is missing.
            InputError: a value is a name where a number is needed.
        """

    @abstractmethod
    def in_words(self) -> str:
        """Returns the rule as a sentence."""


class Limited(ConstraintBase, ABC):
    """A rule that keeps one number of a configuration within limits."""

    @abstractmethod
    def _measure(self, configuration: Mapping[str, Value], tolerance: float) -> Decimal:
        """Returns the number that is limited."""

    @abstractmethod
    def _limits(self) -> tuple[Decimal | None, Decimal | None]:
        """Returns the least and the most that the number may be."""

    @abstractmethod
    def _subject(self) -> str:
        """Names the number in words."""

    def find_breach(
        self, configuration: Mapping[str, Value], *, tolerance: float = 0.0
    ) -> str | None:
        """Returns what the number is, and what it must be; None where it keeps to the rule."""
        if self.is_met(configuration, tolerance=tolerance):
            return None
        number = self._measure(configuration, tolerance)
        return (
            f"{self._subject()} is {shown(number)}, and must be {limits_in_words(*self._limits())}."
        )


def keeps_within(
    number: Decimal, limits: tuple[Decimal | None, Decimal | None], *, tolerance: float
) -> bool:
    """Tells whether a number keeps to limits that may be missed by a tolerance."""
    low, high = limits
    slack = as_decimal(tolerance)
    above = low is None or number >= EXACT.subtract(low, slack)
    return above and (high is None or number <= EXACT.add(high, slack))


def number_of(configuration: Mapping[str, Value], name: str) -> Decimal:
    """Returns the value of a parameter that must be a number.

    Raises:
        UnknownName: it has no value.
        InputError: its value is a name.
    """
    if name not in configuration:
        raise UnknownName(
            f"A constraint needs the parameter {name!r}, which has no value. Give one."
        )
    value = configuration[name]
    if isinstance(value, str):
        raise InputError(
            f"A constraint computes with the parameter {name!r}, whose value {value!r} is no "
            f"number. Use 'exclude' for rules on names."
        )
    return as_decimal(value)


def refuse_limits_out_of_order(at_least: float | None, at_most: float | None) -> None:
    """Accepts at least one limit, and two in order.

    Raises:
        ValueError: there is none, or the lower one is above the upper one.
    """
    if at_most is None and at_least is None:
        raise ValueError("needs at_most or at_least: give one")
    if at_most is not None and at_least is not None and at_least > at_most:
        raise ValueError(f"at_least ({at_least:g}) is above at_most ({at_most:g}): swap them")


def refuse_twice(names: Sequence[str]) -> None:
    """Accepts names that differ.

    Raises:
        ValueError: one is there twice.
    """
    for index, name in enumerate(names):
        if name in names[:index]:
            raise ValueError(f"{name!r} is listed twice: leave one out")


def limits_in_words(low: Decimal | None, high: Decimal | None) -> str:
    """Returns limits in words, such as ``at least 2`` or ``between 2 and 3``."""
    if low is None:
        return f"at most {shown(high)}"
    if high is None:
        return f"at least {shown(low)}"
    return f"exactly {shown(low)}" if low == high else f"between {shown(low)} and {shown(high)}"


def shown(number: Decimal | float | None) -> str:
    """Writes a number with all the digits that a person gave, and no more."""
    exact = number if isinstance(number, Decimal) else as_decimal(number or 0.0)
    rounded = Context(prec=20).plus(exact).normalize()
    return f"{rounded:f}" if -6 <= rounded.adjusted() < 15 else f"{rounded:g}"


def listed(names: Iterable[str], *, last: str = "and") -> str:
    """Returns names as a sentence has them: ``a, b and c``."""
    *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end
