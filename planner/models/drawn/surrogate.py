"""A surrogate that is known by draws of whole functions: an ensemble, a forest, chains.

| symbol | meaning                                                          | shape |
|--------|------------------------------------------------------------------|-------|
| f      | the drawn functions                                              | m n   |
| D      | ``(f - mean) / sqrt(m - 1)``                                     | m n   |

Mean and covariance are those of the draws, ``D'D``. As D has m rows, m draws know correlations of
0 up to ``1 / sqrt(m)``.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.surrogate import Surrogate

if TYPE_CHECKING:
    from botorch.models.model import Model

    from planner.models.drawn.updated import Updated

# Where all draws agree the deviation is this share of the scale, and its gradient finite.
_SMALLEST_SD = 1e-7


class Drawn(Surrogate):
    """A distribution over the process that is known by draws of it."""

    @abstractmethod
    def functions(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b m n"]:
        """Returns the draws at configurations, always the same ones, in the outcome's unit."""

    def mean_and_covariance(
        self, x: Float64[Tensor, "*b n d"]
    ) -> tuple[Float64[Tensor, "*b n"], Float64[Tensor, "*b n n"]]:
        """Returns what ``moments`` and ``covariance`` say, of batches of configurations."""
        f = self.functions(x)
        d = deviations(f)
        return f.mean(dim=-2), d.mT @ d

    @cached_property
    def model(self) -> Model:
        """The normal process of the same mean and covariance, for BoTorch."""
        from planner.models.drawn.botorch_model import DrawnModel

        return DrawnModel(self)

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the draws."""
        f = self.functions(x)
        smallest = (_SMALLEST_SD * self.scale.sd) ** 2
        return f.mean(dim=-2), f.var(dim=-2).clamp_min(smallest).sqrt()

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns the covariances of the draws."""
        left, right = deviations(self.functions(a)), deviations(self.functions(b))
        return left.mT @ right

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws from the normal process of the draws' mean and covariance.

        So that there are as many different ones as are asked for.
        """
        f = self.functions(x)
        generator = torch.Generator(device=x.device).manual_seed(seed)
        normal = torch.randn(n, len(f), dtype=x.dtype, device=x.device, generator=generator)
        return f.mean(dim=0) + normal @ deviations(f)

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> Surrogate:
        """Returns the surrogate as if the configurations had been measured at their means."""
        if len(x) == 0:
            return self
        x = x.detach()
        mean = self.moments(x)[0].detach()
        return self.after(x, mean, torch.full_like(mean, torch.nan))

    def after(
        self, x: Float64[Tensor, "m d"], y: Float64[Tensor, " m"], var: Float64[Tensor, " m"]
    ) -> Updated:
        """Returns the surrogate that has learned from further results without a new fit.

        Args:
            x: configurations.
            y: what was measured there, in the outcome's unit.
            var: known variances of these measurements; NaN where the learned noise counts.
        """
        from planner.models.drawn.updated import Updated
        from planner.models.observations import Observations

        return Updated(before=self, news=Observations(x=x, y=y, var=var))


def deviations(f: Float64[Tensor, "*b m n"]) -> Float64[Tensor, "*b m n"]:
    """Returns D."""
    return (f - f.mean(dim=-2, keepdim=True)) / math.sqrt(f.shape[-2] - 1)
