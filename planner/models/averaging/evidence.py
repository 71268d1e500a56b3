"""The marginal likelihood of a plain Gaussian process, for many hyperparameters at once.

| symbol | meaning                                                                   | shape |
|--------|---------------------------------------------------------------------------|-------|
| theta  | log lengthscales, log noise variance, log signal variance                 | p + 2 |
| z      | standardised outcomes                                                     | n     |
| k(r)   | Matern 5/2 at the scaled distances                                        | n n   |
| m2     | prior variance of the constant mean, which is integrated out              | 1     |
| C      | covariance of z: signal k(r) + m2 + diag(noise)                           | n n   |
| a      | C^-1 z                                                                    | n     |

The value is ``-(z'a + log det C + n log 2 pi) / 2``, its derivative by C ``(a a' - C^-1) / 2``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import lapack

from planner.models.gaussian import kernel
from planner.models.gaussian.matrices import diagonal_of, mirrored, products, weighed
from planner.models.observations import SMALLEST_NOISE, Observations
from planner.space import Floats

_LOG_2PI = math.log(2.0 * math.pi)
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the hyperparameters are judged by.

    Args:
        distances: squared distances within each parameter, ``p n n``.
        z: standardised outcomes, ``n``.
        known_noise: variances of the measurements, standardised; NaN where they are learned.
        mean_variance: prior variance of the constant mean around 0.
    """

    distances: Floats
    z: Floats
    known_noise: Floats
    mean_variance: float

    @classmethod
    def of(
        cls,
        observations: Observations,
        *,
        mean: float,
        sd: float,
        columns: tuple[int, ...],
        mean_variance: float,
    ) -> Evidence:
        """Returns the evidence of observations.

        Args:
            observations: in the outcome's unit.
            mean: that the outcome is standardised by.
            sd: that it is divided by.
            columns: for each encoded column the index of the parameter it belongs to.
            mean_variance: prior variance of the constant mean, standardised.
        """
        return cls(
            distances=kernel.squared_distances(observations.x.numpy(), columns),
            z=(observations.y.numpy() - mean) / sd,
            known_noise=np.maximum(observations.var.numpy() / sd**2, SMALLEST_NOISE),
            mean_variance=mean_variance,
        )

    @property
    def n_parameters(self) -> int:
        """Number of parameters, ``p``."""
        return len(self.distances)

    def values(self, theta: Floats) -> Floats:
        """Returns the log likelihood of each row of ``theta``, ``s p+2``; -inf where C is none."""
        # few at a time, so that what is worked on stays in the processor's cache
        n_blocks = -(-len(theta) * len(self.z) ** 2 // _BLOCK) or 1
        return np.concatenate([self._values(each) for each in np.array_split(theta, n_blocks)])

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Returns the log likelihood and its gradient; -inf and 0 where C cannot be factored."""
        p, n = self.n_parameters, len(self.z)
        if n == 0:  # LAPACK complains about nothing on standard output
            return 0.0, np.zeros(p + 2)
        inverse_squares, noise, signal = np.exp(-2.0 * theta[:p]), *np.exp(theta[p:])
        k, slope = kernel.matern_and_slope(weighed(inverse_squares, self.distances))
        c = signal * k + self.mean_variance
        diagonal_of(c)[:] += self._noise(noise)
        factor, info = lapack.dpotrf(c, lower=1, clean=1)
        if info != 0:
            return -math.inf, np.zeros(p + 2)
        inverse = mirrored(lapack.dpotri(factor, lower=1)[0])
        a = inverse @ self.z
        value = -0.5 * self.z @ a - np.log(diagonal_of(factor)).sum() - 0.5 * n * _LOG_2PI
        g = 0.5 * (a[:, None] * a - inverse)
        gradient = np.empty(p + 2)
        by_distance = products(self.distances, g * slope)
        gradient[:p] = -2.0 * signal * inverse_squares * by_distance
        gradient[p] = noise * diagonal_of(g) @ np.isnan(self.known_noise)
        gradient[p + 1] = signal * np.sum(g * k)
        return float(value), gradient

    def mean_given(self, theta: Floats) -> tuple[Floats, Floats]:
        """Returns mean and deviation of the constant mean, given each row of ``theta``."""
        n = len(self.z)
        if n == 0 or self.mean_variance == 0.0:
            return np.zeros(len(theta)), np.full(len(theta), math.sqrt(self.mean_variance))
        towards = np.stack([self.z, np.ones(n)], axis=1)
        solved = np.linalg.solve(
            self._covariances(theta), np.broadcast_to(towards, (len(theta), n, 2))
        )
        weight, precision = solved[..., 0].sum(axis=1), solved[..., 1].sum(axis=1)
        variance = self.mean_variance * (1.0 - self.mean_variance * precision)
        return self.mean_variance * weight, np.sqrt(np.maximum(variance, 0.0))

    def _values(self, theta: Floats) -> Floats:
        # torch's batched factors say which of them failed; numpy's only that one did
        factor, info = torch.linalg.cholesky_ex(torch.from_numpy(self._covariances(theta)))
        z = torch.from_numpy(self.z)[:, None].expand(len(theta), -1, 1)
        white = torch.linalg.solve_triangular(factor, z, upper=False)[..., 0]
        log_root = factor.diagonal(dim1=1, dim2=2).log().sum(dim=1)
        values = -0.5 * white.square().sum(dim=1) - log_root - 0.5 * len(self.z) * _LOG_2PI
        return torch.where(info == 0, values, -math.inf).numpy()

    def _covariances(self, theta: Floats) -> Floats:
        p, n = self.n_parameters, len(self.z)
        r_squared = weighed(np.exp(-2.0 * theta[:, :p]), self.distances)
        k, _ = kernel.matern_and_slope(r_squared)
        c = np.exp(theta[:, p + 1, None, None]) * k + self.mean_variance
        c[:, np.arange(n), np.arange(n)] += self._noise(np.exp(theta[:, p, None]))
        return np.asarray(c, dtype=np.float64)

    def _noise(self, learned: Floats | float) -> Floats:
        noise: Floats = np.where(np.isnan(self.known_noise), learned, self.known_noise)
        return noise
