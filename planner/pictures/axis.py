"""Axes that people read: round ticks, labels ``name (unit)`` that fit, powers of ten in the label.

A power of ten stands in the label, never beside the axis where it is overlooked: an axis of rates
near 2e-9 mol/s reads 1, 2, 3 and is labelled ``rate (×10⁻⁹ mol/s)``.
"""

# ruff: noqa: RUF001, RUF002 - the minus and times signs that readers see are meant

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from unicodedata import east_asian_width

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import MaxNLocator

Side = Literal["x", "y"]

LETTERS_PX = 12.0
SMALL_PX = 11.0
TICK_PX = 46.0  # along the axis, for one tick and its label
MAX_LABEL_LINES = 3
HARD_SPACE = "\u00a0"  # a unit is never broken over two lines
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\ud800-\udfff\ufffe\uffff]+")


@dataclass(frozen=True, slots=True)
class Range:
    """The stretch of numbers that an axis shows.

    Args:
        low, high: its ends, ``low < high``.
        is_log: whether equal steps are equal factors; then ``low > 0``.
    """

    low: float
    high: float
    is_log: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """What an axis shows.

    Args:
        name, unit: as in ``temperature (degC)``; the unit may be empty.
        remark: a further line of the label, such as what is better.
        is_whole: whether it is counted, so that no tick may fall between whole numbers.
    """

    name: str
    unit: str
    remark: str = ""
    is_whole: bool = False


def plain(text: str) -> str:
    """Return a text without line breaks and characters that XML cannot hold."""
    return re.sub(" +", " ", _CONTROL.sub(" ", text)).strip(" ")


def number(value: float, digits: int = 4) -> str:
    """Return a number as a sentence has it: four digits, a true minus, 2.5×10⁻⁹."""
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    text = mantissa.replace("-", "−")
    return f"{text}×10{_power(int(exponent))}" if exponent else text


def percent(share: float, digits: int = 3) -> str:
    """Return a share as ``90 %``, which is never broken over two lines."""
    return f"{100 * share:.{digits}g}{HARD_SPACE}%"


def named(name: str, unit: str, scale: str = "") -> str:
    """Return ``name (unit)``, with a power of ten before the unit where there is one."""
    within = " ".join(part for part in (scale, plain(unit)) if part).replace(" ", HARD_SPACE)
    return f"{plain(name)} ({within})" if within else plain(name)


@lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Width of a text in pixels, in DejaVu Sans, which is wider than most a browser would take.

    Ideographs, which that font lacks, are as wide as they are high.
    """
    narrow = "".join(letter for letter in text if east_asian_width(letter) not in "WF")
    font = FontProperties(family="DejaVu Sans", size=size)
    width = text_to_path.get_text_width_height_descent(narrow, font, ismath=False)[0]
    return float(width) + size * (len(text) - len(narrow))


def fitted(text: str, width: float, *, size: float, lines: int = MAX_LABEL_LINES) -> str:
    """Return a text in lines of at most ``width`` pixels, the last cut with an ellipsis."""
    done: list[str] = []
    words = plain(text).split(" ")
    while words and len(done) < lines - 1:
        line = words.pop(0)
        while words and text_width(f"{line} {words[0]}", size) <= width:
            line = f"{line} {words.pop(0)}"
        whole, rest = _head(line, width, size)
        done.append(whole)
        words = [rest, *words] if rest else words
    return "\n".join([*done, _cut(" ".join(words), width, size)] if words else done)


def _head(word: str, width: float, size: float) -> tuple[str, str]:
    """Split a line that is one word wider than ``width`` where it reaches it."""
    n = bisect_right(range(len(word) + 1), width, key=lambda n: text_width(word[:n], size)) - 1
    return word[: max(n, 1)], word[max(n, 1) :]


def _cut(text: str, width: float, size: float) -> str:
    if text_width(text, size) <= width:
        return text
    head, _ = _head(text, width - text_width("…", size), size)
    return f"{head.rstrip()}…"


def range_of(*arrays: Float[np.ndarray, "*n"], is_log: bool = False, pad: float = 0.05) -> Range:
    """Return the range that holds all finite numbers, with ``pad`` of its length on either side.

    One number alone, or none, gets room around it.
    """
    finite = np.concatenate([np.ravel(a)[np.isfinite(np.ravel(a))] for a in arrays] or [[]])
    if not finite.size:
        return Range(1.0, 10.0, True) if is_log else Range(0.0, 1.0)
    ends = np.array([finite.min(), finite.max()])
    low, high = (float(end) for end in (np.log10(ends) if is_log else ends))
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # one value, but for rounding
        room = 0.5 if is_log else 0.1 * abs(high) or 1.0
        low, high = low - room, high + room
    low, high = low - pad * (high - low), high + pad * (high - low)
    return Range(10.0**low, 10.0**high, True) if is_log else Range(low, high)


def number_axis(axes: Axes, side: Side, shown: Range, *, quantity: Quantity, length: float) -> None:
    """Give one side of ``axes`` its range, ticks, their labels and ``name (unit)``.

    Args:
        axes: where.
        side: which axis.
        shown: its range.
        quantity: what it shows.
        length: of the axis, in pixels, for how many ticks and letters it has room.
    """
    room = max(int(length / (TICK_PX if side == "x" else 0.75 * TICK_PX)), 2)
    ticks, labels, scale = (_log_ticks if shown.is_log else _even_ticks)(
        shown, room, is_whole=quantity.is_whole
    )
    label = quantity_label(quantity, scale, length)
    if side == "x":
        axes.set_xscale("log" if shown.is_log else "linear")
        axes.set_xlim(shown.low, shown.high)
        axes.set_xticks(ticks, labels)
        axes.set_xlabel(label)
    else:
        axes.set_yscale("log" if shown.is_log else "linear")
        axes.set_ylim(shown.low, shown.high)
        axes.set_yticks(ticks, labels)
        axes.set_ylabel(label)
    axes.minorticks_off()


def quantity_label(quantity: Quantity, scale: str, length: float) -> str:
    """Return ``name (unit)`` in lines that fit; a name too long is cut, its unit never is."""
    name, within = quantity.name, scale
    if scale.startswith(("−", "+")):  # counted from a round number
        name, within = f"{quantity.name} {scale}", ""
    text = fitted(named(name, quantity.unit, within), length, size=LETTERS_PX)
    unit = named("", quantity.unit, within)
    if "…" in text and unit:
        text = fitted(name, length, size=LETTERS_PX, lines=MAX_LABEL_LINES - 1)
        text += "\n" + fitted(unit, length, size=LETTERS_PX, lines=1)
    if quantity.remark:
        text += "\n" + fitted(quantity.remark, length, size=LETTERS_PX, lines=2)
    return text


def _even_ticks(
    shown: Range, n_ticks: int, *, is_whole: bool = False
) -> tuple[list[float], list[str], str]:
    """Ticks, their labels, and what the axis label must add: ``×10⁻⁹``, or ``− 1000000``."""
    steps = [1, 2, 5, 10] if is_whole else [1, 2, 2.5, 5, 10]
    locator = MaxNLocator(nbins=n_ticks, steps=steps, integer=is_whole, min_n_ticks=1)
    values = np.asarray(locator.tick_values(shown.low, shown.high), dtype=np.float64)
    inside = values[(values >= shown.low) & (values <= shown.high)]
    step = float(values[1] - values[0])
    shift = _shift(inside, step)
    size = max(float(np.abs(inside - shift).max(initial=0.0)), step)
    exponent = math.floor(math.log10(size) + 1e-9)
    exponent = 0 if -4 < exponent < 5 else 3 * (exponent // 3)
    labels = _labels((inside - shift) / 10.0**exponent, step / 10.0**exponent)
    ten = f"×10{_power(exponent)}" if exponent else ""
    if shift:
        return (
            [float(v) for v in inside],
            labels,
            f"{'−' if shift > 0 else '+'} {number(abs(shift), 12)}",
        )
    return [float(v) for v in inside], labels, ten


def _shift(ticks: Float[np.ndarray, " k"], step: float) -> float:
    """The roundest number to count from where ticks differ only after five digits; else 0."""
    largest = float(np.abs(ticks).max(initial=0.0))
    if largest < 1e5 * step:
        return 0.0
    for exponent in range(math.ceil(math.log10(largest)), math.floor(math.log10(step)), -1):
        shift = float(np.round(ticks.mean() / 10.0**exponent) * 10.0**exponent)
        if np.abs(ticks - shift).max() <= 100 * step:
            return shift
    return float(ticks[0])


def _labels(ticks: Float[np.ndarray, " k"], step: float) -> list[str]:
    decimals = next((k for k in range(12) if abs(round(step, k) - step) < 1e-3 * step), 12)
    return [f"{tick + 0.0:.{decimals}f}".replace("-", "−") for tick in np.round(ticks, decimals)]


def _log_ticks(
    shown: Range, n_ticks: int, *, is_whole: bool = False
) -> tuple[list[float], list[str], str]:
    low, high = math.log10(shown.low), math.log10(shown.high)
    if high - low < 1.0:
        return _even_ticks(shown, max(n_ticks - 1, 2), is_whole=is_whole)
    decades = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    within = (1.0, 2.0, 5.0) if 3 * len(decades) <= n_ticks else (1.0,)
    every = max(math.ceil(len(decades) / n_ticks), 1)
    ticks = [
        m * 10.0**k
        for k in range(decades[0] - 1, decades[-1] + 1)
        for m in within
        if k % every == 0 and shown.low <= m * 10.0**k <= shown.high
    ]
    is_plain = all(1e-3 <= tick <= 1e4 for tick in ticks)
    return ticks, [_log_label(tick, is_plain=is_plain) for tick in ticks], ""


def _log_label(tick: float, *, is_plain: bool) -> str:
    exponent = math.floor(math.log10(tick) + 1e-9)
    if is_plain:
        return f"{tick:.{max(-exponent, 0)}f}"
    mantissa = round(tick / 10.0**exponent)
    return f"{mantissa}×10{_power(exponent)}" if mantissa != 1 else f"10{_power(exponent)}"


def _power(exponent: int) -> str:
    return str(exponent).translate(_SUPERSCRIPTS)


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return ``1 trial`` or ``3 trials``."""
    return f"{n} {noun}" if n == 1 else f"{n} {plural or noun + 's'}"


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
