"""The stated distribution of one run: a mixture of normals, cut off at the outcome's bounds.

| symbol | meaning                                                              | shape |
|--------|----------------------------------------------------------------------|-------|
| m, s   | mean and deviation by component                                      | k     |
| w      | weights                                                              | k     |
| F      | distribution function before the bounds, ``sum w Phi((y - m) / s)``  |       |
| D      | ``|X - y|`` on average: ``d (2 Phi(d/s) - 1) + 2 s phi(d/s)``        |       |

What would lie beyond a bound is measured at it, so there the distribution has a mass, which in the
density stands for itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import logsumexp, ndtr

from planner.space import Floats
from planner.trials import Spread

_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
# Gauss and Legendre's nodes for the part of the score beyond a bound: F is analytic, and 400 of
# them over 12 deviations leave an error below 1e-9 of the deviation while the narrowest component
# is no narrower than a hundredth of the widest.
_NODES = 400
_FAR = 12.0  # deviations beyond which a normal has no mass in double precision, nearly


@dataclass(frozen=True, eq=False)
class Distribution:
    """A mixture of normals within bounds.

    Args:
        means: by component, in the outcome's unit.
        sds: by component, above 0.
        weights: they sum to one.
        low: smallest value that the outcome can take; minus infinity where there is none.
        high: largest.
    """

    means: Floats
    sds: Floats
    weights: Floats
    low: float = -math.inf
    high: float = math.inf

    @classmethod
    def of(
        cls, spread: Spread, bounds: tuple[float | None, float | None] = (None, None)
    ) -> Distribution:
        """Returns the distribution that was written down with a prediction."""
        means, sds, weights = (
            np.array(each, dtype=np.float64) for each in (spread.means, spread.sds, spread.weights)
        )
        scales, shares = np.array(spread.scales), np.array(spread.scale_weights)
        mean = float(weights @ means)
        return cls(
            means=(mean + np.outer(scales, means - mean)).ravel(),
            sds=np.outer(scales, sds).ravel(),
            weights=np.outer(shares, weights).ravel(),
            low=-math.inf if bounds[0] is None else bounds[0],
            high=math.inf if bounds[1] is None else bounds[1],
        )

    @cached_property
    def mean(self) -> float:
        """Mean before the bounds."""
        return float(self.weights @ self.means)

    def quantile(self, share: float) -> float:
        """Returns the value below which this share of runs lies, within the bounds.

        Args:
            share: between 0 and 1.
        """
        reach = _FAR * self.sds
        found = brentq(
            lambda y: self._below(y) - share,
            float((self.means - reach).min()),
            float((self.means + reach).max()),
            xtol=1e-12 * float(self.sds.max()),
        )
        return min(max(float(found), self.low), self.high)

    def level_needed(self, value: float) -> float:
        """Returns the smallest level whose central interval holds the value.

        Under a right model it is uniform between 0 and 1, but for what the bounds cut off: each
        level's interval holds as often as the level says. A bound is held by all intervals that
        end at it.
        """
        if value <= self.low:
            return max(0.0, 1.0 - 2.0 * self._below(self.low))
        if value >= self.high:
            return max(0.0, 2.0 * self._below(self.high) - 1.0)
        return abs(2.0 * self._below(value) - 1.0)

    @property
    def uncut(self) -> float:
        """The level up to which the central intervals end at no bound; 1 without bounds.

        A wider interval holds more often than it says: nothing can lie beyond the end that is cut.
        """
        tails = [0.0]
        tails += [self._below(self.low)] if math.isfinite(self.low) else []
        tails += [1.0 - self._below(self.high)] if math.isfinite(self.high) else []
        return max(0.0, 1.0 - 2.0 * max(tails))

    def log_density(self, value: float) -> float:
        """Returns the log density of a run at the value, per unit of the outcome.

        At a bound it is the logarithm of the mass there.
        """
        if value <= self.low:
            return self._log_mass((self.low - self.means) / self.sds)
        if value >= self.high:
            return self._log_mass((self.means - self.high) / self.sds)
        z = (value - self.means) / self.sds
        each = -0.5 * z**2 - _LOG_ROOT_2PI - np.log(self.sds)
        return float(logsumexp(each, b=self.weights))

    def crps(self, value: float) -> float:
        """Returns the continuous ranked probability score, in the outcome's unit; 0 is perfect.

        ``E|X - y| - E|X - X'| / 2``: how far off a run is, less half of how far apart two runs are.

        Source: Grimit et al., "The continuous ranked probability score for circular variables and
        its application to mesoscale forecast ensemble verification" (Q. J. R. Meteorol. Soc.
        2006), equation 5, for mixtures of normals; the part beyond the bounds is taken off.
        """
        value = min(max(value, self.low), self.high)
        off = self.weights @ _mean_distance(value - self.means, self.sds)
        apart = _mean_distance(
            self.means[:, None] - self.means[None, :], np.hypot(self.sds[:, None], self.sds)
        )
        whole = off - 0.5 * self.weights @ apart @ self.weights
        return float(whole - self._beyond(self.low, -1.0) - self._beyond(self.high, 1.0))

    def _below(self, value: float) -> float:
        return float(self.weights @ ndtr((value - self.means) / self.sds))

    def _log_mass(self, z: Floats) -> float:
        mass = float(self.weights @ ndtr(z))
        return math.log(max(mass, 1e-300))

    def _beyond(self, bound: float, side: float) -> float:
        """Returns the integral of the squared tail beyond a bound, which nothing can be in."""
        if math.isinf(bound):
            return 0.0
        farthest = float((side * self.means + _FAR * self.sds).max()) - side * bound
        if farthest <= 0.0:
            return 0.0
        nodes, shares = np.polynomial.legendre.leggauss(_NODES)
        places = 0.5 * farthest * (nodes + 1.0)
        tails = ndtr((side * self.means - side * bound - places[:, None]) / self.sds) @ self.weights
        return float(0.5 * farthest * (shares @ tails**2))


def _mean_distance(d: Floats, sd: Floats) -> Floats:
    """Returns the mean of ``|d + sd Z|`` for Z standard normal."""
    z = d / sd
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return np.asarray(d * (2.0 * ndtr(z) - 1.0) + 2.0 * sd * density, dtype=np.float64)
