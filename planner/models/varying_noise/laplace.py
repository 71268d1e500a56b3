"""The posterior of the log noise given the process's covariance: Laplace's approximation.

| symbol | meaning                                                                    | shape |
|--------|----------------------------------------------------------------------------|-------|
| g, L, w | see ``field``; ``g = m_0 + L w`` with w standard normal beforehand        | s     |
| C      | covariance of the outcomes, K + diag(exp(g at each observation))           | n n   |
| G      | d value / dC, value the negative log likelihood                            | n n   |
| F      | information: ``F_st = sum_ij e^(g_s + g_t) (C^-1_ij)^2 / 2``, i of s, j of t | s s |

The outcomes' own likelihood is used, so replicates count with the sampling distribution of their
spread (chi-square of one less than there are), and single outcomes count by what the process leaves
of them. A known variance counts as the log noise of its site, seen with a deviation of 0.5.
``-log p(y) = value + w'w / 2 + log det(I + L'F L) / 2`` compares shapes of the field.

Source: Binois, Gramacy and Ludkovski, "Practical Heteroscedastic Gaussian Process Modeling for
Large Simulation Experiments" (JCGS 27, 2018) for log noise at the sites under the joint likelihood;
Rasmussen and Williams, "Gaussian Processes for Machine Learning" (2006), section 3.4, for Laplace's
approximation, here with the expected information, which is never negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.models.gaussian.likelihood import Likelihood, negative_log_likelihood
from planner.models.gaussian.matrices import diagonal_of
from planner.models.gaussian.standardised import Standardised
from planner.models.priors import NOISE_PRIOR
from planner.space import Floats

_MOST_STEPS = 30
_ENOUGH = 1e-4
_KNOWN_SD = 0.5
# Log variances farther from the prior's mean than this are no noise.
_FARTHEST = 9.0


@dataclass(frozen=True, slots=True, eq=False)
class NoiseProblem:
    """What the log noise is found from, in standardised units.

    Args:
        covariance: of the process at the observations, ``n n``.
        data: outcomes and known noise.
        membership: one where an observation is of a site, ``n s``.
    """

    covariance: Floats
    data: Standardised
    membership: Floats

    def likelihood(self, g: Floats) -> Likelihood | None:
        """Returns the likelihood of the outcomes with this log noise at the sites."""
        k = self.covariance.copy()
        diagonal_of(k)[:] += self.data.noise(np.exp(self.membership @ g))
        return negative_log_likelihood(
            k, self.data.z[None, :], mean_precision=self.data.mean_precision
        )

    def slope(self, likelihood: Likelihood, g: Floats) -> Floats:
        """Returns the derivative of the value by g."""
        each = diagonal_of(likelihood.by_covariance) * self.data.is_learned
        slope: Floats = np.exp(g) * (each @ self.membership) + self._known_slope(g)
        return slope

    def information(self, likelihood: Likelihood, g: Floats) -> Floats:
        """Returns F."""
        learned = self.membership * self.data.is_learned[:, None]
        squares = learned.T @ likelihood.inverse**2 @ learned
        known = (1.0 - self.data.is_learned) @ self.membership / _KNOWN_SD**2
        variances = np.exp(g)
        found: Floats = (0.5 * variances)[:, None] * variances * squares
        diagonal_of(found)[:] += known
        return found

    def known_value(self, g: Floats) -> float:
        """Returns what known variances say of g, as a negative log density."""
        apart = self._known_apart(g)
        return float(0.5 * apart @ apart / _KNOWN_SD**2)

    def _known_slope(self, g: Floats) -> Floats:
        return np.asarray(self._known_apart(g) @ self.membership / _KNOWN_SD**2)

    def _known_apart(self, g: Floats) -> Floats:
        apart = self.membership @ g - np.log(self.data.noise(1.0))
        return np.asarray(np.where(self.data.is_learned > 0, 0.0, apart))


@dataclass(frozen=True, slots=True, eq=False)
class Laplace:
    """The most probable log noise, and how well it is known.

    Args:
        whitened: w, ``s``.
        information: Cholesky factor of ``I + L'F L``, ``s s``.
        log_evidence: of the shape, up to a constant that is the same for all.
    """

    whitened: Floats
    information: Floats
    log_evidence: float


def find_noise(problem: NoiseProblem, root: Floats, *, start: Floats) -> Laplace | None:
    """Returns the posterior of the log noise; None where a covariance cannot be factored.

    Args:
        problem: what it is found from.
        root: L, ``s s``.
        start: w to begin with, ``s``.
    """
    w = start
    value, likelihood = _value(problem, root, w)
    if likelihood is None:
        return None
    for _ in range(_MOST_STEPS):
        g = NOISE_PRIOR.mean + root @ w
        slope = root.T @ problem.slope(likelihood, g) + w
        h = root.T @ problem.information(likelihood, g) @ root
        diagonal_of(h)[:] += 1.0
        step = np.asarray(np.linalg.solve(h, slope), dtype=np.float64)
        moved, at, found = _descend(problem, root, w, step, value, slope)
        gain = value - moved
        w, value, likelihood = at, moved, found
        if gain < _ENOUGH:
            break
    g = NOISE_PRIOR.mean + root @ w
    h = root.T @ problem.information(likelihood, g) @ root
    diagonal_of(h)[:] += 1.0
    factor = np.asarray(np.linalg.cholesky(h), dtype=np.float64)
    return Laplace(
        whitened=w,
        information=factor,
        log_evidence=-value - float(np.log(np.diag(factor)).sum()),
    )


def _value(problem: NoiseProblem, root: Floats, w: Floats) -> tuple[float, Likelihood | None]:
    """Returns the negative log posterior of w, and the likelihood that it is made of."""
    g = NOISE_PRIOR.mean + root @ w
    if np.abs(g - NOISE_PRIOR.mean).max(initial=0.0) > _FARTHEST:
        return math.inf, None
    likelihood = problem.likelihood(g)
    if likelihood is None:
        return math.inf, None
    return likelihood.value + problem.known_value(g) + 0.5 * float(w @ w), likelihood


def _descend(
    problem: NoiseProblem, root: Floats, w: Floats, step: Floats, value: float, slope: Floats
) -> tuple[float, Floats, Likelihood]:
    """Goes along the step, by half of it and so on, until the value falls."""
    size = 1.0
    while size > 1e-4:
        at = w - size * step
        moved, likelihood = _value(problem, root, at)
        if likelihood is not None and moved <= value - 1e-4 * size * float(slope @ step):
            return moved, at, likelihood
        size *= 0.5
    _, likelihood = _value(problem, root, w)
    assert likelihood is not None  # it was factored before
    return value, w, likelihood
