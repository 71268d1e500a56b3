"""Effects: what the value of each parameter adds to a prediction, from an average setting on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from planner.errors import InputError
from planner.pictures.arrays import own_vector, refuse_beyond
from planner.pictures.axis import (
    SMALL_PX,
    Quantity,
    counted,
    fitted,
    named,
    number,
    number_axis,
    range_of,
)
from planner.pictures.frame import WIDTH_PX, add_legend, add_note, house_style, new_figure
from planner.pictures.palette import BEST, GREY, INK, MISSED, MODEL, PAPER
from planner.pictures.svg import svg_text

# Rows of single parameters; what is beyond stands in one row together.
_MOST_ROWS = 12
_ROW_PX, _AROUND_PX = 30.0, 64.0
_LABELS_SHARE = 0.34  # of the width, for the parameters' names and values


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What each parameter adds to a prediction; all together lead from the base to it.

    Args:
        outcome, unit: name and unit of the outcome.
        settings: each parameter with its value, as people read it.
        effects: what each adds, in the unit, shape (p,).
        sd: how uncertain each effect is, shape (p,).
        base: what is predicted at an average setting.
        mean: what is predicted here: base and all effects.
        mean_sd: its deviation.
        bounds: smallest and largest value that the outcome can take, where it has them; whiskers
            end there.

    Raises:
        InputError: lengths differ, a number is missing, or a deviation is negative.
    """

    outcome: str
    unit: str
    settings: tuple[str, ...]
    effects: Float[np.ndarray, " p"]
    sd: Float[np.ndarray, " p"]
    base: float
    mean: float
    mean_sd: float
    bounds: tuple[float | None, float | None] = (None, None)

    def __post_init__(self) -> None:
        about = f"Effects on '{self.outcome}'"
        if not self.settings:
            raise InputError(f"{about}: there is no parameter.")
        effects = own_vector(self.effects, what=f"{about}, effects", n=len(self.settings))
        sd = own_vector(self.sd, what=f"{about}, sd", n=len(self.settings))
        ends = own_vector([self.base, self.mean, self.mean_sd], what=f"{about}, predictions")
        rule = "A standard deviation is never negative."
        for name, values in (("sd", sd), ("sd of the prediction", ends[2:])):
            refuse_beyond(values, what=f"{about}, {name}", low=0.0, high=np.inf, rule=rule)
        object.__setattr__(self, "effects", effects)
        object.__setattr__(self, "sd", sd)

    def whisker(self, middle: float, sd: float) -> list[float]:
        """Returns the ends of a deviation to either side, within the outcome's bounds."""
        low, high = self.bounds
        low, high = -np.inf if low is None else low, np.inf if high is None else high
        return [min(max(middle + step, low), high) for step in (-sd, sd)]


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    start: float
    effect: float
    sd: float | None  # None of several parameters together: their effects are correlated


def draw_effects(effects: Effects, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    rows = _rows(effects)
    height_px = _ROW_PX * (len(rows) + 2) + _AROUND_PX
    with house_style():
        figure = new_figure(width_px, height_px)
        axes = figure.add_subplot(gid="panel")
        _set_axes(axes, effects, rows, width_px)
        handles = [*_draw_bars(axes, effects, rows), *_draw_ends(axes, effects, len(rows))]
        add_note(figure, "Bars add up from the prediction at an average setting to the one here.")
        add_legend(figure, handles)
        title = f"What each parameter adds to {named(effects.outcome, effects.unit)}"
        return svg_text(figure, title=title, summary=_summary(effects))


def _rows(effects: Effects) -> list[_Row]:
    """Returns a row a parameter from the top, the largest effect first."""
    order = np.argsort(-np.abs(effects.effects), kind="stable")
    shown = order if len(order) <= _MOST_ROWS else order[: _MOST_ROWS - 1]
    rows, total = [], effects.base
    for index in shown:
        effect = float(effects.effects[index])
        rows.append(_Row(effects.settings[index], total, effect, float(effects.sd[index])))
        total += effect
    others = order[len(shown) :]
    if len(others):
        rest = float(effects.effects[others].sum())
        rows.append(_Row(f"{len(others)} other parameters", total, rest, None))
    return rows


def _set_axes(axes: Axes, effects: Effects, rows: list[_Row], width_px: float) -> None:
    ends = [row.start + row.effect for row in rows]
    sds = [row.sd or 0.0 for row in rows]
    spread = np.array([*sds, effects.mean_sd])
    reached = np.array([*ends, effects.mean])
    whiskers = [effects.whisker(*each) for each in zip(reached, spread, strict=True)]
    shown = range_of(np.array([effects.base]), reached, np.array(whiskers))
    axes.grid(axis="x", linewidth=0.8, gid="grid")
    quantity = Quantity(f"predicted {effects.outcome}", effects.unit)
    room = (1 - _LABELS_SHARE) * width_px
    number_axis(axes, "x", shown, quantity=quantity, length=0.9 * room)
    labels = ["average setting", *(row.label for row in rows), "here"]
    width = _LABELS_SHARE * width_px - 12
    axes.set_ylim(len(rows) + 1.6, -0.6)
    axes.set_yticks(
        range(len(labels)), [fitted(label, width, size=SMALL_PX, lines=2) for label in labels]
    )


def _draw_bars(axes: Axes, effects: Effects, rows: list[_Row]) -> list[Artist]:
    handles: list[Artist] = []
    for name, sign, colour, face, hatch in (
        ("raises", 1, MODEL, MODEL, ""),
        ("lowers", -1, MISSED, PAPER, "////"),
    ):
        chosen = [
            (place, row)
            for place, row in enumerate(rows, start=1)
            if (row.effect >= 0) == (sign > 0)
        ]
        for place, row in chosen:
            (bar,) = axes.barh(
                [place], [row.effect], left=[row.start], height=0.55, color=face,
                edgecolor=colour, hatch=hatch, linewidth=1.0, gid=name,
            )  # fmt: skip
        if chosen:
            bar.set_label(f"{name} the prediction")
            handles.append(bar)
    for place, row in enumerate(rows[1:], start=2):
        axes.plot([row.start, row.start], [place - 0.73, place - 0.27], color=GREY, linewidth=0.8)
    return [*handles, _draw_sd(axes, effects, rows)]


def _draw_sd(axes: Axes, effects: Effects, rows: list[_Row]) -> Artist:
    """All whiskers are one broken line."""
    across, heights = [], []
    for place, row in enumerate(rows, start=1):
        if row.sd is not None:
            across += [*effects.whisker(row.start + row.effect, row.sd), np.nan]
            heights += [place, place, np.nan]
    (line,) = axes.plot(
        across, heights, color=INK, linewidth=1.4, label="± 1 sd of the effect", gid="sd"
    )
    return line


def _draw_ends(axes: Axes, effects: Effects, n_rows: int) -> list[Artist]:
    axes.plot(
        [effects.base], [0], linestyle="none", marker="o", markersize=6.0, markerfacecolor=PAPER,
        markeredgecolor=GREY, markeredgewidth=1.4, gid="base",
    )  # fmt: skip
    last = n_rows + 1
    axes.plot(
        effects.whisker(effects.mean, effects.mean_sd), [last, last],
        color=BEST, linewidth=1.4, gid="prediction-sd",
    )  # fmt: skip
    return list(
        axes.plot(
            [effects.mean], [last], linestyle="none", marker="D", markersize=6.0, color=BEST,
            label="prediction here, ± 1 sd", gid="prediction",
        )
    )  # fmt: skip


def _summary(effects: Effects) -> str:
    unit = f" {effects.unit}" if effects.unit else ""
    order = np.argsort(-np.abs(effects.effects), kind="stable")[:3]
    largest = "; ".join(
        f"{effects.settings[i]} adds {number(float(effects.effects[i]), 3)} ± "
        f"{number(float(effects.sd[i]), 2)}{unit}"
        for i in order
    )
    return (
        f"Predicted {effects.outcome} here {number(effects.mean)}{unit}, at an average setting "
        f"{number(effects.base)}{unit}. "
        f"Of {counted(len(effects.settings), 'parameter')}: {largest}."
    )
