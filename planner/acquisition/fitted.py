"""The surrogate of a situation: of a number the number itself, of a class the margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from planner.acquisition.situation import Situation
from planner.errors import InputError
from planner.models import (
    Bounds,
    FitFailure,
    Hyperparameters,
    Observations,
    Surrogate,
    Task,
    correct,
    family,
    fit_classes,
)
from planner.space import Categorical, Floats, SearchSpace

# How many configurations stand for a space without a table, and for a large table.
_PLACES, _MOST_PLACES = 256, 2048
_WANTED, _OTHER = "wanted", "other"


def fit_for(situation: Situation) -> Surrogate | FitFailure:
    """Fits what the choice is made from.

    Args:
        situation: of a class ``y`` is 1 where it was a wanted one and 0 where not; the surrogate is
            then of the margin, the log-odds of the wanted, and everything that takes the
            objective too (``expect``, ``chance``, the acquisition functions) turns it into
            probabilities.

    Returns:
        The surrogate of the family that the settings name, or of the one that it hands over to
        where there are more results than it learns from; or a value that says why there is none.

    Raises:
        InputError: the outcome of a class is neither 0 nor 1, or the family does not serve the
            space.
    """
    x = np.asarray(situation.x, dtype=np.float64).reshape(-1, situation.space.n_columns)
    serving = situation.serving
    if serving is None:
        return _fit_margin(situation, x)
    task = make_task(situation)
    why = family(situation.settings.family).unserved(task)
    if why is not None:
        raise InputError(f"This space and this model do not go together: {why}. Name another.")
    fitted = serving.family.fit(task)
    if isinstance(fitted, FitFailure) or not situation.settings.is_corrected:
        return fitted
    return correct(fitted, situation.forecasts, places=_places(situation.space))


def _places(space: SearchSpace) -> Floats:
    """Returns encoded configurations that stand for the whole space."""
    if space.rows is None:
        return space.encode(space.sample(_PLACES, seed=0))
    step = -(-len(space.rows) // _MOST_PLACES)
    return space.encoded_rows[::step]


def make_task(situation: Situation) -> Task:
    """Returns what a family of models is fitted to, where a number is modelled."""
    space, serving = situation.space, situation.serving
    x = np.asarray(situation.x, dtype=np.float64).reshape(-1, space.n_columns)
    return Task(
        observations=Observations.from_arrays(
            x, situation.y, situation.var if len(situation.var) else None
        ),
        columns=space.groups,
        categories=frozenset(
            index
            for index, parameter in enumerate(space.parameters)
            if isinstance(parameter, Categorical) and parameter.descriptors is None
        ),
        scale=situation.scale,
        bounds=Bounds(*situation.bounds),
        memo=found_before(situation.memo, family=serving.family.name) if serving else None,
    )


def _fit_margin(situation: Situation, x: Floats) -> Surrogate | FitFailure:
    strange = [value for value in situation.y if value not in (0.0, 1.0)]
    if strange:
        raise InputError(
            f"A class was either a wanted one (1) or not (0); an outcome is {strange[0]:g}."
        )
    found = fit_classes(
        x,
        [_WANTED if value else _OTHER for value in situation.y],
        (_WANTED, _OTHER),
        columns=situation.space.groups,
        previous=margin_before(situation.memo),
    )
    return found if isinstance(found, FitFailure) else found.latent([_WANTED])


def found_before(memo: Mapping[str, Any] | None, *, family: str) -> Mapping[str, object] | None:
    """Returns what the last fit found, if it was of this family."""
    found: Mapping[str, object] | None = (
        memo["found"] if memo is not None and memo["family"] == family else None
    )
    return found


def margin_before(memo: Mapping[str, Any] | None) -> Hyperparameters | None:
    """Returns the hyperparameters of the last margin of classes, which is a plain process."""
    found = found_before(memo, family="gp")
    return None if found is None else Hyperparameters.from_json(found)
