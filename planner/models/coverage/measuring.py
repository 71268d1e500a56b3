"""Coverage and sharpness: how often stated intervals held, and how good the statements were.

Every forecast was stated before its result, so nothing here was learned from what it judges.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.special import bdtrik  # all of scipy.stats takes most of a second to load

from planner.models.coverage.distribution import Distribution
from planner.space import Floats

LEVELS = (0.5, 0.8, 0.9, 0.95)
BAND = 0.95  # of counts that right intervals give
RECENT = 10  # forecasts that a running mean of scores is over
_MOST_PARTS = 4  # of what is told over time
# who chose the settings: a model is differently wrong of what it chose and of what others did
Chooser = Literal["chosen", "own"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """A forecast of which the result is known.

    Args:
        trial: its number.
        stated: the distribution of the run.
        value: what was measured, in the outcome's unit.
        is_own: whether a person chose the settings, and not the planner.
        stated_at: when it was stated, in seconds; None where each was stated after the result of
            the one before, like ``known_at``.
        known_at: when its result was.
    """

    trial: int
    stated: Distribution
    value: float
    is_own: bool = False
    stated_at: float | None = None
    known_at: float | None = None

    @cached_property
    def needed(self) -> float:
        """The smallest level whose stated interval holds the value."""
        return self.stated.level_needed(self.value)

    @cached_property
    def uncut(self) -> float:
        """The level up to which the stated intervals end at no bound of the outcome."""
        return self.stated.uncut

    @cached_property
    def crps(self) -> float:
        """Continuous ranked probability score, in the outcome's unit."""
        return self.stated.crps(self.value)

    @cached_property
    def log_density(self) -> float:
        """Of the value, per unit of the outcome."""
        return self.stated.log_density(self.value)

    @cached_property
    def width(self) -> float:
        """Width of the stated 90 % interval."""
        return self.stated.quantile(0.95) - self.stated.quantile(0.05)

    def held(self, level: float) -> bool:
        """Tells whether the interval of a level held."""
        return self.needed <= level


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelHeld:
    """How many intervals of a level held, of those that the outcome's bounds do not cut off.

    One that is cut off holds more often than its level says, and would hide others that do not.

    Args:
        level: that they state.
        held: how many did.
        n: of how many.
        low: 2.5 % quantile of the count, if each holds with its level; exact, binomial.
        high: 97.5 % quantile.
    """

    level: float
    held: int
    n: int
    low: int
    high: int

    @property
    def share(self) -> float | None:
        """Share that held; None of none."""
        return self.held / self.n if self.n else None

    @property
    def verdict(self) -> str:
        """What the count says of the intervals; empty where it lies within its band."""
        if self.held < self.low:
            return "too narrow"
        return "too wide" if self.held > self.high else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How well the forecasts of a campaign held.

    Args:
        judged: forecasts with results, in the order of the results; at least one.
        levels: how many intervals held, by level.
        crps: mean, in the outcome's unit.
        nlpd: mean negative log predictive density, in nats per unit of the outcome.
        spread: deviation of the results, in the outcome's unit; None where it is 0 or there is one.
    """

    judged: tuple[Judged, ...]
    levels: tuple[LevelHeld, ...]
    crps: float
    nlpd: float
    spread: float | None

    @property
    def n(self) -> int:
        """Number of forecasts."""
        return len(self.judged)

    @property
    def by_chooser(self) -> dict[Chooser, Coverage]:
        """The same of the settings that the planner chose, and of those that people did."""
        parts: dict[Chooser, Coverage | None] = {
            "chosen": measure([each for each in self.judged if not each.is_own]),
            "own": measure([each for each in self.judged if each.is_own]),
        }
        return {name: part for name, part in parts.items() if part is not None}

    @property
    def over_time(self) -> tuple[Coverage, ...]:
        """The same of equally many forecasts in turn: at most four parts, of ten at least."""
        n_parts = max(1, min(_MOST_PARTS, self.n // RECENT))
        edges = [round(part * self.n / n_parts) for part in range(n_parts + 1)]
        parts = (measure(self.judged[a:b]) for a, b in itertools.pairwise(edges))
        return tuple(part for part in parts if part is not None)

    @property
    def crps_of_spread(self) -> float | None:
        """CRPS as a share of the results' deviation; without units it can be compared."""
        return None if self.spread is None else self.crps / self.spread

    @property
    def nlpd_of_spread(self) -> float | None:
        """Negative log predictive density of results that are divided by their deviation."""
        return None if self.spread is None else self.nlpd - math.log(self.spread)


def measure(judged: Sequence[Judged]) -> Coverage | None:
    """Returns how well forecasts held; None of none."""
    if not judged:
        return None
    values = np.array([each.value for each in judged])
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Coverage(
        judged=tuple(judged),
        levels=tuple(count_held(judged, level) for level in LEVELS),
        crps=float(np.mean([each.crps for each in judged])),
        nlpd=-float(np.mean([each.log_density for each in judged])),
        spread=spread if spread > 0 else None,
    )


def count_held(judged: Sequence[Judged], level: float) -> LevelHeld:
    """Returns how many intervals of a level held, beside what right ones would give."""
    counted = [each for each in judged if each.uncut >= level]
    low, high = band(len(counted), level)
    held = sum(each.held(level) for each in counted)
    return LevelHeld(level=level, held=held, n=len(counted), low=low, high=high)


def band(n: int, level: float) -> tuple[int, int]:
    """Returns the central 95 % of the binomial distribution of n trials at a level."""
    if n == 0:
        return 0, 0
    low, high = (math.ceil(bdtrik(tail, n, level)) for tail in ((1 - BAND) / 2, (1 + BAND) / 2))
    return low, high


def running_mean(values: Sequence[float], over: int = RECENT) -> Floats:
    """Returns for each value the mean of it and those before it, at most ``over``, shape ``n``."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(0, ends - over)
    return np.asarray((sums[ends] - sums[begins]) / (ends - begins), dtype=np.float64)
