"""From the state of a campaign to what a model learns from, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from planner.acquisition import Repeatable, Settings, Situation, fit_for
from planner.acquisition.fitted import margin_before
from planner.campaign import CampaignSpec, ClassOutcome, HitClass
from planner.ledger.replay import CampaignState
from planner.loop.deciding.forecasting import past_forecasts
from planner.models import (
    Bounds,
    Expectation,
    FitFailure,
    OutcomeScale,
    Surrogate,
    expect,
    fit_classes,
)
from planner.space import Configuration, Floats, SearchSpace, Value
from planner.trials import Observation, Prediction, Trial, TrialState

LEVEL = 0.9  # of every interval that is stated before a trial


def make_situation(state: CampaignState, space: SearchSpace) -> Situation:
    """Returns all that the next choice depends on, besides its seed.

    Trials that failed by machine may be chosen again; those that failed by process, that are
    pending or were observed may not. A trial that has ended and whose outcome is still to come is
    pending where it was achieved. Where a class is wanted, conditions at which the process failed
    did not come to it, and that is learned from like any other class.
    """
    spec = state.spec
    observed = observed_goal(state)
    failed = _failed_to_hit(state)
    names = [
        each for each, told in state.named_observations if spec.objective.outcome in told.outcomes
    ]
    measured = state.measured
    # as requested, not as achieved; what was excluded may be worth another try
    tried = [trial.configuration for trial in measured if not trial.excluded]
    tried += state.failures
    tried += [trial.configuration for trial in state.trials.values() if trial.vetoed]
    return Situation(
        space=space,
        objective=spec.stated_objective,
        x=space.encode([*(each.configuration for each in observed), *failed]),
        y=np.array(
            [*(spec.goal_value(each.outcomes) for each in observed), *(0.0 for _ in failed)]
        ),
        names=(*names, *("a failure" for _ in failed)),
        var=np.array([*_variances(observed, spec), *(np.nan for _ in failed)]),
        pending=space.encode([_where(trial) for trial in state.pending]),
        tried=space.encode(tried),
        memo=last_memo(state),
        scale=_scale(spec),
        bounds=spec.outcome.bounds,
        settings=settings_of(spec),
        forecasts=past_forecasts(state),
        repeatable=_repeatable(state),
    )


def observed_goal(state: CampaignState) -> list[Observation]:
    """Returns the observations of the objective's outcome; the model's first rows, in its order."""
    name = state.spec.objective.outcome
    return [each for each in state.observations if name in each.outcomes]


def fit_surrogate(state: CampaignState, space: SearchSpace) -> Surrogate | FitFailure:
    """Fits the surrogate of the objective to all observations; of a class that of its margin."""
    return fit_for(make_situation(state, space))


def last_memo(state: CampaignState) -> Mapping[str, object] | None:
    """Returns what the last fit in the ledger found, from which the next one starts."""
    for number in reversed(state.trials):
        memo = state.trials[number].proposal.memo
        if memo is not None:
            return memo
    return None


def expected_at(
    surrogate: Surrogate, x: Float64[Tensor, "n d"], spec: CampaignSpec, *, level: float = LEVEL
) -> Expectation:
    """Returns what the surrogate expects of the objective's number: everyone states this.

    Args:
        surrogate: of the campaign's objective.
        x: encoded configurations.
        spec: for the objective and the outcome's bounds.
        level: of the intervals.
    """
    return expect(
        surrogate,
        x,
        objective=spec.stated_objective,
        bounds=Bounds(*spec.outcome.bounds),
        level=level,
    )


def predict(
    surrogate: Surrogate,
    x: Floats,
    spec: CampaignSpec,
    *,
    level: float = LEVEL,
    classes: Sequence[Mapping[str, float]] | None = None,
) -> list[Prediction]:
    """Returns what the surrogate expects of the next single run, within the outcome's bounds.

    Args:
        surrogate: of the campaign's objective.
        x: encoded configurations, shape ``n d``.
        spec: for the objective and the outcome's bounds.
        level: of the interval.
        classes: from ``predict_classes``, where the outcome is a class.
    """
    expected = expected_at(surrogate, torch.from_numpy(x), spec, level=level)
    columns = (expected.mean, expected.sd, expected.sd_run, expected.run_low, expected.run_high)
    return [
        Prediction(
            mean=mean,
            sd=sd,
            sd_run=sd_run,
            low=low,
            high=high,
            level=level,
            classes=classes[i] if classes is not None else None,
        )
        for i, (mean, sd, sd_run, low, high) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    ]


def predict_classes(
    state: CampaignState, space: SearchSpace, surrogate: Surrogate, x: Floats
) -> list[dict[str, float]] | None:
    """Returns the probability of each class of the objective's outcome, which sum to one.

    Those of the wanted classes sum to the chance that the objective's surrogate states.

    Returns:
        None where the outcome is no class, or no model of all classes could be fitted.
    """
    outcome, objective = state.spec.measured_outcome, state.spec.stated_objective
    if not isinstance(outcome, ClassOutcome) or not isinstance(objective, HitClass):
        return None
    observed, memo = observed_goal(state), last_memo(state)
    found = fit_classes(
        space.encode([each.configuration for each in observed]),
        [str(each.outcomes[outcome.name].value) for each in observed],
        outcome.classes,
        columns=space.groups,
        previous=margin_before(memo),
    )
    if isinstance(found, FitFailure):
        return None
    at = torch.from_numpy(x)
    chance = expected_at(surrogate, at, state.spec).mean
    shares = found.split(at, wanted=objective.wanted, probability=chance)
    return [dict(zip(outcome.classes, row, strict=True)) for row in shares.tolist()]


def _repeatable(state: CampaignState) -> tuple[Repeatable, ...]:
    """Returns what may be measured again, where the policy admits that."""
    if state.spec.policy.repeats == "never":
        return ()
    vetoed = [each.configuration for each in state.trials.values() if each.vetoed]
    numbers: dict[tuple[Value, ...], list[int]] = {}
    for trial in state.measured:
        if not trial.excluded and trial.configuration not in vetoed:
            numbers.setdefault(tuple(trial.configuration.values()), []).append(trial.number)
    return tuple(
        Repeatable(configuration=state.trial(each[0]).configuration, trials=tuple(each))
        for each in numbers.values()
    )


def _failed_to_hit(state: CampaignState) -> list[Configuration]:
    """Returns where the process failed, if a class is wanted; of a number it tells nothing."""
    if not isinstance(state.spec.stated_objective, HitClass):
        return []
    return state.failures


def _where(trial: Trial) -> Configuration:
    """Returns where a pending trial is, or was: as achieved, once that is known."""
    if trial.state is TrialState.COMPLETED and trial.observation is not None:
        return trial.observation.configuration
    return trial.configuration


def _variances(observed: Sequence[Observation], spec: CampaignSpec) -> Floats:
    sds = [each.outcomes[spec.objective.outcome].sd for each in observed]
    return np.array([np.nan if sd is None else sd**2 for sd in sds], dtype=np.float64)


def _scale(spec: CampaignSpec) -> OutcomeScale | None:
    expected = spec.outcome.expected
    return None if expected is None else OutcomeScale.from_range(*expected)


def settings_of(spec: CampaignSpec) -> Settings:
    """Returns how the policy chooses: as the file says, else by default for its aim."""
    policy, default = spec.policy, Settings.of_aim(spec.policy.aim)
    named = policy.acquisition
    return Settings(
        acquisition=default.acquisition if named == "auto" or named == "random" else named,
        beta=policy.beta if policy.beta is not None else default.beta,
        n_start=policy.start if policy.start is not None else default.n_start,
        family=spec.model.family,
    )
