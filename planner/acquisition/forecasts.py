"""What the model expects of a candidate, and of the best configuration so far."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition.promising import most_promising
from planner.acquisition.situation import BestSoFar, Forecast, Situation
from planner.acquisition.utility import utility_moments
from planner.campaign.objectives import HitClass, HitRange, HitTarget, Maximise, Minimise
from planner.models import Bounds, Expectation, Surrogate, chance, expect, spread_at
from planner.models.coverage.distribution import Distribution
from planner.space import Floats

LEVEL = 0.9


def best_so_far(situation: Situation, surrogate: Surrogate) -> BestSoFar | None:
    """Returns the best observed configuration by predicted utility; None where none was."""
    observed = surrogate.observations.x
    if len(observed) == 0:
        return None
    bounds = Bounds(*situation.bounds)
    looked_at = most_promising(situation.objective, surrogate.observations.y)
    with torch.no_grad():
        moments = surrogate.moments(observed[looked_at])
    utility = utility_moments(situation.objective, *moments, bounds=bounds).mean
    index = int(looked_at[utility.argmax()])
    expected = expected_at(situation, surrogate, observed[index][None, :])
    return BestSoFar(index=index, mean=float(expected.mean[0]), utility=float(utility.max()))


def expected_at(
    situation: Situation, surrogate: Surrogate, x: Float64[Tensor, "n d"]
) -> Expectation:
    """Returns what to expect at encoded configurations, within the outcome's bounds."""
    return expect(
        surrogate,
        x,
        objective=situation.objective,
        bounds=Bounds(*situation.bounds),
        level=LEVEL,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told of the process at a configuration: ``mean ± sd``.

    Args:
        mean: predicted outcome, within its bounds; of a class its probability.
        sd: deviation of the middle of the distribution within the bounds, by which the acquisition
            decides; that of the whole would be that of its rare large errors.
    """

    mean: float
    sd: float


def told_of(situation: Situation, surrogate: Surrogate, here: Float64[Tensor, "1 d"]) -> Told:
    """Returns what a person is told of one encoded configuration."""
    expected = expected_at(situation, surrogate, here)
    if isinstance(situation.objective, HitClass):
        return Told(mean=float(expected.mean), sd=float(expected.sd))
    middle = Bounds(*situation.bounds).moments(*surrogate.moments(here))
    return Told(mean=float(expected.mean), sd=float(middle.sd))


@dataclass(frozen=True, slots=True)
class Ahead:
    """How much better one configuration is expected to be than the best so far.

    Args:
        by: in the outcome's unit, of a class in probability; what a person is told of both apart,
            so that the sign is the one that they read.
        sd: deviation of what is expected there.
        missed: of a target or a range, by how much it is expected to be missed there and by the
            best so far; None of all else.
    """

    by: float
    sd: float
    missed: tuple[float, float] | None = None


def ahead_of_best(
    situation: Situation,
    surrogate: Surrogate,
    here: Float64[Tensor, "1 d"],
    *,
    told: Told,
    best: BestSoFar,
) -> Ahead:
    """Returns how far one encoded configuration, of which this is told, is ahead of the best."""
    match situation.objective:
        case Maximise() | HitClass():
            return Ahead(by=told.mean - best.mean, sd=told.sd)
        case Minimise():
            return Ahead(by=best.mean - told.mean, sd=told.sd)
        case HitTarget() | HitRange():
            moments = surrogate.moments(here)
            bounds = Bounds(*situation.bounds)
            utility = utility_moments(situation.objective, *moments, bounds=bounds)
            mean = float(utility.mean)
            return Ahead(
                by=mean - best.utility, sd=float(utility.sd), missed=(-mean, -best.utility)
            )


def forecast(
    situation: Situation, surrogate: Surrogate, x: Floats, *, best: BestSoFar | None
) -> Forecast:
    """Returns what to expect at one encoded configuration.

    Args:
        situation: what is wanted and what was measured.
        surrogate: fitted to it.
        x: encoded, shape ``d``.
        best: of the same situation and surrogate (``best_so_far``).
    """
    here = torch.from_numpy(x)[None, :]
    is_class = isinstance(situation.objective, HitClass)
    expected = expected_at(situation, surrogate, here)
    # what a run adds to the process, so that both together are the deviation of a run
    noise_var = expected.sd_run.square() - expected.sd.square()
    low, high = float(expected.run_low[0]), float(expected.run_high[0])
    spread = None if is_class else spread_at(surrogate, here)
    if spread is not None:
        # what is stated is what will be judged: of many components the ledger keeps groups
        stated = Distribution.of(spread, situation.bounds)
        low, high = (stated.quantile(tail) for tail in ((1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0))
    return Forecast(
        mean=float(expected.mean[0]),
        sd=float(expected.sd[0]),
        noise_sd=float(noise_var.clamp_min(0.0).sqrt()[0]),
        low=low,
        high=high,
        probability=_probability(situation, surrogate, here, best),
        spread=spread,
    )


def _probability(
    situation: Situation,
    surrogate: Surrogate,
    here: Float64[Tensor, "1 d"],
    best: BestSoFar | None,
) -> float | None:
    objective = situation.objective
    if best is None and isinstance(objective, Maximise | Minimise) and objective.goal is None:
        return None
    probability = chance(
        surrogate,
        here,
        objective=objective,
        bounds=Bounds(*situation.bounds),
        best=best.mean if best else None,
    )
    return float(probability[0])
