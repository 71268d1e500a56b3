"""Slices of the posterior through the best conditions, as the picture wants them."""

from __future__ import annotations

import numpy as np
import torch

from planner.campaign import CampaignSpec
from planner.ledger.replay import CampaignState
from planner.loop.model import LEVEL
from planner.models import Bounds, FitFailure, Surrogate, expect
from planner.pictures import CategoricalSlice, NumericSlice, Prediction, Slices, SliceTrials
from planner.report.facts import BestConditions
from planner.report.goal import goal_of
from planner.space import (
    AnyParameter,
    Categorical,
    Configuration,
    Continuous,
    Discrete,
    Fixed,
    Floats,
    Ordinal,
    SearchSpace,
    Value,
)

_N_SETTINGS = 61  # along a number: smooth on paper, little in a file
_MOST_PANELS = 8


def make_slices(
    state: CampaignState,
    space: SearchSpace,
    fitted: Surrogate | FitFailure,
    best: BestConditions | None,
) -> Slices | None:
    """Returns one slice a parameter, the others held at the best conditions.

    Of more than eight parameters those with the shortest lengthscales are shown: along them the
    outcome changes most.
    """
    if isinstance(fitted, FitFailure) or best is None:
        return None
    lengthscales = fitted.hyperparameters.lengthscales
    order = np.argsort(lengthscales, kind="stable")[:_MOST_PANELS]
    panels = [
        _slice(space.parameters[index], state, space, fitted, best) for index in sorted(order)
    ]
    outcome = state.spec.outcome
    return Slices(
        outcome=outcome.name,
        unit=outcome.unit if outcome.label != outcome.name else "",
        panels=panels,
        goal=goal_of(state.spec.objective),
        held=f"the best conditions ({best.name})",
    )


def _slice(
    parameter: AnyParameter,
    state: CampaignState,
    space: SearchSpace,
    surrogate: Surrogate,
    best: BestConditions,
) -> NumericSlice | CategoricalSlice:
    settings = _settings(parameter)
    along = [{**best.configuration, parameter.name: value} for value in settings]
    prediction = _predict(surrogate, space.encode(along), state.spec)
    trials = _trials(parameter, state, space, best.configuration)
    at = best.configuration[parameter.name]
    if isinstance(parameter, Categorical | Ordinal):
        return CategoricalSlice(
            parameter=parameter.name,
            categories=_names(parameter),
            prediction=prediction,
            best=str(at),
            trials=trials,
        )
    return NumericSlice(
        parameter=parameter.name,
        unit=parameter.unit if parameter.label != parameter.name else "",
        settings=np.array(settings, dtype=np.float64),
        prediction=prediction,
        best=float(at),
        trials=trials,
        is_log=isinstance(parameter, Continuous) and parameter.scale == "log",
    )


def _names(parameter: Categorical | Ordinal) -> tuple[str, ...]:
    return parameter.choices if isinstance(parameter, Categorical) else parameter.levels


def _settings(parameter: AnyParameter) -> list[Value]:
    match parameter:
        case Categorical():
            return list(parameter.choices)
        case Discrete():
            return list(parameter.values)
        case Ordinal():
            return list(parameter.levels)
        case Fixed():
            return [parameter.value]
        case Continuous(scale="log"):
            return list(np.geomspace(parameter.low, parameter.high, _N_SETTINGS).tolist())
        case _:
            return list(np.linspace(parameter.low, parameter.high, _N_SETTINGS).tolist())


def _predict(surrogate: Surrogate, x: Floats, spec: CampaignSpec) -> Prediction:
    said = expect(
        surrogate,
        torch.from_numpy(x),
        objective=spec.stated_objective,
        bounds=Bounds(*spec.outcome.bounds),
        level=LEVEL,
    )
    return Prediction(
        mean=said.mean.numpy(),
        mean_interval=torch.stack([said.low, said.high], dim=1).numpy(),
        run_interval=torch.stack([said.run_low, said.run_high], dim=1).numpy(),
        level=LEVEL,
    )


def _trials(
    parameter: AnyParameter, state: CampaignState, space: SearchSpace, centre: Configuration
) -> SliceTrials | None:
    """Returns the observations with their distance from the slice, in the unit cube."""
    outcome = state.spec.objective.outcome
    observed = [each for each in state.observations if outcome in each.outcomes]
    if not observed:
        return None
    values = [each.configuration[parameter.name] for each in observed]
    if isinstance(parameter, Categorical | Ordinal):
        values = [_names(parameter).index(str(value)) for value in values]
    off = space.encode([each.configuration for each in observed]) - space.encode([centre])
    own = np.array(space.columns) == space.names.index(parameter.name)
    return SliceTrials(
        settings=np.array(values, dtype=np.float64),
        values=np.array(
            [state.spec.goal_value(each.outcomes) for each in observed], dtype=np.float64
        ),
        distances=np.linalg.norm(off[:, ~own], axis=1),
    )
