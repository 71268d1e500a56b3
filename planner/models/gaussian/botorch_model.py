"""The surrogate as a BoTorch model; imported only where a BoTorch acquisition is used."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from botorch.models import SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from gpytorch.kernels import Kernel, MaternKernel, ScaleKernel
from gpytorch.means import ConstantMean
from jaxtyping import Float64
from torch import Tensor

from planner.models.observations import OutcomeScale

if TYPE_CHECKING:
    from planner.models.gaussian.exact import ExactProcess
    from planner.models.gaussian.process import GaussianProcess

Covariance = Callable[[Tensor, Tensor], Tensor]


def make_model(process: GaussianProcess) -> SingleTaskGP:
    """Returns a model in standardised units whose posterior is in the outcome's unit."""
    found, columns = process.hyperparameters, process.columns
    matern = MaternKernel(nu=2.5, ard_num_dims=len(columns))
    kernel = ScaleKernel(matern).double()
    matern.lengthscale = torch.tensor(
        [found.lengthscales[index] for index in columns], dtype=torch.float64
    )
    kernel.outputscale = torch.tensor(found.signal_variance, dtype=torch.float64)
    return _make(process.observations.x, process, kernel)


def make_model_of(
    x: Float64[Tensor, "n d"], process: ExactProcess, *, covariance: Covariance
) -> SingleTaskGP:
    """Returns the model of a process whose covariance BoTorch has no kernel for.

    Args:
        x: configurations that were observed, as a campaign sees them.
        process: hyperparameters, outcomes and noise.
        covariance: before anything was observed, of configurations as a campaign sees them.
    """
    return _make(x, process, _GivenKernel(covariance))


def _make(x: Float64[Tensor, "n d"], process: ExactProcess, kernel: Kernel) -> SingleTaskGP:
    """Returns the model with a kernel whose hyperparameters are set; nothing is trained."""
    scale = process.scale
    model = SingleTaskGP(
        x,
        ((process.observations.y - scale.mean) / scale.sd)[:, None],
        (process.noise_variances / scale.sd**2)[:, None],
        covar_module=kernel,
        mean_module=ConstantMean(),
        outcome_transform=None,
    )
    model.mean_module.initialize(constant=torch.tensor(process.mean, dtype=torch.float64))
    # set afterwards: on construction BoTorch would standardise by the data instead
    model.outcome_transform = _standardize(scale)
    model.requires_grad_(requires_grad=False)
    return model.eval()


class _GivenKernel(Kernel):
    """A kernel that asks a function for its covariances."""

    def __init__(self, covariance: Covariance) -> None:
        super().__init__()
        self._covariance = covariance

    def forward(
        self,
        x1: Tensor,
        x2: Tensor,
        diag: bool = False,
        last_dim_is_batch: bool = False,
        **_: object,
    ) -> Tensor:
        """Returns covariances of all pairs, or of each row with its own."""
        if diag:
            each = self._covariance(x1[..., :, None, :], x2[..., :, None, :])
            return each[..., 0, 0]
        return self._covariance(x1, x2)


def _standardize(scale: OutcomeScale) -> Standardize:
    """Returns the transform with the given mean and deviation."""
    transform = Standardize(m=1, min_stdv=0.0).double()
    half = scale.sd / math.sqrt(2.0)  # two values so far from their mean have deviation sd
    transform(torch.tensor([[scale.mean - half], [scale.mean + half]], dtype=torch.float64))
    return transform.eval()
