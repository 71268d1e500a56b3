"""By how much stated deviations are multiplied, learned from forecasts whose result is known.

| symbol | meaning                                                                  |
|--------|--------------------------------------------------------------------------|
| r      | what the model says it does not know: posterior over prior deviation     |
| c      | scale of one forecast, ``log c = a (1 - r) + b r + t xi``                |
| a, b   | log scales where all is known and where nothing is; normal beforehand    |
| t, xi  | how much single forecasts differ from that, and a standard normal; t is  |
|        | one of three                                                             |
| z      | error of a forecast over its stated deviation: normal of deviation c     |

A result at a bound of the outcome has an error of at least z, or at most: its likelihood is the
mass beyond, as what lies beyond a bound is measured at it.

Averaged over xi the distribution is a scale mixture of normals: heavier in the tails than a normal,
and still with all closed forms. a, b and t are found on a grid by Bayes' rule; what stays uncertain
of a and b goes into t.

The finite-sample argument is Bayes' own: over models whose log scales and tails are as the prior
says, intervals that forecasts alone correct hold exactly as often as they state, after any number
of them. What observations say without themselves is added with weights, which Bayes' rule does not
cover; what that does to a right model is measured (tests/models/coverage/test_right_models.py).
As a log scale is known from n errors to ``1 / sqrt(2 n)``, 8 forecasts weigh as much as its prior.
Of one given model 90 % intervals hold, before any forecast and after 8, 24 and 100, with the prior
of an average: if it was right 96, 94, 93 and 91 %; if its deviations were half of what they should
be 69, 77, 83 and 87 %; if twice of it 100, 100, 99 and 94 %. With the prior of one fit: 98, 97, 94
and 91 %; 75, 81, 85 and 88 %; 100, 100, 100 and 96 %. All levels: docs/benchmarks/coverage.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from scipy.special import ndtr
from torch import Tensor

from planner.space import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalePrior:
    """Means of the log scales beforehand.

    Args:
        known: where all is known.
        unknown: where nothing is.
    """

    known: float
    unknown: float

    def plus(self, weight: float, other: ScalePrior) -> ScalePrior:
        """Returns this and so much of another: priors of an average's parts, added up."""
        return ScalePrior(
            known=self.known + weight * other.known, unknown=self.unknown + weight * other.unknown
        )


# A fit that settles on one set of hyperparameters is surer of itself than one that averages over
# them. Source: ten real tables, docs/benchmarks/coverage.md; each left out in turn chooses the same
# or its neighbour on a grid of 0.1.
OF_ONE_FIT = ScalePrior(known=0.15, unknown=0.15)
OF_AN_AVERAGE = ScalePrior(known=0.0, unknown=0.05)
# Of either log scale.
PRIOR_SD = 0.25
# How much single forecasts differ, and how probable that is beforehand: hardly at all, so that a
# twelfth are off by a factor of two, or so that a third are. Source: as above.
TAILS, TAIL_PRIOR = (0.1, 0.4, 0.7), (0.25, 0.5, 0.25)
# What the spread of fairly weighted outcomes, over that of all, does to what is not known.
FAIRNESS = 2.0

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(5)
_SHARES = _SHARES / _SHARES.sum()
_GRID = np.linspace(-3.0, 3.0, 13)  # deviations of the prior; half a one apart is fine enough


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Forecasts with their results.

    Args:
        errors: result less forecast, over the stated deviation of a run, ``n``.
        unknown: posterior over prior deviation where they were made, from 0 to 1, ``n``.
        weights: how many forecasts each counts for, ``n``.
        beyond: 1 where the error is at least that large, -1 where it is at most that, as the result
            lay at a bound; 0 where it is known, ``n``.
    """

    errors: Floats
    unknown: Floats
    weights: Floats
    beyond: Floats

    @classmethod
    def of_errors(cls, errors: Floats, unknown: Floats, *, weights: Floats) -> Evidence:
        """Returns forecasts with results that lay at no bound."""
        return cls(errors=errors, unknown=unknown, weights=weights, beyond=np.zeros(len(errors)))

    @classmethod
    def none(cls) -> Evidence:
        """Returns no forecast."""
        return cls.of_errors(np.empty(0), np.empty(0), weights=np.empty(0))

    @property
    def n(self) -> float:
        """How many forecasts it counts for."""
        return float(self.weights.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What deviations are multiplied with.

    Args:
        known: mean of the log scale where all is known.
        unknown: where nothing is.
        var_known: variance of the former.
        var_unknown: of the latter.
        cov: of both.
        tail: how much single forecasts differ, in the logarithm.
        n_forecasts: how many forecasts it was learned from.
    """

    known: float
    unknown: float
    var_known: float = PRIOR_SD**2
    var_unknown: float = PRIOR_SD**2
    cov: float = 0.0
    tail: float = 0.4
    n_forecasts: int = 0

    @property
    def weights(self) -> Floats:
        """Weights of the scales; they sum to one."""
        return np.asarray(_SHARES, dtype=np.float64)

    def centre(self, r: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
        """Returns the scale in the middle; can be differentiated."""
        return (self.known * (1.0 - r) + self.unknown * r).exp()

    def scales(self, r: Float64[Tensor, " n"]) -> Float64[Tensor, "s n"]:
        """Returns the scales of the mixture, from small to large; can be differentiated."""
        nodes = torch.tensor(_NODES, dtype=r.dtype, device=r.device)
        spread: Tensor = (nodes[:, None] * self._tail_at(r)).exp()
        return self.centre(r) * spread

    def _tail_at(self, r: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
        known, unknown = self.var_known * (1.0 - r).square(), self.var_unknown * r.square()
        return (self.tail**2 + known + unknown + 2.0 * self.cov * r * (1.0 - r)).sqrt()


# What leaves a model as it is.
NO_CORRECTION = Correction(known=0.0, unknown=0.0, var_known=0.0, var_unknown=0.0, tail=0.0)


def learn(
    chosen: Evidence, held_out: Evidence, *, log_fairness: float, prior: ScalePrior
) -> Correction:
    """Learns the correction.

    Args:
        chosen: the campaign's own forecasts, stated before their trials.
        held_out: observations predicted without themselves, weighted to stand for the whole space.
            They teach of what is not known alone: the fit has seen them, which flatters it most
            where it knows most.
        log_fairness: logarithm of the spread of the outcomes, weighted to stand for the whole
            space, over their plain spread, by which the model measures what it does not know.
        prior: of the log scales.
    """
    a = prior.known + PRIOR_SD * _GRID[:, None, None]
    b = prior.unknown + FAIRNESS * log_fairness + PRIOR_SD * _GRID[None, :, None]
    by_tail = []
    for tail, share in zip(TAILS, TAIL_PRIOR, strict=True):
        before = math.log(share) - 0.5 * (_GRID[:, None] ** 2 + _GRID[None, :] ** 2)
        of_chosen = _log_likelihood(chosen, a, b, tail=tail)
        of_held_out = _log_likelihood(held_out, np.full((1, 1, 1), prior.known), b, tail=tail)
        by_tail.append(before + of_chosen + of_held_out)
    log_posterior = np.array(by_tail)
    each = np.exp(log_posterior - log_posterior.max())
    each /= each.sum()
    p, a, b = each.sum(axis=0), a[..., 0], b[..., 0]
    known, unknown = float((p * a).sum()), float((p * b).sum())
    return Correction(
        known=known,
        unknown=unknown,
        var_known=float((p * (a - known) ** 2).sum()),
        var_unknown=float((p * (b - unknown) ** 2).sum()),
        cov=float((p * (a - known) * (b - unknown)).sum()),
        tail=math.sqrt(float(each.sum(axis=(1, 2)) @ np.square(TAILS))),
        n_forecasts=len(chosen.errors),
    )


def _log_likelihood(evidence: Evidence, a: Floats, b: Floats, *, tail: float) -> Floats:
    """Returns the log likelihood on the grid, but for a constant."""
    if len(evidence.errors) == 0:
        return np.zeros((1, 1))
    r, beyond = evidence.unknown, evidence.beyond
    log_scale = (a * (1.0 - r) + b * r)[..., None] + tail * _NODES
    z = evidence.errors[:, None] * np.exp(-log_scale)
    likelihood = np.exp(-0.5 * z**2 - log_scale) / math.sqrt(2.0 * math.pi)
    is_cut = beyond != 0.0
    likelihood[..., is_cut, :] = ndtr(-beyond[is_cut, None] * z[..., is_cut, :])
    # of an error of a hundred deviations each scale is as good as any other
    each = np.log(likelihood @ _SHARES + 1e-300)
    return np.asarray(each @ evidence.weights, dtype=np.float64)


def describe_scale(scale: float) -> str:
    """Returns a scale in words."""
    if abs(math.log(scale)) < 0.005:
        return "as they were"
    return f"{abs(scale - 1.0):.0%} {'wider' if scale > 1 else 'narrower'}".replace("%", " %")
