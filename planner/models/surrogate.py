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

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models import kernel
from planner.models.hyperparameters import Hyperparameters
from planner.models.observations import Observations, OutcomeScale
from planner.models.priors import SIGNAL_VARIANCE

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP

_BLOCK = 2048
_SMALLEST_NOISE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the surrogate says at each of n configurations, in the outcome's unit.

    Args:
        mean: of the process, and of a measurement.
        sd: of the process: what more observations can remove.
        noise_sd: of one measurement around the process.
    """

    mean: Float64[Tensor, " n"]
    sd: Float64[Tensor, " n"]
    noise_sd: Float64[Tensor, " n"]


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """Mean and covariance of the process at n configurations, in the outcome's unit."""

    mean: Float64[Tensor, " n"]
    cov: Float64[Tensor, "n n"]


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A distribution over the process.

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

    @cached_property
    def version(self) -> str:
        """Short hash of the hyperparameters and the data: equal fits have equal versions."""
        digest = hashlib.sha256(json.dumps(self.hyperparameters.to_json()).encode())
        digest.update(repr((self.columns, self.scale)).encode())
        for part in (self.observations.x, self.observations.y, self.observations.var):
            digest.update(part.contiguous().numpy().tobytes())
        return digest.hexdigest()[:12]

    def predict(self, x: Float64[Tensor, "n d"]) -> Prediction:
        """Returns mean, deviation and noise at each configuration; memory stays at one block."""
        blocks = [self.moments(block) for block in torch.split(x, _BLOCK)] or [self.moments(x)]
        mean = torch.cat([block[0] for block in blocks])
        sd = torch.cat([block[1] for block in blocks])
        noise_sd = self.scale.sd * self.hyperparameters.noise_variance**0.5
        return Prediction(mean=mean, sd=sd, noise_sd=torch.full_like(mean, noise_sd))

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the process; can be differentiated with respect to x."""
        across = self._prior(self.observations.x, x)
        v = torch.linalg.solve_triangular(self._factor, across, upper=False)
        variance = (SIGNAL_VARIANCE - v.square().sum(dim=0)).clamp_min(1e-14)
        mean = across.T @ self._weights + self.hyperparameters.mean
        return self.scale.mean + self.scale.sd * mean, self.scale.sd * variance.sqrt()

    def joint(self, x: Float64[Tensor, "n d"]) -> Joint:
        """Returns mean and covariance of the process over all n configurations together."""
        return Joint(mean=self.moments(x)[0], cov=self.covariance(x, x))

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

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws the process at all configurations together, ``n`` times.

        Args:
            x: configurations.
            n: how many draws.
            seed: of the generator.

        Returns:
            Draws in the outcome's unit.
        """
        joint = self.joint(x)
        # a variance of 1e-9 more than hides rounding, which would keep the matrix from factoring,
        # and moves a draw by 3e-5 deviations
        jitter = 1e-9 * self.scale.sd**2 * torch.eye(len(x), dtype=x.dtype, device=x.device)
        root = torch.linalg.cholesky(joint.cov + jitter)
        generator = torch.Generator(device=x.device).manual_seed(seed)
        normal = torch.randn(n, len(x), dtype=x.dtype, device=x.device, generator=generator)
        draws: Tensor = joint.mean + normal @ root.T
        return draws

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> Surrogate:
        """Returns the surrogate as if the configurations had been measured at their means.

        For pending trials and the earlier picks of a batch: the mean stays everywhere, the
        uncertainty falls around them.
        """
        if len(x) == 0:
            return self
        mean = self.moments(x)[0].detach()
        noise = self.hyperparameters.noise_variance * self.scale.sd**2
        old = self.observations
        return Surrogate(
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
        from planner.models.botorch_model import make_model

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
        return SIGNAL_VARIANCE * unit
