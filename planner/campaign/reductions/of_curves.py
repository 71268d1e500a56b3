"""Reductions of a curve: a spectrum, a diffractogram, a time series."""

from __future__ import annotations

from abc import ABC
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat

from planner import units
from planner.campaign.reductions import curves
from planner.campaign.reductions.base import (
    Axes,
    Given,
    OnBaseline,
    Quantity,
    ReductionBase,
    Targeted,
    Windowed,
    read_place,
)
from planner.campaign.reductions.peaks import Peak, half_width, highest_peak
from planner.campaign.reductions.points import Points, Unreducible, read_curve
from planner.errors import InputError


class _OfAPart(Windowed, ABC):
    def part(self, points: Points, given: Given) -> Points:
        """Returns the part of the curve between the limits."""
        low, high = self.limits(given.axes)
        return curves.cut(read_curve(points, n_least=2), low=low, high=high)


class _OfAPartOnBaseline(OnBaseline, ABC):
    def part(self, points: Points, given: Given) -> Points:
        """Returns the part of the curve between the limits, less its baseline."""
        low, high = self.limits(given.axes)
        part = curves.cut(read_curve(points, n_least=2), low=low, high=high)
        return curves.without_baseline(part) if self.baseline == "linear" else part


class _OfAPeak(OnBaseline, ABC):
    """The limits say which peak; its flanks may reach beyond them."""

    def peak(self, points: Points, given: Given) -> tuple[Points, Peak]:
        """Returns the curve less its baseline, and the highest peak between the limits."""
        low, high = self.limits(given.axes)
        curve = read_curve(points, n_least=3)
        if self.baseline == "linear":
            curve = curves.without_baseline(curve, low=low, high=high)
        return curve, highest_peak(curve, low=low, high=high)


class PeakPosition(_OfAPeak):
    """The place of the highest peak, by a parabola through its highest points."""

    gives = "x"
    needs_zero_of = ""  # a constant added to y moves no peak
    name: Literal["peak_position"] = "peak_position"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the place; see ``peaks.highest_peak``."""
        _, peak = self.peak(points, given)
        return peak.position


class PeakHeight(_OfAPeak):
    """The height of the highest peak, by a parabola through its highest points."""

    gives = "y"
    name: Literal["peak_height"] = "peak_height"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the height; see ``peaks.highest_peak``."""
        _, peak = self.peak(points, given)
        return peak.height


class HalfWidth(_OfAPeak):
    """The width of the highest peak: full width at half of its height."""

    gives = "x"
    is_difference = True
    name: Literal["fwhm"] = "fwhm"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the width; see ``peaks.half_width``."""
        return half_width(*self.peak(points, given))


class Area(_OfAPartOnBaseline):
    """The area under a curve, by trapezia."""

    gives = "area"
    name: Literal["area"] = "area"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the area; see ``curves.area``."""
        return curves.area(self.part(points, given))


class Centroid(_OfAPartOnBaseline):
    """The centre of the area under a curve."""

    gives = "x"
    name: Literal["centroid"] = "centroid"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the centre; see ``curves.centroid``."""
        return curves.centroid(self.part(points, given))


class Average(_OfAPart):
    """The mean of a curve over x."""

    gives = "y"
    name: Literal["average"] = "average"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the mean; see ``curves.average``."""
        return curves.average(self.part(points, given))


class Maximum(_OfAPart):
    """The highest value of a curve."""

    gives = "y"
    name: Literal["maximum"] = "maximum"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the value."""
        return float(self.part(points, given).y.max())


class Minimum(_OfAPart):
    """The lowest value of a curve."""

    gives = "y"
    name: Literal["minimum"] = "minimum"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the value."""
        return float(self.part(points, given).y.min())


class Onset(_OfAPart):
    """Where a curve first passes a level between its lowest and its highest value."""

    gives = "x"
    name: Literal["onset"] = "onset"
    level: StrictFloat = Field(
        default=0.1, gt=0, lt=1, description="Share of the way, from the side where it begins."
    )
    direction: Literal["rising", "falling"] = Field(
        default="rising", description="Whether the curve begins low or high."
    )

    def compute(self, points: Points, given: Given) -> float:
        """Returns the place; see ``curves.onset``."""
        part = self.part(points, given)
        return curves.onset(part, level=self.level, is_rising=self.direction == "rising")


class ValueAt(ReductionBase):
    """The value of a curve at a place, by a straight line between its points."""

    subject = "curve"
    gives = "y"
    name: Literal["value_at"] = "value_at"
    x: Quantity = Field(description="The place, such as '532 nm'.")

    def unit_of(self, axes: Axes) -> str:
        """Returns the unit of y, once the place is checked."""
        read_place(self.x, axes)
        return super().unit_of(axes)

    def compute(self, points: Points, given: Given) -> float:
        """Returns the value; see ``curves.value_at``."""
        place = read_place(self.x, given.axes)
        assert place is not None  # x has no default
        return curves.value_at(read_curve(points, n_least=1), place)


Part = Annotated[
    Area | PeakHeight | ValueAt | Average | Maximum | Minimum, Field(discriminator="name")
]


class Ratio(ReductionBase):
    """The ratio of two numbers of the same curve, such as two peaks (Raman D and G)."""

    subject = "curve"
    gives = "number"
    needs_zero_of = "y"
    name: Literal["ratio"] = "ratio"
    numerator: Part = Field(
        description="What is divided, such as {name: area, from: 400 nm, to: 600 nm}."
    )
    denominator: Part = Field(description="What it is divided by, of the same unit.")

    def unit_of(self, axes: Axes) -> str:
        """Returns that of a plain number, once both are found to be of one unit."""
        above, below = self.numerator.unit_of(axes), self.denominator.unit_of(axes)
        if above != below:
            raise InputError(
                f"Reduction {self.name!r}: {self.numerator.name} is in {above!r} and "
                f"{self.denominator.name} in {below!r}. Divide two areas, or two heights or values."
            )
        return super().unit_of(axes)

    def compute(self, points: Points, given: Given) -> float:
        """Returns the quotient."""
        above, below = (
            self.numerator.compute(points, given),
            self.denominator.compute(points, given),
        )
        if below == 0:
            raise Unreducible(f"its {self.denominator.name} in the denominator is zero")
        return above / below


class Distance(Targeted, Windowed):
    """How far a curve lies from a target: the root of the mean squared difference where both are.

    Args:
        normalised: whether each is divided by its highest value there first, so that only the
            shape counts.
        overlap: the least share of the target that the curve must cover.
    """

    gives = "y"
    is_difference = True
    name: Literal["distance"] = "distance"
    normalised: StrictBool = False
    overlap: StrictFloat = Field(default=0.5, gt=0, le=1)

    def unit_of(self, axes: Axes) -> str:
        """Returns the unit of y, or that of a plain number for shapes."""
        unit = super().unit_of(axes)
        if not self.normalised:
            return unit
        self.check_zero("y", axes.y_unit)
        return units.DIMENSIONLESS

    def compute(self, points: Points, given: Given) -> float:
        """Returns the distance; see ``curves.distance``."""
        assert given.target is not None  # reduce_curve sees to it
        curve, wanted = (read_curve(each, n_least=2) for each in (points, given.target))
        low, high = self.limits(given.axes)
        wanted = curves.cut(wanted, low=low, high=high)
        low, high = curves.overlap(curve, wanted, least=self.overlap)
        parts = [curves.cut(each, low=low, high=high) for each in (curve, wanted)]
        one, other = map(curves.scaled, parts) if self.normalised else parts
        return curves.distance(one, other)
