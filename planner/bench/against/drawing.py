"""Pictures of a comparison: regret against trials, mean ranks, shares of the ceiling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mode

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from planner.bench.against.comparison import Comparison, PoolComparison
from planner.bench.against.tabulated import median_of_ceiling
from planner.bench.pools import Pool
from planner.bench.racing import Rules
from planner.campaign.words.phrases import count, listed, span
from planner.pictures.axis import LETTERS_PX, SMALL_PX, Quantity, Range, fitted, number_axis
from planner.pictures.frame import (
    WIDTH_PX,
    add_grid,
    add_legend,
    add_note,
    house_style,
    new_figure,
    rows_and_columns,
)
from planner.pictures.palette import GREY, MORE_LOOKS, PALE, LineLook
from planner.pictures.svg import svg_text

_PANEL_PX = 190.0
_ROW_PX = 24.0
_FIRST_PT, _OTHER_PT = 2.4, 1.3  # width of lines
_LEAST = 0.003  # of regret that is shown; less is found all but exactly
_RANDOM = LineLook(GREY, (0, (1, 1.5)), "")


def draw_regrets(comparison: Comparison) -> str:
    """Returns mean regret against trials, a panel a course, as an SVG element."""
    pools = comparison.pools
    looks = looks_of(comparison)
    rows, columns = rows_and_columns(len(pools), WIDTH_PX)
    with house_style():
        figure = new_figure(WIDTH_PX, rows * _PANEL_PX)
        for place, pool in enumerate(pools):
            axes = figure.add_subplot(rows, columns, place + 1, gid="panel")
            _draw_pool(axes, pool, looks, comparison.first, width_px=0.8 * WIDTH_PX / columns)
            if place % columns:
                axes.set_ylabel("")
            if place + columns < len(pools):
                axes.set_xlabel("")
        add_legend(
            figure,
            [_handle(name, look, width=_width(comparison, name)) for name, look in looks.items()],
        )
        has_budget = any(_budget(pool) < _longest(pool) for pool in pools)
        add_note(
            figure,
            f"Lines: mean over {_starts(comparison)} of what the best setting so far lacks to the "
            f"best of the {comparison.course}, in units of best minus median, on a log scale."
            + has_budget
            * " The grey upright line is the end of the budget.",
        )
        return svg_text(figure, title="Regret against trials", summary=_regret_summary(comparison))


def draw_ranks(comparison: Comparison) -> str:
    """Returns the mean ranks with their intervals, best above, as an SVG element."""
    order = sorted(comparison.mean_ranks, key=lambda name: comparison.mean_ranks[name].value)
    ranks = [comparison.mean_ranks[name] for name in order]
    course = comparison.course
    over = count(len(comparison.ranked), course)
    has_intervals = all(math.isfinite(each.high) for each in ranks)
    spread = [(each.value - each.low, each.high - each.value) for each in ranks]
    return _draw_rows(
        order, [each.value for each in ranks], spread if has_intervals else None, comparison,
        label="mean rank of mean regret", ends=(0.8, max(len(comparison.rivals), 2) + 0.2),
        title="Mean rank of mean regret",
        note=f"Over the {over} on which all have raced, 1 is the lowest regret; a variant of "
        f"{comparison.first} has the rank that it would have in its place."
        + has_intervals * f" Bars: 95 % bootstrap interval over {course}s.",
    )  # fmt: skip


def draw_ceilings(comparison: Comparison) -> str:
    """Returns each entrant's shares of the ceiling, a dot a pool, as an SVG element."""
    medians = {name: median_of_ceiling(comparison, name) for name in comparison.entrants}
    known = {name: share for name, share in medians.items() if math.isfinite(share)}
    order = sorted(known, key=lambda name: -known[name])
    dots = {
        name: [
            100 * pool.judged[name].share_of_ceiling
            for pool in comparison.pools
            if isinstance(pool.on, Pool) and name in pool.judged
        ]
        for name in order
    }
    return _draw_rows(
        order, [100 * known[name] for name in order], None, comparison, dots=dots,
        label="acceleration at half, % of the oracle's", ends=(-3.0, 103.0),
        title="Acceleration as a share of the ceiling",
        note="Small dots: pools. Large ones: their median. A pool on which half of the races did "
        "not reach half of the best 5 % counts as 0.",
    )  # fmt: skip


def looks_of(comparison: Comparison) -> dict[str, LineLook]:
    """Returns how each entrant is drawn; random choice is grey and takes none of the looks."""
    named = [name for name in comparison.entrants if name != "random"]
    looks = {name: MORE_LOOKS[place % len(MORE_LOOKS)] for place, name in enumerate(named)}
    return {name: looks.get(name, _RANDOM) for name in comparison.entrants}


def _draw_pool(
    axes: Axes, pool: PoolComparison, looks: dict[str, LineLook], first: str, *, width_px: float
) -> None:
    curves = {name: np.maximum(each.curve, _LEAST) for name, each in pool.judged.items()}
    longest = _longest(pool)
    highest = max(float(curve.max()) for curve in curves.values())
    trials = Quantity("trials", "", is_whole=True)
    number_axis(axes, "x", Range(0.0, longest + 1.0), quantity=trials, length=width_px)
    shown = Range(_LEAST, max(1.1 * highest, 10 * _LEAST), is_log=True)
    number_axis(axes, "y", shown, quantity=Quantity("regret", ""), length=0.6 * _PANEL_PX)
    add_grid(axes)
    if _budget(pool) < longest:
        axes.axvline(_budget(pool), color=PALE, linewidth=2.0, gid="budget")
    for place, (name, curve) in enumerate(curves.items()):
        look = looks[name]
        every = max(curve.size // 5, 1)
        axes.plot(
            np.arange(1, curve.size + 1), curve, color=look.colour, linestyle=look.dash,
            linewidth=_FIRST_PT if name == first else _OTHER_PT, zorder=3 if name == first else 2,
            marker=look.marker or None, markersize=4.0,
            markevery=(place * every // len(MORE_LOOKS), every), gid=f"planner-{place}",
        )  # fmt: skip
    title = fitted(pool.on.name, width_px, size=LETTERS_PX, lines=1)
    axes.set_title(title, loc="left", fontsize=LETTERS_PX)


def _draw_rows(
    order: Sequence[str],
    values: Sequence[float],
    spread: Sequence[tuple[float, float]] | None,
    comparison: Comparison,
    *,
    label: str,
    ends: tuple[float, float],
    title: str,
    note: str,
    dots: dict[str, list[float]] | None = None,
) -> str:
    looks = looks_of(comparison)
    height = _ROW_PX * len(order) + 60
    with house_style():
        figure = new_figure(WIDTH_PX, height)
        axes = figure.add_subplot(gid="panel")
        number_axis(axes, "x", Range(*ends), quantity=Quantity(label, ""), length=0.8 * WIDTH_PX)
        axes.set_yticks(range(len(order)), order, fontsize=SMALL_PX)
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.grid(axis="x", linewidth=0.8, gid="grid")
        for place, name in enumerate(order):
            look = looks[name]
            if dots:
                axes.plot(
                    dots[name], [place] * len(dots[name]), linestyle="", marker="o",
                    markersize=3.5, alpha=0.45, color=look.colour, gid=f"dots-{place}",
                )  # fmt: skip
            if spread:
                low, high = spread[place]
                axes.plot(
                    [values[place] - low, values[place] + high], [place, place],
                    color=look.colour, linewidth=2.0, gid=f"interval-{place}",
                )  # fmt: skip
            axes.plot(
                [values[place]], [place], linestyle="", marker=look.marker or "o", markersize=8.0,
                color=look.colour, gid=f"value-{place}",
            )  # fmt: skip
        add_note(figure, note)
        said = ", ".join(f"{name} {value:.3g}" for name, value in zip(order, values, strict=True))
        return svg_text(figure, title=title, summary=f"{title}: {said}.")


def _longest(pool: PoolComparison) -> int:
    return max(each.curve.size for each in pool.judged.values())


def _budget(pool: PoolComparison) -> int:
    return Rules().budget(pool.on) if isinstance(pool.on, Pool) else pool.on.n_trials


def _width(comparison: Comparison, name: str) -> float:
    return _FIRST_PT if name == comparison.first else _OTHER_PT


def _starts(comparison: Comparison) -> str:
    """Returns over how many starts lines are, in words; who runs others than most is named."""
    spans = {
        name: span(min(counts), max(counts))
        for name in comparison.entrants
        if (counts := [len(p.judged[name].regrets) for p in comparison.pools if name in p.judged])
    }
    most = mode(spans.values())
    others = [f"{each} of {name}" for name, each in spans.items() if each != most]
    return f"{most} start{'' if most == '1' else 's'}" + (f" ({listed(others)})" if others else "")


def _handle(name: str, look: LineLook, *, width: float) -> Line2D:
    return Line2D(
        [], [], color=look.colour, linestyle=look.dash, linewidth=width,
        marker=look.marker or None, markersize=4.0, label=name,
    )  # fmt: skip


def _regret_summary(comparison: Comparison) -> str:
    said = ["Mean regret at the end of each race."]
    for pool in comparison.pools:
        ends = ", ".join(f"{name} {each.curve[-1]:.3f}" for name, each in pool.judged.items())
        said.append(f"{pool.on.name}: {ends}.")
    return " ".join(said)
