"""Observed against predicted: whether the intervals stated before each trial held."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy.special import bdtrik

from planner.errors import InputError
from planner.pictures.arrays import own_intervals, own_vector, refuse_beyond
from planner.pictures.axis import Quantity, counted, named, number_axis, percent, range_of
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_message,
    add_note,
    house_style,
    new_figure,
)
from planner.pictures.palette import GREY, MISSED, MODEL, PAPER
from planner.pictures.svg import svg_text


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Trials with what was predicted for them before they were run.

    Args:
        outcome, unit: name and unit of the outcome.
        observed: what was measured, shape (n,).
        mean: what was predicted, shape (n,).
        interval: the stated interval of the single run, shape (n, 2).
        level: how often the stated intervals are meant to hold, in (0, 1).
        sd: standard deviation of the measurement, shape (n,); None: not known, no bar drawn.
        is_counted: whether the interval is one of those that are counted, shape (n,): one that
            ends at a bound of the outcome is not, as nothing can lie beyond; None: all are.

    A trial that has no prediction or no value does not belong here: leave it out.

    Raises:
        InputError: lengths differ, a number is missing, or a level outside (0, 1).
    """

    outcome: str
    unit: str
    observed: Float[np.ndarray, " n"]
    mean: Float[np.ndarray, " n"]
    interval: Float[np.ndarray, "n 2"]
    level: float = 0.9
    sd: Float[np.ndarray, " n"] | None = None
    is_counted: Bool[np.ndarray, " n"] | None = None

    def __post_init__(self) -> None:
        about = f"Observed against predicted '{self.outcome}'"
        if not 0.0 < self.level < 1.0:
            raise InputError(f"{about}: level {self.level:g} does not lie between 0 and 1.")
        observed = own_vector(self.observed, what=f"{about}, observed")
        n = observed.size
        mean = own_vector(self.mean, what=f"{about}, mean", n=n)
        interval = own_intervals(self.interval, what=f"{about}, interval", n=n)
        object.__setattr__(self, "observed", observed)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "interval", interval)
        if self.sd is not None:
            sd = own_vector(self.sd, what=f"{about}, sd", n=n)
            rule = "A standard deviation is never negative."
            refuse_beyond(sd, what=f"{about}, sd", low=0.0, high=np.inf, rule=rule)
            object.__setattr__(self, "sd", sd)
        if self.is_counted is not None and self.is_counted.shape != (n,):
            raise InputError(
                f"{about}, is_counted: shape {self.is_counted.shape}, where there are {n} values."
            )

    @property
    def held(self) -> Bool[np.ndarray, " n"]:
        """Whether each stated interval, ends included, holds the observed value."""
        low, high = self.interval.T
        return np.asarray((low <= self.observed) & (self.observed <= high))


def draw_observed(observed: Observed, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    height_px = min(width_px, 480.0)
    with house_style():
        figure = new_figure(width_px, height_px)
        axes = figure.add_subplot(gid="panel")
        _set_axes(axes, observed, width_px, height_px)
        handles = [*_draw_identity(axes), *_draw_sd(axes, observed), *_draw_trials(axes, observed)]
        if observed.observed.size:
            add_note(figure, _verdict(observed))
        else:
            add_message(axes, "No trial with a stated interval has been observed yet.")
        add_legend(figure, handles)
        title = f"Observed against predicted {named(observed.outcome, observed.unit)}"
        return svg_text(figure, title=title, summary=_summary(observed))


def _set_axes(axes: Axes, observed: Observed, width_px: float, height_px: float) -> None:
    """Both axes show the same range, so that the identity line is the diagonal."""
    bars = [] if observed.sd is None else [observed.observed - observed.sd]
    bars += [] if observed.sd is None else [observed.observed + observed.sd]
    shown = range_of(observed.observed, observed.mean, observed.interval, *bars)
    add_grid(axes)
    axes.grid(axis="x", linewidth=0.8, gid="grid")
    side_px = 0.66 * height_px
    for side, word in (("x", "predicted"), ("y", "observed")):
        quantity = Quantity(f"{word} {observed.outcome}", observed.unit)
        length = 0.8 * width_px if side == "x" else side_px
        number_axis(axes, side, shown, quantity=quantity, length=length)  # type: ignore[arg-type]


def _draw_identity(axes: Axes) -> list[Artist]:
    ends = axes.get_xlim()
    return list(
        axes.plot(
            ends, ends, color=GREY, linestyle=(0, (5, 2)), linewidth=1.2,
            label="observed = predicted", gid="identity",
        )
    )  # fmt: skip


def _draw_trials(axes: Axes, observed: Observed) -> list[Artist]:
    handles: list[Artist] = []
    stated = f"{percent(observed.level)} interval"
    held, counts = observed.held, observed.is_counted
    counts = np.ones(held.size, dtype=bool) if counts is None else counts
    not_counted = "not counted: it ends at a bound"
    looks = (
        ("held", f"{stated} held", held & counts, "o", MODEL, MODEL),
        ("missed", f"{stated} missed", ~held & counts, "s", MISSED, MISSED),
        ("held-uncounted", f"{stated} held, {not_counted}", held & ~counts, "o", MODEL, PAPER),
        ("missed-uncounted", f"{stated} missed, {not_counted}", ~held & ~counts, "s", MISSED,
         PAPER),
    )  # fmt: skip
    for name, label, chosen, marker, colour, face in looks:
        if not chosen.any():
            continue
        _draw_bars(axes, observed.interval[chosen].T, observed.observed[chosen], colour, name)
        axes.plot(
            observed.mean[chosen], observed.observed[chosen], linestyle="none", marker=marker,
            markersize=5.0 if observed.held.size <= 100 else 3.4, markerfacecolor=face,
            markeredgecolor=colour, markeredgewidth=1.2, gid=name, zorder=3,
        )  # fmt: skip
        handles.append(
            Line2D(
                [], [], color=colour, marker=marker, markersize=5.0, markerfacecolor=face,
                linewidth=1.0, markeredgewidth=1.2, label=label,
            )
        )  # fmt: skip
    return handles


def _draw_bars(
    axes: Axes,
    ends: Float[np.ndarray, "2 n"],
    heights: Float[np.ndarray, " n"],
    colour: str,
    name: str,
) -> None:
    """All bars are one broken line: a small file however many trials there are."""
    across = np.column_stack([*ends, np.full(heights.size, np.nan)]).ravel()
    alpha = 0.6 if heights.size <= 100 else 0.35
    axes.plot(
        across, np.repeat(heights, 3), color=colour, linewidth=1.0, alpha=alpha,
        gid=f"{name}-intervals",
    )  # fmt: skip


def _draw_sd(axes: Axes, observed: Observed) -> list[Artist]:
    if observed.sd is None or not observed.sd.size:
        return []
    low, high = observed.observed - observed.sd, observed.observed + observed.sd
    up = np.column_stack([low, high, np.full(low.size, np.nan)]).ravel()
    axes.plot(np.repeat(observed.mean, 3), up, color=GREY, linewidth=1.0, gid="measurement-sd")
    label = "± 1 sd of the measurement"
    return [Line2D([], [], color=GREY, linestyle="none", marker="|", markersize=9, label=label)]


def _verdict(observed: Observed) -> str:
    """How many intervals held, beside how many would if each held with its stated probability.

    The band is the central 95 % of the binomial distribution of n trials at the stated level.
    """
    held = observed.held if observed.is_counted is None else observed.held[observed.is_counted]
    n, k, n_cut = held.size, int(held.sum()), observed.held.size - held.size
    cut = f"{n_cut} that end at a bound of the outcome are not counted." if n_cut else ""
    if not n:
        return f"Of {counted(n_cut, 'stated interval')} {cut}"
    low, high = (math.ceil(bdtrik(tail, n, observed.level)) for tail in (0.025, 0.975))
    return (
        f"{k} of {counted(n, 'stated interval')} held ({percent(k / n)}). Intervals that hold "
        f"{percent(observed.level)} of the time would give {low} to {high} of {n} "
        f"(binomial {percent(0.95)} band). {cut}"
    ).rstrip()


def _summary(observed: Observed) -> str:
    first = (
        f"Observed {named(observed.outcome, observed.unit)} against what was predicted before each "
        f"trial, for {counted(observed.observed.size, 'trial')}."
    )
    return f"{first} {_verdict(observed)}" if observed.observed.size else first
