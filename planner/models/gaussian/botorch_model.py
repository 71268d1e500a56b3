"""The surrogate as a BoTorch model; imported only where a BoTorch acquisition is used."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from botorch.models import SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from gpytorch.kernels import Kernel, MaternKernel, ScaleKernel
from gpytorch.means import ConstantMean
from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.exact import ExactProcess
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.observations import Observations, OutcomeScale

Covariance = Callable[[Tensor, Tensor], Tensor]


def make_model(
    observations: Observations,
    *,
    noise_variances: Float64[Tensor, " n"],
    hyperparameters: Hyperparameters,
    columns: tuple[int, ...],
    scale: OutcomeScale,
) -> SingleTaskGP:
    """Returns a model in standardised units whose posterior is in the outcome's unit.

    Args:
        observations: what it is conditioned on.
        noise_variances: of each observation, in the outcome's unit squared.
        hyperparameters: in standardised units; fixed, nothing is trained.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome is standardised.
    """
    matern = MaternKernel(nu=2.5, ard_num_dims=len(columns))
    kernel = ScaleKernel(matern).double()
    model = SingleTaskGP(
        observations.x,
        ((observations.y - scale.mean) / scale.sd)[:, None],
        (noise_variances / scale.sd**2)[:, None],
        covar_module=kernel,
        mean_module=ConstantMean(),
        outcome_transform=None,
    )
    lengthscales = [hyperparameters.lengthscales[index] for index in columns]
    matern.lengthscale = torch.tensor(lengthscales, dtype=torch.float64)
    kernel.outputscale = torch.tensor(hyperparameters.signal_variance, dtype=torch.float64)
    model.mean_module.initialize(constant=torch.tensor(hyperparameters.mean, dtype=torch.float64))
    # set afterwards: on construction BoTorch would standardise by the data instead
    model.outcome_transform = _standardize(scale)
    model.requires_grad_(requires_grad=False)
    return model.eval()


def make_model_of(
    x: Float64[Tensor, "n d"], process: ExactProcess, *, covariance: Covariance
) -> SingleTaskGP:
    """Returns the model of a process whose covariance BoTorch has no kernel for.

    Args:
        x: configurations that were observed, as a campaign sees them.
        process: hyperparameters, outcomes and noise.
        covariance: before anything was observed, of configurations as a campaign sees them.
    """
    scale = process.scale
    model = SingleTaskGP(
        x,
        ((process.observations.y - scale.mean) / scale.sd)[:, None],
        (process.noise_variances / scale.sd**2)[:, None],
        covar_module=_GivenKernel(covariance),
        mean_module=ConstantMean(),
        outcome_transform=None,
    )
    model.mean_module.initialize(constant=torch.tensor(process.mean, dtype=torch.float64))
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
