"""Draws of functions as a BoTorch model; imported only where a BoTorch acquisition is used.

BoTorch's own ensemble posterior offers only the draws that there are, and needs a sampler of its
own. A normal posterior of their mean and covariance serves every sampler and acquisition function.
"""

from __future__ import annotations

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from torch import Tensor

from planner.models.drawn.surrogate import Drawn, deviations

# Relative to the prior variance: there are more configurations than draws, and rounding.
_JITTER = 1e-6


class DrawnModel(Model):
    """The normal process with the mean and covariance of draws.

    Args:
        drawn: the surrogate.
    """

    def __init__(self, drawn: Drawn) -> None:
        super().__init__()
        self.drawn = drawn

    @property
    def num_outputs(self) -> int:
        """One outcome."""
        return 1

    @property
    def batch_shape(self) -> torch.Size:
        """The draws are one model, not a batch of them."""
        return torch.Size([])

    def posterior(
        self,
        X: Tensor,  # noqa: N803 - BoTorch passes it by name
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: PosteriorTransform | None = None,
    ) -> GPyTorchPosterior:
        """Returns the posterior of the process, or of measurements, at each batch of X."""
        del output_indices  # there is one output
        f = self.drawn.functions(X)
        d = deviations(f)
        nugget = torch.full_like(X[..., 0], _JITTER * self.drawn.scale.sd**2)
        if isinstance(observation_noise, Tensor):
            nugget = nugget + observation_noise.squeeze(-1)
        elif observation_noise:
            noise = self.drawn.noise_sd(X.reshape(-1, X.shape[-1])).square()
            nugget = nugget + noise.view(X.shape[:-1])
        cov = d.mT @ d + torch.diag_embed(nugget)
        posterior = GPyTorchPosterior(MultivariateNormal(f.mean(dim=-2), cov))
        if posterior_transform is None:
            return posterior
        transformed: GPyTorchPosterior = posterior_transform(posterior, X=X)
        return transformed
