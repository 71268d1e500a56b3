"""Reductions of a distribution: weights over values, such as particles by size."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, Literal

from pydantic import Field, StrictFloat

from planner.campaign.reductions import distributions
from planner.campaign.reductions.base import Given, ReductionBase, Targeted
from planner.campaign.reductions.points import Points, read_distribution


class _OfADistribution(ReductionBase, ABC):
    subject = "distribution"
    gives: ClassVar[Literal["x", "number"]] = "x"


class _Relative(_OfADistribution, ABC):
    gives = "number"
    needs_zero_of = "x"


class Mean(_OfADistribution):
    """The mean value of a distribution."""

    name: Literal["mean"] = "mean"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the mean; see ``distributions.mean``."""
        return distributions.mean(read_distribution(points, n_least=1))


class Median(_OfADistribution):
    """The value that halves a distribution (d50)."""

    name: Literal["median"] = "median"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the median; see ``distributions.quantile``."""
        return distributions.quantile(read_distribution(points, n_least=1), 0.5)


class Quantile(_OfADistribution):
    """The value below which a share of a distribution lies (d90 at level 0.9)."""

    name: Literal["quantile"] = "quantile"
    level: StrictFloat = Field(gt=0, lt=1, description="The share, between 0 and 1.")

    def compute(self, points: Points, given: Given) -> float:
        """Returns the quantile; see ``distributions.quantile``."""
        return distributions.quantile(read_distribution(points, n_least=1), self.level)


class Mode(_OfADistribution):
    """The value of most weight in a distribution, by a parabola through it and its neighbours."""

    name: Literal["mode"] = "mode"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the mode; see ``distributions.mode``."""
        return distributions.mode(read_distribution(points, n_least=1))


class StandardDeviation(_OfADistribution):
    """The width of a distribution: its standard deviation."""

    is_difference = True
    name: Literal["sd"] = "sd"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the deviation; see ``distributions.deviation``."""
        return distributions.deviation(read_distribution(points, n_least=1))


class Span(_Relative):
    """The relative width (d90 - d10) / d50 of a distribution."""

    name: Literal["span"] = "span"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the span; see ``distributions.quantile``."""
        read = read_distribution(points, n_least=1)
        d10, d50, d90 = (distributions.quantile(read, level) for level in (0.1, 0.5, 0.9))
        return distributions.relative(d90 - d10, d50)


class Polydispersity(_Relative):
    """The polydispersity index (sd / mean)^2 of a distribution, as light scattering states it."""

    name: Literal["polydispersity"] = "polydispersity"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the index."""
        read = read_distribution(points, n_least=1)
        return distributions.relative(distributions.deviation(read), distributions.mean(read)) ** 2


class Divergence(Targeted, _OfADistribution):
    """How much a distribution's shape differs from a target: 0 (same) to 1 (nothing in common).

    The Jensen-Shannon divergence in bits. It is for weights of bins; lists of single particles
    are compared by ``wasserstein``.
    """

    gives = "number"
    name: Literal["divergence"] = "divergence"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the divergence; see ``distributions.divergence``."""
        assert given.target is not None  # reduce_curve sees to it
        read, wanted = (read_distribution(each, n_least=2) for each in (points, given.target))
        return distributions.divergence(read, wanted)


class Wasserstein(Targeted, _OfADistribution):
    """How far a distribution's weight lies from a target on average (Wasserstein-1 distance)."""

    is_difference = True
    name: Literal["wasserstein"] = "wasserstein"

    def compute(self, points: Points, given: Given) -> float:
        """Returns the distance; see ``distributions.wasserstein``."""
        assert given.target is not None  # reduce_curve sees to it
        read, wanted = (read_distribution(each, n_least=1) for each in (points, given.target))
        return distributions.wasserstein(read, wanted)
