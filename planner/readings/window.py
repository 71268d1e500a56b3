"""Readings of a sensor between two times, and what they amount to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from planner.readings.wire import moment

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Readings of one sensor from one source, by time.

    Where only means are left of the older part they are in ``means``, which end before the
    readings begin.

    Args:
        unit: of values, and of raw ones but where they came in another.
        start, end: what was asked for, the end not included.
        at_us: microseconds since 1970, rising, shape ``n``.
        value: filtered; NaN where there is none, shape ``n``.
        raw: as it came; NaN where the sensor gave no number, shape ``n``.
        raw_unit: of each raw value; None where it is the sensor's, shape ``n``.
        quality: good, uncertain or bad, shape ``n``.
        reason: why it is not good, shape ``n``.
        means: of the part whose readings are no longer kept.
        gaps: from when to when no good reading came for longer than the campaign file allows.
    """

    source: str
    name: str
    unit: str
    start: datetime
    end: datetime
    at_us: Ints
    value: Floats
    raw: Floats
    raw_unit: tuple[str | None, ...]
    quality: tuple[str, ...]
    reason: tuple[str | None, ...]
    means: Means
    gaps: tuple[tuple[datetime, datetime], ...] = ()

    @property
    def at(self) -> NDArray[np.datetime64]:
        """Times in UTC, shape ``n``."""
        return self.at_us.astype("datetime64[us]")

    def __len__(self) -> int:
        return int(self.at_us.size)


@dataclass(frozen=True, slots=True, eq=False)
class Means:
    """Means of readings that are no longer kept, shape ``m`` each.

    Args:
        start_us, span_us: from when and for how long each stands, in microseconds.
        n, n_good: readings that came, and those that had a value.
        mean, sd, lowest, highest: of the good ones; NaN where there are none.
    """

    start_us: Ints
    span_us: Ints
    n: Ints
    n_good: Ints
    mean: Floats
    sd: Floats
    lowest: Floats
    highest: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the readings of a window amount to; None where there is no good one.

    Args:
        n: readings that came.
        n_good: those that have a value: not bad.
        share_good: the latter of the former; None where nothing came.
        mean, lowest, highest, last: of those that have one, in the sensor's unit.
        sd: standard deviation, with n_good - 1 as divisor; None for fewer than two.
        slope: of the straight line through them, in the sensor's unit a second; None for fewer
            than two times.
    """

    n: int
    n_good: int
    share_good: float | None
    mean: float | None
    sd: float | None
    lowest: float | None
    highest: float | None
    slope: float | None
    last: float | None


def summarise(window: Window) -> Summary:
    """Returns what a window amounts to, means of older parts weighed by their readings.

    The mean and deviation of the whole follow from those of its parts:

        mean = sum(n_i m_i) / N,   (N - 1) sd^2 = sum(n_i (s_i^2 + (m_i - mean)^2))
    """
    means, good = window.means, np.isfinite(window.value)
    left = means.n_good > 0
    weight = np.concatenate([means.n_good[left].astype(np.float64), np.ones(int(good.sum()))])
    value = np.concatenate([means.mean[left], window.value[good]])
    within = np.concatenate([means.sd[left], np.zeros(int(good.sum()))])
    middle_us = means.start_us[left] + means.span_us[left] // 2
    at_s = np.concatenate([middle_us, window.at_us[good]]) / 1e6
    n, n_good = int(means.n.sum()) + len(window), int(weight.sum())
    share = n_good / n if n else None
    if n_good == 0:
        nothing = dict.fromkeys(("mean", "sd", "lowest", "highest", "slope", "last"), None)
        return Summary(n=n, n_good=0, share_good=share, **nothing)
    mean = float(np.average(value, weights=weight))
    squares = float(np.sum(weight * (within**2 + (value - mean) ** 2)))
    return Summary(
        n=n,
        n_good=n_good,
        share_good=share,
        mean=mean,
        sd=math.sqrt(squares / (n_good - 1)) if n_good > 1 else None,
        lowest=float(min([*means.lowest[left], *window.value[good]])),
        highest=float(max([*means.highest[left], *window.value[good]])),
        slope=_slope(at_s, value, weight),
        last=float(value[-1]),
    )


def _slope(at_s: Floats, value: Floats, weight: Floats) -> float | None:
    """Returns the least-squares slope; times are centred first, seconds since 1970 are large."""
    away = at_s - np.average(at_s, weights=weight)
    spread = float(np.sum(weight * away**2))
    if spread == 0:
        return None
    centred = value - np.average(value, weights=weight)
    return float(np.sum(weight * away * centred)) / spread


def find_gaps(
    good_us: Ints, *, start_us: int, end_us: int, gap_us: float | None
) -> tuple[tuple[datetime, datetime], ...]:
    """Returns from when to when no good reading came for longer than allowed.

    Args:
        good_us: times of good readings, rising.
        start_us: of the window, which counts like a reading.
        end_us: of the window, likewise.
        gap_us: the longest time that is no gap; None: nothing is one.
    """
    if gap_us is None:
        return ()
    times = np.concatenate([[start_us], good_us, [end_us]])
    return tuple(
        (moment(int(times[place])), moment(int(times[place + 1])))
        for place in np.flatnonzero(np.diff(times) > gap_us)
    )
