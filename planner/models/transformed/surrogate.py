"""The surrogate of the family ``transformed_gp``.

The process in the outcome's unit is what a run is expected to give, ``psi(h)``: its mean, deviation
and covariances are exact but for the last digits of a quadrature, and so is the noise around it,
which is larger where the curve is steeper. Quantiles are those of a mixture of normals, one for
each part of the process in the bent outcome.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from planner.models.gaussian.process import GaussianProcess
from planner.models.observations import Observations, OutcomeScale
from planner.models.predictive.left_out import LeftOut
from planner.models.predictive.normal import normal_log_density
from planner.models.surrogate import Mixture, Surrogate
from planner.models.transformed import hermite
from planner.models.transformed.bending import Bending

if TYPE_CHECKING:
    from botorch.models import SingleTaskGP

# A standard normal is a mixture of as many, each of this deviation, to five digits of its density.
_PARTS = 13
_PART_SD = 0.5


@dataclass(frozen=True, eq=False)
class TransformedProcess(Surrogate):
    """A Gaussian process in a bent outcome.

    Args:
        observations: as they were told.
        latent: the process in the standardised bent outcome.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised before it was bent.
        bending: how the outcome is bent.
    """

    observations: Observations
    latent: GaussianProcess
    columns: tuple[int, ...]
    scale: OutcomeScale
    bending: Bending

    @property
    def family(self) -> str:
        """A Gaussian process in a bent outcome."""
        return "transformed_gp"

    @property
    def memo(self) -> Mapping[str, object]:
        """The hyperparameters of the process inside, and the shape of the curve."""
        return {
            "hyperparameters": self.latent.hyperparameters.to_json(),
            "curve": type(self.bending.curve).__name__,
            "shape": list(self.bending.shape),
        }

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Those of the process inside."""
        return self.latent.lengthscales

    @cached_property
    def prior_sd(self) -> float:
        """Deviation of ``psi`` where nothing is known."""
        sd = torch.tensor([self.latent.prior_sd], dtype=torch.float64)
        mean = torch.full_like(sd, self.latent.mean)
        expansion = hermite.expand(
            self.bending.straighten,
            mean,
            sd.square() + self.latent.noise_variance,
            unit=self.scale.sd,
        )
        return float(expansion.variance(sd).sqrt())

    @cached_property
    def model(self) -> SingleTaskGP:
        """The same process as a BoTorch model, whose samples are of ``psi``."""
        from planner.models.transformed.botorch_model import make_model

        return make_model(self.latent, self.bending)

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of ``psi``; can be differentiated with respect to x."""
        expansion, sd = self._expand(x)
        return expansion.mean, expansion.variance(sd).sqrt()

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the deviation of one run around ``psi``."""
        expansion, sd = self._expand(x)
        noise: Tensor = expansion.total_variance() - expansion.variance(sd)
        return noise.clamp_min((1e-6 * self.scale.sd) ** 2).sqrt()

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns posterior covariances of ``psi``; can be differentiated."""
        at_a, at_b = self._expand(a)[0], self._expand(b)[0]
        return hermite.covariances(at_a, at_b, self.latent.covariance(a, b))

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws ``psi`` at all configurations together, ``n`` times."""
        return self._expected_run(self.latent.draw(x, n, seed=seed))[0]

    def conditioned_on(self, x: Float64[Tensor, "m d"]) -> TransformedProcess:
        """Returns the surrogate as if the bent outcome had been measured at its means.

        The mean of the bent outcome stays everywhere; that of the outcome moves a little with the
        uncertainty that falls, as it does where a curve is bent.
        """
        if len(x) == 0:
            return self
        mean = self.moments(x)[0].detach()
        return replace(
            self,
            observations=self.observations.followed_by(x.detach(), mean),
            latent=self.latent.conditioned_on(x),
        )

    def log_density(
        self, x: Float64[Tensor, "n d"], y: Float64[Tensor, " n"], var: Float64[Tensor, " n"]
    ) -> Float64[Tensor, " n"]:
        """Returns the log density of one run: of the bent one, plus the logarithm of the slope.

        Args:
            x: configurations.
            y: what was measured there, in the outcome's unit.
            var: known variances of these measurements; NaN where the model's own noise counts.
        """
        mean, sd = self.latent.moments(x)
        z, log_slope = self.bending.bend(y)
        noise = torch.where(
            var.isnan(), self.latent.noise_variance, var * torch.exp(2.0 * log_slope)
        )
        total = (sd.square() + noise).sqrt()
        return normal_log_density((z - mean) / total) - total.log() + log_slope

    def left_out(self, rows: Int64[Tensor, " r"]) -> LeftOut:
        """Returns what it says of some of its observations, each without itself.

        The bent outcome is Gaussian, so there an observation is taken out, and not in its own unit.

        Args:
            rows: numbers of the observations.
        """
        found = self.latent.left_out(rows)
        sd, total = found.sds[0], found.sds[0].square() + found.noise_sds[0].square()
        expansion = hermite.expand(
            self.bending.straighten, found.means[0], total, unit=self.scale.sd
        )
        variance = expansion.variance(sd)
        noise = (expansion.total_variance() - variance).clamp_min((1e-6 * self.scale.sd) ** 2)
        log_slope = self.bending.bend(self.observations.y[rows])[1]
        return replace(
            found,
            means=expansion.mean[None],
            sds=variance.sqrt()[None],
            noise_sds=noise.sqrt()[None],
            log_weights=found.log_weights - log_slope,
        )

    def predictive_mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        """Returns a mixture of normals, one for each part of the bent outcome's process."""
        mean, sd = self.latent.moments(x)
        nodes, weights = _parts()
        h = mean + sd * torch.from_numpy(nodes).to(x)[:, None]
        means, noise_sds = self._expected_run(h)
        above, below = (self._expected_run(h + side * sd)[0] for side in (_PART_SD, -_PART_SD))
        return Mixture(
            means=means,
            # at a bound the curve is level, and a normal of no width has no density
            sds=((above - below) / 2.0).clamp_min(1e-6 * self.scale.sd),
            noise_sds=noise_sds,
            weights=torch.from_numpy(weights).to(x),
        )

    def _expand(self, x: Float64[Tensor, "n d"]) -> tuple[hermite.Expansion, Tensor]:
        mean, sd = self.latent.moments(x)
        variance = sd.square() + self.latent.noise_variance
        unit = self.scale.sd
        return hermite.expand(self.bending.straighten, mean, variance, unit=unit), sd

    def _expected_run(self, h: Float64[Tensor, "*n"]) -> tuple[Tensor, Tensor]:
        return hermite.run_moments(
            self.bending.straighten,
            h,
            math.sqrt(self.latent.noise_variance),
            unit=self.scale.sd,
        )


def _parts() -> tuple[np.ndarray, np.ndarray]:
    """Returns means and weights of normals of deviation ``_PART_SD`` that sum to a standard one."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_PARTS)
    return nodes * math.sqrt(1.0 - _PART_SD**2), weights / weights.sum()
