"""Curves or distributions of a few trials, one over the other, with the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from planner.errors import InputError
from planner.pictures.arrays import own_vector
from planner.pictures.axis import Quantity, listed, named, number, number_axis, range_of
from planner.pictures.frame import WIDTH_PX, add_grid, add_legend, house_style, new_figure
from planner.pictures.palette import GOAL, LINE_LOOKS
from planner.pictures.svg import svg_text

MOST_LINES = 4
_TARGET_DASH = (0, (7, 2.5, 1.5, 2.5))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve.

    Args:
        label: what it is, such as "trial 12 (best)".
        x: places, shape (p,), rising.
        y: values, shape (p,).

    Raises:
        InputError: lengths differ, or a number is missing.
    """

    label: str
    x: Float[np.ndarray, " p"]
    y: Float[np.ndarray, " p"]

    def __post_init__(self) -> None:
        x = own_vector(self.x, what=f"Curve '{self.label}', x")
        y = own_vector(self.y, what=f"Curve '{self.label}', y", n=x.size)
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Curves of one outcome.

    Args:
        outcome, unit: name and unit of the values.
        x_name, x_unit: of the axis.
        lines: 1 to 4 of them, the best first.
        target: what is wanted; None: none is.

    Raises:
        InputError: no line, or more than 4.
    """

    outcome: str
    unit: str
    x_name: str
    x_unit: str
    lines: Sequence[Line]
    target: Line | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= MOST_LINES:
            raise InputError(
                f"Curves of '{self.outcome}': {len(self.lines)} lines; give 1 to {MOST_LINES}."
            )
        object.__setattr__(self, "lines", tuple(self.lines))


def draw_curves(curves: Curves, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    height_px = max(0.36 * width_px, 215.0)
    with house_style():
        figure = new_figure(width_px, height_px)
        axes = figure.add_subplot(gid="panel")
        _set_axes(axes, curves, width_px, height_px)
        add_legend(figure, _draw_lines(axes, curves))
        title = f"{named(curves.outcome, curves.unit)} over {named(curves.x_name, curves.x_unit)}"
        return svg_text(figure, title=title, summary=_summary(curves))


def _set_axes(axes: Axes, curves: Curves, width_px: float, height_px: float) -> None:
    every = [*curves.lines, *([curves.target] if curves.target is not None else [])]
    across = range_of(*(line.x for line in every), pad=0.0)
    shown = range_of(*(line.y for line in every))
    add_grid(axes)
    x = Quantity(curves.x_name, curves.x_unit)
    number_axis(axes, "x", across, quantity=x, length=0.85 * width_px)
    y = Quantity(curves.outcome, curves.unit)
    number_axis(axes, "y", shown, quantity=y, length=0.7 * height_px)


def _draw_lines(axes: Axes, curves: Curves) -> list[Artist]:
    handles: list[Artist] = []
    if curves.target is not None:
        handles += axes.plot(
            curves.target.x, curves.target.y, color=GOAL, linestyle=_TARGET_DASH, linewidth=1.8,
            label=curves.target.label, gid="target", zorder=2.5,
        )  # fmt: skip
    looks = [look for look in LINE_LOOKS if look.colour != GOAL]
    for place, (line, look) in enumerate(zip(curves.lines, looks, strict=False)):
        handles += axes.plot(
            line.x, line.y, color=look.colour, linestyle=look.dash,
            linewidth=1.9 if place == 0 else 1.2, label=line.label, gid=f"line-{place + 1}",
            zorder=3.0 - 0.1 * place,
        )  # fmt: skip
    return handles


def _summary(curves: Curves) -> str:
    said = [
        f"{named(curves.outcome, curves.unit)} over {named(curves.x_name, curves.x_unit)} of "
        f"{listed([line.label for line in curves.lines])}."
    ]
    for line in curves.lines:
        top = int(np.argmax(line.y))
        said.append(
            f"{line.label}: highest, {number(line.y[top])}, at {number(line.x[top])}; from "
            f"{number(line.x[0])} to {number(line.x[-1])}."
        )
    if curves.target is not None:
        said.append(f"The target ({curves.target.label}) is drawn beside them.")
    return " ".join(said)
