"""The best conditions so far, and what may still be gained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from planner.acquisition.forecasts import best_so_far
from planner.acquisition.remaining import Remaining, fit_judge
from planner.acquisition.remaining import remaining as estimate
from planner.campaign import HitRange, HitTarget
from planner.ledger.replay import CampaignState
from planner.loop.deciding.model import (
    LEVEL,
    expected_at,
    fit_surrogate,
    make_situation,
    observed_goal,
)
from planner.models import Bounds, FitFailure, Surrogate, chance
from planner.rng import derive_seed
from planner.space import Configuration, SearchSpace
from planner.trials import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The tried configuration with the highest predicted utility.

    Not the one with the highest outcome: of noisy outcomes the highest is the luckiest.

    Args:
        trial: its number; None for historical data.
        measured: its outcome, as told.
        mean: predicted, in the outcome's unit.
        low: lower end of the interval of the mean.
        high: its upper end.
        level: of the interval.
        goal_probability: that the process meets the goal here, where there is one.
    """

    configuration: Configuration
    trial: int | None
    measured: float
    mean: float
    low: float
    high: float
    level: float
    goal_probability: float | None

    @property
    def name(self) -> str:
        """What to call it."""
        return f"trial {self.trial}" if self.trial is not None else "a historical measurement"


def find_best(
    state: CampaignState, space: SearchSpace, surrogate: Surrogate | FitFailure | None = None
) -> Best | None:
    """Returns the best conditions so far; None while no model can be fitted.

    Args:
        state: of the campaign.
        space: what may be tried.
        surrogate: fitted to the state, if the caller has it.
    """
    surrogate = surrogate if surrogate is not None else fit_surrogate(state, space)
    situation = make_situation(state, space)
    if isinstance(surrogate, FitFailure):
        return None
    best = best_so_far(situation, surrogate)
    if best is None:
        return None
    observation = _observation_at(state, space, surrogate.observations.x[best.index][None, :])
    x = torch.from_numpy(space.encode([observation.configuration]))
    expected = expected_at(surrogate, x, state.spec)
    return Best(
        configuration=observation.configuration,
        trial=observation.trial,
        measured=float(state.spec.goal_value(observation.outcomes) or 0.0),
        mean=float(expected.mean[0]),
        low=float(expected.low[0]),
        high=float(expected.high[0]),
        level=LEVEL,
        goal_probability=_goal_probability(state, surrogate, x),
    )


def estimate_remaining(state: CampaignState, space: SearchSpace) -> Remaining | None:
    """Returns what may still be gained, as an estimate; None while no model can be fitted."""
    situation = make_situation(state, space)
    judge = fit_judge(situation)
    if isinstance(judge, FitFailure):
        return None
    seed = derive_seed(state.seed, "remaining", len(state.observations))
    return estimate(situation, judge, seed=seed)


def has_goal(state: CampaignState) -> bool:
    """Tells whether the objective can be met rather than only approached."""
    objective = state.spec.objective
    return isinstance(objective, HitTarget | HitRange) or objective.goal is not None


def _goal_probability(state: CampaignState, surrogate: Surrogate, x: torch.Tensor) -> float | None:
    if not has_goal(state):
        return None
    spec = state.spec
    bounds = Bounds(*spec.outcome.bounds)
    return float(chance(surrogate, x, objective=spec.stated_objective, bounds=bounds)[0])


def _observation_at(state: CampaignState, space: SearchSpace, x: torch.Tensor) -> Observation:
    """Returns the last observation at an encoded configuration, shape ``1 d``."""
    observed = observed_goal(state)
    encoded = torch.from_numpy(space.encode([each.configuration for each in observed]))
    distances = (encoded - x).abs().amax(dim=1)
    nearest = int((distances <= distances.min()).nonzero()[-1])
    return observed[nearest]
