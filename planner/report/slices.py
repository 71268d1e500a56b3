"""Slices of the posterior through the best conditions, as the picture wants them."""

from __future__ import annotations

import numpy as np
import torch

from planner.campaign import CampaignSpec
from planner.ledger.replay import CampaignState
from planner.loop.deciding.model import LEVEL, expected_at, observed_goal
from planner.loop.deciding.stating import is_class, stated_factor, stated_objective, stated_outcome
from planner.models import FitFailure, Surrogate
from planner.pictures import (
    CategoricalSlice,
    NumericSlice,
    Prediction,
    Slices,
    SliceTrials,
)
from planner.pictures.beside import slice_trials
from planner.pictures.objective import goal_of
from planner.report.facts import BestConditions
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
    free = sorted(set(space.columns))  # a constant has no column, and nothing is seen along it
    order = sorted(free, key=_shortest_lengthscales(fitted, space).__getitem__)[:_MOST_PANELS]
    panels = [
        _slice(space.parameters[index], state, space, fitted, best) for index in sorted(order)
    ]
    outcome = stated_outcome(state.spec)
    return Slices(
        outcome=outcome.name,
        unit=outcome.unit if outcome.label != outcome.name else "",
        panels=panels,
        goal=goal_of(stated_objective(state.spec)),
        held=f"the best conditions ({best.name})",
    )


def _shortest_lengthscales(fitted: Surrogate, space: SearchSpace) -> dict[int, float]:
    """Returns by parameter the shortest lengthscale of its columns."""
    shortest: dict[int, float] = {}
    for group, parameter in zip(fitted.columns, space.columns, strict=True):
        here = fitted.lengthscales[group]
        shortest[parameter] = min(here, shortest.get(parameter, here))
    return shortest


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
    said, factor = expected_at(surrogate, torch.from_numpy(x), spec), stated_factor(spec)
    of_run = torch.stack([said.run_low, said.run_high], dim=1).numpy()
    return Prediction(
        mean=factor * said.mean.numpy(),
        mean_interval=factor * torch.stack([said.low, said.high], dim=1).numpy(),
        run_interval=None if is_class(spec) else of_run,
        level=LEVEL,
    )


def _trials(
    parameter: AnyParameter, state: CampaignState, space: SearchSpace, centre: Configuration
) -> SliceTrials | None:
    observed = observed_goal(state)
    if not observed:
        return None
    values = [state.spec.goal_value(each.outcomes) for each in observed]
    return slice_trials(
        parameter,
        [each.configuration for each in observed],
        stated_factor(state.spec) * np.array(values, dtype=np.float64),
        space=space,
        centre=centre,
    )
