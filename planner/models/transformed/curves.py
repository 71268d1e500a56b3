"""Curves that an outcome is bent by, so that it looks normal: g, its slope and its inverse.

| symbol | meaning                                                               |
|--------|-----------------------------------------------------------------------|
| w      | outcome minus its mean, over its deviation                            |
| g(w)   | bent outcome, rising; the process is Gaussian in it, up to a line     |
| phi    | shape of the curve, two numbers, each with a normal prior             |

Without bounds ``g = sinh(b asinh(w) - a)`` with ``phi = (a, log b)``: a leans it to one side, b
below 1 draws in both tails; a = 0 and b = 1 is the identity. With bounds
``g = log(1 + (w - low) / s) - log(1 + (high - w) / t)`` with ``phi = (log s, log t)``, of which a
bound that is not there has none: the logarithm of the distance from a bound, with a play of s or t
so that an outcome may lie on it. A large play is the identity, up to a line.

Source: sinh-arcsinh from Jones and Pewsey, "Sinh-arcsinh distributions" (Biometrika 96, 2009); the
likelihood of a Gaussian process with a learned curve from Snelson, Rasmussen and Ghahramani,
"Warped Gaussian Processes" (NIPS 2003), equation 4.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.priors import LEAN_PRIOR, PLAY_PRIOR, TAILS_PRIOR, LogNormal
from planner.space import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Bent:
    """Bent outcomes with what a fit needs of them.

    Args:
        g: bent outcomes, ``n``.
        log_slope: ``log dg/dw``, ``n``.
        by_shape: ``dg/dphi``, shape ``k n``.
        log_slope_by_shape: ``d log_slope / dphi``, shape ``k n``.
    """

    g: Floats
    log_slope: Floats
    by_shape: Floats
    log_slope_by_shape: Floats


class Curve(ABC):
    """A family of rising curves, in standardised units."""

    @property
    @abstractmethod
    def priors(self) -> tuple[LogNormal, ...]:
        """Normal priors of the shape, one each."""

    @abstractmethod
    def bend(self, w: Floats, shape: Floats) -> Bent:
        """Returns bent outcomes with their derivatives."""

    @abstractmethod
    def straighten(self, g: Float64[Tensor, "*n"], shape: Floats) -> Float64[Tensor, "*n"]:
        """Returns the outcomes, within the bounds; the inverse of ``bend``, differentiable."""


@dataclass(frozen=True, slots=True)
class SinhArcsinh(Curve):
    """The curve of an outcome without bounds."""

    @property
    def priors(self) -> tuple[LogNormal, ...]:
        """Of the lean a, and of log b."""
        return LEAN_PRIOR, TAILS_PRIOR

    def bend(self, w: Floats, shape: Floats) -> Bent:
        """Returns ``sinh(b asinh(w) - a)`` with its derivatives."""
        b, s = math.exp(shape[1]), np.arcsinh(w)
        t = b * s - shape[0]
        return Bent(
            g=np.sinh(t),
            log_slope=shape[1] + np.log(np.cosh(t)) - 0.5 * np.log1p(w * w),
            by_shape=np.stack([-np.cosh(t), b * s * np.cosh(t)]),
            log_slope_by_shape=np.stack([-np.tanh(t), 1.0 + b * s * np.tanh(t)]),
        )

    def straighten(self, g: Float64[Tensor, "*n"], shape: Floats) -> Float64[Tensor, "*n"]:
        """Returns ``sinh((asinh(g) + a) / b)``."""
        return torch.sinh((torch.asinh(g) + shape[0]) / math.exp(shape[1]))


@dataclass(frozen=True, slots=True)
class LogDistance(Curve):
    """The curve of an outcome with bounds.

    Args:
        low: lower bound in standardised units; None where there is none.
        high: upper bound; None where there is none; one of them is given.
    """

    low: float | None
    high: float | None

    @property
    def priors(self) -> tuple[LogNormal, ...]:
        """Of the logarithm of each bound's play."""
        return (PLAY_PRIOR,) * sum(end is not None for end in (self.low, self.high))

    def bend(self, w: Floats, shape: Floats) -> Bent:
        """Returns the logarithms of the distances from the bounds, with their derivatives."""
        sides = []
        if self.low is not None:
            sides.append(_side(w - self.low, math.exp(shape[0])))
        if self.high is not None:
            sides.append(_side(self.high - w, math.exp(shape[-1]), sign=-1.0))
        slope = sum(each.slope for each in sides)
        return Bent(
            g=np.sum([each.g for each in sides], axis=0),
            log_slope=np.log(slope),
            by_shape=np.stack([each.by_shape for each in sides]),
            log_slope_by_shape=np.stack([each.slope_by_shape / slope for each in sides]),
        )

    def straighten(self, g: Float64[Tensor, "*n"], shape: Floats) -> Float64[Tensor, "*n"]:
        """Returns the outcomes, those beyond a bound moved to it."""
        if self.high is None:
            assert self.low is not None
            above = math.exp(shape[0]) * torch.expm1(g)
            return self.low + above.clamp_min(0.0)
        if self.low is None:
            below = math.exp(shape[0]) * torch.expm1(-g)
            return self.high - below.clamp_min(0.0)
        width, s, t = self.high - self.low, math.exp(shape[0]), math.exp(shape[1])
        # 1 + u/s = e^g (1 + (width - u)/t), solved for u, in the form that cannot overflow
        share = torch.sigmoid(g + math.log(s / t))
        above = share * (width + t) - (1.0 - share) * s
        return self.low + above.clamp(0.0, width)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    g: Floats
    slope: Floats
    by_shape: Floats
    slope_by_shape: Floats


def _side(distance: Floats, play: float, *, sign: float = 1.0) -> _Side:
    """Returns ``sign log(1 + distance / play)``; beyond the bound it goes on as a line."""
    inside, beyond = np.maximum(distance, 0.0), np.minimum(distance, 0.0)
    total = play + inside
    return _Side(
        g=sign * (np.log1p(inside / play) + beyond / play),
        slope=1.0 / total,
        by_shape=-sign * (inside / total + beyond / play),
        slope_by_shape=-play / total**2,
    )
