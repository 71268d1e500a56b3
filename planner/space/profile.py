"""Profiles: a quantity that follows a course in time, such as a furnace's ramp.

A profile is a few knots in time. What is free about a knot, its time, its value or both, becomes a
plain parameter, and what must hold between knots becomes linear constraints; so that the search
knows nothing of profiles, and the device gets a table.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import (
    Field,
    StrictFloat,
    ValidationInfo,
    field_validator,
    model_validator,
)

from planner import units
from planner.space.base import (
    Quantity,
    Value,
    as_decimal,
    as_exact_float,
    read_number,
    read_unit,
    refuse_extremes,
)
from planner.space.constraint_base import shown
from planner.space.knot_rules import KnotOrder, KnotRate, Stretch
from planner.space.knots import (
    Free,
    Interpolation,
    Knot,
    ProfileTable,
    bounds_in_words,
    bounds_of,
    chosen_number,
    read_knot,
)
from planner.space.linear import LinearConstraint
from planner.space.numeric import Continuous


class Profile(Quantity):
    """A course in time, given by knots; no parameter of the space itself.

    Args:
        knots: two or more, in the order of time; the last one's time is the end.
        interpolation: ``linear`` from knot to knot, or ``step`` where each value holds until the
            next knot.
        max_rate: fastest change, up or down, in ``unit`` per ``time_unit``; for linear ones.
        resolution: smallest step of the values.
        time_resolution: smallest step of the times, and the least that lies between two knots.
    """

    kind: Literal["profile"] = "profile"
    time_unit: str = Field(default="min", description="Unit of the knots' times.")
    interpolation: Interpolation = Field(
        default="linear", description="Course between knots: a line, or a step at each knot."
    )
    resolution: StrictFloat | None = Field(
        default=None, gt=0, description="Smallest step of the values that the lab can set."
    )
    time_resolution: StrictFloat | None = Field(
        default=None, gt=0, description="Smallest step of the times that the lab can set."
    )
    max_rate: StrictFloat | None = Field(
        default=None, gt=0, description="Fastest change, in unit per time unit."
    )
    knots: tuple[Knot, ...] = Field(
        min_length=2, description="Points {at, value}; bounds {low, high} where they are free."
    )

    @field_validator("time_unit", mode="before")
    @classmethod
    def _time_unit_is_a_time(cls, unit: object) -> object:
        read_unit(unit)
        if isinstance(unit, str) and not units.are_compatible(unit, "s"):
            raise ValueError(f"{unit!r} is no unit of time: give one such as s, min or h")
        return unit

    @field_validator("resolution", mode="before", json_schema_input_type=float | str | None)
    @classmethod
    def _resolution_is_a_difference(cls, value: object, info: ValidationInfo) -> object:
        return read_number(value, unit=info.data.get("unit"), is_difference=True)

    @field_validator("time_resolution", mode="before", json_schema_input_type=float | str | None)
    @classmethod
    def _time_may_have_a_unit(cls, value: object, info: ValidationInfo) -> object:
        return read_number(value, unit=info.data.get("time_unit"))

    @field_validator("max_rate", mode="before", json_schema_input_type=float | str | None)
    @classmethod
    def _rate_may_have_a_unit(cls, value: object, info: ValidationInfo) -> object:
        unit, time_unit = info.data.get("unit"), info.data.get("time_unit")
        if unit is None or time_unit is None:  # the unit itself is the mistake
            return read_number(value, unit=None)
        return read_number(value, unit=units.rate_unit(unit, time_unit))

    @field_validator("knots", mode="before")
    @classmethod
    def _knots_may_have_units(cls, knots: object, info: ValidationInfo) -> object:
        if not isinstance(knots, list | tuple):
            return knots
        unit, time_unit = info.data.get("unit"), info.data.get("time_unit")
        return [
            read_knot(knot, index=index, unit=unit, time_unit=time_unit)
            for index, knot in enumerate(knots, start=1)
        ]

    @model_validator(mode="after")
    def _can_be_followed(self) -> Profile:
        self._refuse_extremes()
        if self.max_rate is not None and self.interpolation == "step":
            raise ValueError(
                "a step has no rate: leave max_rate out, or use 'interpolation: linear'"
            )
        if not any(isinstance(each, Free) for knot in self.knots for each in (knot.at, knot.value)):
            raise ValueError(
                "nothing is free in this profile: give bounds {low, high} for a time or a value "
                "of a knot"
            )
        self.parameters()  # each has its own rules
        self._refuse_no_time()
        self._refuse_too_fast()
        self.constraints()  # their limits must be exact
        return self

    def parameters(self) -> tuple[Continuous, ...]:
        """Returns a parameter for each time and value that is free.

        They are named for the knot, counted from 1: ``NAME_1_time``, ``NAME_1``.
        """
        return tuple(itertools.chain.from_iterable(map(self._of_knot, range(len(self.knots)))))

    def constraints(self) -> tuple[LinearConstraint, ...]:
        """Returns what must hold between knots.

        Times rise by at least one step, ``t2 - t1 >= step``; with a rate also
        ``|v2 - v1| <= rate (t2 - t1)``, which is linear in what is free.
        """
        return tuple(
            rule
            for pair in itertools.pairwise(range(len(self.knots)))
            for rule in self._rules(*pair)
        )

    def table(self, configuration: Mapping[str, Value]) -> ProfileTable:
        """Returns the course that belongs to a configuration.

        Args:
            configuration: with values for all of ``parameters()``; others are not looked at.

        Raises:
            UnknownName: a value is missing.
        """
        points = [
            (
                chosen_number(knot.at, self.time_name(index), configuration),
                chosen_number(knot.value, self.value_name(index), configuration),
            )
            for index, knot in enumerate(self.knots)
        ]
        return ProfileTable(
            times=tuple(time for time, _ in points),
            values=tuple(value for _, value in points),
            unit=self.unit,
            time_unit=self.time_unit,
            interpolation=self.interpolation,
        )

    def value_name(self, index: int) -> str:
        """Name of the parameter for the value of a knot, which is counted from 0 here."""
        return f"{self.name}_{index + 1}"

    def time_name(self, index: int) -> str:
        """Name of the parameter for the time of a knot, which is counted from 0 here."""
        return f"{self.name}_{index + 1}_time"

    def time_step(self) -> float:
        """The least time between two knots of which one is free.

        It is the times' resolution, else the coarsest of their default steps; 0 where no time is
        free.
        """
        if self.time_resolution is not None:
            return self.time_resolution
        times = (self._time(index) for index in range(len(self.knots)))
        steps = [time.step_at(time.high)[0] for time in times if time is not None]
        return float(max(steps, default=Decimal(0)))

    def in_words(self) -> str:
        """Returns the profile as a sentence for the person who checks the campaign."""
        knots = ", ".join(
            f"{bounds_in_words(knot.value)}{self.unit_words} at {bounds_in_words(knot.at)} "
            f"{self.time_unit}"
            for knot in self.knots
        )
        course = "in straight lines" if self.interpolation == "linear" else "in steps"
        rate = ""
        if self.max_rate is not None:
            rate = f", changing by at most {shown(self.max_rate)} {self._rate_words()}"
        return f"{self.name} goes {course} through {knots}{rate}."

    def _of_knot(self, index: int) -> Iterator[Continuous]:
        yield from filter(None, (self._time(index), self._value(index)))

    def _time(self, index: int) -> Continuous | None:
        at = self.knots[index].at
        if not isinstance(at, Free):
            return None
        return Continuous(
            name=self.time_name(index),
            about=f"time of knot {index + 1} of {self.name}",
            unit=self.time_unit,
            low=at.low,
            high=at.high,
            resolution=self.time_resolution,
        )

    def _value(self, index: int) -> Continuous | None:
        value = self.knots[index].value
        if not isinstance(value, Free):
            return None
        return Continuous(
            name=self.value_name(index),
            about=f"value of knot {index + 1} of {self.name}",
            unit=self.unit,
            low=value.low,
            high=value.high,
            resolution=self.resolution,
        )

    def _rules(self, one: int, other: int) -> Iterator[LinearConstraint]:
        """Yields the rules between a knot and the next, without what the bounds imply."""
        start, stop = self.knots[one].at, self.knots[other].at
        names = self.time_name(one), self.time_name(other)
        step = as_decimal(self.time_step())
        shortest = bounds_of(stop)[0] - bounds_of(start)[1]
        if shortest < step:
            gap = [(Decimal(-1), start, names[0]), (Decimal(1), stop, names[1])]
            for limit in _at_least(gap, step):
                yield KnotOrder(**limit, stretch=self._stretch(one, other))
        if self.max_rate is None:
            return
        rate = as_decimal(self.max_rate)
        way = [(-rate, start, names[0]), (rate, stop, names[1])]
        first = self.knots[one].value, self.value_name(one)
        last = self.knots[other].value, self.value_name(other)
        for lower, upper in ((first, last), (last, first)):  # as a rise, and as a fall
            steepest = bounds_of(upper[0])[1] - bounds_of(lower[0])[0]
            if steepest > rate * max(shortest, Decimal(0)):
                ends = [(Decimal(1), *lower), (Decimal(-1), *upper)]
                for limit in _at_least([*way, *ends], Decimal(0)):
                    is_rise = lower is first
                    yield KnotRate(**limit, stretch=self._stretch(one, other), is_rise=is_rise)

    def _stretch(self, one: int, other: int) -> Stretch:
        return Stretch(
            profile=self.name,
            first=one + 1,
            knots=(self.knots[one], self.knots[other]),
            units=(self.unit_words, f" {self.time_unit}", f" {self._rate_words()}"),
            step=self.time_step(),
            max_rate=self.max_rate,
        )

    def _rate_words(self) -> str:
        return f"{'' if self.unit == units.DIMENSIONLESS else self.unit}/{self.time_unit}"

    def _refuse_extremes(self) -> None:
        for knot in self.knots:
            for number in (knot.at, knot.value):
                ends = (number.low, number.high) if isinstance(number, Free) else (number,)
                refuse_extremes(*ends)

    def _refuse_no_time(self) -> None:
        """Refuses knots whose times cannot rise, and a beginning before time 0."""
        step = as_decimal(self.time_step())
        earliest = bounds_of(self.knots[0].at)[0]
        if earliest < 0:
            raise ValueError(f"a profile begins at time 0 or later, not at {shown(earliest)}")
        for index, (one, other) in enumerate(itertools.pairwise(self.knots), start=2):
            is_free = isinstance(one.at, Free) or isinstance(other.at, Free)
            low, high = bounds_of(other.at)
            after, earliest = earliest, max(low, earliest + (step if is_free else 0))
            if not after < earliest <= high:
                raise ValueError(
                    f"knot {index} cannot come after the one before it, at {shown(after)} "
                    f"{self.time_unit} or later: its own time is at most {shown(high)}; order the "
                    f"knots by time, or widen their bounds"
                )

    def _refuse_too_fast(self) -> None:
        """Refuses neighbours that even the slowest course joins too fast."""
        if self.max_rate is None:
            return
        for index, (one, other) in enumerate(itertools.pairwise(self.knots), start=1):
            time = bounds_of(other.at)[1] - bounds_of(one.at)[0]
            lows, highs = zip(bounds_of(one.value), bounds_of(other.value), strict=True)
            apart = max(lows) - min(highs)  # below 0 where the two can be equal
            if apart > as_decimal(self.max_rate) * time:
                raise ValueError(
                    f"from knot {index} to knot {index + 1} the value changes by at least "
                    f"{shown(apart)}{self.unit_words} in at most {shown(time)} {self.time_unit}, "
                    f"faster than max_rate {shown(self.max_rate)}: allow more time or a higher rate"
                )


def _at_least(
    terms: Iterable[tuple[Decimal, float | Free, str]], least: Decimal
) -> Iterator[dict[str, Any]]:
    """Yields ``sum factor number >= least`` over what is free, unless nothing is."""
    weights: dict[str, float] = {}
    for factor, number, name in terms:
        if isinstance(number, Free):
            weights[name] = as_exact_float(factor)
        else:
            least -= factor * as_decimal(number)
    if weights and max(weights.values()) < 0:  # reads better as an upper limit
        lighter = {name: -weight for name, weight in weights.items()}
        yield {"weights": lighter, "at_most": as_exact_float(-least)}
    elif weights:
        yield {"weights": weights, "at_least": as_exact_float(least)}
