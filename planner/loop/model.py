"""From the state of a campaign to what a model learns from, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from planner.acquisition import Settings, Situation
from planner.campaign import CampaignSpec
from planner.ledger.replay import CampaignState
from planner.models import (
    FitFailure,
    Hyperparameters,
    Observations,
    OutcomeScale,
    Surrogate,
    clip,
    fit,
    interval,
)
from planner.space import Floats, SearchSpace
from planner.trials import Observation, Prediction, TrialState

LEVEL = 0.9  # of every interval that is stated before a trial


def make_situation(state: CampaignState, space: SearchSpace) -> Situation:
    """Returns all that the next choice depends on, besides its seed.

    Trials that failed by machine may be chosen again; those that failed by process, that are
    pending or were observed may not.
    """
    spec = state.spec
    name = spec.objective.outcome
    observed = [each for each in state.observations if name in each.outcomes]
    ended = state.in_state(TrialState.FAILED_BY_PROCESS, TrialState.COMPLETED)
    # as requested, not as achieved; what was excluded may be worth another try
    tried = [trial.configuration for trial in ended if not trial.excluded]
    return Situation(
        space=space,
        objective=spec.objective,
        x=space.encode([each.configuration for each in observed]),
        y=np.array([spec.goal_value(each.outcomes) for each in observed], dtype=np.float64),
        var=_variances(observed, name),
        pending=space.encode([trial.configuration for trial in state.pending]),
        tried=space.encode(tried),
        previous=last_hyperparameters(state),
        scale=_scale(spec),
        bounds=spec.outcome.bounds,
        settings=_settings(spec),
    )


def fit_surrogate(state: CampaignState, space: SearchSpace) -> Surrogate | FitFailure:
    """Fits the surrogate of the objective's outcome to all observations."""
    situation = make_situation(state, space)
    return fit(
        Observations.from_arrays(situation.x, situation.y, situation.var),
        columns=space.columns,
        previous=situation.previous,
        scale=situation.scale,
    )


def last_hyperparameters(state: CampaignState) -> Hyperparameters | None:
    """Returns what the last fit in the ledger found, from which the next one starts."""
    for trial in reversed(state.trials.values()):
        if trial.proposal.hyperparameters is not None:
            return Hyperparameters.from_json(trial.proposal.hyperparameters)
    return None


def predict(
    surrogate: Surrogate, x: Floats, spec: CampaignSpec, *, level: float = LEVEL
) -> list[Prediction]:
    """Returns what the surrogate expects of the next single run, within the outcome's bounds.

    Args:
        surrogate: of the objective's outcome.
        x: encoded configurations, shape ``n d``.
        spec: for the outcome's bounds.
        level: of the interval.
    """
    predicted = surrogate.predict(torch.from_numpy(x))
    low, high = spec.outcome.bounds
    ends = interval(predicted, level=level, of_next_run=True, lowest=low, highest=high)
    means = clip(predicted.mean, low, high)
    sd_run = torch.hypot(predicted.sd, predicted.noise_sd)
    columns = (means, predicted.sd, sd_run, ends.low, ends.high)
    return [
        Prediction(mean=mean, sd=sd, sd_run=run, low=lowest, high=highest, level=level)
        for mean, sd, run, lowest, highest in zip(*(c.tolist() for c in columns), strict=True)
    ]


def _variances(observed: Sequence[Observation], name: str) -> Floats:
    sds = [each.outcomes[name].sd for each in observed]
    return np.array([np.nan if sd is None else sd**2 for sd in sds], dtype=np.float64)


def _scale(spec: CampaignSpec) -> OutcomeScale | None:
    expected = spec.outcome.expected
    return None if expected is None else OutcomeScale.from_range(*expected)


def _settings(spec: CampaignSpec) -> Settings:
    policy, default = spec.policy, Settings()
    return Settings(
        acquisition=default.acquisition if policy.acquisition == "auto" else policy.acquisition,
        beta=policy.beta if policy.beta is not None else default.beta,
        n_start=policy.start if policy.start is not None else default.n_start,
    )
