"""Slices of the posterior: one panel a parameter, the others held where the caller says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from planner.errors import InputError
from planner.pictures.arrays import own_vector, refuse_beyond
from planner.pictures.axis import (
    SMALL_PX,
    Quantity,
    Range,
    fitted,
    listed,
    named,
    number,
    number_axis,
    quantity_label,
    range_of,
    text_width,
)
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_note,
    house_style,
    new_figure,
    rows_and_columns,
)
from planner.pictures.goal import Goal, draw_goal
from planner.pictures.palette import BEST, INK
from planner.pictures.prediction import (
    BESIDE,
    Prediction,
    draw_categories,
    draw_prediction,
    prediction_handles,
)
from planner.pictures.svg import svg_text

MAX_PANELS = 8
FADE = 0.25  # distance, in the unit cube, over which a dot's ink falls to 1/e
_FAINTEST = 0.14  # the farthest dot is still seen


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
        settings = increasing(self.settings, what=what, n=n, is_log=self.is_log)
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


def increasing(
    settings: Float[np.ndarray, " g"], *, what: str, n: int, is_log: bool
) -> Float[np.ndarray, " g"]:
    """Return a read-only copy of settings that increase, and are positive on a log scale.

    Raises:
        InputError: they do not, are not ``n``, or are not finite.
    """
    own = own_vector(settings, what=what, n=n)
    if own.size < 2 or (np.diff(own) <= 0).any():
        raise InputError(f"{what}: give at least two, each above the one before.")
    if is_log and own[0] <= 0:
        raise InputError(f"{what}: {own[0]:g} cannot stand on a log scale. Start above 0.")
    return own


def draw_slices(slices: Slices, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    rows, columns = rows_and_columns(len(slices.panels), width_px)
    panel_px = 300.0 if len(slices.panels) == 1 else 205.0
    with house_style():
        figure = new_figure(width_px, rows * panel_px)
        shown = _shown(slices)
        for place, panel in enumerate(slices.panels):
            axes = figure.add_subplot(rows, columns, place + 1, gid="panel")
            is_first = place % columns == 0
            _set_outcome(axes, slices, shown, is_first=is_first, length=0.62 * panel_px)
            _draw_panel(axes, panel, length=0.8 * width_px / columns)
            goal_handles = draw_goal(axes, slices.goal, unit=slices.unit)
        add_legend(figure, [*_handles(slices), *goal_handles])
        _add_held(figure, slices.held)
        title = f"Slices of the prediction of {named(slices.outcome, slices.unit)}"
        return svg_text(figure, title=title, summary=_summary(slices))


def _shown(slices: Slices) -> Range:
    arrays = [slices.goal.levels] if slices.goal else []
    for panel in slices.panels:
        arrays += [panel.prediction.run_interval, panel.prediction.mean_interval]
        arrays += [panel.prediction.mean] + ([panel.trials.values] if panel.trials else [])
    return range_of(*arrays)


def _set_outcome(
    axes: Axes, slices: Slices, shown: Range, *, is_first: bool, length: float
) -> None:
    """The outcome's axis is the same in every panel; the first of a row names it."""
    add_grid(axes)
    quantity = Quantity(slices.outcome, slices.unit)
    number_axis(axes, "y", shown, quantity=quantity, length=length)
    if not is_first:
        axes.set_ylabel("")
        axes.tick_params(axis="y", labelleft=False)


def _draw_panel(axes: Axes, panel: NumericSlice | CategoricalSlice, *, length: float) -> None:
    if isinstance(panel, NumericSlice):
        _set_numbers(axes, panel, length=length)
        draw_prediction(axes, panel.settings, panel.prediction)
        best, beside = panel.best, 0.0
    else:
        _set_categories(axes, panel, length=length)
        draw_categories(axes, panel.prediction)
        best = None if panel.best is None else float(list(panel.categories).index(panel.best))
        beside = BESIDE
    if best is not None:
        axes.axvline(
            best, color=BEST, linewidth=1.1, linestyle=(0, (1, 1.5)), gid="best", zorder=1.5
        )
    if panel.trials is not None:
        _draw_trials(axes, panel.trials, beside=beside)


def _set_numbers(axes: Axes, panel: NumericSlice, *, length: float) -> None:
    marks = np.array([] if panel.best is None else [panel.best])
    dots = panel.trials.settings if panel.trials else marks
    shown = range_of(panel.settings, marks, dots, is_log=panel.is_log, pad=0.03)
    quantity = Quantity(panel.parameter, panel.unit)
    number_axis(axes, "x", shown, quantity=quantity, length=length)


def _set_categories(axes: Axes, panel: CategoricalSlice, *, length: float) -> None:
    """Names stand level where they fit, else on end; there each is cut at a third of the panel."""
    k = len(panel.categories)
    axes.set_xlim(-0.6, k - 0.4)
    room = 0.95 * length / k
    is_level = all(text_width(name, SMALL_PX) <= room for name in panel.categories)
    names = [fitted(name, 70.0, size=SMALL_PX, lines=1) for name in panel.categories]
    axes.set_xticks(range(k), list(panel.categories) if is_level else names)
    if not is_level:
        axes.tick_params(axis="x", rotation=90)
    axes.set_xlabel(quantity_label(Quantity(panel.parameter, ""), "", length))


def _draw_trials(axes: Axes, trials: SliceTrials, *, beside: float) -> None:
    """Dots in four steps of ink and size, the nearest on top."""
    ink = np.maximum(np.exp(-trials.distances / FADE), _FAINTEST)
    steps = np.ceil(4 * ink) / 4
    for step in (0.25, 0.5, 0.75, 1.0):
        chosen = (steps == step) & ~np.isnan(trials.values)
        if chosen.any():
            axes.plot(
                trials.settings[chosen] + beside,
                trials.values[chosen],
                linestyle="none",
                marker="o",
                markersize=3.0 + 2.5 * step,
                markerfacecolor=INK,
                markeredgewidth=0,
                alpha=0.8 * step,
                gid="trials",
                zorder=2.6 + 0.1 * step,
            )


def _handles(slices: Slices) -> list[Artist]:
    handles = prediction_handles(slices.panels[0].prediction.level)
    if any(p.trials is not None and not np.isnan(p.trials.values).all() for p in slices.panels):
        label = "trials, fainter away from the slice"
        handles.append(
            Line2D(
                [], [], color=INK, alpha=0.8, linestyle="none", marker="o", markersize=5.5,
                markeredgewidth=0.0, label=label,
            )
        )  # fmt: skip
    if any(panel.best is not None for panel in slices.panels):
        handles.append(
            Line2D([], [], color=BEST, linewidth=1.1, linestyle=(0, (1, 1.5)), label="best setting")
        )
    return handles


def _add_held(figure: Figure, held: str) -> None:
    if held:
        add_note(figure, f"Other parameters held at {held}.")


def _summary(slices: Slices) -> str:
    level = f"{100 * slices.panels[0].prediction.level:.3g} %"
    said = [
        f"Predicted {named(slices.outcome, slices.unit)} along "
        f"{listed([named(p.parameter, getattr(p, 'unit', '')) for p in slices.panels])}, "
        f"with {level} intervals of the mean and of the next single run."
    ]
    if slices.held:
        said.append(f"Other parameters are held at {slices.held}.")
    return " ".join([*said, *(_panel_summary(panel) for panel in slices.panels)])


def _panel_summary(panel: NumericSlice | CategoricalSlice) -> str:
    mean = panel.prediction.mean
    if isinstance(panel, NumericSlice):
        places = [number(setting) for setting in panel.settings]
        best = None if panel.best is None else number(panel.best)
    else:
        places, best = list(panel.categories), panel.best
    text = (
        f"{named(panel.parameter, '')}: the mean is lowest, {number(mean.min())}, at "
        f"{places[int(mean.argmin())]} and highest, {number(mean.max())}, at "
        f"{places[int(mean.argmax())]}"
    )
    left_out = int(np.isnan(panel.trials.values).sum()) if panel.trials else 0
    text += f"; best setting {best}" if best is not None else ""
    return text + (f"; {left_out} trials without a value are left out." if left_out else ".")
