"""The posterior of hyperparameters with normal priors, in units of the prior's deviations.

| symbol | meaning                                                              | shape |
|--------|----------------------------------------------------------------------|-------|
| theta  | log lengthscales, log noise variance, log signal variance            | q     |
| u      | (theta - prior mean) / prior sd: standard normal before any data     | q     |

The log density of u is ``evidence(theta) - u'u / 2``, up to a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.models.averaging.evidence import Evidence
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.priors import LogNormal
from planner.space import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Hyperposterior:
    """What is known of the hyperparameters of a plain Gaussian process.

    Args:
        evidence: of the observations.
        priors: of each lengthscale, of the noise variance and of the signal variance, ``q``.
    """

    evidence: Evidence
    priors: tuple[LogNormal, ...]

    @property
    def size(self) -> int:
        """Number of hyperparameters but for the constant mean, ``q``."""
        return len(self.priors)

    def theta(self, u: Floats) -> Floats:
        """Returns the logarithms of the hyperparameters, of the shape of ``u``."""
        return self._mean + self._sd * u

    def standardised(self, theta: Floats) -> Floats:
        """Returns ``u``."""
        return (theta - self._mean) / self._sd

    def values(self, u: Floats) -> Floats:
        """Returns the log density of each row of ``u``, ``s q``."""
        density: Floats = self.evidence.values(self.theta(u)) - 0.5 * (u**2).sum(axis=1)
        return density

    def value_and_gradient(self, u: Floats) -> tuple[float, Floats]:
        """Returns the log density at ``u``, ``q``, and its gradient."""
        value, slope = self.evidence.value_and_gradient(self.theta(u))
        return value - 0.5 * float(u @ u), self._sd * slope - u

    def hyperparameters(self, u: Floats, mean: float) -> Hyperparameters:
        """Returns the hyperparameters at ``u``, ``q``, with this constant mean."""
        p, known = self.evidence.n_parameters, self.evidence.known_noise
        scales = np.exp(self.theta(u))
        noise = np.mean(known) if self.evidence.every_noise_is_known else scales[p]
        return Hyperparameters(
            lengthscales=tuple(float(value) for value in scales[:p]),
            noise_variance=float(noise),
            mean=mean,
            signal_variance=float(scales[p + 1]),
        )

    @property
    def _mean(self) -> Floats:
        return np.array([prior.mean for prior in self.priors])

    @property
    def _sd(self) -> Floats:
        return np.array([prior.sd for prior in self.priors])
