"""The page of the study of gaps: a table and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.bench.machine import describe_origin
from planner.pictures.axis import SMALL_PX, Quantity, Range, number_axis
from planner.pictures.frame import add_legend, add_note, house_style, new_figure
from planner.pictures.palette import BLACK, GREY, MODEL
from planner.pictures.svg import svg_text

if TYPE_CHECKING:
    from tests.cost.gap_study import Found

_WANTED = 3.0  # at least so many times the deviation outside
_LAYOUTS = {
    "random": "Twelve settings at random, none in the middle third",
    "even": "Thirty settings evenly, none in the middle third",
    "whole": "The control: twelve settings evenly over the whole range",
}
_ROW_PX = 24.0


def write_page(found: Sequence[Found], path: Path) -> None:
    """Writes the page, and the picture beside it."""
    path.with_suffix(".svg").write_text(_draw(found), encoding="utf-8")
    path.write_text("\n".join(_lines(found, path)) + "\n", encoding="utf-8")


def _lines(found: Sequence[Found], path: Path) -> list[str]:
    lines = [
        "# Is what was never measured known to be unknown?",
        "",
        "A wave over one parameter; one run differs from the next by a fortieth of its height.",
        "In all but the control a third of the range was never measured.",
        "Of each model and each set of data (the seed draws the noise, and the settings where they "
        "are random) a campaign with `aim: learn` is asked for one more trial:",
        "",
        "- **in the gap**: the proposal lies in the middle third; wanted in 18 of 20.",
        "- **said**: its sentence says that the physics there is poorly understood.",
        "- **ratio**: the mean epistemic deviation inside the middle third over that outside, "
        f"corrected, as decisions use it, and as fitted; wanted at least {_WANTED:g}.",
        "",
        "```",
        "python tests/cost/gap_study.py --to found.jsonl --seeds 20",
        f"python tests/cost/gap_study.py --to found.jsonl --page {path.name}",
        "```",
        "",
        "A file that was begun is gone on with; where there are fewer than 20 seeds the rest was "
        "not run.",
        "",
        f"![The ratio of each set of data, by model]({path.stem}.svg)",
    ]
    for layout, words in _LAYOUTS.items():
        here = [each for each in found if each.layout == layout]
        lines += ["", f"## {words}", "", *_table(here, is_control=layout == "whole")]
        if layout == "random":
            lines += ["", *_missed(here)]
    return [*lines, "", describe_origin()]


def _table(found: Sequence[Found], *, is_control: bool) -> list[str]:
    columns = ["model", "seeds", "said"]
    if not is_control:
        columns += ["in the gap", f"ratio below {_WANTED:g}"]
    columns += ["ratio: lowest", "median", "highest", "as fitted: lowest", "median", "CPU s an ask"]
    return [
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
        *(
            _row(model, [each for each in found if each.model == model], is_control=is_control)
            for model in _models(found)
        ),
    ]


def _row(model: str, found: Sequence[Found], *, is_control: bool) -> str:
    ratios = _ratios(found)
    fitted = np.array([each.ratio_as_fitted for each in found if each.ratio_as_fitted is not None])
    cells = [model, str(len(found)), str(sum(each.is_said for each in found))]
    if not is_control:
        cells += [str(sum(each.is_in_gap for each in found)), str((ratios < _WANTED).sum())]
    cells += [f"{value:.1f}" for value in (ratios.min(), np.median(ratios), ratios.max())]
    cells += [f"{value:.1f}" for value in (fitted.min(), np.median(fitted))]
    return f"| {' | '.join(cells)} | {np.median([each.cpu_s for each in found]):.2g} |"


def _missed(found: Sequence[Found]) -> list[str]:
    """Says in which sets of data the ratio is too small."""
    missed: dict[int, list[str]] = {}
    for each in found:
        if each.ratio is not None and each.ratio < _WANTED:
            missed.setdefault(each.seed, []).append(each.model)
    if not missed:
        return ["Nowhere is the ratio too small."]
    n_models = len(_models(found))
    listed = "; ".join(
        f"seed {seed} ({'all models' if len(models) == n_models else ', '.join(models)})"
        for seed, models in sorted(missed.items())
    )
    return [
        f"The ratio is below {_WANTED:g} in {listed}.",
        "Settings that are drawn at random leave other stretches without data as well, and then "
        "not only the gap is unknown; of settings that lie evenly see below.",
    ]


def _models(found: Sequence[Found]) -> list[str]:
    return list(dict.fromkeys(each.model for each in found))


def _ratios(found: Sequence[Found]) -> np.ndarray:
    return np.array([each.ratio for each in found if each.ratio is not None])


def _draw(found: Sequence[Found]) -> str:
    rows = [
        (model, layout)
        for layout in ("random", "even")
        for model in _models([each for each in found if each.layout == layout])
    ]
    with house_style():
        figure = new_figure(700.0, _ROW_PX * len(rows) + 90)
        axes = figure.add_subplot(gid="panel")
        axes.grid(axis="x", linewidth=0.8, gid="grid")
        most = max(each.ratio for each in found if each.ratio is not None)
        number_axis(
            axes, "x", Range(0.0, 1.05 * most),
            quantity=Quantity("deviation inside the gap over that outside", ""), length=440.0,
        )  # fmt: skip
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_yticks(
            range(len(rows)), [f"{model}, {'12 at random' if layout == 'random' else '30 evenly'}"
                               for model, layout in rows],
        )  # fmt: skip
        axes.tick_params(axis="y", labelsize=SMALL_PX)
        axes.axvline(_WANTED, color=GREY, linewidth=1.2, gid="wanted")
        for place, (model, layout) in enumerate(rows):
            ratios = _ratios([e for e in found if (e.model, e.layout) == (model, layout)])
            (dots,) = axes.plot(
                ratios, np.full(len(ratios), place), linestyle="none", marker="o",
                markersize=4.5, color=MODEL, alpha=0.6, label="a set of data", gid="sets",
            )  # fmt: skip
            middle = float(np.median(ratios))
            (line,) = axes.plot(
                [middle] * 2, [place - 0.32, place + 0.32], color=BLACK, linewidth=2.2,
                label="median", gid="median",
            )  # fmt: skip
        add_note(figure, f"The upright line is at {_WANTED:g}, which is wanted at least.")
        add_legend(figure, [dots, line])
        lowest = float(_ratios([e for e in found if e.layout != "whole"]).min())
        return svg_text(
            figure,
            title="How much more is unknown in a gap of a third of the range than outside",
            summary=f"For each model and two layouts of the data the ratio of each set of data. "
            f"The lowest of all is {lowest:.1f}.",
        )
