"""Networks with one hidden layer each, their last layers exact: a mixture of normal processes.

| symbol | meaning                                                     | shape |
|--------|-------------------------------------------------------------|-------|
| F      | features of the hidden layer of each network                | s n h |
| m, L   | mean and precision factor of its last layer                 | s h.. |
| w      | weights of a last layer, drawn: ``m + L^-T normal``         | s h   |

Given its hidden layer a network is normal with mean ``F m`` and covariance ``F (L L')^-1 F'``. The
mean of those covariances and the covariance of the means add up to the epistemic part; the mean of
the networks' noise variances is the aleatoric one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.drawn.noise import NoiseField
from planner.models.drawn.surrogate import Drawn
from planner.models.networks.evidence import Data, LastLayer, last_layer
from planner.models.networks.network import Network, Units
from planner.models.observations import Observations, OutcomeScale
from planner.models.surrogate import Mixture

# Last layers that are drawn of each network where whole functions are asked for.
_PER_NETWORK = 2
_SEED = 20_262


@dataclass(frozen=True, eq=False)
class Networks(Drawn):
    """Networks that were drawn from the posterior of their hidden layers.

    Args:
        observations: what they are conditioned on.
        columns: for each encoded column the index of the parameter it belongs to.
        scale: how the outcome was standardised.
        name: of the family.
        network: shape of all of them.
        theta: hidden layers, one network a row; all count alike.
        found: what the fit says of itself, in plain JSON.
        noise: that was learned apart, or is known; None where it is the networks' own.
        doubt: what the person should know before trusting it; None where there is nothing.
    """

    observations: Observations
    columns: tuple[int, ...]
    scale: OutcomeScale
    name: str
    network: Network
    theta: Float64[Tensor, "s p"]
    found: Mapping[str, object]
    noise: NoiseField | None = None
    doubt: str | None = None

    @property
    def family(self) -> str:
        """As it was fitted."""
        return self.name

    @property
    def averages_hyperparameters(self) -> bool:
        """Over hidden layers that were drawn."""
        return True

    @property
    def memo(self) -> Mapping[str, object]:
        """What the fit says of itself."""
        return self.found

    @property
    def caveat(self) -> str | None:
        """What the person should know before trusting it."""
        return self.doubt

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """Geometric means over the networks."""
        logs = self.network.log_lengthscales(self.theta).mean(dim=0)
        return tuple(float(each) for each in logs.exp())

    def moments(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, " n"], Float64[Tensor, " n"]]:
        """Returns mean and deviation of the mixture; can be differentiated with respect to x."""
        means, variances, _ = self._by_network(x)
        mean = means.mean(dim=0)
        variance = (variances + (means - mean).square()).mean(dim=0)
        return self.scale.mean + self.scale.sd * mean, self.scale.sd * variance.sqrt()

    def noise_sd(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the root of the networks' mean noise variance at each configuration."""
        log_noise = self._log_noise(self.network.units(self.theta, x), x)
        return self.scale.sd * log_noise.exp().mean(dim=0).sqrt()

    def covariance(
        self, a: Float64[Tensor, "n d"], b: Float64[Tensor, "m d"]
    ) -> Float64[Tensor, "n m"]:
        """Returns the mean covariance of the networks, and that of their means."""
        (left, reduced_left), (right, reduced_right) = self._reduced(a), self._reduced(b)
        within = (reduced_left.mT @ reduced_right).mean(dim=0)
        between = (left - left.mean(dim=0)).T @ (right - right.mean(dim=0)) / len(left)
        covariance: Tensor = self.scale.sd**2 * (within + between)
        return covariance

    def predictive_mixture(self, x: Float64[Tensor, "n d"]) -> Mixture:
        """Returns what each network says."""
        means, variances, log_noise = self._by_network(x)
        return Mixture(
            means=self.scale.mean + self.scale.sd * means,
            sds=self.scale.sd * variances.sqrt(),
            noise_sds=self.scale.sd * (0.5 * log_noise).exp(),
            weights=torch.full((len(means),), 1.0 / len(means), dtype=x.dtype, device=x.device),
        )

    def mean_and_covariance(
        self, x: Float64[Tensor, "*b n d"]
    ) -> tuple[Float64[Tensor, "*b n"], Float64[Tensor, "*b n n"]]:
        """Returns what ``moments`` and ``covariance`` say, of batches of configurations."""
        means, reduced = self._reduced(x[..., None, :, :])
        mean = means.mean(dim=-2, keepdim=True)
        # one root of both parts: every unit of every network, and the networks' means
        root = torch.cat([reduced.flatten(-3, -2), means - mean], dim=-2)
        covariance = self.scale.sd**2 / len(self.theta) * root.mT @ root
        return self.scale.mean + self.scale.sd * mean[..., 0, :], covariance

    def functions(self, x: Float64[Tensor, "*b n d"]) -> Float64[Tensor, "*b m n"]:
        """Returns functions of the networks, with last layers that were drawn once."""
        features = self.network.units(self.theta, x[..., None, :, :]).features
        f = (features @ self._last_layers).mT.flatten(-3, -2)
        return self.scale.mean + self.scale.sd * f

    def draw(self, x: Float64[Tensor, "n d"], n: int, *, seed: int) -> Float64[Tensor, "s n"]:
        """Draws networks in a random order, all about as often, and a last layer for each."""
        generator = torch.Generator(device=x.device).manual_seed(seed)
        s = len(self.theta)
        layers = self._draw_layers(-(-n // s), generator)
        f = (self.network.units(self.theta, x).features @ layers).permute(2, 0, 1)
        order = torch.randperm(s, generator=generator, device=x.device)
        return self.scale.mean + self.scale.sd * f[:, order].reshape(-1, len(x))[:n]

    def _by_network(
        self, x: Float64[Tensor, "n d"]
    ) -> tuple[Float64[Tensor, "s n"], Float64[Tensor, "s n"], Float64[Tensor, "s n"]]:
        units = self.network.units(self.theta, x)
        means = (units.features @ self._last.mean[..., None])[..., 0]
        reduced = torch.linalg.solve_triangular(self._last.factor, units.features.mT, upper=False)
        return means, reduced.square().sum(dim=-2), self._log_noise(units, x)

    def _log_noise(self, units: Units, x: Float64[Tensor, "n d"]) -> Float64[Tensor, "s n"]:
        own = units.log_noise
        return own if self.noise is None else self.noise.log_variance(x).expand(own.shape)

    def _reduced(
        self, x: Float64[Tensor, "*b n d"]
    ) -> tuple[Float64[Tensor, "*b s n"], Float64[Tensor, "*b s h n"]]:
        features = self.network.units(self.theta, x).features
        means = (features @ self._last.mean[..., None])[..., 0]
        return means, torch.linalg.solve_triangular(self._last.factor, features.mT, upper=False)

    def _draw_layers(self, n: int, generator: torch.Generator) -> Float64[Tensor, "s h n"]:
        mean, factor = self._last.mean, self._last.factor
        normal = torch.randn(
            *mean.shape, n, dtype=mean.dtype, device=mean.device, generator=generator
        )
        away: Tensor = torch.linalg.solve_triangular(factor.mT, normal, upper=True)
        return mean[..., None] + away

    @cached_property
    def _last_layers(self) -> Float64[Tensor, "s h k"]:
        generator = torch.Generator(device=self.theta.device).manual_seed(_SEED)
        return self._draw_layers(_PER_NETWORK, generator)

    @cached_property
    def _last(self) -> LastLayer:
        data = Data.of(self.observations, self.scale)
        if self.noise is not None:
            data = data.with_noise(self.noise.log_variance(data.x).exp())
        return last_layer(self.network, data, self.theta)
