"""A Gaussian process with something around it: other inputs, other noise, doubts about data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.process import GaussianProcess
from planner.models.observations import Observations, OutcomeScale
from planner.models.surrogate import Surrogate

if TYPE_CHECKING:
    from botorch.models.model import Model


@dataclass(frozen=True, eq=False)
class Layered(Surrogate):
    """A surrogate that asks a Gaussian process inside.

    Args:
        observations: as they were told.
        inner: the process inside, conditioned on what the family makes of them.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
    """

    observations: Observations
    inner: GaussianProcess
    columns: tuple[int, ...]
    scale: OutcomeScale

    def entered(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b n d"]:
        """Returns the configurations as the process inside sees them."""
        return x

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the process inside."""
        return self.inner.lengthscales

    @property
    def prior_sd(self) -> float:
        """That of the process inside."""
        return self.inner.prior_sd

    @property
    def model(self) -> Model:
        """The process inside as a BoTorch model."""
        return self.inner.model

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated with respect to x."""
        return self.inner.moments(self.entered(x))

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process."""
        return self.inner.noise_sd(self.entered(x))

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns posterior covariances of the process; can be differentiated."""
        return self.inner.covariance(self.entered(a), self.entered(b))

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> Self:
        """Returns the surrogate as if the configurations had been measured at their means."""
        if len(x) == 0:
            return self
        mean = self.moments(x)[0].detach()
        return replace(
            self,
            observations=self.observations.followed_by(x.detach(), mean),
            inner=self.inner.conditioned_with_noise(self.entered(x), self.noise_sd(x).square()),
        )
