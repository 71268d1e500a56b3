"""How well intervals held, as a picture, with few forecasts and with many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.pictures import draw_coverage
from tests.pictures.drawn import LINE_PX, Panel, named, parsed, side, texts
from tests.pictures.samples import coverage


def first(n: int):
    record = coverage()
    return replace(record, running=record.running[:n], crps=record.crps[:n], nlpd=record.nlpd[:n])


def panel_of(svg: str, name: str) -> Panel:
    root = parsed(svg)
    (element,) = named(root, name)
    return Panel(element, root, side(element, "x"), side(element, "y"))


@pytest.mark.parametrize(("n", "panels"), [(9, 1), (10, 4)])
def test_below_ten_forecasts_nothing_is_drawn_over_time(n, panels):
    svg = draw_coverage(first(n))
    assert svg.count('class="panel-') == panels
    assert ("CRPS and negative log density are means" in svg) == (panels == 4)


def test_each_panel_with_several_looks_has_its_own_legend():
    root = parsed(draw_coverage(first(12)))
    for name, entries in (
        ("panel-levels", {"held as often as stated", "right intervals, 95 % of the time"}),
        ("panel-running", {"50 % intervals", "80 % intervals", "90 % intervals", "95 % intervals"}),
    ):
        (panel,) = named(root, name)
        (legend,) = named(panel, "legend")
        assert entries <= set(texts(legend))
        assert len(named(root, "legend")) == 2


def test_lines_of_levels_that_all_held_stay_apart_by_their_levels():
    record = first(12)
    svg = draw_coverage(replace(record, running=np.ones_like(record.running)))
    panel = panel_of(svg, "panel-running")
    for level in record.levels:
        line = panel.one_line(f"running-{100 * level:g}")
        assert np.abs(line[:, 1] - 100 * (1 - level)).max() <= LINE_PX * panel.px[1]
    assert np.abs(panel.one_line("as-stated")[:, 1]).max() <= LINE_PX * panel.px[1]
