"""The nearest-neighbour process as a BoTorch model; imported only where BoTorch is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from botorch.acquisition.objective import PosteriorTransform
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from torch import Tensor

from planner.models.botorch_model import OneOutcomeModel, with_noise

if TYPE_CHECKING:
    from planner.models.large.surrogate import LargeProcess

# Relative to the prior variance: hides rounding that would keep a covariance from factoring.
_JITTER = 1e-9


class LargeModel(OneOutcomeModel):
    """The process at batches of configurations.

    Args:
        process: the surrogate.
    """

    def __init__(self, process: LargeProcess) -> None:
        super().__init__()
        self.process = process

    def _posterior(
        self, x: Tensor, *, noise: bool | Tensor, transform: PosteriorTransform | None
    ) -> GPyTorchPosterior:
        flat = x.reshape(-1, x.shape[-1])
        mean = self.process.moments(flat)[0].reshape(x.shape[:-1])
        batches = x.reshape(-1, *x.shape[-2:])
        cov = torch.stack([self.process.covariance(each, each) for each in batches])
        nugget = with_noise(
            torch.full_like(mean, _JITTER * self.process.prior_sd**2),
            noise,
            learned=lambda: self.process.noise_sd(flat).square().reshape(mean.shape),
        )
        cov = cov.reshape(*x.shape[:-1], x.shape[-2]) + torch.diag_embed(nugget)
        posterior = GPyTorchPosterior(MultivariateNormal(mean, cov))
        if transform is None:
            return posterior
        transformed: GPyTorchPosterior = transform(posterior, X=x)
        return transformed
