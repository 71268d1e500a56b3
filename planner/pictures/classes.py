"""Classes that trials came to, below the chance that was stated before each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from planner.errors import InputError
from planner.pictures.arrays import own_vector, refuse_beyond
from planner.pictures.axis import (
    SMALL_PX,
    Quantity,
    Range,
    counted,
    fitted,
    listed,
    number_axis,
    quantity_label,
)
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_message,
    house_style,
    new_figure,
)
from planner.pictures.palette import GOAL, GREY, MISSED, MODEL, PAPER, PENDING
from planner.pictures.progress import TrialState
from planner.pictures.svg import svg_text

_ROW_PX = 26.0
_OTHERS = {"failed": ("x", MISSED), "quarantined": ("D", MISSED), "pending": ("^", PENDING)}


@dataclass(frozen=True, slots=True, eq=False)
class ClassTrials:
    """A campaign's trials in their order, where each comes to a class.

    Args:
        outcome: name of the outcome.
        classes: all that there are, from the first row down.
        wanted: those that are wanted.
        seen: class of each trial; None where there is none.
        states: of each trial; "observed" where there is a class.
        chance: of a wanted class, as stated before each trial, 0 to 1, shape (n,); NaN where none
            was.

    Raises:
        InputError: lengths differ, a class is not known, or a chance is outside 0 to 1.
    """

    outcome: str
    classes: Sequence[str]
    wanted: Sequence[str]
    seen: Sequence[str | None]
    states: Sequence[TrialState]
    chance: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        about = f"Classes of '{self.outcome}'"
        n = len(self.states)
        if len(self.seen) != n:
            raise InputError(f"{about}: {n} states and {len(self.seen)} classes; give one each.")
        unknown = {*self.wanted, *(each for each in self.seen if each)} - {*self.classes}
        if unknown:
            raise InputError(f"{about}: there is no class '{min(unknown)}'.")
        for seen, state in zip(self.seen, self.states, strict=True):
            if state not in get_args(TrialState) or (seen is not None) != (state == "observed"):
                raise InputError(f"{about}: a trial is {state} and of class {seen}.")
        chance = own_vector(self.chance, what=f"{about}, chance", n=n, may_miss=True)
        rule = "A chance lies between 0 and 1."
        known = chance[~np.isnan(chance)]
        refuse_beyond(known, what=f"{about}, chance", low=0.0, high=1.0, rule=rule)
        object.__setattr__(self, "chance", chance)


def draw_class_trials(trials: ClassTrials, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    rows = [*trials.classes, *(state for state in _OTHERS if state in trials.states)]
    has_chance = not np.isnan(trials.chance).all()
    heights = [150.0] * has_chance + [_ROW_PX * (len(rows) + 1)]
    with house_style():
        figure = new_figure(width_px, sum(heights) + 40.0)
        grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        if has_chance:
            above = figure.add_subplot(grid[0])
            _draw_chance(above, trials, length=0.84 * width_px)
            above.tick_params(axis="x", labelbottom=False)
            above.set_xlabel("")
        below = figure.add_subplot(grid[-1])
        _draw_rows(below, trials, rows, length=0.84 * width_px)
        add_legend(figure, _handles(trials, has_chance=has_chance))
        if not trials.states:
            add_message(below, "No trial has been observed yet.")
        title = f"Classes that the trials came to: {trials.outcome}"
        return svg_text(figure, title=title, summary=_summary(trials))


def _set_trials(axes: Axes, trials: ClassTrials, *, length: float) -> None:
    n = max(len(trials.states), 2)
    room = max(0.03 * n, 0.4)
    trial = Quantity("trial", "", is_whole=True)
    number_axis(axes, "x", Range(1 - room, n + room), quantity=trial, length=length)


def _draw_chance(axes: Axes, trials: ClassTrials, *, length: float) -> None:
    axes.set_gid("panel")
    wanted = Quantity(f"stated chance of {listed(list(trials.wanted))}", "%")
    number_axis(axes, "y", Range(-5.0, 105.0), quantity=wanted, length=140.0)
    _set_trials(axes, trials, length=length)
    add_grid(axes)
    places = np.arange(1, len(trials.states) + 1)
    for name, chosen, look in _groups(trials):
        if chosen.any():
            axes.plot(
                places[chosen], 100 * trials.chance[chosen], linestyle="none", markersize=6.0,
                markeredgewidth=1.2, gid=f"chance-{name}", **look,
            )  # fmt: skip


def _draw_rows(axes: Axes, trials: ClassTrials, rows: list[str], *, length: float) -> None:
    axes.set_gid("panel")
    _set_trials(axes, trials, length=length)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    names = [fitted(name, 110.0, size=SMALL_PX, lines=1) for name in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylabel(quantity_label(Quantity(trials.outcome, ""), "", _ROW_PX * (len(rows) + 1)))
    add_grid(axes)
    places = np.arange(1, len(trials.states) + 1)
    at = np.array(
        [
            rows.index(seen if seen is not None else state)
            for seen, state in zip(trials.seen, trials.states, strict=True)
        ]
    )
    for name, chosen, look in _groups(trials):
        if name != "others" and chosen.any():
            axes.plot(
                places[chosen], at[chosen], linestyle="none", markersize=6.5,
                markeredgewidth=1.2, gid=f"class-{name}", zorder=3, **look,
            )  # fmt: skip
    for state, (marker, colour) in _OTHERS.items():
        chosen = np.array([each == state for each in trials.states], dtype=bool)
        if chosen.any():
            axes.plot(
                places[chosen], at[chosen], linestyle="none", marker=marker, markersize=6.0,
                markerfacecolor="none", markeredgecolor=colour, markeredgewidth=1.4, gid=state,
            )  # fmt: skip


def _groups(trials: ClassTrials) -> list[tuple[str, np.ndarray, dict[str, Any]]]:
    is_wanted = np.array([seen in trials.wanted for seen in trials.seen], dtype=bool)
    is_seen = np.array([seen is not None for seen in trials.seen], dtype=bool)
    return [
        ("wanted", is_wanted, _look("o", GOAL, GOAL)),
        ("other", is_seen & ~is_wanted, _look("s", MODEL, PAPER)),
        ("others", ~is_seen, _look("^", GREY, PAPER)),
    ]


def _look(marker: str, edge: str, face: str) -> dict[str, Any]:
    return {"marker": marker, "markeredgecolor": edge, "markerfacecolor": face}


def _handles(trials: ClassTrials, *, has_chance: bool) -> list[Artist]:
    labels = [
        f"came to {listed(list(trials.wanted))} (wanted)",
        "came to another class",
        "no class yet, or failed",
    ]
    return [
        Line2D([], [], linestyle="none", markersize=6.0, label=label, **look)
        for label, (name, chosen, look) in zip(labels, _groups(trials), strict=True)
        if chosen.any() and (name != "others" or has_chance)
    ]


def _summary(trials: ClassTrials) -> str:
    counts = Counter(seen for seen in trials.seen if seen is not None)
    others = Counter(state for state in trials.states if state != "observed")
    parts = [f"{counts[name]} {name}" for name in trials.classes if counts[name]]
    parts += [f"{n} {state}" for state, n in others.items()]
    came = f": {listed(parts)}" if parts else ""
    return (
        f"What each trial came to in {trials.outcome}, in their order, below the chance of "
        f"{listed(list(trials.wanted))} that was stated before it. "
        f"{counted(len(trials.states), 'trial')}{came}."
    )
