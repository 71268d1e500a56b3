"""The search for hyperparameters: maximum a posteriori from several starts, by L-BFGS."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from planner.models.failure import FitFailure
from planner.models.priors import NOISE_PRIOR, LogNormal
from planner.space import Floats

EPSILON = float(np.finfo(np.float64).eps)  # in which SciPy counts a gain

_MOST_STEPS = 200
# A search ends where a step gains less than this share of the value (in nats some 1e-5), or where
# no derivative is larger than the second: of 32 parts of eight tables held-out densities of the
# families that are fitted at one optimum differ by 0.0003 nat at most from those of a search that
# goes on, and it takes a quarter longer.
LEAST_GAIN, SMALLEST_SLOPE = 1e-7, 1e-4
# How far from its prior, in deviations, a hyperparameter may go.
_FARTHEST = 6.0

# With so many observations a search that goes on from the last fit needs no other start: their
# likelihood has one optimum within reach, which one observation more hardly moves.
ENOUGH_TO_GO_ON = 200

LAST = "from the last fit"

Objective = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True, slots=True, eq=False)
class Priors:
    """Independent normal priors of what is searched for, one entry a hyperparameter.

    Args:
        mean: of each.
        sd: of each; above 0.
    """

    mean: Floats
    sd: Floats

    @classmethod
    def of(cls, priors: Sequence[LogNormal]) -> Priors:
        """Returns those of the logarithms."""
        return cls(
            mean=np.array([each.mean for each in priors]), sd=np.array([each.sd for each in priors])
        )

    def starts(
        self,
        previous: Floats | None,
        *,
        n: int,
        lengthscales: int,
        noise: int,
        middle: str = "from the middle of the prior",
    ) -> dict[str, Floats]:
        """Returns where to begin: the posterior often has a smooth and a wiggly optimum.

        Args:
            previous: where the last search ended; of many observations it is the one start.
            n: number of observations.
            lengthscales: how many of the first entries are logarithms of lengthscales.
            noise: which entry is the logarithm of the noise variance.
            middle: what the middle of the prior is called.
        """
        smooth = self.mean.copy()
        smooth[:lengthscales] += 1.0
        smooth[noise] = max(smooth[noise], NOISE_PRIOR.mean) + 2.0
        starts = {middle: self.mean, "from a smooth, noisy fit": smooth}
        if previous is None:
            return starts
        resumed = {LAST: previous}
        return resumed if n >= ENOUGH_TO_GO_ON else {**starts, **resumed}

    def penalty(self, theta: Floats) -> tuple[float, Floats]:
        """Returns the negative log density up to a constant, and its gradient."""
        offset = (theta - self.mean) / self.sd
        return float(0.5 * offset @ offset), offset / self.sd


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where a search ended, and the value that it found there."""

    theta: Floats
    value: float


def begin(starts: Mapping[str, Floats], *, goes_on: bool) -> Mapping[str, Floats]:
    """Returns where to begin: where the search goes on and there is a last fit, from that alone."""
    return {LAST: starts[LAST]} if goes_on and LAST in starts else starts


def search(
    objective: Objective,
    starts: Mapping[str, Floats],
    *,
    priors: Priors,
    keeps: bool = False,
) -> Optimum | FitFailure:
    """Returns the lowest of the optima that are found from each start.

    Args:
        objective: negative log posterior with its gradient; infinite where there is none.
        starts: where to begin, by name.
        priors: how far the search may go: six deviations from the mean.
        keeps: whether the last fit is taken as it is, where there is one and it has a value.
    """
    if keeps and LAST in starts:
        value, _ = objective(starts[LAST])
        if math.isfinite(value):
            return Optimum(theta=starts[LAST], value=value)
    best, tried = None, []
    reach = _FARTHEST * priors.sd
    bounds = list(zip(priors.mean - reach, priors.mean + reach, strict=True))
    for name, start in starts.items():
        theta, value, report = fmin_l_bfgs_b(
            objective,
            start,
            bounds=bounds,
            maxiter=_MOST_STEPS,
            factr=LEAST_GAIN / EPSILON,
            pgtol=SMALLEST_SLOPE,
        )
        tried.append(f"{name}: {value:.6g} after {report['nit']} steps")
        if math.isfinite(value) and (best is None or value < best.value):
            best = Optimum(theta=theta, value=float(value))
    if best is None:
        return FitFailure(
            reason="The covariance of the observations could not be factored from any start. "
            "Look for outcomes or known variances of wildly different sizes.",
            tried=tuple(tried),
        )
    return best


def no_value(theta: Floats) -> tuple[float, Floats]:
    """Returns what an objective says where the covariance cannot be factored."""
    return math.inf, np.zeros_like(theta)
