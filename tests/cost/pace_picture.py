"""The picture of long runs: what a trial takes, and memory, from the first trial to the last.

``python tests/cost/lab_pace.py long --keep long.json``, the same of ``model``, then
``python tests/cost/pace_picture.py long.json model.json --picture docs/benchmarks/pace.svg``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from planner.pictures.axis import Quantity, Range, number_axis
from planner.pictures.frame import WIDTH_PX, add_grid, add_legend, add_note, house_style, new_figure
from planner.pictures.palette import LINE_LOOKS
from planner.pictures.svg import svg_text

PANEL_PX = 170.0
N_POINTS = 50
LOOKS = dict(zip(("time that passed", "processor time of the planner"), LINE_LOOKS, strict=False))


def per_trial_ms(seconds: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the last trial of each part of a run, and what its trials took on average."""
    ends = np.arange(size, len(seconds), size)
    return ends + 1, 1000 * (seconds[ends] - seconds[ends - size]) / size


def add_times(axes: Axes, run: dict[str, list[float]]) -> None:
    """Draw what a trial took, in parts of a run."""
    n = len(run["wall_s"])
    highest = 0.0
    for look, name in zip(LOOKS.values(), ("wall_s", "cpu_s"), strict=True):
        at, took = per_trial_ms(np.array(run[name]), max(1, n // N_POINTS))
        axes.plot(at, took, color=look.colour, linestyle=look.dash, linewidth=1.5)
        highest = max(highest, float(took.max()))
    _frame(axes, n, Quantity("a trial takes", "ms"), 1.1 * highest)


def add_memory(axes: Axes, run: dict[str, list[float]]) -> None:
    """Draw the memory of the planner's process."""
    memory = np.array(run["mb"])
    axes.plot(np.arange(1, len(memory) + 1), memory, color="black", linewidth=1.2)
    _frame(axes, len(memory), Quantity("memory", "MB"), 1.1 * float(memory.max()))


def _frame(axes: Axes, n: int, quantity: Quantity, highest: float) -> None:
    reach = Quantity("trials", "", is_whole=True)
    number_axis(axes, "x", Range(0.0, float(n)), quantity=reach, length=WIDTH_PX / 2.6)
    number_axis(axes, "y", Range(0.0, highest), quantity=quantity, length=0.7 * PANEL_PX)
    add_grid(axes)


def draw(runs: list[dict[str, list[float]]]) -> str:
    """Return the picture as an SVG element, a row for each run."""
    with house_style():
        figure = new_figure(WIDTH_PX, len(runs) * PANEL_PX)
        for row, run in enumerate(runs):
            for column, add in enumerate((add_times, add_memory)):
                place = 2 * row + column + 1
                add(figure.add_subplot(len(runs), 2, place, gid="panel"), run)
        add_legend(figure, [
            Line2D([], [], color=look.colour, linestyle=look.dash, label=name)
            for name, look in LOOKS.items()
        ])  # fmt: skip
        add_note(figure, "Above a campaign by random policy with eight trials in flight, below one "
                 "by the default policy with one. Each point is the mean of a fiftieth of the "
                 "trials.")  # fmt: skip
        words = "; ".join(
            f"{len(run['mb'])} trials, {run['mb'][-1]:.0f} MB at the end" for run in runs
        )
        return svg_text(figure, title="What a trial takes in a long campaign", summary=words)


def main() -> int:
    """Draw what was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="what lab_pace.py --keep wrote")
    parser.add_argument("--picture", type=Path, required=True, help="SVG file to write")
    options = parser.parse_args()
    drawn = draw([json.loads(file.read_text()) for file in options.runs])
    options.picture.write_text(drawn + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
