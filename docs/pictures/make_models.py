"""Makes ``models.svg``: each family in a situation that it serves, beside the plain process.

    python docs/pictures/make_models.py

Every panel is a process of one parameter that is known here, a few runs of it, and two fits. The
same software gives the same picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from planner.campaign import Maximise
from planner.models import FAMILIES, Bounds, Surrogate, Task, expect
from planner.models.observations import Observations
from planner.pictures.axis import Quantity, Range, number_axis
from planner.pictures.frame import add_grid, add_legend, add_note, house_style, new_figure
from planner.pictures.palette import BLACK, GREY, MODEL
from planner.pictures.svg import svg_text
from planner.space import Floats

HERE = Path(__file__).resolve().parent
GRID = np.linspace(0.0, 1.0, 161)
WIDTH_PX, PANEL_PX = 700.0, 200.0
COLUMNS = 2


@dataclass(frozen=True)
class Situation:
    """A process, what was measured of it, and the family that serves it."""

    title: str
    family: str
    truth: Callable[[Floats], Floats]
    x: Floats
    noise: Callable[[Floats], Floats]
    bounds: tuple[float | None, float | None] = (None, None)
    outliers: tuple[int, ...] = ()

    def observed(self) -> Floats:
        """Returns one run at each setting."""
        drawn = np.random.default_rng(3).standard_normal(len(self.x))
        y = self.truth(self.x) + self.noise(self.x) * drawn
        y[list(self.outliers)] -= 3.0
        low, high = self.bounds
        return np.clip(y, low, high)

    def fit(self, family: str) -> Surrogate:
        """Returns a family fitted to what was measured."""
        found = FAMILIES[family].fit(
            Task(
                observations=Observations.from_arrays(self.x[:, None], self.observed()),
                columns=(0,),
                bounds=Bounds(*self.bounds),
            )
        )
        assert isinstance(found, Surrogate), found
        return found


def quiet(x: Floats) -> Floats:
    """Noise of a careful measurement."""
    return np.full_like(x, 0.05)


def spread(n: int) -> Floats:
    """Settings that fill the range."""
    return np.linspace(0.02, 0.98, n)


SITUATIONS = (
    Situation("few results", "averaged_gp", lambda x: np.sin(6 * x), spread(5), quiet),
    Situation("fast at one end", "warped_gp", lambda x: np.sin(14 * x**3), spread(16), quiet),
    Situation(
        "positive, over decades", "transformed_gp", lambda x: np.exp(5 * np.sin(3 * x) - 3),
        spread(14), lambda x: 0.15 * np.exp(5 * np.sin(3 * x) - 3), (0.0, None),
    ),
    Situation(
        "noise that grows", "varying_noise_gp", lambda x: np.sin(5 * x),
        np.repeat(spread(14), 3), lambda x: 0.03 + 0.5 * x**2,
    ),
    Situation(
        "two runs gone wrong", "robust_gp", lambda x: np.sin(5 * x), spread(20), quiet,
        outliers=(6, 13),
    ),
    Situation(
        "an edge", "forest", lambda x: np.where(x < 0.55, 0.2 * x, 2.0 - 0.3 * x), spread(30), quiet
    ),
)  # fmt: skip


def draw(axes: Axes, shown: Situation) -> list[Artist]:
    """Draws one panel."""
    y = shown.observed()
    ends = [y, shown.truth(GRID)]
    said = {name: interval(shown.fit(name), shown) for name in ("gp", shown.family)}
    low = min(float(np.min(each)) for each in (*ends, said[shown.family][1]))
    high = max(float(np.max(each)) for each in (*ends, said[shown.family][2]))
    room = 0.05 * (high - low)
    add_grid(axes)
    size = (0.75 * WIDTH_PX / COLUMNS, 0.6 * PANEL_PX)
    number_axis(axes, "x", Range(0.0, 1.0), quantity=Quantity("parameter", ""), length=size[0])
    number_axis(
        axes, "y", Range(low - room, high + room), quantity=Quantity("outcome", ""), length=size[1]
    )
    axes.set_title(f"{shown.title}: {shown.family}", fontsize=12)
    (truth,) = axes.plot(GRID, shown.truth(GRID), color=BLACK, linewidth=1.0, label="the process")
    mean, lower, upper = said["gp"]
    (plain,) = axes.plot(
        GRID, mean, color=GREY, linestyle=(0, (5, 2)), linewidth=1.2, label="gp, mean"
    )
    axes.plot(GRID, lower, color=GREY, linestyle=(0, (1, 2)), linewidth=1.0)
    (edge,) = axes.plot(
        GRID, upper, color=GREY, linestyle=(0, (1, 2)), linewidth=1.0,
        label="gp, 90 % of runs",
    )  # fmt: skip
    mean, lower, upper = said[shown.family]
    (line,) = axes.plot(GRID, mean, color=MODEL, linewidth=1.6, label="the named family, mean")
    band = axes.fill_between(
        GRID, lower, upper, color=MODEL, alpha=0.22, linewidth=0, label="its 90 % of runs"
    )
    (dots,) = axes.plot(
        shown.x, y, linestyle="none", marker="o", markersize=3.5, color=BLACK, label="runs"
    )
    return [truth, dots, line, band, plain, edge]


def interval(surrogate: Surrogate, shown: Situation) -> tuple[Floats, Floats, Floats]:
    """Returns mean and the ends of the 90 % interval of the next run, on the grid."""
    with torch.no_grad():
        said = expect(
            surrogate, torch.from_numpy(GRID[:, None]), objective=Maximise(outcome="y"),
            bounds=Bounds(*shown.bounds), level=0.9,
        )  # fmt: skip
    return said.mean.numpy(), said.run_low.numpy(), said.run_high.numpy()


def main() -> None:
    """Writes the picture beside this file."""
    torch.set_num_threads(1)
    rows = -(-len(SITUATIONS) // COLUMNS)
    with house_style():
        figure = new_figure(WIDTH_PX, rows * PANEL_PX)
        for place, shown in enumerate(SITUATIONS, start=1):
            handles = draw(figure.add_subplot(rows, COLUMNS, place, gid="panel"), shown)
        add_note(figure, "Processes are made up for this picture; runs are drawn at random.")
        add_legend(figure, handles)
        words = "; ".join(f"{each.title}: {each.family}" for each in SITUATIONS)
        svg = svg_text(figure, title="Which family serves which situation", summary=words)
    (HERE / "models.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
