"""What a picture of slices is drawn from: trials, slices along numbers and categories."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from planner.errors import InputError
from planner.pictures.arrays import own_increasing, own_vector, refuse_beyond
from planner.pictures.goal import Goal
from planner.pictures.prediction import Prediction

MAX_PANELS = 8


@dataclass(frozen=True, slots=True, eq=False)
class SliceTrials:
    """The trials that a slice shows as dots.

    Args:
        settings: the parameter's value in each trial, shape (n,); for a categorical parameter the
            index of the category, counted from 0.
        values: the observed outcome, shape (n,); NaN: the trial has none and is left out.
        distances: how far each trial lies from the slice, in the unit cube, shape (n,), >= 0.

    Raises:
        InputError: lengths differ, a setting or distance is missing, or a distance is negative.
    """

    settings: Float[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]
    distances: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        settings = own_vector(self.settings, what="Slice, settings of the trials")
        n = settings.size
        values = own_vector(self.values, what="Slice, values of the trials", n=n, may_miss=True)
        distances = own_vector(self.distances, what="Slice, distances of the trials", n=n)
        refuse_beyond(
            distances,
            what="Slice, distances of the trials",
            low=0.0,
            high=math.inf,
            rule="A distance is never negative.",
        )
        for name, array in (("settings", settings), ("values", values), ("distances", distances)):
            object.__setattr__(self, name, array)


@dataclass(frozen=True, slots=True, eq=False)
class NumericSlice:
    """The prediction along one numeric parameter.

    Args:
        parameter, unit: name and unit.
        settings: where the prediction is made, increasing, shape (g,), in the unit.
        prediction: at those settings.
        best: the parameter's value at the best setting; None: not marked.
        trials: dots; None: none.
        is_log: whether the parameter is set on a log scale.

    Raises:
        InputError: settings that do not increase, or are not positive on a log scale.
    """

    parameter: str
    unit: str
    settings: Float[np.ndarray, " g"]
    prediction: Prediction
    best: float | None = None
    trials: SliceTrials | None = None
    is_log: bool = False

    def __post_init__(self) -> None:
        what = f"Slice along '{self.parameter}', settings"
        n = self.prediction.mean.size
        settings = own_increasing(self.settings, what=what, n=n, is_log=self.is_log)
        marks = [] if self.best is None else [self.best]
        marks += [] if self.trials is None else self.trials.settings.tolist()
        own_vector(marks, what=f"Slice along '{self.parameter}', best and trials' settings")
        if self.is_log and any(mark <= 0 for mark in marks):
            raise InputError(
                f"Slice along '{self.parameter}': {min(marks):g} cannot stand on a log scale. "
                "Give positive settings, or is_log=False."
            )
        object.__setattr__(self, "settings", settings)


@dataclass(frozen=True, slots=True, eq=False)
class CategoricalSlice:
    """The prediction for each category of one parameter.

    Args:
        parameter: its name.
        categories: their names, k of them.
        prediction: one entry a category.
        best: the category of the best setting; None: not marked.
        trials: dots; None: none.

    Raises:
        InputError: counts differ, or a category that is not among them.
    """

    parameter: str
    categories: Sequence[str]
    prediction: Prediction
    best: str | None = None
    trials: SliceTrials | None = None

    def __post_init__(self) -> None:
        k = len(self.categories)
        if k == 0 or k != self.prediction.mean.size:
            raise InputError(
                f"Slice along '{self.parameter}': {k} categories and "
                f"{self.prediction.mean.size} predictions. Give one prediction a category."
            )
        if self.best is not None and self.best not in self.categories:
            raise InputError(
                f"Slice along '{self.parameter}': there is no category '{self.best}'. "
                f"The categories are {', '.join(self.categories)}."
            )
        if self.trials is not None and not set(self.trials.settings.tolist()) <= set(range(k)):
            raise InputError(
                f"Slice along '{self.parameter}': a trial's category is not one of 0 to {k - 1}."
            )
        object.__setattr__(self, "categories", tuple(self.categories))


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """One panel a parameter, all of one outcome.

    Args:
        outcome, unit: name and unit of the outcome.
        panels: 1 to 8 slices, all with intervals of the same level.
        goal: what is wanted of the outcome; None: not shown.
        held: where the other parameters are held, such as "the best trial, 17".

    Raises:
        InputError: no panel or more than 8, or levels that differ.
    """

    outcome: str
    unit: str
    panels: Sequence[NumericSlice | CategoricalSlice]
    goal: Goal | None = None
    held: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.panels) <= MAX_PANELS:
            raise InputError(
                f"Slices of '{self.outcome}': {len(self.panels)} panels. Give 1 to {MAX_PANELS}, "
                "those of the parameters that matter most."
            )
        levels = sorted({panel.prediction.level for panel in self.panels})
        if len(levels) > 1:
            raise InputError(
                f"Slices of '{self.outcome}': intervals of {levels[0]:g} and {levels[-1]:g} in one "
                "picture. Give all panels the same level."
            )
        object.__setattr__(self, "panels", tuple(self.panels))
