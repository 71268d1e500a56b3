"""Statements about an outcome from its predicted mean and deviation, in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.special import ndtri

from planner.campaign.objectives import HitRange, HitTarget, Maximise, Minimise, NumberObjective
from planner.errors import InputError
from planner.models.predictive.mixture import quantile
from planner.models.predictive.normal import normal_cdf
from planner.models.predictive.rectified import Bounds
from planner.models.surrogate import Mixture, Prediction

_INFINITY = float("inf")


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
        Mean plus and minus ``ndtri((1 + level) / 2)`` deviations, clipped to the bounds: the
        quantiles of the clipped outcome.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    _check(level)
    sd = torch.hypot(prediction.sd, prediction.noise_sd) if of_next_run else prediction.sd
    half = ndtri(torch.tensor((1.0 + level) / 2.0, dtype=sd.dtype)) * sd
    return Interval(
        low=clip(prediction.mean - half, lowest, highest),
        high=clip(prediction.mean + half, lowest, highest),
    )


def interval_of(
    said: Mixture, *, level: float = 0.9, of_next_run: bool = False, bounds: Bounds | None = None
) -> Interval:
    """Returns the central interval of a mixture: as far into either tail.

    Args:
        said: what the surrogate says.
        level: probability, between 0 and 1.
        of_next_run: of one more measurement, with its noise, rather than of the process.
        bounds: of the outcome; the ends are clipped to them.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    _check(level)
    bounds = bounds or Bounds()
    low, high = (
        quantile(said, share, of_next_run=of_next_run)
        for share in ((1.0 - level) / 2.0, (1.0 + level) / 2.0)
    )
    return Interval(low=bounds.clip(low), high=bounds.clip(high))


def _check(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise InputError(f"An interval's level must lie between 0 and 1, not at {level:g}.")


def clip(
    value: Float64[Tensor, " n"], lowest: float | None, highest: float | None
) -> Float64[Tensor, " n"]:
    """Returns the values within the bounds that the outcome has, if it has any."""
    return Bounds(lowest, highest).clip(value)


def probability_of_meeting(
    objective: NumberObjective,
    mean: Float64[Tensor, " n"],
    sd: Float64[Tensor, " n"],
    *,
    best: float | None = None,
    bounds: Bounds | None = None,
) -> Float64[Tensor, " n"]:
    """Returns the probability that the outcome meets the objective.

    A target is met within its tolerance, a range between its ends. A maximum is met at its goal;
    without a goal, above the best so far by the stated gain (any amount where none is stated).

    Args:
        objective: what is wanted.
        mean: predicted mean without bounds, in the outcome's unit.
        sd: of the process, or of the next run, as is asked, without bounds.
        best: the best outcome so far, in the outcome's unit; only a maximum or minimum without a
            goal needs it.
        bounds: of the outcome: what the model expects beyond them happens at them, so a goal at a
            bound is met by all that, and what lies beyond a bound is never met.

    Raises:
        InputError: ``best`` is needed and missing.
    """
    bounds = bounds or Bounds()
    match objective:
        case HitTarget():
            low, high = (
                objective.target - objective.tolerance,
                objective.target + objective.tolerance,
            )
        case HitRange():
            low, high = objective.low, objective.high
        case Maximise():
            low, high = _threshold(objective, best, sign=1.0), _INFINITY
        case Minimise():
            low, high = -_INFINITY, _threshold(objective, best, sign=-1.0)
    if low > bounds.highest or high < bounds.lowest or _beats_nothing(objective, best, bounds):
        return torch.zeros_like(mean)
    low = -_INFINITY if low <= bounds.lowest else low
    high = _INFINITY if high >= bounds.highest else high
    return _mass_between((low - mean) / sd, (high - mean) / sd)


def _threshold(objective: Maximise | Minimise, best: float | None, *, sign: float) -> float:
    if objective.goal is not None:
        return objective.goal
    if best is None:
        raise InputError(
            f"The chance of improving outcome {objective.outcome!r} needs the best so far."
        )
    return best + sign * (objective.gain or 0.0)


def _beats_nothing(objective: NumberObjective, best: float | None, bounds: Bounds) -> bool:
    """Tells whether the best so far is to be beaten by any amount and lies at the bound already."""
    if not isinstance(objective, Maximise | Minimise) or best is None:
        return False
    if objective.goal is not None or objective.gain:
        return False
    is_maximum = isinstance(objective, Maximise)
    return best >= bounds.highest if is_maximum else best <= bounds.lowest


def _mass_between(low: Float64[Tensor, " n"], high: Float64[Tensor, " n"]) -> Float64[Tensor, " n"]:
    """Returns the standard normal mass, computed in the lower tail, where it keeps its digits."""
    is_above = low > 0
    return torch.where(
        is_above, normal_cdf(-low) - normal_cdf(-high), normal_cdf(high) - normal_cdf(low)
    )
