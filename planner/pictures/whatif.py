"""What-if: the prediction along one parameter, and how likely the goal is met along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from planner.errors import InputError
from planner.pictures.arrays import own_increasing, own_vector, refuse_beyond
from planner.pictures.axis import Quantity, Range, named, number, number_axis, range_of
from planner.pictures.dots import draw_trials, trials_handle
from planner.pictures.frame import WIDTH_PX, add_grid, add_legend, add_note, house_style, new_figure
from planner.pictures.goal import Goal, draw_goal
from planner.pictures.palette import BEST, GOAL
from planner.pictures.prediction import (
    Prediction,
    coincidence,
    draw_prediction,
    intervals_in_words,
    prediction_handles,
)
from planner.pictures.sliced import SliceTrials
from planner.pictures.svg import svg_text

_NOW_DASH = (0, (1, 1.5))


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """A question answered along one swept parameter.

    Args:
        outcome, unit: name and unit of the outcome.
        parameter, parameter_unit: name and unit of what is swept.
        settings: where the prediction is made, increasing, shape (g,).
        prediction: at those settings.
        goal: what is wanted of the outcome; None: not shown.
        probability: that a single run meets the goal, or beats the best, shape (g,), 0 to 1; None:
            there is nothing to meet or beat.
        has_goal: whether it is a goal that is met, and not the best so far that is beaten.
        asked: the setting that was asked about, marked with a line; None: none.
        trials: dots; those beside the sweep are left out; None: none.
        held: where the other parameters are held.
        is_log: whether the parameter is set on a log scale.

    Raises:
        InputError: lengths differ, a number is missing, settings do not increase, or a probability
            outside 0 to 1.
    """

    outcome: str
    unit: str
    parameter: str
    parameter_unit: str
    settings: Float[np.ndarray, " g"]
    prediction: Prediction
    goal: Goal | None = None
    probability: Float[np.ndarray, " g"] | None = None
    has_goal: bool = True
    asked: float | None = None
    trials: SliceTrials | None = None
    held: str = ""
    is_log: bool = False

    def __post_init__(self) -> None:
        n = self.prediction.mean.size
        about = f"What-if along '{self.parameter}'"
        own = own_increasing(self.settings, what=f"{about}, settings", n=n, is_log=self.is_log)
        object.__setattr__(self, "settings", own)
        if self.asked is not None:
            own_vector([self.asked], what=f"{about}, setting asked about")
            if self.is_log and self.asked <= 0:
                raise InputError(f"{about}: {self.asked:g} cannot stand on a log scale.")
        if self.probability is not None:
            what = f"{about}, probability"
            probability = own_vector(self.probability, what=what, n=n)
            rule = "A probability lies between 0 and 1."
            refuse_beyond(probability, what=what, low=0.0, high=1.0, rule=rule)
            object.__setattr__(self, "probability", probability)
        if self.trials is not None:
            object.__setattr__(self, "trials", _within(self.trials, own))


def _within(trials: SliceTrials, settings: Float[np.ndarray, " g"]) -> SliceTrials:
    """Returns the trials that lie between the ends of the sweep, which sets the axis."""
    inside = (settings[0] <= trials.settings) & (trials.settings <= settings[-1])
    return SliceTrials(
        settings=trials.settings[inside],
        values=trials.values[inside],
        distances=trials.distances[inside],
    )


def draw_whatif(whatif: WhatIf, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    main_px = max(0.42 * width_px, 230.0)
    chance_px = 0.0 if whatif.probability is None else 105.0
    with house_style():
        figure = new_figure(width_px, main_px + chance_px + 20.0)
        rows = 1 if whatif.probability is None else 2
        grid = figure.add_gridspec(rows, 1, height_ratios=[main_px, chance_px][:rows])
        axes = figure.add_subplot(grid[0])
        handles = _draw_main(axes, whatif, length=0.8 * main_px)
        _set_parameter(axes, whatif, length=0.84 * width_px)
        if whatif.probability is not None:
            axes.set_xlabel("")
            axes.tick_params(axis="x", labelbottom=False)
            _draw_chance(figure.add_subplot(grid[1]), whatif, length=0.84 * width_px)
        add_legend(figure, handles)
        held = f"Other parameters held at {whatif.held}." if whatif.held else ""
        if note := f"{held} {coincidence(whatif.prediction)}".strip():
            add_note(figure, note)
        swept = named(whatif.parameter, whatif.parameter_unit)
        title = f"What if: {named(whatif.outcome, whatif.unit)} along {swept}"
        return svg_text(figure, title=title, summary=_summary(whatif))


def _draw_main(axes: Axes, whatif: WhatIf, *, length: float) -> list[Artist]:
    axes.set_gid("panel")
    said = whatif.prediction
    levels = whatif.goal.levels if whatif.goal else np.array([])
    runs = [] if said.run_interval is None else [said.run_interval]
    trials = whatif.trials
    dots = [trials.values] if trials is not None else []
    shown = range_of(said.mean, said.mean_interval, *runs, levels, *dots)
    remark = whatif.goal.wish(whatif.unit) if whatif.goal else ""
    outcome = Quantity(whatif.outcome, whatif.unit, remark=remark)
    number_axis(axes, "y", shown, quantity=outcome, length=length)
    add_grid(axes)
    draw_prediction(axes, whatif.settings, said)
    handles = prediction_handles(said)
    if trials is not None and not np.isnan(trials.values).all():
        draw_trials(axes, trials)
        handles.append(trials_handle())
    handles += draw_goal(axes, whatif.goal, unit=whatif.unit)
    if whatif.asked is not None:
        label = f"asked: {number(whatif.asked)} {whatif.parameter_unit}".strip()
        handles.append(Line2D([], [], color=BEST, linewidth=1.2, linestyle=_NOW_DASH, label=label))
    return handles


def _set_parameter(axes: Axes, whatif: WhatIf, *, length: float) -> None:
    """The swept parameter's axis, and the line at the setting that was asked about."""
    marks = np.array([] if whatif.asked is None else [whatif.asked])
    shown = range_of(whatif.settings, marks, is_log=whatif.is_log, pad=0.02)
    swept = Quantity(whatif.parameter, whatif.parameter_unit)
    number_axis(axes, "x", shown, quantity=swept, length=length)
    if whatif.asked is not None:
        axes.axvline(whatif.asked, color=BEST, linewidth=1.2, linestyle=_NOW_DASH, gid="asked")


def _draw_chance(axes: Axes, whatif: WhatIf, *, length: float) -> None:
    assert whatif.probability is not None
    axes.set_gid("panel")
    percent = 100 * whatif.probability
    quantity = Quantity("meets goal" if whatif.has_goal else "beats best", "%")
    number_axis(axes, "y", Range(-4.0, 104.0), quantity=quantity, length=110.0)
    _set_parameter(axes, whatif, length=length)
    add_grid(axes)
    axes.fill_between(whatif.settings, 0, percent, color=GOAL, alpha=0.15, linewidth=0)
    axes.plot(whatif.settings, percent, color=GOAL, linewidth=1.7, gid="probability")


def _summary(whatif: WhatIf) -> str:
    said = whatif.prediction
    low, high = number(whatif.settings[0]), number(whatif.settings[-1])
    sentences = [
        f"Predicted {named(whatif.outcome, whatif.unit)} for "
        f"{named(whatif.parameter, whatif.parameter_unit)} from {low} to {high}, "
        f"{intervals_in_words(said)}.",
        f"The mean runs from {number(said.mean[0])} to {number(said.mean[-1])}; lowest "
        f"{number(said.mean.min())} at {number(whatif.settings[said.mean.argmin()])}, highest "
        f"{number(said.mean.max())} at {number(whatif.settings[said.mean.argmax()])}.",
    ]
    if whatif.probability is not None:
        best = int(whatif.probability.argmax())
        passing = "meet the goal" if whatif.has_goal else "beat the best so far"
        sentences.append(
            f"A single run is most likely to {passing}, "
            f"{100 * whatif.probability[best]:.0f} %, at {number(whatif.settings[best])}."
        )
    if whatif.held:
        sentences.append(f"Other parameters are held at {whatif.held}.")
    return " ".join(sentences)
