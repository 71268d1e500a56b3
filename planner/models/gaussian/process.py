"""The surrogate: a Gaussian process with fixed hyperparameters, conditioned on observations.

| symbol | meaning                                                  | shape |
|--------|----------------------------------------------------------|-------|
| z      | standardised outcomes minus the constant mean            | n     |
| L      | Cholesky factor of k(x, x) + diag(noise)                 | n n   |
| a      | (L L')^-1 z                                              | n     |
| v      | L^-1 k(x, x*)                                            | n m   |

Mean ``k(x*, x) a + mean``, covariance ``k(x*, x*) - v'v``, then back to the outcome's unit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian import kernel
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.observations import Observations, OutcomeScale
from planner.models.surrogate import Surrogate

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP

_SMALLEST_NOISE = 1e-6


@dataclass(frozen=True, eq=False)
class GaussianProcess(Surrogate):
    """A distribution over the process with fixed hyperparameters.

    Args:
        observations: what it is conditioned on.
        hyperparameters: in standardised units.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
    """

    observations: Observations
    hyperparameters: Hyperparameters
    columns: tuple[int, ...]
    scale: OutcomeScale

    @property
    def family(self) -> str:
        """The plain Gaussian process."""
        return "gp"

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters."""
        return self.hyperparameters.to_json()

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the kernel."""
        return self.hyperparameters.lengthscales

    @property
    def prior_sd(self) -> float:
        """Root of the signal variance."""
        return self.scale.sd * math.sqrt(self.hyperparameters.signal_variance)

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated with respect to x."""
        across = self._prior(self.observations.x, x)
        v = torch.linalg.solve_triangular(self._factor, across, upper=False)
        variance = (self.hyperparameters.signal_variance - v.square().sum(dim=0)).clamp_min(1e-14)
        mean = across.T @ self._weights + self.hyperparameters.mean
        return self.scale.mean + self.scale.sd * mean, self.scale.sd * variance.sqrt()

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around the process, the same everywhere."""
        noise_sd = self.scale.sd * self.hyperparameters.noise_variance**0.5
        return torch.full((len(x),), noise_sd, dtype=x.dtype, device=x.device)

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns posterior covariances of the process; can be differentiated."""
        observed = self.observations.x
        left, right = (
            torch.linalg.solve_triangular(self._factor, self._prior(observed, x), upper=False)
            for x in (a, b)
        )
        covariance: Tensor = self.scale.sd**2 * (self._prior(a, b) - left.T @ right)
        return covariance

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> GaussianProcess:
        """Returns the process as if the configurations had been measured at their means."""
        if len(x) == 0:
            return self
        mean = self.moments(x)[0].detach()
        noise = self.hyperparameters.noise_variance * self.scale.sd**2
        old = self.observations
        return GaussianProcess(
            observations=Observations(
                x=torch.cat([old.x, x.detach()]),
                y=torch.cat([old.y, mean]),
                var=torch.cat([self._noise_variances, torch.full_like(mean, noise)]),
            ),
            hyperparameters=self.hyperparameters,
            columns=self.columns,
            scale=self.scale,
        )

    @cached_property
    def model(self) -> SingleTaskGP:
        """The same process as a BoTorch model, for BoTorch's acquisition functions."""
        from planner.models.gaussian.botorch_model import make_model

        return make_model(
            self.observations,
            noise_variances=self._noise_variances,
            hyperparameters=self.hyperparameters,
            columns=self.columns,
            scale=self.scale,
        )

    @cached_property
    def _noise_variances(self) -> Float64[Tensor, " n"]:
        """Noise of each observation in the outcome's unit squared, known or learned."""
        learned = self.hyperparameters.noise_variance * self.scale.sd**2
        var = torch.where(
            self.observations.var.isnan(),
            torch.full_like(self.observations.var, learned),
            self.observations.var,
        )
        return var.clamp_min(_SMALLEST_NOISE * self.scale.sd**2)

    @cached_property
    def _factor(self) -> Float64[Tensor, "n n"]:
        cov = self._prior(self.observations.x, self.observations.x)
        noise = torch.diag(self._noise_variances / self.scale.sd**2)
        factor: Tensor = torch.linalg.cholesky(cov + noise)
        return factor

    @cached_property
    def _weights(self) -> Float64[Tensor, " n"]:
        z = (self.observations.y - self.scale.mean) / self.scale.sd - self.hyperparameters.mean
        return torch.cholesky_solve(z[:, None], self._factor)[:, 0]

    def _prior(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        unit = kernel.matern(a, b, columns=self.columns, hyperparameters=self.hyperparameters)
        return self.hyperparameters.signal_variance * unit
