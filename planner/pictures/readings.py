"""Readings of a sensor over time: raw as dots, filtered as a line, what was left out as crosses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from planner.errors import InputError
from planner.pictures.arrays import own_vector
from planner.pictures.axis import Quantity, Range, counted, named, number, number_axis, range_of
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_message,
    house_style,
    new_figure,
)
from planner.pictures.palette import GREY, MISSED, MODEL, PALE
from planner.pictures.svg import svg_text

_MOST_DOTS = 1_200  # of a kind; more lie over each other
_BEYOND = 0.5  # of the height that filtered values take, shown on either side of them


@dataclass(frozen=True, slots=True, eq=False)
class SensorReadings:
    """Readings of one sensor in a window.

    Args:
        name, unit: of the sensor.
        t_name, t_unit: of the time axis, such as "time since 08:00 UTC", "min".
        t: times, shape (n,), rising.
        raw: in the sensor's unit; NaN where no number came, shape (n,).
        value: filtered; NaN where the reading was left out, shape (n,).
        gaps: from when to when nothing good came.
        span: of the window, from when to when.

    Raises:
        InputError: lengths differ.
    """

    name: str
    unit: str
    t_name: str
    t_unit: str
    t: Float[np.ndarray, " n"]
    raw: Float[np.ndarray, " n"]
    value: Float[np.ndarray, " n"]
    gaps: Sequence[tuple[float, float]]
    span: tuple[float, float]

    def __post_init__(self) -> None:
        what = f"Readings of '{self.name}'"
        t = own_vector(self.t, what=f"{what}, times")
        object.__setattr__(self, "t", t)
        for key in ("raw", "value"):
            own = np.array(getattr(self, key), dtype=np.float64)
            if own.shape != t.shape:
                raise InputError(f"{what}: {own.size} values of {key!r} for {t.size} times.")
            own.flags.writeable = False
            object.__setattr__(self, key, own)

    @property
    def is_left_out(self) -> Bool[np.ndarray, " n"]:
        """Numbers that came and do not count, shape (n,)."""
        left_out: Bool[np.ndarray, " n"] = np.isfinite(self.raw) & np.isnan(self.value)
        return left_out


def draw_readings(readings: SensorReadings, *, width_px: float = WIDTH_PX) -> str:
    """Return the picture as an SVG element, ``width_px`` pixels wide."""
    height_px = max(0.36 * width_px, 215.0)
    with house_style():
        figure = new_figure(width_px, height_px)
        axes = figure.add_subplot(gid="panel")
        add_grid(axes)
        shown = _heights(readings)
        across = Range(*readings.span)
        x = Quantity(readings.t_name, readings.t_unit)
        number_axis(axes, "x", across, quantity=x, length=0.85 * width_px)
        y = Quantity(readings.name, readings.unit)
        number_axis(axes, "y", shown, quantity=y, length=0.7 * height_px)
        add_legend(figure, _draw(axes, readings, shown))
        if not readings.t.size:
            add_message(axes, "No reading came in this time.")
        title = f"Readings of {named(readings.name, readings.unit)}"
        return svg_text(figure, title=title, summary=_summary(readings))


def _heights(readings: SensorReadings) -> Range:
    """Return the range of filtered values with room; what is far beyond stands at the border."""
    good = range_of(readings.value)
    if not np.isfinite(readings.value).any():
        return range_of(readings.raw)
    room = _BEYOND * (good.high - good.low)
    near = np.clip(readings.raw, good.low - room, good.high + room)
    return range_of(readings.value, near)


def _draw(axes: Axes, readings: SensorReadings, shown: Range) -> list[Artist]:
    handles: list[Artist] = []
    for place, (start, end) in enumerate(readings.gaps):
        axes.axvspan(start, end, color=PALE, linewidth=0, gid="gap", zorder=0.5)
        if place == 0:
            handles.append(Patch(color=PALE, label="gap: nothing good came"))
    good = np.isfinite(readings.value)
    places = _few(np.flatnonzero(good), readings.raw)
    handles += axes.plot(
        readings.t[places], readings.raw[places], "o", color=GREY, markersize=2.0, alpha=0.6,
        label="raw", gid="raw", zorder=2.0,
    )  # fmt: skip
    t, value = _broken(readings)
    handles += axes.plot(
        t, value, "-", color=MODEL, linewidth=1.5, label="filtered", gid="filtered", zorder=3.0
    )
    out = np.flatnonzero(readings.is_left_out)
    if out.size:
        out = _few(out, readings.raw)
        height = np.clip(readings.raw[out], shown.low, shown.high)
        handles += axes.plot(
            readings.t[out], height, "x", color=MISSED, markersize=5.0, clip_on=False,
            label="left out", gid="left-out", zorder=4.0,
        )  # fmt: skip
    return handles


def _few(places: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return at most so many places: the highest and the lowest of each of even stretches."""
    if places.size <= _MOST_DOTS:
        return places
    kept = [
        part[pick(np.nan_to_num(height[part]))]
        for part in np.array_split(places, _MOST_DOTS // 2)
        for pick in (np.argmin, np.argmax)
    ]
    return np.unique(np.array(kept, dtype=np.int64))


def _broken(readings: SensorReadings) -> tuple[np.ndarray, np.ndarray]:
    """Return the line of filtered values, with a break at each gap."""
    places = _few(np.flatnonzero(np.isfinite(readings.value)), readings.value)
    t, value = readings.t[places], readings.value[places]
    breaks = np.searchsorted(t, [(start + end) / 2 for start, end in readings.gaps])
    return np.insert(t, breaks, np.nan), np.insert(value, breaks, np.nan)


def _summary(readings: SensorReadings) -> str:
    good = readings.value[np.isfinite(readings.value)]
    said = [
        f"{counted(readings.t.size, 'reading')} of {named(readings.name, readings.unit)} over "
        f"{named(readings.t_name, readings.t_unit)}, from {number(readings.span[0])} to "
        f"{number(readings.span[1])}."
    ]
    if good.size:
        said.append(
            f"Filtered, from {number(good.min())} to {number(good.max())}, on average "
            f"{number(float(good.mean()))}, the last {number(good[-1])}."
        )
    n_out = int(readings.is_left_out.sum())
    said.append(f"{counted(n_out, 'reading')} left out, {counted(len(readings.gaps), 'gap')}.")
    return " ".join(said)
