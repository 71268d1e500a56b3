"""The best conditions of a campaign, the luckiest measurement, and what may still be gained."""

from __future__ import annotations

from dataclasses import replace

import torch

from planner.campaign import Maximise, Minimise, utility
from planner.ledger.replay import CampaignState
from planner.loop.deciding.best import estimate_remaining, find_best
from planner.loop.deciding.model import expected_at, observed_goal
from planner.loop.deciding.stating import is_class, stated_factor
from planner.models import FitFailure, Surrogate
from planner.report.facts import BestConditions, Left
from planner.space import Configuration, Floats, SearchSpace


def find_best_conditions(
    state: CampaignState, space: SearchSpace, fitted: Surrogate | FitFailure
) -> BestConditions | None:
    """Returns the best conditions; the best measured ones where there is no model."""
    if isinstance(fitted, FitFailure):
        return _best_measured(state, fitted.reason)
    best = find_best(state, space, fitted)
    if best is None:
        return None
    factor = stated_factor(state.spec)
    return BestConditions(
        trial=best.trial,
        configuration=best.configuration,
        measured=_as_told(best.configuration, best.trial, best.measured, state),
        mean=factor * best.mean,
        low=factor * best.low,
        high=factor * best.high,
        level=best.level,
        goal_probability=best.goal_probability,
    )


def find_top(
    state: CampaignState,
    space: SearchSpace,
    fitted: Surrogate | FitFailure,
    best: BestConditions | None,
) -> BestConditions | None:
    """Returns the best single measurement, where the best conditions are others."""
    if is_class(state.spec):  # all trials of a wanted class are as good as each other
        return None
    top = _best_measured(state, "")
    if top is None or best is None or isinstance(fitted, FitFailure):
        return None
    if dict(top.configuration) == dict(best.configuration):
        return None
    x = torch.from_numpy(space.encode([top.configuration]))
    said = expected_at(fitted, x, state.spec, level=best.level)
    return replace(
        top,
        mean=float(said.mean[0]),
        low=float(said.low[0]),
        high=float(said.high[0]),
        level=best.level,
    )


def _best_measured(state: CampaignState, why: str) -> BestConditions | None:
    spec = state.spec
    observed = [
        (value, each)
        for each in state.observations
        if (value := spec.goal_value(each.outcomes)) is not None
    ]
    if not observed:
        return None
    measured, best = max(observed, key=lambda each: utility(spec.objective, each[0]))
    told = best.outcomes[spec.objective.outcome].value
    return BestConditions(
        trial=best.trial,
        configuration=best.configuration,
        measured=told if isinstance(told, str) else measured,
        why_no_interval=why,
    )


def estimate_left(
    state: CampaignState, space: SearchSpace, fitted: Surrogate | FitFailure
) -> tuple[Left | None, str]:
    """Returns what may still be gained, or None and why it cannot be said."""
    if isinstance(fitted, FitFailure):
        return None, fitted.reason
    if not state.observations:
        return None, "nothing was measured yet, so there is no best to be beaten."
    remaining = estimate_remaining(state, space)
    if remaining is None:
        return None, "there is no best yet to be beaten."
    objective = state.spec.objective
    gain = objective.gain if isinstance(objective, Maximise | Minimise) else None
    return Left(
        probability=remaining.probability_done,
        gain=stated_factor(state.spec) * remaining.gain,
        threshold=gain or 0.0,
    ), ""


def _as_told(
    configuration: Configuration, trial: int | None, value: float, state: CampaignState
) -> float | str:
    """Returns the class that the best conditions came to, or the number."""
    if not is_class(state.spec):
        return value
    name = state.spec.objective.outcome
    told = [
        str(each.outcomes[name].value)
        for each in observed_goal(state)
        if each.trial == trial and each.configuration == configuration
    ]
    return told[-1]


def mean_in_table(
    state: CampaignState, space: SearchSpace, means: Floats | None, best: BestConditions | None
) -> float | None:
    """Returns the mean outcome that the replayed table has at the best conditions."""
    if means is None or space.rows is None or best is None or best.trial is None:
        return None
    asked = dict(state.trial(best.trial).configuration)
    row = next((i for i, each in enumerate(space.rows) if dict(each) == asked), None)
    return None if row is None else stated_factor(state.spec) * float(means[row])
