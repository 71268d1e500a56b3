"""Outcomes that cannot leave their bounds: moments of a normal that is cut off at both ends, exact.

The process is ``clip(f, low, high)`` with f the Gaussian process, and the next run is
``clip(f + noise, low, high)``: what would lie beyond a bound is measured at it.

| symbol | meaning                                                            |
|--------|--------------------------------------------------------------------|
| Z      | normal of mean a and deviation 1                                   |
| A      | max(Z, 0)                                                          |
| B      | max(Z - w, 0), so that ``clip(Z, 0, w) = A - B``                   |

``E[A] = phi(a) + a Phi(a)`` and
``var[A] = Phi(a) + a^2 Phi(a) Phi(-a) + a phi(a) (1 - 2 Phi(a)) - phi(a)^2``; B likewise with
``a - w``. As A is ``B + w`` wherever B is not 0,
``var[A - B] = var[A] - var[B] - 2 E[B] (w + E[B] - E[A])``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.errors import InputError
from planner.models.predictive.normal import normal_cdf, normal_log_density

# So many deviations below its mean a normal has no mass in double precision.
_NOTHING_BELOW = -40.0
# Of a variance in squared deviations.
_SMALLEST_VARIANCE = 1e-30


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and deviation."""

    mean: Float64[Tensor, " n"]
    sd: Float64[Tensor, " n"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The smallest and the largest value that an outcome can take, in its unit.

    Args:
        low: None where there is no smallest.
        high: None where there is no largest.
    """

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        ends = [end for end in (self.low, self.high) if end is not None]
        if not all(math.isfinite(end) for end in ends) or ends != sorted(set(ends)):
            raise InputError(f"Bounds must be finite, the lower one below the upper: {self}.")

    @property
    def lowest(self) -> float:
        """The lower bound, minus infinity where there is none."""
        return -math.inf if self.low is None else self.low

    @property
    def highest(self) -> float:
        """The upper bound, infinity where there is none."""
        return math.inf if self.high is None else self.high

    @property
    def are_none(self) -> bool:
        """Whether the outcome can take any value."""
        return self.low is None and self.high is None

    def clip(self, values: Float64[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
        """Returns the values, those beyond a bound moved to it."""
        return values if self.are_none else values.clamp(self.low, self.high)

    def moments(self, mean: Float64[Tensor, " n"], sd: Float64[Tensor, " n"]) -> Moments:
        """Returns mean and deviation of ``clip(Y, low, high)`` for Y normal; can be differentiated.

        Args:
            mean: of Y, in the outcome's unit.
            sd: of Y, above 0.
        """
        if self.are_none:
            return Moments(mean=mean, sd=sd)
        if self.low is None:
            below, var = rectified_moments((self.highest - mean) / sd)
            return Moments(mean=self.highest - sd * below, sd=sd * floored_root(var))
        width = None if self.high is None else (self.high - self.low) / sd
        above, var = rectified_moments((mean - self.low) / sd, width)
        # rounding of the last digit may lead out again
        return Moments(mean=self.clip(self.low + sd * above), sd=sd * floored_root(var))


def rectified_moments(
    a: Float64[Tensor, " n"], width: Float64[Tensor, " n"] | None = None
) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
    """Returns mean and variance of ``clip(Z, 0, width)`` for Z normal of mean ``a``, deviation 1.

    Args:
        a: how far the mean lies above the lower end, in deviations.
        width: from one end to the other, in deviations, at least 0; None where there is no
            upper end.
    """
    if width is None:
        return _above_zero(a)
    # seen from the nearer end, so that nothing large is taken from something large
    is_mirrored = a > 0.5 * width
    near = torch.where(is_mirrored, width - a, a)
    mean_a, var_a = _above_zero(near)
    mean_b, var_b = _above_zero((near - width).clamp_min(_NOTHING_BELOW))
    mean = mean_a - mean_b
    var = var_a - var_b - 2.0 * mean_b * (width - mean)
    # nothing varies more than what is half the time at either end; of narrow bounds rounding would
    var = torch.minimum(var, (0.5 * width).square())
    return torch.where(is_mirrored, width - mean, mean), var


def floored_root(var: Float64[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
    """Returns the root of a variance; where none is left its gradient stays finite."""
    return var.clamp_min(_SMALLEST_VARIANCE).sqrt()


def _above_zero(
    a: Float64[Tensor, " n"],
) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
    """Returns mean and variance of ``max(Z, 0)`` for Z normal of mean ``a`` and deviation 1."""
    density = normal_log_density(a).exp()
    inside, outside = normal_cdf(a), normal_cdf(-a)
    mean = density + a * inside
    # Phi(a) Phi(-a), not E[A^2] - E[A]^2: that loses all digits where a is large
    var = (
        inside + a.square() * inside * outside + a * density * (outside - inside) - density.square()
    )
    return mean, var
