"""The density of a network's hidden layer given the data, its last layer integrated out exactly.

| symbol | meaning                                                                    | shape |
|--------|----------------------------------------------------------------------------|-------|
| z      | standardised outcomes                                                      | n     |
| F      | features of the hidden layer                                               | n h   |
| w      | weights of the last layer, standard normal beforehand                      | h     |
| N      | noise variances, learned or known                                          | n     |
| K      | ``F F' + diag(N)``, the covariance of z                                    | n n   |
| A      | ``1 + F' diag(N)^-1 F``, the precision of w given z                        | h h   |
| b      | ``F' diag(N)^-1 z``                                                        | h     |

Given the hidden layer, z is normal of covariance K and w is normal of mean ``A^-1 b`` and
covariance ``A^-1``: ``z'K^-1 z = z'N^-1 z - b'A^-1 b``, ``log det K = log det A + sum log N``. So a
sampler moves the hidden layer alone, whose posterior is wide, and the last layer, which data pin
down, is drawn exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.networks.network import Network, Units
from planner.models.observations import SMALLEST_NOISE, Observations, OutcomeScale


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What networks are fitted to, standardised.

    Args:
        x: encoded configurations.
        z: outcomes, the same for all networks or one row each.
        known_noise: variances, likewise; NaN where they have to be learned.
    """

    x: Float64[Tensor, "n d"]
    z: Float64[Tensor, "*s n"]
    known_noise: Float64[Tensor, "*s n"]

    @classmethod
    def of(cls, observations: Observations, scale: OutcomeScale) -> Data:
        """Returns the observations in units of the scale."""
        return cls(
            x=observations.x,
            z=(observations.y - scale.mean) / scale.sd,
            known_noise=observations.var / scale.sd**2,
        )

    def with_noise(self, variances: Float64[Tensor, "*s n"]) -> Data:
        """Returns the data with these variances where none is known."""
        known = torch.where(self.known_noise.isnan(), variances, self.known_noise)
        return replace(self, known_noise=known)

    def noise(self, units: Units) -> Float64[Tensor, "*s n"]:
        """Returns the noise variances, the known ones or the network's."""
        learned = units.log_noise.exp()
        known = torch.where(self.known_noise.isnan(), learned, self.known_noise)
        return known.clamp_min(SMALLEST_NOISE)


def negative_log_posterior(
    network: Network, data: Data, theta: Float64[Tensor, "*s p"]
) -> Float64[Tensor, "*s"]:
    """Returns ``-log p(theta | z)`` up to a constant, of each network."""
    return negative_log_evidence(network, data, theta) + 0.5 * theta.square().sum(dim=-1)


def negative_log_evidence(
    network: Network, data: Data, theta: Float64[Tensor, "*s p"]
) -> Float64[Tensor, "*s"]:
    """Returns ``-log p(z | theta)`` up to a constant, of each network.

    Raises:
        torch.linalg.LinAlgError: rounding kept the covariance from being factored.
    """
    units = network.units(theta, data.x)
    noise = data.noise(units)
    if len(data.x) > network.width:
        return _by_weights(units.features, noise, data.z)
    return _by_outcomes(units.features, noise, data.z)


@dataclass(frozen=True, slots=True, eq=False)
class LastLayer:
    """Posterior of the last layer's weights given the hidden layer, of each network.

    Args:
        mean: of the weights.
        factor: Cholesky factor of their precision A.
    """

    mean: Float64[Tensor, "s h"]
    factor: Float64[Tensor, "s h h"]


def last_layer(network: Network, data: Data, theta: Float64[Tensor, "s p"]) -> LastLayer:
    """Returns the last layer's posterior given the hidden layer."""
    units = network.units(theta, data.x)
    factor, b = _precision(units.features, data.noise(units), data.z)
    return LastLayer(mean=torch.cholesky_solve(b[..., None], factor)[..., 0], factor=factor)


def _by_outcomes(
    f: Float64[Tensor, "*s n h"], noise: Float64[Tensor, "*s n"], z: Float64[Tensor, "*s n"]
) -> Float64[Tensor, "*s"]:
    factor = torch.linalg.cholesky(f @ f.mT + torch.diag_embed(noise))
    away: Tensor = torch.linalg.solve_triangular(
        factor, z.expand(noise.shape)[..., None], upper=False
    )
    return 0.5 * away.square().sum(dim=(-2, -1)) + _half_log_det(factor)


def _by_weights(
    f: Float64[Tensor, "*s n h"], noise: Float64[Tensor, "*s n"], z: Float64[Tensor, "*s n"]
) -> Float64[Tensor, "*s"]:
    factor, b = _precision(f, noise, z)
    explained: Tensor = torch.linalg.solve_triangular(factor, b[..., None], upper=False)
    spread = 0.5 * (z.square() / noise + noise.log()).sum(dim=-1)
    return spread - 0.5 * explained.square().sum(dim=(-2, -1)) + _half_log_det(factor)


def _precision(
    f: Float64[Tensor, "*s n h"], noise: Float64[Tensor, "*s n"], z: Float64[Tensor, "*s n"]
) -> tuple[Float64[Tensor, "*s h h"], Float64[Tensor, "*s h"]]:
    """Returns the Cholesky factor of A, and b."""
    weighted = f / noise[..., None]
    eye = torch.eye(f.shape[-1], dtype=f.dtype, device=f.device)
    return torch.linalg.cholesky(eye + f.mT @ weighted), (weighted.mT @ z[..., None])[..., 0]


def _half_log_det(factor: Float64[Tensor, "*s n n"]) -> Float64[Tensor, "*s"]:
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
