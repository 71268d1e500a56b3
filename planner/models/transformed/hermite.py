"""Moments of a curve of a normal variable, by its Hermite coefficients.

| symbol | meaning                                                                    | shape |
|--------|----------------------------------------------------------------------------|-------|
| T      | the curve, from the bent outcome to the outcome                            |       |
| h      | the process, normal with mean m and variance s^2                           | n     |
| t^2    | variance of one run around h; v = s^2 + t^2                                | n     |
| He_k   | Hermite polynomials, orthogonal under the standard normal, norm k!         |       |
| c_k    | ``E[T(m + sqrt(v) U) He_k(U)] / sqrt(k!)``                                 | n k   |
| psi(h) | ``E[T(h + t e)]``: what a run is expected to give where the process is h   | n     |

With ``r = s / sqrt(v)`` the coefficients of ``psi`` in ``(h - m) / s`` are ``c_k r^k``, so that
``var psi = sum_k>0 c_k^2 r^2k`` is what more observations can remove, the rest of
``var T = sum_k>0 c_k^2`` is noise, and two of them covary as ``sum_k>0 c_k c'_k q^k`` with
``q = cov(h, h') / sqrt(v v')``. What lies beyond the last coefficient counts as of the next degree.

Source: Mehler's formula, in Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964),
22.9 and 22.10 for the polynomials.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float64
from numpy.polynomial.hermite_e import hermegauss, hermevander
from torch import Tensor

Curve = Callable[[Tensor], Tensor]

_NODES = 40
_DEGREE = 16
# As a share of the squared unit: keeps the root differentiable.
_SMALLEST_VARIANCE = 1e-20


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """A curve of a normal variable at each of n configurations.

    Args:
        mean: of the curve, ``n``.
        coefficients: ``c_1`` to ``c_k``, and the root of what lies beyond, ``n k + 1``.
        sd_total: root of v, ``n``.
    """

    mean: Float64[Tensor, " n"]
    coefficients: Float64[Tensor, "n k"]
    sd_total: Float64[Tensor, " n"]

    def variance(self, sd: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
        """Returns the variance of ``psi`` where h has the deviation ``sd``."""
        ratio = (sd / self.sd_total).square()
        return (self.coefficients.square() * _powers(ratio, self.coefficients.shape[1])).sum(dim=1)

    def total_variance(self) -> Float64[Tensor, " n"]:
        """Returns the variance of one run."""
        return self.coefficients.square().sum(dim=1)


def expand(
    curve: Curve,
    mean: Float64[Tensor, " n"],
    variance: Float64[Tensor, " n"],
    *,
    unit: float = 1.0,
) -> Expansion:
    """Returns the Hermite coefficients of the curve of normal variables; differentiable.

    Args:
        curve: T.
        mean: m.
        variance: v.
        unit: the size of what the curve's values differ by.
    """
    nodes, weights, polynomials = (torch.from_numpy(each).to(mean) for each in _rule())
    sd = variance.sqrt()
    values = curve(mean[:, None] + sd[:, None] * nodes)
    middle = values @ weights
    apart = values - middle[:, None]
    coefficients = (apart * weights) @ polynomials
    rest = apart.square() @ weights - coefficients.square().sum(dim=1)
    rest = rest.clamp_min(_SMALLEST_VARIANCE * unit**2)
    return Expansion(
        mean=middle,
        coefficients=torch.cat([coefficients, rest.sqrt()[:, None]], dim=1),
        sd_total=sd,
    )


def covariances(
    a: Expansion, b: Expansion, latent: Float64[Tensor, "n m"]
) -> Float64[Tensor, "n m"]:
    """Returns the covariances of ``psi`` at two sets of configurations.

    Args:
        a: expansion at the first.
        b: expansion at the second.
        latent: covariances of h.
    """
    q = latent / torch.outer(a.sd_total, b.sd_total)
    found, power = torch.zeros_like(q), torch.ones_like(q)
    for left, right in zip(a.coefficients.T, b.coefficients.T, strict=True):
        power = power * q
        found = found + torch.outer(left, right) * power
    return found


def run_moments(
    curve: Curve, h: Float64[Tensor, "*n"], noise_sd: float, *, unit: float = 1.0
) -> tuple[Float64[Tensor, "*n"], Float64[Tensor, "*n"]]:
    """Returns ``psi(h)``, and the deviation of one run around it; ``unit`` as of ``expand``."""
    nodes, weights, _ = (torch.from_numpy(each).to(h) for each in _rule())
    values = curve(h[..., None] + noise_sd * nodes)
    mean = values @ weights
    variance = (values - mean[..., None]).square() @ weights
    return mean, variance.clamp_min(_SMALLEST_VARIANCE * unit**2).sqrt()


def _powers(ratio: Float64[Tensor, " n"], k: int) -> Float64[Tensor, "n k"]:
    return torch.cumprod(ratio[:, None].expand(-1, k), dim=1)


@cache
def _rule() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns nodes and weights of the standard normal, and scaled polynomials there."""
    nodes, weights = hermegauss(_NODES)
    norms = np.array([math.sqrt(math.factorial(k)) for k in range(1, _DEGREE + 1)])
    polynomials = hermevander(nodes, _DEGREE)[:, 1:] / norms
    return nodes, weights / weights.sum(), polynomials
