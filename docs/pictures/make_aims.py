"""Makes ``aims.svg``: what each aim and acquisition function proposes from the same results.

    python docs/pictures/make_aims.py

The process of one parameter is made up, and so are its eight runs; the model, its correction and
the acquisition functions are those of a campaign. The same software gives the same picture.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from planner.acquisition import Settings, Situation, fit_for
from planner.acquisition.worth import make_score
from planner.campaign import Maximise
from planner.models import Surrogate
from planner.pictures.axis import Quantity, Range, number_axis
from planner.pictures.frame import add_grid, add_legend, add_note, house_style, new_figure
from planner.pictures.palette import BLACK, GREY, MODEL
from planner.pictures.svg import svg_text
from planner.space import Continuous, Floats, SearchSpace

HERE = Path(__file__).resolve().parent
GRID = np.linspace(0.0, 1.0, 401)
WIDTH_PX, PANEL_PX = 700.0, 210.0
COLUMNS = 2
SPACE = SearchSpace((Continuous(name="parameter", low=0.0, high=1.0),))
LOW, HIGH = -1.0, 2.2
STRIP = 0.7  # height of the strip below the process in which the acquisition function is drawn
# The family that leads the default's average, alone: an average of one result is no clearer.
FAMILY = "averaged_gp"
SHOWN = {
    "aim: optimise": Settings(family=FAMILY),
    "aim: collect": replace(Settings.of_aim("collect"), family=FAMILY),
    "aim: learn": replace(Settings.of_aim("learn"), family=FAMILY),
    "acquisition: log_nei": Settings(acquisition="log_nei", family=FAMILY),
}


def process(x: Floats) -> Floats:
    """Two hills of about the same height."""
    return np.asarray(
        np.exp(-(((x - 0.27) / 0.12) ** 2)) + 0.9 * np.exp(-(((x - 0.8) / 0.08) ** 2)) + 0.3 * x
    )


def situation(settings: Settings) -> Situation:
    """Returns the eight runs, as a campaign with these settings meets them."""
    generator = np.random.default_rng(53)
    x = np.sort(generator.uniform(0.02, 0.98, generator.integers(5, 9)))
    y = process(x) + 0.08 * generator.standard_normal(len(x))
    return Situation(
        space=SPACE, objective=Maximise(outcome="y"), x=x[:, None], y=y, settings=settings
    )


def draw(axes: Axes, title: str, settings: Settings) -> list[Artist]:
    """Draws one panel: what the model says, the acquisition function, and its highest place."""
    now = situation(settings)
    model = fit_for(now)
    assert isinstance(model, Surrogate), model
    score = make_score(now, model, waiting=np.empty((0, 1)), seed=0)
    with torch.no_grad():
        grid = torch.from_numpy(GRID[:, None])
        mean, sd = (each.numpy() for each in model.moments(grid))
        worth = score(grid).numpy()
    if settings.acquisition != "ucb":  # a logarithm
        worth = np.exp(worth - worth.max())
    worth = np.clip(worth, np.quantile(worth, 0.1), None)
    strip = LOW + STRIP * (worth - worth.min()) / np.ptp(worth)
    place = GRID[int(worth.argmax())]
    add_grid(axes)
    size = (0.75 * WIDTH_PX / COLUMNS, 0.6 * PANEL_PX)
    number_axis(axes, "x", Range(0.0, 1.0), quantity=Quantity("parameter", ""), length=size[0])
    number_axis(axes, "y", Range(LOW, HIGH), quantity=Quantity("outcome", ""), length=size[1])
    axes.set_title(title, fontsize=12)
    (truth,) = axes.plot(GRID, process(GRID), color=BLACK, linewidth=1.0, label="the process")
    (line,) = axes.plot(GRID, mean, color=MODEL, linewidth=1.6, label="predicted mean")
    band = axes.fill_between(
        GRID, mean - sd, mean + sd, color=MODEL, alpha=0.22, linewidth=0,
        label="± one corrected deviation",
    )  # fmt: skip
    (dots,) = axes.plot(
        now.x[:, 0], now.y, linestyle="none", marker="o", markersize=3.5, color=BLACK, label="runs"
    )
    low = axes.fill_between(
        GRID, LOW, strip, color=GREY, alpha=0.45, linewidth=0,
        label="acquisition function, to a scale of its own",
    )  # fmt: skip
    chosen = axes.axvline(
        float(place), color=BLACK, linestyle=(0, (4, 2)), linewidth=1.4, label="proposed next"
    )
    return [truth, dots, line, band, low, chosen]


def main() -> None:
    """Writes the picture beside this file."""
    torch.set_num_threads(1)
    rows = -(-len(SHOWN) // COLUMNS)
    with house_style():
        figure = new_figure(WIDTH_PX, rows * PANEL_PX)
        for place, (title, settings) in enumerate(SHOWN.items(), start=1):
            handles = draw(figure.add_subplot(rows, COLUMNS, place, gid="panel"), title, settings)
        add_note(figure, "The process and its runs are made up for this picture.")
        add_legend(figure, handles)
        summary = "The same eight runs and four ways to choose the next: " + ", ".join(SHOWN)
        svg = svg_text(figure, title="What each aim proposes", summary=summary)
    (HERE / "aims.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
