"""Slices of the posterior: one panel a parameter, the others held where the caller says."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from planner.pictures.axis import (
    SMALL_PX,
    Quantity,
    Range,
    counted,
    fitted,
    listed,
    named,
    number,
    number_axis,
    quantity_label,
    range_of,
    text_width,
)
from planner.pictures.dots import draw_trials, trials_handle
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_note,
    house_style,
    new_figure,
    rows_and_columns,
)
from planner.pictures.goal import draw_goal
from planner.pictures.palette import BEST
from planner.pictures.prediction import (
    BESIDE,
    Prediction,
    coincidence,
    draw_categories,
    draw_prediction,
    intervals_in_words,
    prediction_handles,
)
from planner.pictures.sliced import CategoricalSlice, NumericSlice, Slices
from planner.pictures.svg import svg_text


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
        held = f"Other parameters held at {slices.held}." if slices.held else ""
        alike = next(filter(None, (coincidence(each.prediction) for each in slices.panels)), "")
        if note := f"{held} {alike}".strip():
            add_note(figure, note)
        title = f"Slices of the prediction of {named(slices.outcome, slices.unit)}"
        return svg_text(figure, title=title, summary=_summary(slices))


def _shown(slices: Slices) -> Range:
    arrays = [slices.goal.levels] if slices.goal else []
    for panel in slices.panels:
        arrays += [*_run_interval(panel.prediction), panel.prediction.mean_interval]
        arrays += [panel.prediction.mean] + ([panel.trials.values] if panel.trials else [])
    return range_of(*arrays)


def _run_interval(prediction: Prediction) -> list[np.ndarray]:
    return [] if prediction.run_interval is None else [prediction.run_interval]


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
        draw_trials(axes, panel.trials, beside=beside)


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


def _handles(slices: Slices) -> list[Artist]:
    handles = prediction_handles(slices.panels[0].prediction)
    if any(p.trials is not None and not np.isnan(p.trials.values).all() for p in slices.panels):
        handles.append(trials_handle())
    if any(panel.best is not None for panel in slices.panels):
        handles.append(
            Line2D([], [], color=BEST, linewidth=1.1, linestyle=(0, (1, 1.5)), label="best setting")
        )
    return handles


def _summary(slices: Slices) -> str:
    intervals = intervals_in_words(slices.panels[0].prediction)
    said = [
        f"Predicted {named(slices.outcome, slices.unit)} along "
        f"{listed([named(p.parameter, _unit(p)) for p in slices.panels])}, {intervals}."
    ]
    if slices.held:
        said.append(f"Other parameters are held at {slices.held}.")
    return " ".join([*said, *(_panel_summary(panel) for panel in slices.panels)])


def _unit(panel: NumericSlice | CategoricalSlice) -> str:
    return panel.unit if isinstance(panel, NumericSlice) else ""


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
    verb = "is" if left_out == 1 else "are"
    omitted = f"; {counted(left_out, 'trial')} without a value {verb} left out."
    return text + (omitted if left_out else ".")
