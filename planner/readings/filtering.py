"""Filters over neighbouring readings: outliers left out, noise lowered, steps kept.

Both are centred windows of readings that never reach over a gap. What a reading becomes therefore
depends on which readings there are, and not on the order in which they came: where one comes late,
its neighbours are computed again.

The outliers are Hampel's. With the median m of the window and the median d of the distances from
it, a reading v is one where

    |v - m| > threshold * max(1.4826 d, resolution)

(1.4826 makes d the standard deviation of a normal distribution). At the newest end the window has
only its older half: the first reading after a step waits there for the ones that confirm it.

Noise is lowered by a running median, which keeps a step where it is; a moving average would draw it
out over the window. Its window shrinks evenly towards an end, so that a value is always that of a
reading that really came.

Source: F. R. Hampel, The influence curve and its role in robust estimation, J. Am. Stat. Assoc. 69
(1974) 383; R. K. Pearson, Outliers in process modeling and identification, IEEE Trans. Control
Syst. Technol. 10 (2002) 55.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.campaign import Filter

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NORMAL = 1.4826  # 1 / (upper quartile of the normal distribution)
_LEAST = 3  # readings of a window in which an outlier can be told


def apply_filter(values: Floats, at_us: Ints, rule: Filter, *, gap_us: float | None) -> Floats:
    """Returns the filtered values; NaN for outliers.

    Args:
        values: of one sensor in its unit, all finite, shape ``n``.
        at_us: their times, rising, shape ``n``.
        rule: the filter.
        gap_us: a longer pause between two readings ends a window; None: none does.
    """
    before, after = _room(at_us, gap_us)
    kept = values.copy()
    if rule.outliers is not None and rule.resolution is not None:
        windows = _windows(values, before, after, half=rule.outliers // 2, is_even=False)
        centre = _median(windows, values)
        spread = _median(np.abs(windows - centre[:, None]), np.zeros_like(values))
        scale = np.maximum(_NORMAL * spread, rule.resolution)
        is_far = np.abs(values - centre) > rule.threshold * scale
        kept[is_far & (np.isfinite(windows).sum(axis=1) >= _LEAST)] = np.nan
    if rule.noise is None:
        return kept
    windows = _windows(kept, before, after, half=rule.noise // 2, is_even=True)
    return np.where(np.isnan(kept), np.nan, _median(windows, kept))


def _room(at_us: Ints, gap_us: float | None) -> tuple[Ints, Ints]:
    """Returns how many readings stand before and after each, up to the next gap."""
    n = at_us.size
    place = np.arange(n)
    starts = np.ones(n, dtype=bool)
    if gap_us is not None:
        starts[1:] = np.diff(at_us) > gap_us
    else:
        starts[1:] = False
    first = np.maximum.accumulate(np.where(starts, place, 0))
    ends = np.append(starts[1:], True)
    last = np.minimum.accumulate(np.where(ends, place, n)[::-1])[::-1]
    return place - first, last - place


def _windows(values: Floats, before: Ints, after: Ints, *, half: int, is_even: bool) -> Floats:
    """Returns the window of each reading, NaN where there is none, shape ``n 2*half+1``.

    Args:
        values: shape ``n``.
        before: how many readings there are before each.
        after: how many there are after it.
        half: how many of either the window has at most.
        is_even: whether both sides are cut to the shorter one.
    """
    back, on = np.minimum(before, half), np.minimum(after, half)
    if is_even:
        back = on = np.minimum(back, on)
    steps = np.arange(-half, half + 1)
    inside = (steps >= -back[:, None]) & (steps <= on[:, None])
    places = np.clip(np.arange(values.size)[:, None] + steps, 0, max(values.size - 1, 0))
    return np.where(inside, values[places], np.nan)


def _median(windows: Floats, towards: Floats) -> Floats:
    """Returns the median of each row, NaN left out; of two middle ones that nearer to a value."""
    rising = np.sort(windows, axis=1)  # NaN last; all of a row where nothing is left
    n = np.isfinite(windows).sum(axis=1)
    row = np.arange(len(windows))
    low, high = rising[row, np.maximum(n - 1, 0) // 2], rising[row, n // 2]
    nearer: Floats = np.where(towards - low <= high - towards, low, high)
    return nearer
