"""The noise as a field over the space: its logarithm is a Gaussian process of its own.

| symbol | meaning                                                                      | shape |
|--------|------------------------------------------------------------------------------|-------|
| g      | log variance of one run at each distinct configuration (site), standardised  | s     |
| m_0    | mean of g beforehand, that of the noise's prior                              | 1     |
| Q      | covariance of g: v_0 + t^2 Matern(sites); v_0 is what all sites share        | s s   |
| L      | Cholesky factor of Q                                                         | s s   |
| w      | ``L^-1 (g - m_0)`` at its most probable                                      | s     |
| R      | Cholesky factor of ``I + L'F L``, with F the information on g                | s s   |

At x with ``q = cov(g(x), g)`` and ``u = L^-1 q`` the log variance is normal with mean
``m_0 + u'w`` and variance ``v_0 + t^2 - u'u + |R^-1 u|^2``; the noise is its mean as a variance,
``exp(mean + variance / 2)``. With ``t = 0`` the noise is the same everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.models.gaussian.matrices import diagonal_of, weighed
from planner.models.priors import NOISE_PRIOR
from planner.space import Floats

SHARED_VARIANCE = NOISE_PRIOR.sd**2
_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True, slots=True)
class FieldShape:
    """How the log noise may vary.

    Args:
        deviation: of the log variance over the space; 0 where it is the same everywhere.
        lengthscales: one a parameter; very large in those that the noise does not depend on.
    """

    deviation: float
    lengthscales: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class NoiseField:
    """The posterior of the log noise.

    Args:
        sites: distinct configurations, ``s d``.
        shape: how it may vary.
        columns: for each encoded column the index of the parameter it belongs to.
        root: L, ``s s``.
        whitened: w, ``s``.
        information: R, ``s s``.
    """

    sites: Float64[Tensor, "s d"]
    shape: FieldShape
    columns: tuple[int, ...]
    root: Float64[Tensor, "s s"]
    whitened: Float64[Tensor, " s"]
    information: Float64[Tensor, "s s"]

    def variance(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        """Returns the variance of one run in standardised units; differentiable."""
        prior = SHARED_VARIANCE + self.shape.deviation**2
        across = SHARED_VARIANCE + self.shape.deviation**2 * self._matern(x)
        u = torch.linalg.solve_triangular(self.root, across, upper=False)
        left = torch.linalg.solve_triangular(self.information, u, upper=False)
        mean = NOISE_PRIOR.mean + u.T @ self.whitened
        variance = prior - u.square().sum(dim=0) + left.square().sum(dim=0)
        return torch.exp(mean + 0.5 * variance.clamp_min(0.0))

    def _matern(self, x: Float64[Tensor, "n d"]) -> Float64[Tensor, "s n"]:
        scales = torch.tensor(
            [self.shape.lengthscales[index] for index in self.columns], dtype=x.dtype
        )
        r = torch.cdist(
            self.sites / scales, x / scales, compute_mode="donot_use_mm_for_euclid_dist"
        )
        return (1.0 + _SQRT5 * r + (5.0 / 3.0) * r.square()) * torch.exp(-_SQRT5 * r)


def candidate_shapes(n_parameters: int) -> dict[FieldShape, float]:
    """Returns the shapes that are compared, each with its probability beforehand.

    Constant noise has half of it; the other half is shared by noise that varies with all
    parameters and noise that varies with one of them, by a factor of e or e^2 in its deviation's
    square.
    """
    wide = (0.5 * math.sqrt(n_parameters),) * n_parameters
    alone = [
        tuple(0.5 if index == each else _WITHOUT for index in range(n_parameters))
        for each in range(n_parameters)
    ]
    constant = FieldShape(deviation=0.0, lengthscales=wide)
    varying = [
        FieldShape(deviation=deviation, lengthscales=lengthscales)
        for deviation in (1.0, 2.0)
        for lengthscales in dict.fromkeys([wide, *alone])
    ]
    return {constant: 0.5} | {shape: 0.5 / len(varying) for shape in varying}


# A lengthscale in which nothing changes.
_WITHOUT = 1e3


def prior_root(shape: FieldShape, distances: Floats) -> Floats:
    """Returns L from the squared distances between sites within each parameter, ``p s s``."""
    weights = np.array(shape.lengthscales) ** -2.0
    r = np.sqrt(weighed(weights, distances))
    matern = (1.0 + _SQRT5 * r + (5.0 / 3.0) * r * r) * np.exp(-_SQRT5 * r)
    q = SHARED_VARIANCE + shape.deviation**2 * matern
    # without it what all sites share is of rank one; e^(1e-4) of a variance is of no account
    diagonal_of(q)[:] += 1e-8
    return np.asarray(np.linalg.cholesky(q), dtype=np.float64)
