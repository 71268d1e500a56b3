"""Draws of functions as a BoTorch model; imported only where a BoTorch acquisition is used.

BoTorch's own ensemble posterior offers only the draws that there are, and needs a sampler of its
own. A normal posterior of their mean and covariance serves every sampler and acquisition function.
"""

from __future__ import annotations

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from jaxtyping import Float64
from torch import Tensor

from planner.models.botorch_model import OneOutcomeModel, with_noise
from planner.models.drawn.surrogate import Drawn

# Relative to the prior variance: there are more configurations than draws, and rounding.
_JITTER = 1e-6


class DrawnModel(OneOutcomeModel):
    """The normal process with the mean and covariance that the surrogate states.

    Args:
        drawn: the surrogate.
    """

    def __init__(self, drawn: Drawn) -> None:
        super().__init__()
        self.drawn = drawn

    def _posterior(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> GPyTorchPosterior:
        mean, covariance = self.drawn.mean_and_covariance(x)
        nugget = with_noise(
            torch.full_like(x[..., 0], _JITTER * self.drawn.scale.sd**2),
            noise,
            learned=lambda: self._noise_variances(x),
        )
        posterior = GPyTorchPosterior(
            MultivariateNormal(mean, covariance + torch.diag_embed(nugget))
        )
        if transform is None:
            return posterior
        transformed: GPyTorchPosterior = transform(posterior, X=x)
        return transformed

    def _noise_variances(self, x: Float64[Tensor, "*b q d"]) -> Float64[Tensor, "*b q"]:
        flat = self.drawn.noise_sd(x.reshape(-1, x.shape[-1])).square()
        return flat.view(x.shape[:-1])
