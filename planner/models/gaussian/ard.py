"""What is minimised to fit lengthscales and noise, with an analytic gradient.

| symbol | meaning                                                          | shape |
|--------|------------------------------------------------------------------|-------|
| theta  | log lengthscales, then the log noise variance                    | g + 1 |
| K      | covariance of the standardised outcomes: k(r) + diag(noise)      | n n   |
| G      | d value / dK                                                     | n n   |

The value is the negative log likelihood (``likelihood``) plus
``sum ((theta - prior mean) / prior sd)^2 / 2``. There is one lengthscale a parameter, or, where the
process is isotropic, one in all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.models.gaussian import kernel
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.likelihood import best_mean, negative_log_likelihood
from planner.models.gaussian.matrices import diagonal_of, products, weighed
from planner.models.gaussian.search import Priors, no_value
from planner.models.known_noise import noise_of_next
from planner.models.priors import NOISE_PRIOR, LogNormal, lengthscale_prior
from planner.space import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ArdProblem:
    """What one search works on, in standardised units.

    Args:
        distances: squared distances that share a lengthscale, shape ``g n n``.
        n_parameters: of the space.
        targets: outcomes, one row each, shape ``m n``.
        freedom: how many of them are not settled by the others.
        known_noise: variances, ``n``; NaN where they have to be learned.
        mean_precision: of the prior of their constant means.
        priors: of theta.
    """

    distances: Floats
    n_parameters: int
    targets: Floats
    freedom: int
    known_noise: Floats
    mean_precision: float
    priors: Priors

    @property
    def is_learned(self) -> Floats:
        """One where the noise has to be learned, zero where it is known."""
        return np.isnan(self.known_noise).astype(np.float64)

    def value_and_gradient(self, theta: Floats) -> tuple[float, Floats]:
        """Returns the negative log posterior (up to a constant) and its gradient."""
        inverse_squares = np.exp(-2.0 * theta[:-1])
        k, slope = self._covariance(theta)
        penalty, gradient = self.priors.penalty(theta)
        likelihood = negative_log_likelihood(
            k,
            self.targets,
            freedom=self.freedom,
            mean_precision=self.mean_precision,
            penalty=penalty,
        )
        if likelihood is None:
            return no_value(theta)
        g = likelihood.by_covariance
        gradient[:-1] -= 2.0 * inverse_squares * products(self.distances, g * slope)
        gradient[-1] += math.exp(theta[-1]) * (diagonal_of(g) @ self.is_learned)
        return likelihood.value, gradient

    def starts(self, previous: Hyperparameters | None) -> dict[str, Floats]:
        """Returns where to begin."""
        last = None if previous is None else self.at(previous)
        return self.priors.starts(
            last, n=len(self.known_noise), lengthscales=len(self.distances), noise=-1
        )

    def at(self, found: Hyperparameters) -> Floats:
        """Returns theta of these hyperparameters."""
        return found.logarithms()[[*range(len(self.distances)), -1]]

    def read(self, theta: Floats) -> tuple[Hyperparameters, ...]:
        """Returns for each row of targets its hyperparameters, which differ in the mean alone."""
        k, _ = self._covariance(theta)
        n = len(self.known_noise)
        inverse = np.asarray(np.linalg.inv(k), dtype=np.float64) if n else k
        noise = noise_of_next(self.known_noise, math.exp(theta[-1]))
        lengthscales = (np.exp(theta[:-1]) * np.ones(self.n_parameters)).tolist()
        return tuple(
            Hyperparameters(
                lengthscales=tuple(lengthscales),
                noise_variance=noise,
                mean=best_mean(z, inverse, self.mean_precision),
            )
            for z in self.targets
        )

    def leave_one_out(self, theta: Floats) -> tuple[Floats, Floats]:
        """Returns how far each outcome lies from what the others predict, and its variance.

        The variance is that of the prediction and of the outcome's own noise together.
        """
        k, _ = self._covariance(theta)
        inverse = np.asarray(np.linalg.inv(k), dtype=np.float64)
        precision, z = diagonal_of(inverse), self.targets[0]
        a = inverse @ (z - best_mean(z, inverse, self.mean_precision))
        return a / precision, 1.0 / precision

    def _covariance(self, theta: Floats) -> tuple[Floats, Floats]:
        """Returns K, and by how much k changes with the squared scaled distance."""
        scaled = weighed(np.exp(-2.0 * theta[:-1]), self.distances)
        k, slope = kernel.matern_and_slope(scaled)
        diagonal_of(k)[:] += np.where(
            np.isnan(self.known_noise), math.exp(theta[-1]), self.known_noise
        )
        return k, slope


def make_problem(
    x: Floats,
    targets: Floats,
    *,
    known_noise: Floats,
    mean_precision: float,
    columns: tuple[int, ...],
    is_isotropic: bool = False,
    noise_prior: LogNormal = NOISE_PRIOR,
) -> ArdProblem:
    """Returns what is minimised.

    Args:
        x: encoded configurations, ``n d``.
        targets: standardised outcomes, one row each, shape ``m n``.
        known_noise: variances in standardised units, ``n``; NaN where they have to be learned.
        mean_precision: of the prior of their constant means around 0; 0 where they are free,
            infinite where they are 0.
        columns: for each encoded column the index of the parameter it belongs to.
        is_isotropic: whether all parameters share one lengthscale.
        noise_prior: of the noise that has to be learned.
    """
    n_parameters = max(columns) + 1
    distances = kernel.squared_distances(x, columns)
    if is_isotropic:
        distances = distances.sum(axis=0, keepdims=True)
    lengthscale, groups = lengthscale_prior(n_parameters), len(distances)
    return ArdProblem(
        distances=distances,
        n_parameters=n_parameters,
        targets=targets,
        freedom=max(1, len(targets) - 1),
        known_noise=known_noise,
        mean_precision=mean_precision,
        priors=Priors.of([lengthscale] * groups + [noise_prior]),
    )
