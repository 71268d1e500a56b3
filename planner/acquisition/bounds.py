"""Upper confidence bound: the mean of the utility plus some of its deviations."""

from __future__ import annotations

from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.utility import utility_moments
from planner.campaign.objectives import (
    AnyObjective,
    HitClass,
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
)
from planner.models import Bounds, Surrogate


def upper_confidence_bound(
    surrogate: Surrogate,
    objective: AnyObjective,
    x: Float64[Tensor, "n d"],
    *,
    beta: float,
    bounds: Bounds | None = None,
) -> Float64[Tensor, " n"]:
    """Returns ``mean + beta sd`` of the utility at each candidate; can be differentiated.

    The bound of a maximum is that of the process without the outcome's bounds, that of a class is
    of its margin: a probability or a yield is near its end wherever much is expected, and would
    tell such candidates no longer apart. Of a target or a range the distance is that of the outcome
    within its bounds.

    Args:
        surrogate: conditioned on pending trials, where there are any.
        objective: what is wanted.
        x: candidates.
        beta: weight of the deviation; larger explores more.
        bounds: of the outcome, if it has any.

    Source: the weight stands before the deviation, not its square root as in Srinivas et al.
    (ICML 2010); ``docs/decisions/0013`` for the bounds.
    """
    mean, sd = surrogate.moments(x)
    match objective:
        case HitTarget() | HitRange():
            moments = utility_moments(objective, mean, sd, bounds=bounds)
            return moments.mean + beta * moments.sd
        case Minimise():
            return beta * sd - mean
        case Maximise() | HitClass():
            return mean + beta * sd
