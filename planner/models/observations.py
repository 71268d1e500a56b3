"""What a surrogate is conditioned on, and the scale that its outcome is standardised by."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.errors import InputError
from planner.space import Floats

# The variance of a measurement, relative to that of the outcome, below which rounding decides
# whether a covariance can be factored; none counts as surer.
SMALLEST_NOISE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Configurations that were tried and what came of them; replicates are rows with the same x.

    Args:
        x: encoded configurations, ``n d``, float64.
        y: outcomes in their own unit, ``n``.
        var: known variances of the measurements, in the outcome's unit squared, ``n``; NaN where
            it is not known and has to be learned.
    """

    x: Float64[Tensor, "n d"]
    y: Float64[Tensor, " n"]
    var: Float64[Tensor, " n"]

    def __post_init__(self) -> None:
        n = len(self.y)
        if self.x.ndim != 2 or len(self.x) != n or self.y.ndim != 1 or self.var.shape != (n,):
            raise InputError(
                f"Observations need x of shape n d and y and var of shape n, not "
                f"{tuple(self.x.shape)}, {tuple(self.y.shape)} and {tuple(self.var.shape)}."
            )
        if any(part.dtype != torch.float64 for part in (self.x, self.y, self.var)):
            raise InputError("Observations need x, y and var in float64.")
        if not (self.x.isfinite().all() and self.y.isfinite().all()):
            raise InputError(
                "An observation has a configuration or an outcome that is not a finite number. "
                "Leave failed measurements out."
            )
        if bool((self.var < 0).any()) or bool(self.var.isinf().any()):
            raise InputError("A known variance must be a finite number of at least 0, or NaN.")

    @classmethod
    def from_arrays(cls, x: Floats, y: Floats, var: Floats | None = None) -> Observations:
        """Returns observations from numpy arrays; without ``var`` no noise is known.

        Raises:
            InputError: shapes do not fit, or a value is not finite.
        """
        known = np.full(len(y), np.nan) if var is None else var
        return cls(*(torch.from_numpy(np.array(part, dtype=np.float64)) for part in (x, y, known)))

    def followed_by(
        self,
        x: Float64[Tensor, "m d"],
        y: Float64[Tensor, " m"],
        var: Float64[Tensor, " m"] | None = None,
    ) -> Observations:
        """Returns these observations and then those; without ``var`` their noise is not known."""
        var = torch.full_like(y, torch.nan) if var is None else var
        return Observations(
            x=torch.cat([self.x, x]), y=torch.cat([self.y, y]), var=torch.cat([self.var, var])
        )

    def in_order(self) -> Observations:
        """Returns the same observations sorted by x, y and var.

        Rounding depends on the order of sums; from sorted observations a fit is the same to the
        last bit in whatever order the results came in.
        """
        keys = np.column_stack([self.x.numpy(), self.y.numpy(), self.var.numpy()])
        order = torch.from_numpy(np.lexsort(keys.T[::-1]))
        return Observations(x=self.x[order], y=self.y[order], var=self.var[order])


@dataclass(frozen=True, slots=True)
class OutcomeScale:
    """Mean and standard deviation that the outcome is standardised by, in its own unit.

    Args:
        mean: what to expect before anything is known.
        sd: how far outcomes spread around it; above 0.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd > 0):
            raise InputError(
                f"An outcome's scale needs a finite mean and an sd above 0, "
                f"not {self.mean:g} and {self.sd:g}."
            )

    @classmethod
    def from_range(cls, low: float, high: float) -> OutcomeScale:
        """Returns the scale for an expected range, taken as mean plus and minus two deviations."""
        return cls(mean=(low + high) / 2, sd=(high - low) / 4)
