"""What a Gaussian process says of its own observations, each without itself.

| symbol | meaning                                                     | shape |
|--------|-------------------------------------------------------------|-------|
| m, s^2 | mean and variance of the process at an observation          | k n   |
| n^2    | variance of its measurement                                 | k n   |
| v      | variance of the process without it, ``1 / (1/s^2 - 1/n^2)`` | k n   |
| u      | mean without it, ``v (m / s^2 - y / n^2)``                  | k n   |

With given hyperparameters that is leave-one-out exactly. Of a mixture each component is weighted by
the inverse density of what is left out, so that it does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from planner.models.predictive.normal import normal_log_density

if TYPE_CHECKING:
    from planner.models.surrogate import Mixture


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """A mixture of normals for each of n observations that did not know it.

    Args:
        means: of the process, by component.
        sds: of the process.
        noise_sds: of the observation around the process.
        log_weights: of the components; one constant an observation may be missing.
        is_possible: whether the observation could be taken out again.
    """

    means: Float64[Tensor, "k n"]
    sds: Float64[Tensor, "k n"]
    noise_sds: Float64[Tensor, "k n"]
    log_weights: Float64[Tensor, "k n"]
    is_possible: Bool[Tensor, " n"]


def leave_out(said: Mixture, y: Float64[Tensor, " n"], var: Float64[Tensor, " n"]) -> LeftOut:
    """Returns what a mixture of Gaussian processes would say of observations without them.

    Args:
        said: of the same observations, with them.
        y: what was measured, in the outcome's unit.
        var: known variances of these measurements; NaN where the model's own noise counts.
    """
    noise = torch.where(var.isnan(), said.noise_sds.square(), var)
    precision = said.sds.square().reciprocal() - noise.reciprocal()
    v = precision.clamp_min(1e-300).reciprocal()
    u = v * (said.means / said.sds.square() - y / noise)
    sd = (v + noise).sqrt()
    return LeftOut(
        means=u,
        sds=v.sqrt(),
        noise_sds=noise.sqrt(),
        log_weights=said.weights.log()[:, None] - normal_log_density((y - u) / sd) + sd.log(),
        is_possible=((precision > 0.0) & (noise > 0.0)).all(dim=0),
    )
