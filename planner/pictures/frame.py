"""The sheet that every picture is drawn on: size, letters, frame, legend, note.

Matplotlib reads its settings from one global table while it draws. We set that table to its own
defaults and ours for the time of one drawing, behind a lock, and put back what was there: the
picture does not depend on the caller's settings, nor they on it.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from planner.errors import InputError
from planner.pictures.axis import LETTERS_PX, SMALL_PX, fitted, text_width
from planner.pictures.palette import GREY, INK, PALE, PAPER

LINE_PX = 17.0  # from a line of small letters to the next, room between entries included
PANEL_PX = 205.0  # the least width of a panel that its ticks and label can be read in
WIDTH_PX = 700.0  # a page's column on a desk; a telephone's is 360
MIN_WIDTH_PX, MAX_WIDTH_PX = 280.0, 1600.0

_HANDLE, _GAP, _COLUMN = 2.4, 0.6, 1.6  # of a legend, in heights of its letters
_LEGEND: dict[str, Any] = {
    "frameon": False,
    "handlelength": _HANDLE,
    "handletextpad": _GAP,
    "columnspacing": _COLUMN,
    "borderpad": 0.2,
    "labelspacing": 0.45,
}
_LOCK = threading.Lock()
_HOUSE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "planner",  # else clip paths are named at random
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.family": "DejaVu Sans",  # to measure by; the reader's own sans-serif is shown
    "font.size": LETTERS_PX,
    "xtick.labelsize": SMALL_PX,
    "ytick.labelsize": SMALL_PX,
    "legend.fontsize": SMALL_PX,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.labelpad": 5.0,
    "grid.color": PALE,
    "figure.facecolor": PAPER,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.1,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with matplotlib's defaults and ours, one picture at a time in a process."""
    with _LOCK, mpl.rc_context(), warnings.catch_warnings():
        # letters that the measuring font lacks are shown by the reader's own
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(_HOUSE)  # type: ignore[arg-type]  # its keys are typed one by one
        yield


def new_figure(width_px: float, height_px: float) -> Figure:
    """Return an empty figure of a size in pixels, one point to the pixel.

    Raises:
        InputError: a width outside 280 to 1600 pixels.
    """
    _refuse_width(width_px)
    figure = Figure(figsize=(width_px / 72, height_px / 72), dpi=72, layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def rows_and_columns(n_panels: int, width_px: float) -> tuple[int, int]:
    """Return how panels are laid out: at most three in a row, none too narrow, rows alike.

    Raises:
        InputError: a width outside 280 to 1600 pixels.
    """
    _refuse_width(width_px)
    most = min(3, max(int(width_px / PANEL_PX), 1))
    rows = math.ceil(n_panels / most)
    return rows, math.ceil(n_panels / rows)


def _refuse_width(width_px: float) -> None:
    if not MIN_WIDTH_PX <= width_px <= MAX_WIDTH_PX:
        raise InputError(
            f"A picture cannot be {width_px:g} pixels wide. "
            f"Ask for {MIN_WIDTH_PX:g} to {MAX_WIDTH_PX:g}; an HTML page scales it."
        )


def add_grid(axes: Axes) -> None:
    """Add the pale horizontal lines that carry the eye to the axis."""
    axes.grid(axis="y", linewidth=0.8, gid="grid")


def add_legend(figure: Figure, handles: Sequence[Artist]) -> None:
    """Put the legend above the axes, read row by row, in as many columns as fit.

    The figure grows by the legend's height: the axes keep theirs.
    """
    columns, lines = _laid_out(handles, float(figure.get_figwidth()) * 72 - 24)
    legend = figure.legend(
        handles=_by_row(handles, columns),
        loc="outside upper left",
        ncols=columns,
        borderaxespad=0.2,
        **_LEGEND,
    )
    legend.set_gid("legend")
    _grow(figure, lines)


def add_panel_legends(
    figure: Figure, panels: Sequence[tuple[Axes, Sequence[Artist]]], *, width_px: float
) -> None:
    """Put above each panel of one row of panels its own legend; the figure grows by the highest.

    Args:
        figure: of the panels.
        panels: each with its entries.
        width_px: of a panel.
    """
    highest = 0
    for axes, handles in panels:
        columns, lines = _laid_out(handles, width_px)
        legend = axes.legend(
            handles=_by_row(handles, columns),
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            ncols=columns,
            borderaxespad=0.2,
            **_LEGEND,
        )
        legend.set_gid("legend")
        highest = max(highest, lines)
    _grow(figure, highest)


def _laid_out(handles: Sequence[Artist], width: float) -> tuple[int, int]:
    """Cuts labels to the width; returns how many columns fit, and how many lines that takes."""
    room = width - (_HANDLE + _GAP + _COLUMN) * SMALL_PX
    for handle in handles:
        handle.set_label(fitted(str(handle.get_label()), room, size=SMALL_PX, lines=2))
    columns = next(n for n in range(len(handles), 0, -1) if n == 1 or _row(handles, n) <= width)
    heights = [str(handle.get_label()).count("\n") + 1 for handle in handles]
    rows = [max(heights[place : place + columns]) for place in range(0, len(heights), columns)]
    return columns, sum(rows)


def _by_row(handles: Sequence[Artist], columns: int) -> list[Artist]:
    """Returns the entries as matplotlib wants them, which fills column by column."""
    return [handle for column in range(columns) for handle in handles[column::columns]]


def _row(handles: Sequence[Artist], columns: int) -> float:
    texts = [
        max(text_width(line, SMALL_PX) for line in str(handle.get_label()).split("\n"))
        for handle in handles
    ]
    widest = sum(max(texts[column::columns]) for column in range(columns))
    return widest + columns * (_HANDLE + _GAP + _COLUMN) * SMALL_PX


def add_note(figure: Figure, text: str) -> None:
    """Put a line or two of small text below the axes, at the left."""
    width = float(figure.get_figwidth()) * 72 - 12
    note = figure.supxlabel(fitted(text, width, size=SMALL_PX, lines=4), x=0.01, ha="left")
    note.set_fontsize(SMALL_PX)
    note.set_color(GREY)
    note.set_gid("note")
    _grow(figure, note.get_text().count("\n") + 1)


def _grow(figure: Figure, lines: int) -> None:
    figure.set_figheight(float(figure.get_figheight()) + (LINE_PX * lines + 4.0) / 72)


def add_message(axes: Axes, text: str) -> None:
    """Say in the middle of empty axes why they are empty."""
    width = float(axes.get_figure(root=True).get_figwidth()) * 72 * 0.6  # type: ignore[union-attr]
    axes.text(
        0.5,
        0.5,
        fitted(text, width, size=LETTERS_PX),
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=GREY,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 4.0},
        zorder=5,
        gid="message",
    )
