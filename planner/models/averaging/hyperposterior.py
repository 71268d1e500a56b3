"""The posterior of hyperparameters, in coordinates that are standard before any data.

| symbol | meaning                                                                   | shape |
|--------|---------------------------------------------------------------------------|-------|
| theta  | log lengthscales, log noise variance, log signal variance                 | p + 2 |
| u      | coordinates: theta = offset + A u                                         | q     |
| g      | prior of one coordinate: standard normal, or 1 / (pi cosh u)              |       |

``1 / (pi cosh u)`` is the density of the logarithm of a half-Cauchy of scale 1. The log density of
u is ``evidence(theta) + sum log g(u)``, up to a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.models.averaging.evidence import Evidence
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.known_noise import noise_of_next
from planner.models.priors import SAAS_SCALE, LogNormal
from planner.space import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Hyperposterior:
    """What is known of the hyperparameters of a plain Gaussian process.

    Args:
        evidence: of the observations.
        offset: theta where all coordinates are 0, ``p+2``.
        slopes: A, ``p+2 q``.
        is_normal: which coordinates are standard normal, ``q``.
    """

    evidence: Evidence
    offset: Floats
    slopes: Floats
    is_normal: Floats

    @classmethod
    def with_log_normals(
        cls, evidence: Evidence, *, lengthscale: LogNormal, noise: LogNormal, signal: LogNormal
    ) -> Hyperposterior:
        """Returns the posterior under log-normal priors, the same of each lengthscale."""
        priors = [lengthscale] * evidence.n_parameters + [noise, signal]
        return cls(
            evidence,
            offset=np.array([prior.mean for prior in priors]),
            slopes=np.diag([prior.sd for prior in priors]),
            is_normal=np.ones(len(priors)),
        )

    @classmethod
    def with_sparse_axes(
        cls, evidence: Evidence, *, noise: LogNormal, signal: LogNormal
    ) -> Hyperposterior:
        """Returns the posterior under the sparse axis-aligned prior of the lengthscales.

        Inverse squared lengthscales are ``tau c_k`` with ``c_k`` half-Cauchy of scale 1 and one
        tau for all of them, half-Cauchy of a small scale: most parameters do nothing, some do.
        Coordinates are log c, log noise, log signal, and log tau.

        Source: Eriksson and Jankowiak, "High-Dimensional Bayesian Optimization with Sparse
        Axis-Aligned Subspaces" (UAI 2021), section 4.1, with the kernel and the other priors of
        the plain family.
        """
        p = evidence.n_parameters
        slopes = np.zeros((p + 2, p + 3))
        slopes[:p, :p] = -0.5 * np.eye(p)
        slopes[:p, p + 2] = -0.5
        slopes[p, p], slopes[p + 1, p + 1] = noise.sd, signal.sd
        offset = [-0.5 * np.log(SAAS_SCALE)] * p + [noise.mean, signal.mean]
        return cls(
            evidence,
            offset=np.array(offset),
            slopes=slopes,
            is_normal=np.array([0.0] * p + [1.0, 1.0, 0.0]),
        )

    @property
    def size(self) -> int:
        """Number of coordinates, ``q``."""
        return len(self.is_normal)

    def theta(self, u: Floats) -> Floats:
        """Returns theta of coordinates, of shape ``*b q``."""
        theta: Floats = self.offset + u @ self.slopes.T
        return theta

    def values(self, u: Floats) -> Floats:
        """Returns the log density of each row of ``u``, ``s q``."""
        return self.evidence.values(self.theta(u)) + self._log_prior(u)

    def value_and_gradient(self, u: Floats) -> tuple[float, Floats]:
        """Returns the log density at ``u``, ``q``, and its gradient."""
        value, slope = self.evidence.value_and_gradient(self.theta(u))
        prior_slope = np.where(self.is_normal, -u, -np.tanh(u))
        return value + float(self._log_prior(u)), slope @ self.slopes + prior_slope

    def hyperparameters(self, u: Floats, mean: float) -> Hyperparameters:
        """Returns the hyperparameters at ``u``, ``q``, with this constant mean."""
        p = self.evidence.n_parameters
        scales = np.exp(self.theta(u))
        noise = noise_of_next(self.evidence.known_noise, float(scales[p]))
        return Hyperparameters(
            lengthscales=tuple(float(value) for value in scales[:p]),
            noise_variance=noise,
            mean=mean,
            signal_variance=float(scales[p + 1]),
        )

    def _log_prior(self, u: Floats) -> Floats:
        log_cosh = np.logaddexp(u, -u)
        prior: Floats = np.where(self.is_normal, -0.5 * u**2, -log_cosh).sum(axis=-1)
        return prior
