"""The surrogate of the family ``mixed_gp``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.exact import ExactProcess
from planner.models.mixed.kernel import MixedHyperparameters, covariance
from planner.models.observations import Observations, OutcomeScale

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP


@dataclass(frozen=True, eq=False)
class MixedProcess(ExactProcess):
    """A Gaussian process over numbers and choices.

    Args:
        observations: what it is conditioned on.
        hyperparameters: in standardised units.
        columns: for each encoded column the index of the parameter it belongs to.
        categories: parameters that are choices without an order.
        scale: how the outcome was standardised.
    """

    observations: Observations
    hyperparameters: MixedHyperparameters
    columns: tuple[int, ...]
    categories: frozenset[int]
    scale: OutcomeScale

    @property
    def family(self) -> str:
        """A Gaussian process over numbers and choices."""
        return "mixed_gp"

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters."""
        return self.hyperparameters.to_json()

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the kernel; of a choice, large where choices are alike."""
        return self.hyperparameters.lengthscales

    @property
    def signal_variance(self) -> float:
        """The shares sum to one."""
        return 1.0

    @property
    def noise_variance(self) -> float:
        """That of the hyperparameters."""
        return self.hyperparameters.noise_variance

    @property
    def mean(self) -> float:
        """That of the hyperparameters."""
        return self.hyperparameters.mean

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

    def with_observations(self, observations: Observations) -> MixedProcess:
        """Returns the same process, conditioned on other observations."""
        return replace(self, observations=observations)

    @cached_property
    def model(self) -> SingleTaskGP:
        """The same process as a BoTorch model."""
        from planner.models.gaussian.botorch_model import make_model_of

        return make_model_of(self.observations.x, self, covariance=self.prior_covariance)
