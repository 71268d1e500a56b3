"""What a surrogate says of the process and of the next run: everyone who states it asks here."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float64
from torch import Tensor

from planner.campaign.objectives import AnyObjective, HitClass
from planner.models.classes.logistic import probability_moments
from planner.models.predictive.intervals import interval, interval_of, probability_of_meeting
from planner.models.predictive.mixture import moments_within, sds_of
from planner.models.predictive.normal import normal_cdf
from planner.models.predictive.rectified import Bounds
from planner.models.surrogate import Mixture, Prediction, Surrogate


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """What is expected at each of n configurations, in the outcome's unit, within its bounds.

    Of a class the process is the probability that the class is wanted, and a run is 1 or 0.

    Args:
        mean: of the process.
        sd: of the process: what more observations can remove.
        sd_run: of the next single run.
        low: lower end of the interval of the process.
        high: its upper end.
        run_low: lower end of the interval of the next single run.
        run_high: its upper end.
    """

    mean: Float64[Tensor, " n"]
    sd: Float64[Tensor, " n"]
    sd_run: Float64[Tensor, " n"]
    low: Float64[Tensor, " n"]
    high: Float64[Tensor, " n"]
    run_low: Float64[Tensor, " n"]
    run_high: Float64[Tensor, " n"]


def expect(
    surrogate: Surrogate,
    x: Float64[Tensor, "n d"],
    *,
    objective: AnyObjective,
    bounds: Bounds | None = None,
    level: float = 0.9,
) -> Expectation:
    """Returns what the surrogate expects.

    Args:
        surrogate: of the objective's outcome; of a class the margin of the wanted ones.
        x: encoded configurations.
        objective: what is wanted.
        bounds: of the outcome, if it has any; those of a class are 0 and 1.
        level: probability that the intervals state.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    if isinstance(objective, HitClass):
        return _expect_class(surrogate.predict(x), level=level)
    return _expect_number(surrogate.predictive_mixture(x), bounds=bounds or Bounds(), level=level)


def chance(
    surrogate: Surrogate,
    x: Float64[Tensor, "n d"],
    *,
    objective: AnyObjective,
    bounds: Bounds | None = None,
    best: float | None = None,
    of_next_run: bool = False,
) -> Float64[Tensor, " n"]:
    """Returns the probability that the objective is met at each configuration.

    Of a number as ``probability_of_meeting`` says. Of a class that the next run is a wanted one;
    of the process, where a probability is stated that is good enough, that it is reached.

    Args:
        surrogate: of the objective's outcome; of a class the margin of the wanted ones.
        x: encoded configurations.
        objective: what is wanted.
        bounds: of the outcome, if it has any.
        best: mean at the best so far; only a maximum or minimum without a goal needs it.
        of_next_run: of one more measurement, with its noise, rather than of the process.

    Raises:
        InputError: ``best`` is needed and missing.
    """
    if not isinstance(objective, HitClass):
        said = surrogate.predictive_mixture(x)
        sds = sds_of(said, of_next_run=of_next_run)
        each = probability_of_meeting(objective, said.means, sds, best=best, bounds=bounds)
        return said.weights @ each
    prediction = surrogate.predict(x)
    if objective.goal is None or of_next_run:
        return probability_moments(prediction.mean, prediction.sd).mean
    enough = math.log(objective.goal / (1.0 - objective.goal))
    return normal_cdf((prediction.mean - enough) / prediction.sd)


def _expect_number(said: Mixture, *, bounds: Bounds, level: float) -> Expectation:
    process, run = (
        interval_of(said, level=level, of_next_run=of_run, bounds=bounds)
        for of_run in (False, True)
    )
    within = moments_within(said, bounds)
    return Expectation(
        mean=within.mean,
        sd=within.sd,
        sd_run=moments_within(said, bounds, of_next_run=True).sd,
        low=process.low,
        high=process.high,
        run_low=run.low,
        run_high=run.high,
    )


def _expect_class(margin: Prediction, *, level: float) -> Expectation:
    moments = probability_moments(margin.mean, margin.sd)
    ends = interval(margin, level=level)
    tail, p = (1.0 - level) / 2.0, moments.mean
    return Expectation(
        mean=p,
        sd=moments.sd,
        sd_run=(p * (1.0 - p)).sqrt(),
        low=torch.sigmoid(ends.low),
        high=torch.sigmoid(ends.high),
        # quantiles of a run that is either 0 or 1
        run_low=(1.0 - p < tail).to(p.dtype),
        run_high=(p > tail).to(p.dtype),
    )
