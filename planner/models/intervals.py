"""Statements about an outcome from its predicted mean and deviation, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.special import ndtri

from planner.campaign.objectives import AnyObjective, HitRange, HitTarget, Maximise, Minimise
from planner.errors import InputError
from planner.models.normal import normal_cdf
from planner.models.surrogate import Prediction


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """Lower and upper ends, in the outcome's unit."""

    low: Float64[Tensor, " n"]
    high: Float64[Tensor, " n"]


def interval(
    prediction: Prediction,
    *,
    level: float = 0.9,
    of_next_run: bool = False,
    lowest: float | None = None,
    highest: float | None = None,
) -> Interval:
    """Returns the central interval that holds the outcome with the stated probability.

    Args:
        prediction: mean, deviation and noise.
        level: probability, between 0 and 1.
        of_next_run: of one more measurement, with its noise, rather than of the process.
        lowest: the smallest value that the outcome can take, if it has one.
        highest: the largest.

    Returns:
        Mean plus and minus ``ndtri((1 + level) / 2)`` deviations, clipped to the bounds.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise InputError(f"An interval's level must lie between 0 and 1, not at {level:g}.")
    sd = torch.hypot(prediction.sd, prediction.noise_sd) if of_next_run else prediction.sd
    half = ndtri(torch.tensor((1.0 + level) / 2.0, dtype=sd.dtype)) * sd
    return Interval(
        low=clip(prediction.mean - half, lowest, highest),
        high=clip(prediction.mean + half, lowest, highest),
    )


def clip(
    value: Float64[Tensor, " n"], lowest: float | None, highest: float | None
) -> Float64[Tensor, " n"]:
    """Returns the values within the bounds that the outcome has, if it has any."""
    return value if lowest is None and highest is None else value.clamp(lowest, highest)


def probability_of_meeting(
    objective: AnyObjective,
    mean: Float64[Tensor, " n"],
    sd: Float64[Tensor, " n"],
    *,
    best: float | None = None,
) -> Float64[Tensor, " n"]:
    """Returns the probability that the outcome meets the objective.

    A target is met within its tolerance, a range between its ends. A maximum is met at its goal;
    without a goal, above the best so far by the stated gain (any amount where none is stated).

    Args:
        objective: what is wanted.
        mean: predicted mean, in the outcome's unit.
        sd: of the process, or of the next run, as is asked.
        best: the best outcome so far, in the outcome's unit; only a maximum or minimum without a
            goal needs it.

    Raises:
        InputError: ``best`` is needed and missing.
    """
    match objective:
        case HitTarget():
            low, high = (
                objective.target - objective.tolerance,
                objective.target + objective.tolerance,
            )
        case HitRange():
            low, high = objective.low, objective.high
        case Maximise():
            low, high = _threshold(objective, best, sign=1.0), float("inf")
        case Minimise():
            low, high = float("-inf"), _threshold(objective, best, sign=-1.0)
    return _mass_between((low - mean) / sd, (high - mean) / sd)


def _threshold(objective: Maximise | Minimise, best: float | None, *, sign: float) -> float:
    if objective.goal is not None:
        return objective.goal
    if best is None:
        raise InputError(
            f"The chance of improving outcome {objective.outcome!r} needs the best so far."
        )
    return best + sign * (objective.gain or 0.0)


def _mass_between(low: Float64[Tensor, " n"], high: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
    """Returns the standard normal mass, computed in the lower tail, where it keeps its digits."""
    is_above = low > 0
    return torch.where(
        is_above, normal_cdf(-low) - normal_cdf(-high), normal_cdf(high) - normal_cdf(low)
    )
