"""From an outcome to a standardised bent one, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.observations import OutcomeScale
from planner.models.transformed.curves import Curve


@dataclass(frozen=True, slots=True)
class Bending:
    """How an outcome becomes a standardised bent one.

    Args:
        curve: a family of curves, over standardised outcomes.
        shape: of the curve.
        scale: what the outcome is standardised by before it is bent.
        centre: of the bent outcome.
        spread: of the bent outcome; above 0.
    """

    curve: Curve
    shape: tuple[float, ...]
    scale: OutcomeScale
    centre: float
    spread: float

    def bend(self, y: Float64[Tensor, " n"]) -> tuple[Tensor, Tensor]:
        """Returns standardised bent outcomes, and the logarithm of the slope there."""
        w = ((y - self.scale.mean) / self.scale.sd).numpy()
        bent = self.curve.bend(w, np.array(self.shape))
        return (
            torch.from_numpy((bent.g - self.centre) / self.spread),
            torch.from_numpy(bent.log_slope - math.log(self.spread * self.scale.sd)),
        )

    def straighten(self, z: Float64[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
        """Returns outcomes in their unit, within their bounds; differentiable."""
        w = self.curve.straighten(self.centre + self.spread * z, np.array(self.shape))
        return self.scale.mean + self.scale.sd * w
