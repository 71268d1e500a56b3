"""What the model expects of a candidate, and of the best configuration so far."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from planner.acquisition.situation import Forecast, Situation
from planner.acquisition.utility import utility_moments
from planner.campaign.objectives import Maximise, Minimise
from planner.models import Surrogate, clip, interval, probability_of_meeting
from planner.models.surrogate import Prediction
from planner.space import Floats

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class BestSoFar:
    """The observed configuration with the highest predicted utility.

    Not the highest outcome: of noisy outcomes the highest is the luckiest.

    Args:
        index: of the observation, in the surrogate's order.
        mean: predicted outcome there.
        utility: mean utility there.
    """

    index: int
    mean: float
    utility: float


def best_so_far(situation: Situation, surrogate: Surrogate) -> BestSoFar | None:
    """Returns the best observed configuration by predicted utility; None where none was."""
    if len(surrogate.observations.y) == 0:
        return None
    mean, sd = surrogate.moments(surrogate.observations.x)
    utility = utility_moments(situation.objective, mean, sd).mean
    index = int(utility.argmax())
    return BestSoFar(index=index, mean=float(mean[index]), utility=float(utility[index]))


def forecast(situation: Situation, surrogate: Surrogate, x: Floats) -> Forecast:
    """Returns what to expect at one encoded configuration, shape ``d``."""
    prediction = surrogate.predict(torch.from_numpy(x)[None, :])
    lowest, highest = situation.bounds
    ends = interval(prediction, level=LEVEL, of_next_run=True, lowest=lowest, highest=highest)
    return Forecast(
        mean=float(clip(prediction.mean, lowest, highest)[0]),
        sd=float(prediction.sd[0]),
        noise_sd=float(prediction.noise_sd[0]),
        low=float(ends.low[0]),
        high=float(ends.high[0]),
        probability=_probability(situation, surrogate, prediction),
    )


def _probability(
    situation: Situation, surrogate: Surrogate, prediction: Prediction
) -> float | None:
    objective = situation.objective
    best = best_so_far(situation, surrogate)
    if best is None and isinstance(objective, Maximise | Minimise) and objective.goal is None:
        return None
    probability = probability_of_meeting(
        objective, prediction.mean, prediction.sd, best=best.mean if best else None
    )
    return float(probability[0])
