from __future__ import annotations

import numpy as np
import pytest

from planner.errors import InputError
from planner.pictures import Race, Racer, RaceTable, draw_race
from tests.pictures.drawn import LINE_PX, MARK_PX, panels, parsed, texts
from tests.pictures.samples import race


def flat(name, n=4):
    return Racer(name, np.full(n, 0.5), np.column_stack([np.full(n, 0.4), np.full(n, 0.6)]))


def table(name, planners):
    return RaceTable(name, [flat(p) for p in planners], np.full(4, 0.1), np.ones(4))


def test_each_planners_line_passes_through_its_shares_and_ends_where_its_trials_end():
    record = race()
    (panel,) = panels(draw_race(record))
    for place, racer in enumerate(record.tables[0].racers):
        lines = panel.lines(f"planner-{place}")
        line = max(lines, key=lambda points: np.ptp(points[:, 0]))
        trials = np.arange(1, racer.share.size + 1)
        assert np.abs((line[-1] - [trials[-1], 100 * racer.share[-1]]) / panel.px).max() <= LINE_PX
        read = np.interp(trials, line[:, 0], line[:, 1])
        # up to 30 % a trial: LINE_PX across is so many px up
        slope_px = 30.0 * panel.px[0] / panel.px[1]
        assert np.abs(read - 100 * racer.share).max() <= LINE_PX * panel.px[1] * (1 + slope_px)


def test_markers_of_a_planner_lie_on_its_shares():
    record = race()
    (panel,) = panels(draw_race(record))
    marks = panel.marks("planner-0")
    share = 100 * record.tables[0].racers[0].share
    assert len(marks) == 6
    assert np.abs(marks[:, 1] - share).max() <= MARK_PX * panel.px[1]


def test_bands_random_choice_and_the_oracle_are_drawn_where_they_lie():
    record = race()
    (panel,) = panels(draw_race(record))
    first = record.tables[0]
    band = panel.one_line("band-0")
    for corner in ((1, 8.0), (1, 12.0), (6, 80.0), (6, 100.0)):
        assert (np.abs((band - corner) / panel.px).max(axis=1) <= LINE_PX).any()
    for name, share in (("random", first.random), ("oracle", first.oracle)):
        line = panel.one_line(name)
        wanted = [[1, 100 * share[0]], [6, 100 * share[-1]]]
        assert np.abs((line[[0, -1]] - wanted) / panel.px).max() <= LINE_PX


def test_a_planner_looks_the_same_in_every_panel():
    record = Race([table("one", ["a", "b"]), table("two", ["b", "c"])], band="all of 3 runs")
    one, two = panels(draw_race(record))
    colours = [
        next(e.get("stroke") for g in panel.element.iter("g") if g.get("class") == "planner-1"
             for e in g.iter("path") if e.get("stroke-dasharray"))
        for panel in (one, two)
    ]  # fmt: skip
    assert colours[0] == colours[1]
    assert not [g for g in two.element.iter("g") if g.get("class") == "planner-0"]


def test_the_legend_names_every_planner_and_the_note_the_bands():
    root = parsed(draw_race(race()))
    shown = texts(root)
    assert {"planner & co", "other", "random choice, expected", "oracle, the ceiling"} <= set(shown)
    assert any("interquartile range of 20 runs" in text for text in shown)
    assert "planner & co 100 % after 6; other 25 % after 4; random choice 30 %" in root[1].text


def test_shares_that_are_none_and_planners_that_cannot_be_told_apart_are_refused():
    with pytest.raises(InputError, match="lies between 0 and 1"):
        Racer("a", [0.5, 50.0], [[0, 1], [0, 1]])
    with pytest.raises(InputError, match="entry 2 is nan"):
        Racer("a", [0.5, np.nan], [[0, 1], [0, 1]])
    with pytest.raises(InputError, match="no trial"):
        Racer("a", [], [])
    with pytest.raises(InputError, match="each once"):
        table("one", ["a", "a"])
    with pytest.raises(InputError, match="at least one"):
        table("one", [])
    with pytest.raises(InputError, match="random: entry 1 is nan"):
        RaceTable("one", [flat("a")], [np.nan], [1.0])
    with pytest.raises(InputError, match="at least one table"):
        Race([], band="")
    with pytest.raises(InputError, match="Draw two"):
        Race([table("one", list("abcdefgh"))], band="")
