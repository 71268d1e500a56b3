"""Trials as dots beside a prediction: the nearer they lie to what is shown, the more ink."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from planner.pictures.palette import INK
from planner.pictures.sliced import SliceTrials

FADE = 0.25  # distance, in the unit cube, over which a dot's ink falls to 1/e
_FAINTEST = 0.14  # the farthest dot is still seen


def draw_trials(axes: Axes, trials: SliceTrials, *, beside: float = 0.0) -> None:
    """Draw dots in four steps of ink and size, the nearest on top."""
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


def trials_handle() -> Artist:
    """Return the legend's entry of the dots."""
    return Line2D(
        [], [], color=INK, alpha=0.8, linestyle="none", marker="o", markersize=5.5,
        markeredgewidth=0.0, label="trials, fainter away from the slice",
    )  # fmt: skip
