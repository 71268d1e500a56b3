"""The best conditions of a campaign, the luckiest measurement, and what may still be gained."""

from __future__ import annotations

from dataclasses import replace

import torch

from planner.campaign import Maximise, Minimise, utility
from planner.ledger.replay import CampaignState
from planner.loop.best import estimate_remaining, find_best
from planner.models import Bounds, FitFailure, Surrogate, expect
from planner.report.facts import BestConditions, Left
from planner.space import Floats, SearchSpace


def find_best_conditions(
    state: CampaignState, space: SearchSpace, fitted: Surrogate | FitFailure
) -> BestConditions | None:
    """Returns the best conditions; the best measured ones where there is no model."""
    if isinstance(fitted, FitFailure):
        return _best_measured(state, fitted.reason)
    best = find_best(state, space, fitted)
    if best is None:
        return None
    return BestConditions(
        trial=best.trial,
        configuration=best.configuration,
        measured=best.measured,
        mean=best.mean,
        low=best.low,
        high=best.high,
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
    top = _best_measured(state, "")
    if top is None or best is None or isinstance(fitted, FitFailure):
        return None
    if dict(top.configuration) == dict(best.configuration):
        return None
    said = expect(
        fitted,
        torch.from_numpy(space.encode([top.configuration])),
        objective=state.spec.stated_objective,
        bounds=Bounds(*state.spec.outcome.bounds),
        level=best.level,
    )
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
    return BestConditions(
        trial=best.trial,
        configuration=best.configuration,
        measured=measured,
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
    remaining = estimate_remaining(state, space, fitted)
    if remaining is None:
        return None, "there is no best yet to be beaten."
    objective = state.spec.objective
    gain = objective.gain if isinstance(objective, Maximise | Minimise) else None
    return Left(
        probability=remaining.probability_done, gain=remaining.gain, threshold=gain or 0.0
    ), ""


def mean_in_table(
    state: CampaignState, space: SearchSpace, means: Floats | None, best: BestConditions | None
) -> float | None:
    """Returns the mean outcome that the replayed table has at the best conditions."""
    if means is None or space.rows is None or best is None or best.trial is None:
        return None
    asked = dict(state.trial(best.trial).configuration)
    row = next((i for i, each in enumerate(space.rows) if dict(each) == asked), None)
    return None if row is None else float(means[row])
