"""Colours, dashes and markers of every picture.

The colours are those of Okabe and Ito, told apart with the common forms of colour blindness; their
yellow is left out because it vanishes on white paper. Where they are too few, three dark ones are
added, which are as far from the others as those are from each other. A colour never carries a
meaning alone: what has a colour here has a dash or a shape of its own beside it, so a grey print
loses nothing.

Source: M. Okabe and K. Ito, Color Universal Design (2008); B. Wong, Nature Methods 8, 441 (2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BLACK = "#000000"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREEN = "#009e73"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
PURPLE = "#cc79a7"
INDIGO = "#332288"
BROWN = "#703a00"
TEAL = "#004848"

INK = "#222222"  # text and the frame of an axis: softer than black, contrast with white above 15
GREY = "#6b6b6b"  # what is there for comparison; contrast with white above 5
PALE = "#e3e3e3"  # grid lines: seen when looked for
PAPER = "#ffffff"

MODEL = BLUE
BEST = BLACK
GOAL = GREEN
MISSED = VERMILLION
PENDING = PURPLE

Dash = Literal["-"] | tuple[float, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class LineLook:
    """How one of several lines is told from the others.

    Args:
        colour: as ``#rrggbb``.
        dash: as matplotlib's ``linestyle``; lengths in line widths.
        marker: as matplotlib's ``marker``.
    """

    colour: str
    dash: Dash
    marker: str


LINE_LOOKS = (
    LineLook(BLUE, "-", "o"),
    LineLook(VERMILLION, (0, (6, 2)), "s"),
    LineLook(GREEN, (0, (6, 2, 1.5, 2)), "^"),
    LineLook(PURPLE, (0, (3, 1.5)), "D"),
    LineLook(ORANGE, "-", "v"),
    LineLook(SKY, (0, (8, 2, 1.5, 2, 1.5, 2)), "P"),
    LineLook(BLACK, (0, (4, 1, 1, 1)), "X"),
)
# For more lines; the first is what the others are compared with.
MORE_LOOKS = (
    LineLook(BLACK, "-", "o"),
    LineLook(BLUE, (0, (6, 2)), "s"),
    LineLook(ORANGE, "-", "v"),
    LineLook(PURPLE, (0, (3, 1.5)), "D"),
    LineLook(VERMILLION, (0, (6, 2, 1.5, 2)), "^"),
    LineLook(GREEN, (0, (8, 2, 1.5, 2, 1.5, 2)), "P"),
    LineLook(SKY, "-", "X"),
    LineLook(INDIGO, (0, (4, 1, 1, 1)), "<"),
    LineLook(BROWN, (0, (2, 2)), "*"),
    LineLook(TEAL, (0, (8, 1)), ">"),
)
