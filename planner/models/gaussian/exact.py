"""An exact Gaussian process with fixed hyperparameters, conditioned on observations.

| symbol | meaning                                                  | shape |
|--------|----------------------------------------------------------|-------|
| z      | standardised outcomes minus the constant mean            | n     |
| s      | signal variance: k(x, x) at every x                      | 1     |
| L      | Cholesky factor of k(x, x) + diag(noise)                 | n n   |
| a      | (L L')^-1 z                                              | n     |
| v      | L^-1 k(x, x*)                                            | n m   |

Mean ``k(x*, x) a + mean``, covariance ``k(x*, x*) - v'v``, then back to the outcome's unit. What
the covariance k is, each family says.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, Self

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.observations import SMALLEST_NOISE, Observations, OutcomeScale
from planner.models.surrogate import Surrogate


class Found(Protocol):
    """What a fit found: hyperparameters in standardised units, whatever the covariance."""

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """One a parameter, in widths of its range."""

    @property
    def noise_variance(self) -> float:
        """Variance of one run around the process."""

    @property
    def mean(self) -> float:
        """The constant that predictions return to far from all observations."""

    def to_json(self) -> dict[str, Any]:
        """Returns plain lists and numbers."""


@dataclass(frozen=True, eq=False)
class ExactProcess(Surrogate):
    """A distribution over the process whose covariance and noise are settled.

    Args:
        observations: what it is conditioned on.
        hyperparameters: in standardised units.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
    """

    observations: Observations
    hyperparameters: Found
    columns: tuple[int, ...]
    scale: OutcomeScale

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters."""
        return self.hyperparameters.to_json()

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the hyperparameters."""
        return self.hyperparameters.lengthscales

    @property
    def noise_variance(self) -> float:
        """That of the hyperparameters."""
        return self.hyperparameters.noise_variance

    @property
    def mean(self) -> float:
        """That of the hyperparameters."""
        return self.hyperparameters.mean

    @property
    @abstractmethod
    def signal_variance(self) -> float:
        """Variance of the process before anything was observed, standardised."""

    @abstractmethod
    def prior_covariance(
        self, a: Float64[Tensor, "*b n d"], b: Float64[Tensor, "*b m d"]
    ) -> Float64[Tensor, "*b n m"]:
        """Returns covariances before anything was observed, standardised; differentiable."""

    def with_observations(self, observations: Observations) -> Self:
        """Returns the same process, conditioned on other observations."""
        return replace(self, observations=observations)

    @property
    def prior_sd(self) -> float:
        """Root of the signal variance."""
        return self.scale.sd * math.sqrt(self.signal_variance)

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated with respect to x."""
        across = self.prior_covariance(self.observations.x, x)
        v = torch.linalg.solve_triangular(self._factor, across, upper=False)
        variance = (self.signal_variance - v.square().sum(dim=0)).clamp_min(1e-14)
        mean = across.T @ self._weights + self.mean
        return self.scale.mean + self.scale.sd * mean, self.scale.sd * variance.sqrt()

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process, the same everywhere."""
        noise_sd = self.scale.sd * self.noise_variance**0.5
        return torch.full((len(x),), noise_sd, dtype=x.dtype, device=x.device)

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns posterior covariances of the process; can be differentiated."""
        observed = self.observations.x
        left, right = (
            torch.linalg.solve_triangular(
                self._factor, self.prior_covariance(observed, x), upper=False
            )
            for x in (a, b)
        )
        covariance: Tensor = self.scale.sd**2 * (self.prior_covariance(a, b) - left.T @ right)
        return covariance

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> Self:
        """Returns the process as if the configurations had been measured at their means."""
        if len(x) == 0:
            return self
        var = torch.full_like(x[:, 0], self.noise_variance * self.scale.sd**2)
        return self.conditioned_with_noise(x, var)

    def conditioned_with_noise(self, x: Float64[Tensor, "m d"], var: Float64[Tensor, " m"]) -> Self:
        """Returns the process as if the configurations had been measured at their means.

        Args:
            x: configurations.
            var: of each of these measurements, in the outcome's unit squared.
        """
        settled = replace(self.observations, var=self.noise_variances)
        mean = self.moments(x)[0]
        return self.with_observations(settled.followed_by(x.detach(), mean.detach(), var.detach()))

    @cached_property
    def noise_variances(self) -> Float64[Tensor, " n"]:
        """Noise of each observation in the outcome's unit squared, known or learned."""
        learned = self.noise_variance * self.scale.sd**2
        var = torch.where(
            self.observations.var.isnan(),
            torch.full_like(self.observations.var, learned),
            self.observations.var,
        )
        return var.clamp_min(SMALLEST_NOISE * self.scale.sd**2)

    @cached_property
    def _factor(self) -> Float64[Tensor, "n n"]:
        cov = self.prior_covariance(self.observations.x, self.observations.x)
        noise = torch.diag(self.noise_variances / self.scale.sd**2)
        factor: Tensor = torch.linalg.cholesky(cov + noise)
        return factor

    @cached_property
    def _weights(self) -> Float64[Tensor, " n"]:
        z = (self.observations.y - self.scale.mean) / self.scale.sd - self.mean
        return torch.cholesky_solve(z[:, None], self._factor)[:, 0]
