"""The surrogate of the family ``mixed_gp``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.exact import ExactProcess
from planner.models.mixed.kernel import MixedHyperparameters, covariance

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP


@dataclass(frozen=True, eq=False)
class MixedProcess(ExactProcess):
    """A Gaussian process over numbers and choices.

    Args:
        observations: what it is conditioned on.
        hyperparameters: in standardised units.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
        categories: parameters that are choices without an order.
    """

    hyperparameters: MixedHyperparameters
    categories: frozenset[int]

    @property
    def family(self) -> str:
        """A Gaussian process over numbers and choices."""
        return "mixed_gp"

    @property
    def signal_variance(self) -> float:
        """The shares sum to one."""
        return 1.0

    def prior_covariance(
        self, a: Float64[Tensor, "*b n d"], b: Float64[Tensor, "*b m d"]
    ) -> Float64[Tensor, "*b n m"]:
        """Returns what numbers and choices share."""
        return covariance(
            a,
            b,
            columns=self.columns,
            categories=self.categories,
            hyperparameters=self.hyperparameters,
        )

    @cached_property
    def model(self) -> SingleTaskGP:
        """The same process as a BoTorch model."""
        from planner.models.gaussian.botorch_model import make_model_of

        return make_model_of(self.observations.x, self, covariance=self.prior_covariance)
