"""The pursuit of outliers: observations get a variance of their own, one after the other.

| symbol | meaning                                                                    | shape |
|--------|----------------------------------------------------------------------------|-------|
| K      | covariance of the standardised outcomes, all variances included            | n n   |
| t_i    | how far an outcome lies from what the others predict, in deviations        | n     |
| v_i    | variance of a suspect: noise and what it has of its own                    |       |
| e      | probability beforehand that an observation is an outlier                   | 1     |

With ``a = K^-1 (z - c)`` an outcome lies ``a_i / K^-1_ii`` from what the others predict, whose
variance with that of the outcome itself is ``1 / K^-1_ii``. The variance that the likelihood likes
best for a suspect is therefore ``v_i = (a_i / K^-1_ii)^2 - (1 / K^-1_ii - v_i)``. The pursuit takes
the largest ``t_i``, fits again, and so on; of all steps the one counts whose log density of the
outcomes in their unit, plus ``log(e / (1 - e))`` for each suspect, is highest: so two outliers that
vouch for each other are both found, though neither gains much alone.

Source: Ament, Santorella, Eriksson, Letham, Balandat and Bakshy, "Robust Gaussian Processes via
Relevance Pursuit" (NeurIPS 2024), lemma 1 for the variances, section 4 for the pursuit. What the
outcomes are standardised by is here that of the unsuspected.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner.models.failure import FitFailure
from planner.models.gaussian.ard import ArdProblem, make_problem
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.search import begin, search
from planner.models.known_noise import prior_beside
from planner.models.observations import SMALLEST_NOISE, Observations, OutcomeScale
from planner.models.priors import OUTLIER_PROBABILITY
from planner.models.scaling import standard_scale
from planner.space import Floats

# No more than this share of the observations is doubted: with more it is not clear who is right.
_LARGEST_SHARE = 0.2
_MOST = 12
# What lies nearer than this to the others' prediction is no candidate.
_NEAR = 2.0
# What lies farther from the median of all outcomes is one in any case.
_FAR_OUT = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step of the pursuit.

    Args:
        suspected: numbers of rows, in the order in which they were found.
        var: variances of all observations in the outcome's unit, ``n``; NaN where learned.
        hyperparameters: of the process.
        scale: of the unsuspected.
        log_density: of the outcomes in their unit, with the priors, up to a constant.
        apart: ``t`` without its sign, ``n``.
    """

    suspected: tuple[int, ...]
    var: Floats
    hyperparameters: Hyperparameters
    scale: OutcomeScale
    log_density: float
    apart: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Pursuit:
    """What all steps have in common.

    Args:
        observations: sorted.
        columns: for each encoded column the index of the parameter it belongs to.
        expected: scale of the outcome beforehand.
        goes_on: whether the search for hyperparameters begins at the last ones alone.
    """

    observations: Observations
    columns: tuple[int, ...]
    expected: OutcomeScale | None
    goes_on: bool = False

    def run(self, previous: Hyperparameters | None) -> Step | FitFailure:
        """Returns the best step, its hyperparameters searched for from all starts."""
        last = self._take((), self.observations.var.numpy(), previous, is_warm=False)
        if isinstance(last, FitFailure):
            return last
        best, most = last, min(_MOST, int(_LARGEST_SHARE * len(self.observations.y)))
        while len(last.suspected) < most:
            step = self._add_suspect(last)
            if step is None or isinstance(step, FitFailure):
                break
            best = step if step.log_density > best.log_density else best
            last = step
        if not best.suspected:
            return best
        return self._take(best.suspected, best.var, best.hyperparameters, is_warm=False)

    def _add_suspect(self, last: Step) -> Step | FitFailure | None:
        """Returns the step that doubts what lies farthest apart; None where nothing does."""
        rows = list(last.suspected)
        apart = last.apart.copy()
        apart[rows] = 0.0
        if apart.max() <= _NEAR:
            # a process that winds through outliers says nothing of them: look at the outcomes alone
            apart = _from_median(self.observations.y.numpy())
            apart[rows] = 0.0
            if apart.max() <= _FAR_OUT:
                return None
        candidate = int(np.argmax(apart))
        var = last.var.copy()
        # what it may well have; the step finds the best one
        var[candidate] = (apart[candidate] * last.scale.sd) ** 2
        return self._take((*last.suspected, candidate), var, last.hyperparameters, is_warm=True)

    def _take(
        self,
        suspected: tuple[int, ...],
        var: Floats,
        previous: Hyperparameters | None,
        *,
        is_warm: bool,
    ) -> Step | FitFailure:
        """Fits hyperparameters with these variances, and then the variances of the suspects."""
        y, rows = self.observations.y.numpy(), list(suspected)
        scale = standard_scale(np.delete(y, rows), self.expected)
        if isinstance(scale, FitFailure):
            return scale
        problem = self._problem((y - scale.mean) / scale.sd, var / scale.sd**2, scale)
        starts = begin(problem.starts(previous), goes_on=self.goes_on)
        if is_warm and previous is not None:
            starts = {"from the last step": problem.at(previous)}
        found = search(problem.value_and_gradient, starts, priors=problem.priors)
        if isinstance(found, FitFailure):
            return found
        var = self._refine(problem, found.theta, rows, var / scale.sd**2)
        problem = self._problem(problem.targets[0], var, scale)
        value = problem.value_and_gradient(found.theta)[0]
        odds = math.log(OUTLIER_PROBABILITY / (1.0 - OUTLIER_PROBABILITY))
        return Step(
            suspected=suspected,
            var=var * scale.sd**2,
            hyperparameters=problem.read(found.theta)[0],
            scale=scale,
            log_density=-value - len(y) * math.log(scale.sd) + len(rows) * odds,
            apart=_apart(problem, found.theta),
        )

    def _refine(self, problem: ArdProblem, theta: Floats, rows: list[int], var: Floats) -> Floats:
        """Returns the variances, those of the suspects the best for these hyperparameters."""
        residual, variance = problem.leave_one_out(theta)
        var = var.copy()
        var[rows] = np.maximum(
            residual[rows] ** 2 - (variance[rows] - var[rows]), math.exp(theta[-1])
        )
        return var

    def _problem(self, z: Floats, noise: Floats, scale: OutcomeScale) -> ArdProblem:
        told = np.maximum(self.observations.var.numpy() / scale.sd**2, SMALLEST_NOISE)
        return make_problem(
            self.observations.x.numpy(),
            z[None, :],
            known_noise=np.maximum(noise, SMALLEST_NOISE),
            mean_precision=math.inf if scale == self.expected else 0.0,
            columns=self.columns,
            noise_prior=prior_beside(told),
        )


def _apart(problem: ArdProblem, theta: Floats) -> Floats:
    residual, variance = problem.leave_one_out(theta)
    return np.asarray(np.abs(residual) / np.sqrt(variance), dtype=np.float64)


def _from_median(y: Floats) -> Floats:
    """Returns how far each outcome lies from their median, in deviations estimated from it.

    Where more than half of the outcomes are one and the same, they say nothing of a deviation, and
    nothing is far.
    """
    apart = np.abs(y - np.median(y))
    # the median distance from the median of normal outcomes is 0.67 deviations
    sd = float(np.median(apart)) / 0.67
    is_rounding = sd <= 1e-12 * float(np.abs(y).max())
    return np.zeros_like(apart) if is_rounding else np.asarray(apart / sd, dtype=np.float64)
