"""A network of one or two hidden layers, and its prior: as smooth as the plain process expects.

| symbol | meaning                                                                       | shape |
|--------|-------------------------------------------------------------------------------|-------|
| theta  | weights, all standard normal beforehand                                       | s p   |
| l      | lengthscales, ``log l = prior mean + prior sd theta_l``, one a parameter      | s k   |
| u      | slopes of the units, ``theta_u / l``                                          | s d h |
| phi    | units, ``tanh(STEEPNESS (u'(x - 1/2) - SPREAD theta_b |u|))``                  | s n h |
| phi_2  | of a second layer, ``tanh(STEEPNESS (sqrt(GAIN / h) phi V + SPREAD theta_c))``; | s n h |
|        | it stands in the place of phi in all that follows                             |       |
| v      | signal variance, ``log v = prior mean + prior sd theta_v``                    | s     |
| w, c   | weights of the units and of a constant, standard normal                       | h, 1  |
| f      | the process, ``sqrt(v GAIN / h) phi w + sqrt(its variance) c``               | s n   |
| g      | log noise variance, ``prior mean + prior sd theta_g + r'(2 x - 1)``           | s n   |
| r      | its trends, ``NOISE_TREND_SD theta_r``                                        | s d   |

A unit rises from -1 to 1 across a plane that lies ``SPREAD theta_b`` from the middle of the cube,
whatever its slope. STEEPNESS and SPREAD bring the correlation of prior functions near that of the
Matern kernel of the same lengthscales, GAIN their variance near v.

The noise is a function of the inputs and not of the units, which only many data pin down.

Source: Neal, "Bayesian Learning for Neural Networks" (1996), chapter 2, for scales by which the
prior of a function does not depend on the width.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.priors import (
    EXPECTED_SIGNAL_PRIOR,
    MEAN_VARIANCE,
    NOISE_PRIOR,
    NOISE_TREND_SD,
    SIGNAL_PRIOR,
    LogNormal,
    lengthscale_prior,
)

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
        features: what the process is a weighted sum of, units and a constant.
        log_noise: g.
    """

    features: Float64[Tensor, "s n h1"]
    log_noise: Float64[Tensor, "s n"]


@dataclass(frozen=True, slots=True)
class Network:
    """Shape of the network.

    Args:
        columns: for each encoded column the index of the parameter it belongs to.
        width: units of each hidden layer.
        depth: hidden layers, 1 or 2.
        is_expected: the outcome's scale is what the campaign file expects, not that of the data.
        noise: prior of the noise where none is known.
    """

    columns: tuple[int, ...]
    width: int
    depth: int = 1
    is_expected: bool = False
    noise: LogNormal = NOISE_PRIOR

    @property
    def n_parameters(self) -> int:
        """Number of parameters, each of one or more columns."""
        return max(self.columns) + 1

    @property
    def signal_prior(self) -> LogNormal:
        """Prior of the signal variance."""
        return EXPECTED_SIGNAL_PRIOR if self.is_expected else SIGNAL_PRIOR

    @property
    def mean_variance(self) -> float:
        """Variance of the constant beforehand; where the mean is expected it is known."""
        return 0.0 if self.is_expected else MEAN_VARIANCE

    @property
    def sizes(self) -> tuple[int, ...]:
        """Lengths of theta's parts: l, u, b, r, g, v, V and c."""
        h, second = self.width, self.depth - 1
        d = len(self.columns)
        return (self.n_parameters, d * h, h, d, 1, 1, second * h * h, second * h)

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
        parts = torch.split(theta, list(self.sizes), dim=-1)
        _, slopes, offsets, trends, level, signal, mixing, shifts = parts
        inverse = (-self.log_lengthscales(theta)).exp()[..., list(self.columns)]
        u = slopes.view(*theta.shape[:-1], -1, self.width) * inverse[..., None]
        away = SPREAD * offsets * u.square().sum(dim=-2).sqrt()
        phi = torch.tanh(STEEPNESS * ((x - 0.5) @ u - away[..., None, :]))
        if self.depth == 2:
            v = mixing.view(*theta.shape[:-1], self.width, self.width)
            mixed = math.sqrt(GAIN / self.width) * (phi @ v)
            phi = torch.tanh(STEEPNESS * (mixed + SPREAD * shifts[..., None, :]))
        varying = NOISE_TREND_SD * ((2.0 * x - 1.0) @ trends[..., None])[..., 0]
        scale = (0.5 * (self.signal_prior.mean + self.signal_prior.sd * signal)).exp()
        scale = math.sqrt(GAIN / self.width) * scale
        constant = torch.full_like(phi[..., :1], math.sqrt(self.mean_variance))
        return Units(
            features=torch.cat([scale[..., None] * phi, constant], dim=-1),
            log_noise=self.noise.mean + self.noise.sd * level + varying,
        )
