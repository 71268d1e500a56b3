"""Upper confidence bound: the mean of the utility plus some of its deviations."""

from __future__ import annotations

from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.utility import utility_moments
from planner.campaign.objectives import AnyObjective
from planner.models import Surrogate


def upper_confidence_bound(
    surrogate: Surrogate,
    objective: AnyObjective,
    x: Float64[Tensor, "n d"],
    *,
    beta: float,
) -> Float64[Tensor, " n"]:
    """Returns ``mean + beta sd`` of the utility at each candidate; can be differentiated.

    Args:
        surrogate: conditioned on pending trials, where there are any.
        objective: what is wanted.
        x: candidates.
        beta: weight of the deviation; larger explores more.

    Source: the weight stands before the deviation, not its square root as in Srinivas et al.
    (ICML 2010).
    """
    moments = utility_moments(objective, *surrogate.moments(x))
    return moments.mean + beta * moments.sd
