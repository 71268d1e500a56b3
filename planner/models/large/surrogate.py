"""The Gaussian process of the family ``large_gp``: each prediction asks its nearest settings.

A prediction costs the same however many observations there are; with no more settings than it asks
it is the exact process.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian import kernel
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.large.merged import Centres, Merged
from planner.models.large.neighbours import Tree, Weights, error_covariance, weigh
from planner.models.observations import SMALLEST_NOISE, Observations, OutcomeScale
from planner.models.surrogate import Surrogate

if TYPE_CHECKING:
    from botorch.models.model import Model

# How many settings a prediction asks.
N_NEIGHBOURS = 128
_SMALLEST_VARIANCE = 1e-14
# Kernels between so many neighbourhoods stay in the processor's cache: twice as fast.
_BLOCK = 32


@dataclass(frozen=True, eq=False)
class LargeProcess(Surrogate):
    """A distribution over the process with fixed hyperparameters.

    Args:
        observations: what it is conditioned on.
        hyperparameters: in standardised units.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
        n_neighbours: how many settings a prediction asks.
    """

    observations: Observations
    hyperparameters: Hyperparameters
    columns: tuple[int, ...]
    scale: OutcomeScale
    n_neighbours: int = N_NEIGHBOURS

    @property
    def family(self) -> str:
        """The nearest-neighbour process."""
        return "large_gp"

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters."""
        return self.hyperparameters.to_json()

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the kernel."""
        return self.hyperparameters.lengthscales

    @property
    def prior_sd(self) -> float:
        """Root of the signal variance."""
        return self.scale.sd * math.sqrt(self.hyperparameters.signal_variance)

    @cached_property
    def model(self) -> Model:
        """The same process as a BoTorch model, for BoTorch's acquisition functions."""
        from planner.models.large.botorch_model import LargeModel

        return LargeModel(self)

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated with respect to x.

        As x moves one setting takes the place of another among the nearest, the farthest of them,
        and mean and deviation make a small step.
        """
        constant, sd = self.hyperparameters.mean, self.scale.sd
        means, sds = [], []
        for block in torch.split(x, _BLOCK) or (x,):
            found = self._weights(block)
            mean = constant + (found.w * (self._centres.z[found.at] - constant)).sum(dim=-1)
            means.append(self.scale.mean + sd * mean)
            sds.append(sd * found.variance.clamp_min(_SMALLEST_VARIANCE).sqrt())
        return torch.cat(means), torch.cat(sds)

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process, the same everywhere."""
        noise_sd = self.scale.sd * self.hyperparameters.noise_variance**0.5
        return torch.full((len(x),), noise_sd, dtype=x.dtype, device=x.device)

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns covariances of what predictions lack to the process; can be differentiated."""
        left = (a, self._weights(a))
        right = left if a is b else (b, self._weights(b))
        # the rows are worked on a few at a time, so the longer side is better there
        is_turned = len(a) < len(b)
        found = error_covariance(
            self._kernel,
            right if is_turned else left,
            left if is_turned else right,
            settings=self._merged.x,
            var=self._centres.var,
        )
        return self.scale.sd**2 * (found.T if is_turned else found)

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> LargeProcess:
        """Returns the process as if the configurations had been measured at their means.

        Where they take the place of other settings among the nearest the mean moves, by less than
        those settings had told.
        """
        if len(x) == 0:
            return self
        old, mean = self.observations, self.moments(x)[0].detach()
        seen = Observations(
            x=torch.cat([old.x, x.detach()]),
            y=torch.cat([old.y, mean]),
            var=torch.cat([old.var, self.noise_sd(x).square().clamp_min(self._smallest_noise)]),
        )
        # noise that is learned stays so, though a known one was added
        return replace(self, observations=seen)

    @property
    def _smallest_noise(self) -> float:
        return SMALLEST_NOISE * self.scale.sd**2

    def _weights(self, x: Float64[Tensor, "n d"]) -> Weights:
        blocks = [self._weights_of_block(block) for block in torch.split(x, _BLOCK) or (x,)]
        return Weights(
            at=torch.cat([each.at for each in blocks]),
            w=torch.cat([each.w for each in blocks]),
            variance=torch.cat([each.variance for each in blocks]),
        )

    def _weights_of_block(self, x: Float64[Tensor, "n d"]) -> Weights:
        return weigh(
            self._kernel,
            x,
            self._tree.nearest(x, self.n_neighbours),
            settings=self._merged.x,
            var=self._centres.var,
            signal=self.hyperparameters.signal_variance,
        )

    def _kernel(self, a: Tensor, b: Tensor) -> Tensor:
        unit = kernel.matern(a, b, columns=self.columns, hyperparameters=self.hyperparameters)
        return self.hyperparameters.signal_variance * unit

    @cached_property
    def _merged(self) -> Merged:
        z = (self.observations.y - self.scale.mean) / self.scale.sd
        known = (self.observations.var / self.scale.sd**2).clamp_min(SMALLEST_NOISE)
        return Merged.of(self.observations.x, z, known)

    @cached_property
    def _centres(self) -> Centres:
        noise = max(self.hyperparameters.noise_variance, SMALLEST_NOISE)
        return self._merged.centres(torch.tensor(noise, dtype=torch.float64))

    @cached_property
    def _tree(self) -> Tree:
        lengthscales = [self.lengthscales[index] for index in self.columns]
        return Tree(self._merged.x, torch.tensor(lengthscales, dtype=torch.float64))
