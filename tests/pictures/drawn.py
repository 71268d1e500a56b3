"""Reads a picture back: from its SVG text to the numbers that went in, by its own tick labels.

Knows nothing of matplotlib: where the axis is comes from what a reader sees, the ticks.

A coordinate is rounded to 0.005 px. Ticks span at least a third of their axis, so the line through
the outermost two is off by at most 0.005 * (1 + 2 * 3) = 0.035 px anywhere on it: marks are read
to 0.05 px (``px``), and polylines, which may be simplified by 0.1 px, to 0.15 px.
"""

# ruff: noqa: RUF001 - the minus and times signs that readers see are meant

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import numpy as np

MARK_PX = 0.05
LINE_PX = 0.15
_NS = "{http://www.w3.org/2000/svg}"
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


@dataclass(frozen=True, slots=True)
class Side:
    """One axis: data = intercept + slope * px, in powers of ten where it is a log axis."""

    intercept: float
    slope: float
    is_log: bool

    def value(self, px):
        data = self.intercept + self.slope * np.asarray(px, dtype=float)
        return 10.0**data if self.is_log else data


@dataclass(frozen=True, slots=True)
class Panel:
    """One axes of a picture, read through its ticks."""

    element: ET.Element
    whole: ET.Element
    x: Side | None
    y: Side | None

    def marks(self, name):
        """The points of the marks of a class, in data, shape (n, 2)."""
        px = [
            (float(use.get("x")), float(use.get("y")))
            for group in named(self.element, name)
            for use in group.iter("use")
        ]
        return self._data(np.array(px).reshape(-1, 2))

    def lines(self, name):
        """The polylines of a class, each in data, shape (k, 2)."""
        return [self._data(points) for points in self.pixel_lines(name)]

    def pixel_lines(self, name):
        ids = {e.get("id"): e for e in self.whole.iter() if e.get("id")}
        found = []
        for group in named(self.element, name):
            defined = {id(e) for d in group.iter("defs") for e in d.iter()}
            for e in group.iter():
                if e.tag == "path" and id(e) not in defined:
                    found += polylines(e.get("d"), 0.0, 0.0)
                if e.tag == "use" and "C" not in ids[e.get("href")[1:]].get("d"):
                    d = ids[e.get("href")[1:]].get("d")
                    found += polylines(d, float(e.get("x")), float(e.get("y")))
        return found

    def one_line(self, name):
        (line,) = self.lines(name)
        return line

    def _data(self, px):
        x = self.x.value(px[:, 0]) if self.x else px[:, 0]
        y = self.y.value(px[:, 1]) if self.y else px[:, 1]
        return np.column_stack([x, y])

    @property
    def px(self):
        """What one pixel is, in data, across and up (linear axes)."""
        return np.array([abs(side.slope) if side else 1.0 for side in (self.x, self.y)])


def polylines(d, dx, dy):
    pieces = [p for p in re.split(r"(?=M)", d) if p.strip()]
    numbers = [[float(v) for v in re.findall(r"-?\d+(?:\.\d+)?", piece)] for piece in pieces]
    return [np.array(each).reshape(-1, 2) + np.array([dx, dy]) for each in numbers]


def parsed(svg):
    """The root element, namespaces taken off the tags."""
    root = ET.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.replace(_NS, "")
    return root


def named(root, name):
    return [e for e in root.iter("g") if e.get("class") == name]


def texts(root):
    return [(t.text or "").replace("\u00a0", " ") for t in root.iter("text")]


def panels(svg):
    root = parsed(svg)
    return [
        Panel(element, root, side(element, "x"), side(element, "y"))
        for element in named(root, "panel")
    ]


def side(panel, which):
    """The axis through its outermost labelled ticks; None where the labels are no numbers."""
    at = {"x": [], "y": []}
    for letter, found in at.items():
        for tick in named(panel, f"{letter}tick"):
            use = next(tick.iter("use"))
            label = next((t.text for t in tick.iter("text")), None)
            found.append((float(use.get(letter)), label))
    ticks = at[which]
    if any(label is None for _, label in ticks):
        return None
    try:
        values = [number(label) for _, label in ticks]
    except ValueError:
        return None
    factor, shift = scale(panel)[which]
    is_log = any("10" in label and "⁻" in label for _, label in ticks)
    ends = np.array([values[0], values[-1]]) * factor + shift
    ends = np.log10(ends) if is_log else ends
    slope = (ends[1] - ends[0]) / (ticks[-1][0] - ticks[0][0])
    return Side(float(ends[0] - slope * ticks[0][0]), float(slope), is_log)


def number(label):
    power = re.fullmatch(r"(?:(.+)×)?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", label)
    if power:
        return float(power[1] or 1) * 10.0 ** float(power[2].translate(_SUPERSCRIPTS))
    return float(label.translate(_SUPERSCRIPTS))


def scale(panel):
    """The power of ten and the shift in each axis's own label."""
    found = {}
    for letter, axis in zip("xy", named(panel, "axis"), strict=True):
        label = " ".join((t.text or "").replace("\u00a0", " ") for t in axis.findall("text"))
        power = re.search(r"\(×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", label)
        shift = re.search(r" ([−+]) ([\d.]+)", label)
        sign = 0.0 if not shift else (1.0 if shift[1] == "−" else -1.0)
        factor = 10.0 ** float(power[1].translate(_SUPERSCRIPTS)) if power else 1.0
        found[letter] = (factor, sign * float(shift[2]) if shift else 0.0)
    return found
