"""Predictions along a line of settings: the mean and its two intervals, and how they are drawn.

The interval of the mean says where the process's average lies; that of the next single run adds the
scatter of one run, so it is the wider. The first is a filled band, the second two dashed lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from planner.errors import InputError
from planner.pictures.arrays import own_intervals, own_vector
from planner.pictures.axis import percent
from planner.pictures.palette import MODEL

RUN_DASH = (0, (4, 2))
BESIDE = 0.14  # a category's interval stands this far left of its tick, its trials right
_BAND_ALPHA = 0.22
_ALIKE = 1.1  # ratio of widths whose ends are a few pixels apart
_BAR_PX = 7.0  # width of the mean's interval of a category


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the model says at g settings, in the outcome's unit.

    Args:
        mean: shape (g,).
        mean_interval: interval of the mean, shape (g, 2).
        run_interval: interval of the next single run, shape (g, 2); None where a run is one of two
            things, of which only the chance can be told.
        level: how often both intervals are meant to hold, in (0, 1).

    Raises:
        InputError: shapes that differ, numbers missing, or a level outside (0, 1).
    """

    mean: Float[np.ndarray, " g"]
    mean_interval: Float[np.ndarray, "g 2"]
    run_interval: Float[np.ndarray, "g 2"] | None
    level: float = 0.9

    def __post_init__(self) -> None:
        mean = own_vector(self.mean, what="Prediction, mean")
        if not 0.0 < self.level < 1.0:
            raise InputError(
                f"A prediction's level is {self.level:g}; it must lie between 0 and 1, such as 0.9."
            )
        object.__setattr__(self, "mean", mean)
        for name, what in (
            ("mean_interval", "Prediction, interval of the mean"),
            ("run_interval", "Prediction, interval of the next single run"),
        ):
            given = getattr(self, name)
            if given is None and name == "run_interval":
                continue
            object.__setattr__(self, name, own_intervals(given, what=what, n=mean.size))


def draw_prediction(axes: Axes, settings: Float[np.ndarray, " g"], prediction: Prediction) -> None:
    """Draw a prediction over numbers: line, band, dashed band."""
    low, high = prediction.mean_interval.T
    axes.fill_between(
        settings, low, high, color=MODEL, alpha=_BAND_ALPHA, linewidth=0, gid="mean-interval"
    )
    if prediction.run_interval is not None:
        for end, name in zip(prediction.run_interval.T, ("low", "high"), strict=True):
            axes.plot(
                settings, end, color=MODEL, linestyle=RUN_DASH, linewidth=1.2, gid=f"run-{name}"
            )
    axes.plot(settings, prediction.mean, color=MODEL, linewidth=1.9, gid="mean")


def draw_categories(axes: Axes, prediction: Prediction) -> None:
    """Draw a prediction left of categories at 0, 1, 2, ...: dash, bar, dashed whisker."""
    places = np.arange(prediction.mean.size) - BESIDE
    gap = np.full(places.size, np.nan)

    def stems(ends: Float[np.ndarray, "g 2"]) -> Float[np.ndarray, " h"]:
        return np.column_stack([ends, gap]).ravel()

    across = np.repeat(places, 3)
    if prediction.run_interval is not None:
        axes.plot(
            across, stems(prediction.run_interval), color=MODEL, linestyle=RUN_DASH,
            linewidth=1.2, marker="_", markersize=_BAR_PX, gid="run-interval",
        )  # fmt: skip
    axes.plot(
        across, stems(prediction.mean_interval), color=MODEL, alpha=0.35, linewidth=_BAR_PX,
        solid_capstyle="butt", gid="mean-interval",
    )  # fmt: skip
    axes.plot(
        places, prediction.mean, color=MODEL, linestyle="none", marker="_", markersize=15,
        markeredgewidth=2.2, gid="mean",
    )  # fmt: skip


def prediction_handles(prediction: Prediction) -> list[Artist]:
    """Return the legend's entries of a prediction."""
    level = percent(prediction.level)
    if prediction.run_interval is None:
        return [
            Line2D([], [], color=MODEL, linewidth=1.9, label="predicted chance"),
            Patch(facecolor=(MODEL, _BAND_ALPHA), label=f"its {level} interval"),
        ]
    return [
        Line2D([], [], color=MODEL, linewidth=1.9, label="predicted mean"),
        Patch(facecolor=(MODEL, _BAND_ALPHA), label=f"{level} interval of the mean"),
        Line2D(
            [], [], color=MODEL, linestyle=RUN_DASH, linewidth=1.2,
            label=f"{level} interval of the next single run",
        ),
    ]  # fmt: skip


def coincidence(prediction: Prediction) -> str:
    """Return why the dashed lines lie on the edge of the band; empty where most do not."""
    if prediction.run_interval is None:
        return ""
    of_mean, of_run = (
        np.ptp(ends, axis=1) for ends in (prediction.mean_interval, prediction.run_interval)
    )
    if np.mean((of_run <= _ALIKE * of_mean) & (of_mean > 0)) < 0.5:
        return ""
    return (
        "Where the dashed lines lie on the edge of the band, far more is unknown of the mean than "
        "a run scatters."
    )


def intervals_in_words(prediction: Prediction) -> str:
    """Return which intervals are drawn, for a summary."""
    level = f"{100 * prediction.level:.3g} %"
    if prediction.run_interval is None:
        return f"with its {level} interval"
    return f"with {level} intervals of the mean and of the next single run"
