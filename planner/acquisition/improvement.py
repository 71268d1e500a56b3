"""Log noisy expected improvement: how much better than the best so far, both being uncertain.

| symbol   | meaning                                                               | shape |
|----------|-----------------------------------------------------------------------|-------|
| b        | configurations measured or under way                                  | n d   |
| L        | Cholesky factor of the posterior covariance at b                      | n n   |
| z        | quasi-random standard normal draws; m(b) + L z is the process at b    | s n   |
| w        | L^-1 cov(b, x)                                                        | n     |
| best     | highest utility of each draw at b                                     | s     |
| h(u)     | phi(u) + u Phi(u)                                                     |       |

Given one draw at b, a candidate is normal with mean ``m(x) + w'z`` and variance
``v = var(x) - w'w``, so its improvement is ``sqrt(v) h((mean - best) / sqrt(v))`` exactly, and the
value is the mean of that over the draws, in logarithms: it still ranks where improvement itself
is 0 in double precision.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.quasirandom import SobolEngine
from torch.special import erfcx, ndtri

from planner.acquisition.candidates import Score
from planner.acquisition.promising import most_promising
from planner.acquisition.utility import utility_of
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
)
from planner.models import Bounds, Surrogate
from planner.models.predictive.normal import normal_cdf, normal_log_density

_DRAWS = 128
# Of very many measured settings the best so far is drawn among so many with the best outcomes.
_MOST_BASELINE = 256
_MOST_SOBOL_DIMENSIONS = 21_201
# Relative to the prior variance: hides rounding that would keep L from existing.
_JITTER = 1e-9


def log_noisy_expected_improvement(
    surrogate: Surrogate,
    objective: AnyObjective,
    *,
    pending: Float64[Tensor, "m d"],
    bounds: Bounds | None = None,
    seed: int,
) -> Score:
    """Returns a function of candidates, ``n d``: the logarithm of the expected improvement.

    The best so far is not a number but drawn from the posterior wherever something was measured or
    is under way; so measurement noise is not mistaken for success, and a pending trial takes the
    worth of its surroundings away.

    Args:
        surrogate: of at least one observation, not conditioned on ``pending``.
        objective: what is wanted. A maximum or minimum is exact but for the draws of the best; of
            a target or a range, where the utility is not normal, the candidate is drawn too. Of a
            class it is the margin that improves.
        pending: configurations that are being measured, or were picked earlier in this batch.
        bounds: of the outcome, if it has any: what is drawn for a target or a range keeps to them,
            while a maximum or minimum is of the process without them, as the confidence bound is.
        seed: of the quasi-random draws.

    Source: Letham et al., "Constrained Bayesian Optimization with Noisy Experiments" (Bayesian
    Analysis 2019), section 4, with the logarithm of Ament et al., "Unexpected Improvements to
    Expected Improvement for Bayesian Optimization" (NeurIPS 2023), equation 9.
    """
    measured = _measured(surrogate, objective)
    baseline = torch.unique(torch.cat([measured, pending]), dim=0)
    match objective:
        case Maximise() | HitClass():
            return _exact(surrogate, baseline, sign=1.0, seed=seed)
        case Minimise():
            return _exact(surrogate, baseline, sign=-1.0, seed=seed)
        case HitTarget() | HitRange():
            return _drawn(
                surrogate, objective, pending=pending, bounds=bounds or Bounds(), seed=seed
            )


def _measured(surrogate: Surrogate, objective: AnyObjective) -> Float64[Tensor, "n d"]:
    seen = surrogate.observations
    return seen.x[most_promising(objective, seen.y, most=_MOST_BASELINE)]


def _exact(
    surrogate: Surrogate, baseline: Float64[Tensor, "n d"], *, sign: float, seed: int
) -> Score:
    joint = surrogate.joint(baseline)
    jitter = _JITTER * surrogate.scale.sd**2
    eye = torch.eye(len(baseline), dtype=baseline.dtype)
    factor = torch.linalg.cholesky(joint.cov + jitter * eye)
    normal = _normal_draws(len(baseline), seed=seed)
    best = (sign * (joint.mean + normal @ factor.T)).amax(dim=1)

    def score(x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        mean, sd = surrogate.moments(x)
        w = torch.linalg.solve_triangular(factor, surrogate.covariance(baseline, x), upper=False)
        variance = (sd.square() - w.square().sum(dim=0)).clamp_min(jitter)
        ahead = sign * (mean + normal @ w) - best[:, None]
        values = 0.5 * variance.log() + log_improvement(ahead / variance.sqrt())
        return torch.logsumexp(values, dim=0) - math.log(len(best))

    return score


def _drawn(
    surrogate: Surrogate,
    objective: AnyObjective,
    *,
    pending: Float64[Tensor, "m d"],
    bounds: Bounds,
    seed: int,
) -> Score:
    # 0.3 s, and only targets and ranges need it
    from botorch.acquisition.logei import qLogNoisyExpectedImprovement
    from botorch.acquisition.objective import GenericMCObjective
    from botorch.sampling.normal import SobolQMCNormalSampler

    def utility(samples: Tensor, X: Tensor | None = None) -> Tensor:  # noqa: ARG001, N803  by name
        return utility_of(objective, samples[..., 0].clamp(bounds.lowest, bounds.highest))

    with _quietly():
        improvement = qLogNoisyExpectedImprovement(
            surrogate.model,
            X_baseline=torch.unique(_measured(surrogate, objective), dim=0),
            sampler=SobolQMCNormalSampler(torch.Size([_DRAWS]), seed=seed % (1 << 31)),
            objective=GenericMCObjective(utility),
            X_pending=pending if len(pending) else None,
            prune_baseline=False,
        )

    def score(x: Float64[Tensor, "n d"]) -> Float64[Tensor, " n"]:
        with _quietly():
            value: Tensor = improvement(x[:, None, :])
        return value

    return score


@contextmanager
def _quietly() -> Iterator[None]:
    """Keeps from the user that a joint covariance was factored with some jitter.

    Beside a measured setting it is singular but for rounding, and the jitter, like our own of
    ``_JITTER``, moves draws by far less than their number leaves unknown.
    """
    from linear_operator.utils.warnings import NumericalWarning

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="A not p.d.", category=NumericalWarning)
        yield


def log_improvement(u: Float64[Tensor, "*n"]) -> Float64[Tensor, "*n"]:
    """Returns ``log h(u)`` without cancellation at any u.

    Below -1, with ``erfcx`` the scaled complementary error function,
    ``h(u) = phi(u) (1 - sqrt(pi / 2) |u| erfcx(|u| / sqrt 2))``; below -1e5, where that bracket
    loses its digits too, it is ``1 / u^2``.
    """
    near = u.clamp_min(-1.0)
    far = u.clamp(-1e5, -1.0)
    bracket = 1.0 + math.sqrt(math.pi / 2.0) * far * erfcx(far * -math.sqrt(0.5))
    farthest = u.clamp_max(-1e5)
    return torch.where(
        u > -1.0,
        (normal_log_density(near).exp() + near * normal_cdf(near)).log(),
        normal_log_density(u) + torch.where(u > -1e5, bracket.log(), -2.0 * (-farthest).log()),
    )


def _normal_draws(n: int, *, seed: int) -> Float64[Tensor, "s n"]:
    """Returns scrambled Sobol points as normal draws; plain ones beyond Sobol's dimensions."""
    if n > _MOST_SOBOL_DIMENSIONS:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(_DRAWS, n, dtype=torch.float64, generator=generator)
    engine = SobolEngine(n, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    uniform = engine.draw(_DRAWS, dtype=torch.float64)
    # a point on the edge would be an infinite draw
    normal: Tensor = ndtri(uniform.clamp(1e-10, 1.0 - 1e-10))
    return normal
