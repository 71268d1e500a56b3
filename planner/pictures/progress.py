"""Best so far against the number of the trial: how a campaign gets on, and against what odds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from planner.errors import InputError
from planner.pictures.arrays import own_intervals, own_vector
from planner.pictures.axis import (
    SMALL_PX,
    Quantity,
    Range,
    counted,
    listed,
    named,
    number,
    number_axis,
    range_of,
)
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_message,
    house_style,
    new_figure,
)
from planner.pictures.goal import Goal, best_so_far, draw_goal
from planner.pictures.palette import BEST, GREY, MISSED, MODEL, PAPER, PENDING
from planner.pictures.svg import svg_text

TrialState = Literal["observed", "failed", "quarantined", "pending"]

_ON_AXIS: dict[str, tuple[str, str]] = {  # marker and colour of trials without a value to show
    "failed": ("x", MISSED),
    "quarantined": ("D", GREY),
    "pending": ("^", PENDING),
}
_SHADE = "#f1f1f1"
_STRIP = 0.09  # share of the height, at the bottom, kept for them


@dataclass(frozen=True, slots=True, eq=False)
class RandomChoice:
    """What choosing at random would have reached.

    Args:
        mean: expected best outcome after 1, 2, ... trials, in the outcome's unit, shape (t,).
        interval: the 10 % and 90 % quantiles of the best outcome, shape (t, 2).

    Raises:
        InputError: numbers missing, or lower ends above upper ends.
    """

    mean: Float[np.ndarray, " t"]
    interval: Float[np.ndarray, "t 2"]

    def __post_init__(self) -> None:
        mean = own_vector(self.mean, what="Random choice, mean")
        interval = own_intervals(self.interval, what="Random choice, 10-90 % band", n=mean.size)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "interval", interval)


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """A campaign's trials in their order.

    Args:
        outcome, unit: name and unit of the outcome shown.
        goal: what is wanted of it.
        values: observed outcome of each trial, shape (n,); read only where the state is
            "observed", so anything, NaN too, may stand elsewhere.
        states: of each trial, n of them.
        is_start: whether a trial belongs to the space-filling start, shape (n,).
        random: what random choice would have reached, where the candidates' values are known.

    Raises:
        InputError: lengths differ, a state is unknown, or an observed trial has no finite value.
    """

    outcome: str
    unit: str
    goal: Goal
    values: Float[np.ndarray, " n"]
    states: Sequence[TrialState]
    is_start: Bool[np.ndarray, " n"]
    random: RandomChoice | None = None

    def __post_init__(self) -> None:
        n = len(self.states)
        unknown = sorted(set(self.states) - set(get_args(TrialState)))
        if unknown:
            raise InputError(
                f"Progress of '{self.outcome}': there is no state '{unknown[0]}'. "
                f"The states are {', '.join(get_args(TrialState))}."
            )
        is_observed = np.array([state == "observed" for state in self.states], dtype=bool)
        raw = np.array(self.values, dtype=np.float64)
        if raw.shape == is_observed.shape:
            raw = np.where(is_observed, raw, np.nan)
        values = own_vector(raw, what=f"Outcome '{self.outcome}'", n=n, may_miss=True)
        absent = np.flatnonzero(is_observed & np.isnan(values))
        if absent.size:
            raise InputError(
                f"Trial {absent[0] + 1} is observed but its outcome '{self.outcome}' is NaN. "
                "Give its value, or the state that it is in."
            )
        is_start = own_vector(self.is_start, what="Start trials", n=n).astype(bool)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "states", tuple(self.states))
        object.__setattr__(self, "is_start", is_start)


def draw_progress(progress: Progress, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    height_px = max(0.44 * width_px, 235.0)
    with house_style():
        figure = new_figure(width_px, height_px)
        axes = figure.add_subplot(gid="panel")
        _set_axes(axes, progress, width_px, height_px)
        handles = [
            *_draw_observed(axes, progress),
            *_draw_best(axes, progress),
            *_draw_random(axes, progress.random),
            *draw_goal(axes, progress.goal, unit=progress.unit),
            *_draw_unobserved(axes, progress),
        ]
        if handles:
            add_legend(figure, handles)
        if np.isnan(progress.values).all():
            add_message(axes, "No trial has been observed yet.")
        title = f"Progress: {named(progress.outcome, progress.unit)}"
        return svg_text(figure, title=title, summary=_summary(progress))


def _set_axes(axes: Axes, progress: Progress, width_px: float, height_px: float) -> None:
    random = progress.random
    extra = [random.mean, random.interval] if random else []
    shown = range_of(progress.values, progress.goal.levels, *extra)
    n = max(len(progress.states), len(random.mean) if random else 0, 2)
    add_grid(axes)
    room = max(0.03 * n, 0.4)
    trial = Quantity("trial", "", is_whole=True)
    number_axis(axes, "x", Range(1 - room, n + room), quantity=trial, length=0.85 * width_px)
    outcome = Quantity(progress.outcome, progress.unit, remark=progress.goal.wish(progress.unit))
    number_axis(axes, "y", shown, quantity=outcome, length=0.7 * height_px)
    if any(state in _ON_AXIS for state in progress.states):
        _add_strip(axes, shown)


def _add_strip(axes: Axes, shown: Range) -> None:
    """Below the values and their scale, room for trials that have none."""
    bottom = shown.low - _STRIP / (1 - _STRIP) * (shown.high - shown.low)
    axes.set_ylim(bottom, shown.high)
    axes.spines["left"].set_bounds(shown.low, shown.high)
    axes.axhspan(bottom, shown.low, facecolor=_SHADE, linewidth=0, zorder=0.8, gid="strip")
    axes.text(
        -0.012, _STRIP / 2, "no value", transform=axes.transAxes, ha="right", va="center",
        fontsize=SMALL_PX, color=GREY,
    )  # fmt: skip


def _draw_observed(axes: Axes, progress: Progress) -> list[Artist]:
    trials = np.arange(1, len(progress.states) + 1)
    is_observed = ~np.isnan(progress.values)
    handles: list[Artist] = []
    for name, label, face, chosen in (
        ("start", "space-filling start", PAPER, is_observed & progress.is_start),
        ("chosen", "chosen by the model", MODEL, is_observed & ~progress.is_start),
    ):
        if chosen.any():
            handles += axes.plot(
                trials[chosen],
                progress.values[chosen],
                linestyle="none",
                marker="o",
                markersize=_dot_size(len(trials)),
                markerfacecolor=face,
                markeredgecolor=MODEL,
                markeredgewidth=1.1,
                label=label,
                gid=f"observed-{name}",
                zorder=3,
            )
    return handles


def _dot_size(n: int) -> float:
    """Diameter of a dot in pixels: smaller where there are many."""
    return 6.0 if n <= 60 else 4.5 if n <= 150 else 3.2


def _draw_best(axes: Axes, progress: Progress) -> list[Artist]:
    best = best_so_far(progress.values, progress.goal)
    since = np.flatnonzero(best >= 0)
    if not since.size:
        return []
    return list(
        axes.plot(
            since + 1,
            progress.values[best[since]],
            color=BEST,
            linewidth=1.8,
            drawstyle="steps-post",
            label="best so far",
            gid="best",
            zorder=2.5,
        )
    )


def _draw_random(axes: Axes, random: RandomChoice | None) -> list[Artist]:
    if random is None or not random.mean.size:
        return []
    trials = np.arange(1, random.mean.size + 1)
    low, high = random.interval.T
    axes.fill_between(trials, low, high, color=GREY, alpha=0.16, linewidth=0, gid="random-band")
    axes.plot(trials, random.mean, color=GREY, linestyle=(0, (5, 2)), linewidth=1.5, gid="random")
    return [
        Line2D([], [], color=GREY, linestyle=(0, (5, 2)), linewidth=1.5, label="random choice"),
        Patch(facecolor=(GREY, 0.16), label="its 10 to 90 % band"),
    ]


def _draw_unobserved(axes: Axes, progress: Progress) -> list[Artist]:
    handles: list[Artist] = []
    for state, (marker, colour) in _ON_AXIS.items():
        trials = [i + 1 for i, each in enumerate(progress.states) if each == state]
        if trials:
            handles += axes.plot(
                trials,
                [_STRIP / 2] * len(trials),
                transform=axes.get_xaxis_transform(),
                linestyle="none",
                marker=marker,
                markersize=_dot_size(len(progress.states)),
                markeredgewidth=1.5 if marker == "x" else 1.1,
                markerfacecolor="none",
                markeredgecolor=colour,
                label=state,
                gid=state,
            )
    return handles


def _summary(progress: Progress) -> str:
    counts = Counter(progress.states)
    n_start = int((progress.is_start & ~np.isnan(progress.values)).sum())
    parts = [f"{counts[state]} {state}" for state in get_args(TrialState) if counts[state]]
    said = [
        f"Best so far of {named(progress.outcome, progress.unit)} against the number of the trial; "
        f"{progress.goal.wish(progress.unit)}.",
        f"{counted(len(progress.states), 'trial')}" + (f": {listed(parts)}." if parts else "."),
    ]
    if counts["observed"]:
        best = int(best_so_far(progress.values, progress.goal)[-1])
        said.append(
            f"Of the observed, {n_start} belong to the space-filling start. "
            f"The best is trial {best + 1} with {number(progress.values[best])}."
        )
    if progress.random is not None and progress.random.mean.size:
        low, high = progress.random.interval[-1]
        said.append(
            f"Random choice is expected to reach {number(progress.random.mean[-1])} after "
            f"{counted(progress.random.mean.size, 'trial')}, from {number(low)} to {number(high)} "
            "in 10 to 90 % of cases."
        )
    return " ".join(said)
