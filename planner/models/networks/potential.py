"""The potential that the sampler climbs down: value and gradient by hand, thrice as fast as traced.

In the symbols of ``network`` and ``evidence``, for each network by itself, with ``a = K^-1 z``:

| symbol | meaning                                                                    | shape |
|--------|----------------------------------------------------------------------------|-------|
| G      | d value / dK = (K^-1 - a a') / 2                                           | n n   |
| dg     | d value / dg = diag(G) N, 0 where N is known or at its smallest            | n     |
| dphi   | 2 v GAIN / h G phi                                                         | n h   |
| da     | of what the tanh is taken of, STEEPNESS left out: (1 - phi^2) dphi         | n h   |
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from scipy.linalg import lapack
from torch import Tensor

from planner.models.gaussian.matrices import diagonal_of, mirrored
from planner.models.networks.evidence import Data
from planner.models.networks.network import GAIN, SPREAD, STEEPNESS, Network
from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import NOISE_TREND_SD, lengthscale_prior
from planner.space import Floats


def potential(network: Network, data: Data, theta: Float64[Tensor, "s p"]) -> Float64[Tensor, " s"]:
    """Returns ``negative_log_posterior`` of networks of one hidden layer, with its gradient.

    The gradient cannot be traced further.

    Where the covariance cannot be factored the value is not a number and the gradient is 0.
    """
    value: Tensor = _Potential.apply(theta, network, data)  # type: ignore[no-untyped-call]
    return value


class _Potential(torch.autograd.Function):
    """Value and gradient, computed together."""

    @staticmethod
    def forward(ctx: Any, theta: Tensor, network: Network, data: Data) -> Tensor:
        value, gradient = value_and_gradient(network, data, theta.detach().numpy())
        ctx.save_for_backward(torch.from_numpy(gradient))
        return torch.from_numpy(value)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None, None]:
        return outer[0][:, None] * ctx.saved_tensors[0], None, None


def value_and_gradient(network: Network, data: Data, theta: Floats) -> tuple[Floats, Floats]:
    """Returns ``negative_log_posterior`` of each network and its gradient, ``s`` and ``s p``."""
    d, h, x = len(network.columns), network.width, data.x.numpy() - 0.5
    edges = np.cumsum(network.sizes)[:6]
    scales, slopes, offsets, trends, level, signal, _ = np.split(theta, edges, axis=1)
    prior = lengthscale_prior(network.n_parameters)
    inverse = np.exp(-prior.mean - prior.sd * scales)[:, network.columns]
    u = slopes.reshape(-1, d, h) * inverse[:, :, None]
    length = np.sqrt(np.square(u).sum(axis=1))
    phi = np.tanh(STEEPNESS * (x @ u - (SPREAD * offsets * length)[:, None, :]))
    g = network.noise.mean + network.noise.sd * level + 2.0 * NOISE_TREND_SD * (trends @ x.T)
    known = data.known_noise.numpy()
    noise = np.where(np.isnan(known), np.exp(g), known)
    is_learned = np.isnan(known) & (noise > SMALLEST_NOISE)

    strength = network.signal_prior
    gain = GAIN / h * np.exp(strength.mean + strength.sd * signal)[:, :, None]
    noise_floored = np.maximum(noise, SMALLEST_NOISE)
    cov = gain * (phi @ phi.transpose(0, 2, 1)) + network.mean_variance
    value, slope_k = _evidence(cov, noise_floored, data.z.numpy())
    value += 0.5 * np.square(theta).sum(axis=1)
    dg = np.einsum("snn->sn", slope_k) * noise * is_learned
    by_gain = gain * (slope_k @ phi)
    da = 2.0 * STEEPNESS * (1.0 - np.square(phi)) * by_gain
    total = da.sum(axis=1)
    du = x.T @ da - (SPREAD * offsets * total / length)[:, None, :] * u
    by_column = -prior.sd * (du * u).sum(axis=2)
    by_parameter = by_column @ np.eye(network.n_parameters)[list(network.columns)]
    parts = [
        by_parameter,
        (du * inverse[:, :, None]).reshape(len(theta), -1),
        -SPREAD * length * total,
        2.0 * NOISE_TREND_SD * (dg @ x),
        network.noise.sd * dg.sum(axis=1, keepdims=True),
        strength.sd * (by_gain * phi).sum(axis=(1, 2))[:, None],
    ]
    gradient = np.concatenate(parts, axis=1) + theta
    gradient[np.isnan(value)] = 0.0
    return value, gradient


def _evidence(k: Floats, noise: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Returns ``-log p(z | theta)`` up to a constant and G, of each network."""
    s, n, _ = k.shape
    k[:, np.arange(n), np.arange(n)] += noise
    value, slope = np.full(s, math.nan), np.zeros_like(k)
    for index in range(s):
        factor, info = lapack.dpotrf(k[index], lower=1, clean=1)
        if info != 0 or n == 0:
            value[index] = 0.0 if n == 0 else math.nan
            continue
        inverse = mirrored(lapack.dpotri(factor, lower=1)[0])
        a = inverse @ z
        value[index] = 0.5 * z @ a + np.log(diagonal_of(factor)).sum()
        slope[index] = 0.5 * (inverse - np.outer(a, a))
    return value, slope
