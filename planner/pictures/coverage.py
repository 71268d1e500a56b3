"""Coverage: how often stated intervals held, beside what they say, and how that and scores went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from planner.errors import InputError
from planner.pictures.arrays import own_intervals, own_vector, refuse_beyond
from planner.pictures.axis import Quantity, Range, counted, named, number_axis, percent, range_of
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_note,
    add_panel_legends,
    house_style,
    new_figure,
    rows_and_columns,
)
from planner.pictures.palette import GREY, LINE_LOOKS, MISSED, MODEL, PAPER
from planner.pictures.svg import svg_text

_PANEL_HEIGHT_PX = 250.0
FEWEST_OVER_TIME = 10  # forecasts
_LEAST_SHOWN = np.array([-10.0, 10.0])
_FEWEST = 2  # panels in a row on a desk; each needs more width than a slice


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """How well stated intervals held.

    Args:
        outcome, unit: name and unit of the outcome.
        levels: that intervals state, rising, in (0, 1), shape (l,).
        shares: of the intervals of each level the share that held, shape (l,).
        bands: of each level the shares between which right intervals lie, shape (l, 2).
        running: share that held up to each forecast, by level, shape (n, l); NaN where none
            could be counted yet.
        crps: mean continuous ranked probability score of the last forecasts, shape (n,).
        nlpd: mean negative log density of the last forecasts, shape (n,).
        over: how many forecasts those two are means of.

    Raises:
        InputError: lengths differ, a number is missing, or a level or share lies outside its range.
    """

    outcome: str
    unit: str
    levels: Float[np.ndarray, " l"]
    shares: Float[np.ndarray, " l"]
    bands: Float[np.ndarray, "l 2"]
    running: Float[np.ndarray, "n l"]
    crps: Float[np.ndarray, " n"]
    nlpd: Float[np.ndarray, " n"]
    over: int = 10

    def __post_init__(self) -> None:
        about = f"Coverage of '{self.outcome}'"
        levels = own_vector(self.levels, what=f"{about}, levels")
        refuse_beyond(
            levels, what=f"{about}, levels", low=0.0, high=1.0, rule="A level is a probability."
        )
        n = levels.size
        shares = own_vector(self.shares, what=f"{about}, shares", n=n)
        refuse_beyond(
            shares, what=f"{about}, shares", low=0.0, high=1.0, rule="A share is from 0 to 1."
        )
        bands = own_intervals(self.bands, what=f"{about}, bands", n=n)
        crps = own_vector(self.crps, what=f"{about}, CRPS")
        nlpd = own_vector(self.nlpd, what=f"{about}, negative log density", n=crps.size)
        running = np.array(self.running, dtype=np.float64)
        if running.shape != (crps.size, n):
            raise InputError(
                f"{about}: the running shares have shape {running.shape}, not {(crps.size, n)}."
            )
        running.flags.writeable = False
        for name, value in (
            ("levels", levels), ("shares", shares), ("bands", bands), ("running", running),
            ("crps", crps), ("nlpd", nlpd),
        ):  # fmt: skip
            object.__setattr__(self, name, value)


def draw_coverage(coverage: Coverage, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide.

    How it went over time is shown from ten forecasts on: a line through fewer looks like a trend.
    """
    with house_style():
        draw = _draw_all if len(coverage.crps) >= FEWEST_OVER_TIME else _draw_levels_alone
        title = f"How well stated intervals of {coverage.outcome} held"
        return svg_text(draw(coverage, width_px), title=title, summary=_summary(coverage))


def _draw_levels_alone(coverage: Coverage, width_px: float) -> Figure:
    figure = new_figure(width_px, _PANEL_HEIGHT_PX)
    axes = figure.add_subplot(gid="panel-levels")
    add_legend(figure, _draw_levels(axes, coverage, (0.85 * width_px, 0.6 * _PANEL_HEIGHT_PX)))
    return figure


def _draw_all(coverage: Coverage, width_px: float) -> Figure:
    columns = min(_FEWEST, rows_and_columns(4, width_px)[1])
    rows = 4 // columns
    figure = new_figure(width_px, rows * _PANEL_HEIGHT_PX)
    panel_px = 0.78 * width_px / columns
    size = (panel_px, 0.6 * _PANEL_HEIGHT_PX)
    panels = [
        figure.add_subplot(rows, columns, place, gid=f"panel-{name}")
        for place, name in enumerate(("levels", "running", "crps", "nlpd"), start=1)
    ]
    with_legends = [
        (panels[0], _draw_levels(panels[0], coverage, size)),
        (panels[1], _draw_running(panels[1], coverage, size)),
    ]
    _draw_scores(panels[2:], coverage, size)
    for row in [with_legends] if columns > 1 else [[each] for each in with_legends]:
        add_panel_legends(figure, row, width_px=panel_px)
    add_note(
        figure,
        f"CRPS and negative log density are means of the last {coverage.over} forecasts; "
        f"smaller is better.",
    )
    return figure


def _draw_levels(axes: Axes, coverage: Coverage, size: tuple[float, float]) -> list[Artist]:
    add_grid(axes)
    lowest = min(0.4, float(coverage.shares.min()), float(coverage.bands.min()))
    shown = Range(100 * (lowest - 0.04), 104.0)
    number_axis(axes, "x", Range(44.0, 101.0), quantity=Quantity("stated", "%"), length=size[0])
    number_axis(axes, "y", shown, quantity=Quantity("held", "%"), length=size[1])
    (line,) = axes.plot(
        [44, 101], [44, 101], color=GREY, linestyle=(0, (5, 2)), linewidth=1.2,
        label="held as often as stated", gid="identity",
    )  # fmt: skip
    x, ends = 100 * coverage.levels, 100 * coverage.bands
    bars = np.column_stack([ends, np.full(len(x), np.nan)]).ravel()
    (band,) = axes.plot(
        np.repeat(x, 3), bars, color=GREY, linewidth=5.0, alpha=0.45, solid_capstyle="butt",
        label=f"right intervals, {percent(0.95)} of the time", gid="bands",
    )  # fmt: skip
    is_inside = (coverage.bands[:, 0] <= coverage.shares) & (
        coverage.shares <= coverage.bands[:, 1]
    )
    handles: list[Artist] = [line, band]
    for name, label, chosen, marker, colour, face in (
        ("inside", "held", is_inside, "o", MODEL, MODEL),
        ("outside", "held, outside of the band", ~is_inside, "s", MISSED, PAPER),
    ):
        if chosen.any():
            handles += axes.plot(
                x[chosen], 100 * coverage.shares[chosen], linestyle="none", marker=marker,
                markersize=6.0, markerfacecolor=face, markeredgecolor=colour,
                markeredgewidth=1.4, label=label, gid=name, zorder=3,
            )  # fmt: skip
    return handles


def _draw_running(axes: Axes, coverage: Coverage, size: tuple[float, float]) -> list[Artist]:
    """Shares less what is stated: lines of levels that all held stay apart, and 0 is right."""
    add_grid(axes)
    n = len(coverage.running)
    beyond = 100 * (coverage.running - coverage.levels)
    number_axis(axes, "x", _forecasts(n), quantity=_FORECAST, length=size[0])
    quantity = Quantity("held so far less stated", "% points")
    number_axis(axes, "y", range_of(beyond, _LEAST_SHOWN), quantity=quantity, length=size[1])
    axes.axhline(0.0, color=GREY, linestyle=(0, (5, 2)), linewidth=1.2, gid="as-stated")
    handles: list[Artist] = []
    for level, look, shares in zip(coverage.levels, LINE_LOOKS, beyond.T, strict=False):
        handles += axes.plot(
            np.arange(1, n + 1), shares, color=look.colour, linestyle=look.dash,
            linewidth=1.4, label=f"{percent(float(level))} intervals",
            gid=f"running-{100 * level:g}",
        )  # fmt: skip
    return handles


def _draw_scores(panels: list[Axes], coverage: Coverage, size: tuple[float, float]) -> None:
    n = len(coverage.crps)
    for axes, name, values, quantity in zip(
        panels,
        ("crps", "nlpd"),
        (coverage.crps, coverage.nlpd),
        (
            Quantity(f"CRPS, {coverage.outcome}", coverage.unit),
            Quantity("negative log density", "nat"),
        ),
        strict=True,
    ):
        add_grid(axes)
        number_axis(axes, "x", _forecasts(n), quantity=_FORECAST, length=size[0])
        number_axis(axes, "y", range_of(values), quantity=quantity, length=size[1])
        axes.plot(np.arange(1, n + 1), values, color=MODEL, linewidth=1.4, gid=name)


_FORECAST = Quantity("forecast", "", is_whole=True)


def _forecasts(n: int) -> Range:
    room = max(0.03 * n, 0.4)
    return Range(1 - room, max(n, 2) + room)


def _summary(coverage: Coverage) -> str:
    parts = [
        f"{percent(float(share))} of the {percent(float(level))} intervals"
        for level, share in zip(coverage.levels, coverage.shares, strict=True)
    ]
    n = counted(len(coverage.crps), "forecast")
    outcome = named(coverage.outcome, coverage.unit)
    return f"Of {n} of {outcome} with a result held: {', '.join(parts)}."
