"""What must hold between a knot of a profile and the next, said in words of time and rate."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal

from pydantic import BaseModel, ConfigDict

from planner.space.base import Value, as_decimal
from planner.space.constraint_base import shown
from planner.space.knots import Knot, chosen_number
from planner.space.linear import LinearConstraint


class Stretch(BaseModel):
    """The way of a profile from a knot to the next.

    Args:
        profile: its name.
        first: number of the knot where it begins, counted from 1.
        knots: where it begins and where it ends.
        units: that follow a value, a time and a rate, with the space before them.
        step: least time between the two, in the unit of time.
        max_rate: fastest change, in the unit of rates; None where there is none.
    """

    model_config = ConfigDict(frozen=True)

    profile: str
    first: int
    knots: tuple[Knot, Knot]
    units: tuple[str, str, str]
    step: float
    max_rate: float | None = None

    def ends(
        self, configuration: Mapping[str, Value]
    ) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal]]:
        """Returns time and value at both ends."""
        (begin, end) = (
            (
                as_decimal(chosen_number(knot.at, f"{self.profile}_{number}_time", configuration)),
                as_decimal(chosen_number(knot.value, f"{self.profile}_{number}", configuration)),
            )
            for number, knot in enumerate(self.knots, start=self.first)
        )
        return begin, end


class KnotRule(LinearConstraint):
    """A linear rule between two knots that is said in words of the profile."""

    stretch: Stretch

    def find_breach(
        self, configuration: Mapping[str, Value], *, tolerance: float = 0.0
    ) -> str | None:
        """Returns what the course would do there, and what it may do."""
        if self.is_met(configuration, tolerance=tolerance):
            return None
        return self._breach(configuration)

    def _breach(self, configuration: Mapping[str, Value]) -> str:
        raise NotImplementedError


class KnotOrder(KnotRule):
    """A knot comes after the one before it, by at least a step."""

    def in_words(self) -> str:
        """Returns the rule as a sentence."""
        one, time = self.stretch.first, self.stretch.units[1]
        return (
            f"Knot {one + 1} of {self.stretch.profile} comes at least "
            f"{shown(self.stretch.step)}{time} after knot {one}."
        )

    def _breach(self, configuration: Mapping[str, Value]) -> str:
        (start, _), (stop, _) = self.stretch.ends(configuration)
        one, time = self.stretch.first, self.stretch.units[1]
        return (
            f"Knot {one + 1} of {self.stretch.profile} would be at {shown(stop)}{time} and knot "
            f"{one} at {shown(start)}{time}; it must come at least "
            f"{shown(self.stretch.step)}{time} after."
        )


class KnotRate(KnotRule):
    """The course from a knot to the next is no faster than may be."""

    is_rise: bool

    def in_words(self) -> str:
        """Returns the rule as a sentence."""
        return (
            f"From knot {self.stretch.first} to {self.stretch.first + 1} {self.stretch.profile} "
            f"{'rises' if self.is_rise else 'falls'} by at most {self._most()}."
        )

    def _breach(self, configuration: Mapping[str, Value]) -> str:
        (start, first), (stop, last) = self.stretch.ends(configuration)
        time, change = stop - start, last - first if self.is_rise else first - last
        value_unit, time_unit, rate_unit = self.stretch.units
        speed = f"by {_apart(change / time, self._rate)}{rate_unit}" if time > 0 else "in no time"
        words = (
            f"From knot {self.stretch.first} to {self.stretch.first + 1} {self.stretch.profile} "
            f"would {'rise' if self.is_rise else 'fall'} {speed}, at most {self._most()} is allowed"
        )
        needs = _rounded(change / self._rate)
        return f"{words}: {shown(change)}{value_unit} need about {needs}{time_unit}."

    @property
    def _rate(self) -> Decimal:
        return as_decimal(self.stretch.max_rate or 0.0)

    def _most(self) -> str:
        return f"{shown(self._rate)}{self.stretch.units[2]}"


def _rounded(number: Decimal) -> str:
    return shown(Context(prec=4).plus(number))


def _apart(number: Decimal, limit: Decimal) -> str:
    """Returns a number in four digits, or in as many as tell it from the limit."""
    few = Context(prec=4).plus(number)
    return shown(few if few != limit else number)
