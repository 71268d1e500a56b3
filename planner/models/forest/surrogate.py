"""The forest as a surrogate: draws of the trees' values are draws of the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.drawn.noise import NoiseField
from planner.models.drawn.surrogate import Drawn
from planner.models.forest.levels import Steps
from planner.models.forest.trees import Trees
from planner.models.observations import Observations, OutcomeScale
from planner.space import Floats


@dataclass(frozen=True, eq=False)
class Forest(Drawn):
    """Trees, and draws of the values of their nodes.

    Args:
        observations: what they are conditioned on.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
        trees: where the splits are.
        values: of the nodes, some draws a tree, standardised, ``t s m``.
        steps: how the process was taken to vary beforehand.
        spread: of the draws around their mean, relative to that of the trees: the mean of many
            trees errs less than one of them does.
        noise: of one run around the process.
        reach: for each parameter how far one has to go to be elsewhere.
    """

    observations: Observations
    columns: tuple[int, ...]
    scale: OutcomeScale
    trees: Trees
    values: Floats
    steps: Steps
    spread: float
    noise: NoiseField
    reach: tuple[float, ...]

    @property
    def family(self) -> str:
        """Trees."""
        return "forest"

    @property
    def memo(self) -> Mapping[str, object]:
        """Steps and noise; trees are grown anew with every fit."""
        noise = {"level": self.noise.level, "trends": list(self.noise.trends)}
        return {
            "n": len(self.observations.y),
            "noise": noise,
            "steps": asdict(self.steps),
            "spread": self.spread,
        }

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those at which the correlation of the trees has fallen to that of the plain process."""
        return self.reach

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process at each configuration."""
        return self.scale.sd * (0.5 * self.noise.log_variance(x)).exp()

    def functions(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b m n"]:
        """Returns the draws; they are flat between edges, so gradients are 0 everywhere."""
        flat = x.detach().reshape(-1, x.shape[-1]).numpy()
        leaves = self.trees.leaves(flat)
        drawn = np.take_along_axis(self.values, leaves[:, None, :], axis=2)
        drawn = drawn.reshape(-1, len(flat))
        mean = drawn.mean(axis=0)
        drawn = mean + self.spread * (drawn - mean)
        f = torch.from_numpy(drawn.reshape(-1, *x.shape[:-1])).movedim(0, -2)
        # flat, but part of what is differentiated: an ascent ends at once instead of failing
        still = 0.0 * x.sum(dim=-1)[..., None, :]
        return self.scale.mean + self.scale.sd * f + still
