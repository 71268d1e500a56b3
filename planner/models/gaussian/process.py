"""The Gaussian process of the families ``gp`` and ``isotropic_gp``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian import kernel
from planner.models.gaussian.exact import ExactProcess
from planner.models.gaussian.hyperparameters import Hyperparameters

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP


@dataclass(frozen=True, eq=False)
class GaussianProcess(ExactProcess):
    """A distribution over the process with fixed hyperparameters.

    Args:
        observations: what it is conditioned on.
        hyperparameters: in standardised units.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
        family: ``gp``, or ``isotropic_gp`` where all lengthscales are one.
    """

    hyperparameters: Hyperparameters
    family: str = "gp"

    @property
    def signal_variance(self) -> float:
        """That of the hyperparameters."""
        return self.hyperparameters.signal_variance

    def prior_covariance(
        self, a: Float64[Tensor, "*b n d"], b: Float64[Tensor, "*b m d"]
    ) -> Float64[Tensor, "*b n m"]:
        """Returns the signal variance times Matern 5/2."""
        unit = kernel.matern(a, b, columns=self.columns, hyperparameters=self.hyperparameters)
        return self.hyperparameters.signal_variance * unit

    @cached_property
    def model(self) -> SingleTaskGP:
        """The same process as a BoTorch model, for BoTorch's acquisition functions."""
        from planner.models.gaussian.botorch_model import make_model

        return make_model(self)
