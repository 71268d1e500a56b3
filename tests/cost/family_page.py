"""The page of the study of families: a picture and two tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from planner.bench.machine import describe_origin
from planner.campaign.words.phrases import rough
from planner.pictures.axis import SMALL_PX, Quantity, Range, number_axis
from planner.pictures.frame import add_legend, add_note, house_style, new_figure
from planner.pictures.palette import BLACK, GREY, MODEL
from planner.pictures.svg import svg_text

if TYPE_CHECKING:
    from tests.cost.family_study import Found

PEERS = ("ax", "baybe")
CORRECTED = "auto, corrected"
_FARTHEST = 1.5  # nat behind the best family of a table that the picture shows
_WANTED = 0.05  # nat that an average may be behind
_AVERAGES = ("auto", "full_auto")
_ROW_PX = 21.0


class Study:
    """Means over splits, by model and table."""

    def __init__(self, found: Sequence[Found]) -> None:
        self.tables = sorted({each.table for each in found})
        self.models = list(dict.fromkeys(each.model for each in found))
        self.n_splits = len({each.split for each in found})
        self._found = found

    def values(self, model: str, table: str, name: str) -> list[float]:
        """Returns one score of a model on each split of a table; none where it did not serve."""
        return [
            getattr(each, name)
            for each in self._found
            if (each.model, each.table) == (model, table) and getattr(each, name) is not None
        ]

    def mean(self, model: str, table: str, name: str) -> float:
        """Returns the mean over splits; NaN where it served none."""
        values = self.values(model, table, name)
        return float(np.mean(values)) if values else float("nan")

    def over_tables(self, model: str, name: str) -> float:
        """Returns the mean over the tables that it serves."""
        return float(np.nanmean([self.mean(model, table, name) for table in self.tables]))

    def n_tables(self, model: str) -> int:
        """Returns how many tables it serves."""
        return sum(bool(self.values(model, table, "nlpd")) for table in self.tables)

    @property
    def serving(self) -> list[str]:
        """Models that serve at least one table, the best mean density first."""
        models = [model for model in self.models if self.n_tables(model)]
        return sorted(models, key=lambda model: self.over_tables(model, "nlpd"))

    @property
    def families(self) -> list[str]:
        """Single families of ours: no average, no other planner."""
        return [m for m in self.serving if "auto" not in m and m not in PEERS]

    def best(self, table: str) -> tuple[float, str]:
        """Returns the lowest density of a single family on a table, and which it is."""
        scores = [(self.mean(model, table, "nlpd"), model) for model in self.families]
        return min(each for each in scores if not np.isnan(each[0]))


def write_page(found: Sequence[Found], path: Path) -> None:
    """Writes the page, and the picture beside it."""
    study = Study(found)
    path.with_suffix(".svg").write_text(_draw(study), encoding="utf-8")
    path.write_text("\n".join(_lines(study, path)) + "\n", encoding="utf-8")


def _lines(study: Study, path: Path) -> list[str]:
    return [
        "# What the families of models predict",
        "",
        "Ten real tables with numeric inputs, one real repeat of each setting drawn, "
        f"{study.n_splits} random splits of each: fitted to 40 rows, or three fifths of a small "
        "table, each model predicts single runs of the rest (at most 100 rows).",
        "Negative log predictive density (NLPD, in nat) and CRPS are in units of the table's "
        "deviation; smaller is better.",
        "Predictions are as fitted, but for `auto, corrected`: that is what a campaign states "
        "before any of its forecasts has a result.",
        "Of `ax` and `baybe` it is what their own interface predicts with defaults, which is "
        "without the noise of a run.",
        "No outcome had bounds here, so what a family makes of them was not tried.",
        "",
        f"![How far each model is behind the best family of each table]({path.stem}.svg)",
        "",
        "```",
        "python tests/cost/family_study.py DIR --to found.jsonl --splits 4",
        "python tests/cost/family_study.py DIR --to found.jsonl --splits 4 --peers FOLDER",
        f"python tests/cost/family_study.py DIR --to found.jsonl --page {path.name}",
        "```",
        "",
        "## All models",
        "",
        "The median and the longest fit are processor seconds on one core.",
        "",
        "| model | NLPD | CRPS | 90 % intervals held | fit, s | longest, s | tables |",
        "|---|---|---|---|---|---|---|",
        *(_model_row(study, model) for model in study.serving),
        "",
        "## Each table",
        "",
        "The best single family of each table is known only afterwards.",
        f"Wanted: an average at most {_WANTED:g} nat behind it.",
        "Neither average compares `large_gp`, which is made for thousands of results.",
        *(f"`{name}`: {_missed(study, name)}" for name in (*_AVERAGES, CORRECTED)),
        "",
        "| table | best family | its NLPD | auto | behind | full_auto | behind | auto, corrected "
        "| baybe | ax |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_table_row(study, table) for table in study.tables),
        "",
        describe_origin(),
    ]


def _missed(study: Study, average: str) -> str:
    """Says on which tables an average is farther behind than wanted."""
    behind = {t: study.mean(average, t, "nlpd") - study.best(t)[0] for t in study.tables}
    missed = [
        f"{table} ({behind[table]:.2f} behind {study.best(table)[1]})"
        for table in study.tables
        if behind[table] > _WANTED
    ]
    kept = len(study.tables) - len(missed)
    words = f"missed on {', '.join(missed)}" if missed else "missed on none"
    return f"reached on {kept} of {len(study.tables)} tables, {words}."


def _model_row(study: Study, model: str) -> str:
    seconds = [s for table in study.tables for s in study.values(model, table, "fit_s")]
    fit = f"{rough(float(np.median(seconds)))} | {rough(max(seconds))}" if seconds else "- | -"
    held = f"{100 * study.over_tables(model, 'covered'):.0f} %"
    scores = f"{study.over_tables(model, 'nlpd'):.2f} | {study.over_tables(model, 'crps'):.3f}"
    return f"| {model} | {scores} | {held} | {fit} | {study.n_tables(model)} |"


def _table_row(study: Study, table: str) -> str:
    lowest, name = study.best(table)
    averages = (study.mean(model, table, "nlpd") for model in _AVERAGES)
    others = (study.mean(model, table, "nlpd") for model in (CORRECTED, "baybe", "ax"))
    cells = [
        *(f"{each:.2f} | {each - lowest:+.2f}" for each in averages),
        *("-" if np.isnan(each) else f"{each:.2f}" for each in others),
    ]
    return f"| {table} | {name} | {lowest:.2f} | {' | '.join(cells)} |"


def _draw(study: Study) -> str:
    models = study.serving
    height = _ROW_PX * len(models) + 70
    with house_style():
        figure = new_figure(700.0, height)
        axes = figure.add_subplot(gid="panel")
        handles = _draw_rows(axes, study, models)
        add_note(
            figure,
            f"Of single families the best on a table is at 0; what is more than {_FARTHEST:g} nat "
            "behind stands at the right edge.",
        )
        add_legend(figure, handles)
        best = models[0]
        summary = (
            f"For {len(models)} models the negative log predictive density on each of "
            f"{len(study.tables)} tables, less that of the table's best single family. "
            f"The lowest mean has {best}."
        )
        title = "How far each model is behind the best family of each table"
        return svg_text(figure, title=title, summary=summary)


def _draw_rows(axes: Axes, study: Study, models: list[str]) -> list[object]:
    axes.grid(axis="x", linewidth=0.8, gid="grid")
    number_axis(
        axes, "x", Range(-0.35, _FARTHEST + 0.08),
        quantity=Quantity("behind the table's best family", "nat"), length=480.0,
    )  # fmt: skip
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_yticks(range(len(models)), models)
    axes.tick_params(axis="y", labelsize=SMALL_PX)
    axes.axvline(0.0, color=GREY, linewidth=1.0)
    for place, model in enumerate(models):
        behind = np.array([study.mean(model, t, "nlpd") - study.best(t)[0] for t in study.tables])
        behind = behind[~np.isnan(behind)]
        is_near = behind <= _FARTHEST
        (dots,) = axes.plot(
            behind[is_near], np.full(is_near.sum(), place), linestyle="none", marker="o",
            markersize=4.5, color=MODEL, alpha=0.7, label="a table", gid="tables",
        )  # fmt: skip
        n_far = int((~is_near).sum())
        if n_far:
            axes.plot(
                np.full(1, _FARTHEST), [place], linestyle="none", marker=">", markersize=5.5,
                color=MODEL, gid="beyond",
            )  # fmt: skip
            axes.text(_FARTHEST + 0.03, place, str(n_far), va="center", fontsize=SMALL_PX)
        middle = float(np.median(behind))
        (line,) = axes.plot(
            [min(middle, _FARTHEST)] * 2, [place - 0.32, place + 0.32], color=BLACK,
            linewidth=2.2, label="median over tables", gid="median",
        )  # fmt: skip
    return [dots, line]
