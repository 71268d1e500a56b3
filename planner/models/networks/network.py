"""A network of one hidden layer, and its prior: functions as smooth as the plain process expects.

| symbol | meaning                                                                       | shape |
|--------|-------------------------------------------------------------------------------|-------|
| theta  | weights, all standard normal beforehand                                       | s p   |
| l      | lengthscales, ``log l = prior mean + prior sd theta_l``, one a parameter      | s k   |
| u      | slopes of the units, ``theta_u / l``                                          | s d h |
| phi    | units, ``tanh(STEEPNESS (u'(x - 1/2) - SPREAD theta_b |u|))``                  | s n h |
| w, c   | weights of the units and a constant, normal                                   | h, 1  |
| f      | the process, ``sqrt(GAIN / h) phi w + c``                                     | s n   |
| g      | log noise variance, ``prior mean + prior sd theta_g + phi theta_r / sqrt(h)`` | s n   |

A unit rises from -1 to 1 across a plane that lies ``SPREAD theta_b`` from the middle of the cube,
whatever its slope. STEEPNESS and SPREAD bring the correlation of prior functions near that of the
Matern kernel of the same lengthscales, GAIN their variance near its signal variance of 1.

Source: Neal, "Bayesian Learning for Neural Networks" (1996), chapter 2, for scales by which the
prior of a function does not depend on the width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.priors import NOISE_PRIOR, lengthscale_prior

# From a search on a grid in 1 to 10 dimensions: correlations of random pairs are then higher than
# those of the Matern kernel by 0.2 at most on average, and a steeper network is hard to sample.
STEEPNESS = 1.5
SPREAD = 0.5
# One over the mean of phi squared, in the middle of the priors.
GAIN = 1.6


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What the hidden layer says of some configurations.

    Args:
        features: what the process is a weighted sum of, ``sqrt(GAIN / h) phi`` and a constant 1.
        log_noise: g.
    """

    features: Float64[Tensor, "s n h1"]
    log_noise: Float64[Tensor, "s n"]


@dataclass(frozen=True, slots=True)
class Network:
    """Shape of the network.

    Args:
        columns: for each encoded column the index of the parameter it belongs to.
        width: units of the hidden layer.
    """

    columns: tuple[int, ...]
    width: int

    @property
    def n_parameters(self) -> int:
        """Number of parameters, each of one or more columns."""
        return max(self.columns) + 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many weights are lengthscales, slopes, offsets, noise by unit, and the noise."""
        h = self.width
        return (self.n_parameters, len(self.columns) * h, h, h, 1)

    @property
    def n_weights(self) -> int:
        """Length of theta."""
        return sum(self.sizes)

    def log_lengthscales(self, theta: Float64[Tensor, "*s p"]) -> Float64[Tensor, "*s k"]:
        """Returns log l."""
        prior = lengthscale_prior(self.n_parameters)
        return prior.mean + prior.sd * theta[..., : self.n_parameters]

    def units(self, theta: Float64[Tensor, "*s p"], x: Float64[Tensor, "n d"]) -> Units:
        """Returns the hidden layer at configurations; can be differentiated with respect to both.

        Args:
            theta: one network a row.
            x: the same configurations for all networks.
        """
        _, slopes, offsets, by_unit, level = torch.split(theta, list(self.sizes), dim=-1)
        inverse = (-self.log_lengthscales(theta)).exp()[..., list(self.columns)]
        u = slopes.view(*theta.shape[:-1], -1, self.width) * inverse[..., None]
        away = SPREAD * offsets * u.square().sum(dim=-2).sqrt()
        phi = torch.tanh(STEEPNESS * ((x - 0.5) @ u - away[..., None, :]))
        varying = (phi @ by_unit[..., None])[..., 0] / math.sqrt(self.width)
        return Units(
            features=torch.cat(
                [math.sqrt(GAIN / self.width) * phi, torch.ones_like(phi[..., :1])], dim=-1
            ),
            log_noise=NOISE_PRIOR.mean + NOISE_PRIOR.sd * level + varying,
        )
