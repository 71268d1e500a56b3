from __future__ import annotations

import numpy as np
import pytest

from planner.errors import InputError
from planner.pictures import CategoricalSlice, NumericSlice, Slices, SliceTrials, draw_slices
from tests.pictures.drawn import LINE_PX, MARK_PX, Panel, panels, parsed, side, texts
from tests.pictures.samples import prediction, slices


def drawn(record, width_px=700.0):
    """The panels; those that share the outcome's axis with the first of their row borrow it."""
    root = parsed(draw_slices(record, width_px=width_px))
    elements = [e for e in root.iter("g") if e.get("class") == "panel"]
    y = side(elements[0], "y")
    return root, [Panel(element, root, side(element, "x"), y) for element in elements]


def test_mean_and_both_intervals_pass_through_the_numbers_given():
    record = slices()
    _, (panel, *_) = drawn(record)
    settings, said = record.panels[0].settings, record.panels[0].prediction
    # the steepest line, 30 * 3 / 50 % a degree, turns LINE_PX across into so many px up
    slope_px = 1.8 * panel.px[0] / panel.px[1]
    allowed = LINE_PX * panel.px[1] * (1 + slope_px)
    for name, wanted in (
        ("mean", said.mean),
        ("run-low", said.run_interval[:, 0]),
        ("run-high", said.run_interval[:, 1]),
    ):
        line = panel.one_line(name)
        assert np.abs(np.interp(settings, line[:, 0], line[:, 1]) - wanted).max() <= allowed
    band = panel.one_line("mean-interval")
    for corner in ((100.0, said.mean[0] - 5), (150.0, said.mean[-1] + 6)):
        assert (np.abs((band - corner) / panel.px).max(axis=1) <= LINE_PX).any()


def test_trials_are_dots_the_nearest_darkest_and_those_without_a_value_left_out():
    root, (panel, *_) = drawn(slices())
    marks = panel.marks("trials")
    wanted = np.array([[140.0, 75.0], [120.0, 60.0], [110.0, 45.0]])  # far ones first, below
    assert np.abs((marks - wanted) / panel.px).max() <= MARK_PX
    groups = [g for g in panel.element.iter("g") if g.get("class") == "trials"]
    ink = [next(float(e.get("fill-opacity")) for e in g.iter("use")) for g in groups]
    assert ink == sorted(ink)
    assert ink[0] < 0.3 < 0.7 < ink[-1]
    assert "1 trials without a value" not in root[1].text
    assert "1 trial without a value is left out" in root[1].text


def test_the_best_setting_is_a_vertical_line():
    _, (numeric, categorical, log) = drawn(slices())
    line = numeric.one_line("best")
    assert np.abs(line[:, 0] - 131.0).max() <= LINE_PX * numeric.px[0]
    line = log.one_line("best")
    assert np.abs(np.log10(line[:, 0]) + 4).max() <= LINE_PX * log.px[0]
    # the first category's tick carries the line of the best, DMF
    ticks = [t for t in categorical.element.iter("g") if t.get("class") == "xtick"]
    at = float(next(ticks[0].iter("use")).get("x"))
    assert categorical.pixel_lines("best")[0][0, 0] == pytest.approx(at, abs=0.011)  # two roundings


def test_a_category_has_its_mean_and_intervals_left_and_its_trials_right_of_its_tick():
    record = slices()
    _, (_, panel, _) = drawn(record)
    said = record.panels[1].prediction
    means = panel.marks("mean")
    assert np.abs(means[:, 1] - said.mean).max() <= MARK_PX * panel.px[1]
    spans = [(line[:, 1].min(), line[:, 1].max()) for line in panel.lines("mean-interval")]
    assert np.abs(np.array(spans) - said.mean_interval).max() <= LINE_PX * panel.px[1]
    dots = panel.marks("trials")
    assert np.abs(dots[:, 1] - [40.0, 50.0, 60.0]).max() <= MARK_PX * panel.px[1]
    ticks = [t for t in panel.element.iter("g") if t.get("class") == "xtick"]
    at = [float(next(tick.iter("use")).get("x")) for tick in ticks]
    assert (means[:, 0] < at).all()
    assert (dots[:, 0] > [at[0], at[1], at[1]]).all()


@pytest.mark.parametrize(
    ("n", "width_px", "columns"), [(8, 700, 3), (4, 700, 2), (8, 360, 1), (1, 700, 1)]
)
def test_panels_stand_in_rows_of_three_at_most_and_below_each_other_where_it_is_narrow(
    n, width_px, columns
):
    panel = NumericSlice("t", "s", np.linspace(0, 1, 41), prediction())
    record = Slices("yield", "%", [panel] * n)
    _, found = drawn(record, width_px=width_px)
    frames = [next(p.element.iter("path")).get("d") for p in found]
    lefts = {frame.split()[0] for frame in frames}
    assert (len(found), len(lefts)) == (n, columns)


def test_axes_are_named_with_their_units():
    shown = texts(parsed(draw_slices(slices())))
    assert {"temperature (degC)", "solvent", "concentration (mol/L)", "yield (%)"} <= set(shown)
    assert {"DMF", "toluene"} <= set(shown)
    assert "Other parameters held at the best trial, 17." in shown


def test_eight_panels_of_forty_trials_stay_below_sixty_kilobytes():
    dots = SliceTrials(np.linspace(0, 1, 40), np.linspace(20, 80, 40), np.linspace(0, 1, 40))
    panel = NumericSlice("t", "s", np.linspace(0, 1, 81), prediction(81), 0.5, dots)
    assert len(draw_slices(Slices("yield", "%", [panel] * 8))) < 60_000


def test_records_that_make_no_sense_are_refused():
    settings = np.linspace(0.0, 1.0, 41)
    with pytest.raises(InputError, match="each above the one before"):
        NumericSlice("t", "s", settings[::-1], prediction())
    with pytest.raises(InputError, match="log scale"):
        NumericSlice("t", "s", settings, prediction(), is_log=True)
    with pytest.raises(InputError, match="log scale"):
        NumericSlice("t", "s", settings + 1, prediction(), best=-1.0, is_log=True)
    with pytest.raises(InputError, match="entry 1 is nan"):
        NumericSlice("t", "s", settings, prediction(), best=np.nan)
    with pytest.raises(InputError, match="no category 'water'"):
        CategoricalSlice("solvent", ["DMF", "THF"], prediction(2), best="water")
    with pytest.raises(InputError, match="one prediction a category"):
        CategoricalSlice("solvent", ["DMF"], prediction(2))
    with pytest.raises(InputError, match="not one of 0 to 1"):
        CategoricalSlice("s", ["a", "b"], prediction(2), trials=SliceTrials([2], [1.0], [0.0]))
    with pytest.raises(InputError, match="never negative"):
        SliceTrials([1.0], [1.0], [-0.1])
    with pytest.raises(InputError, match="entry 2 is nan"):
        SliceTrials([1.0, np.nan], [1.0, 1.0], [0.0, 0.0])
    good = NumericSlice("t", "s", settings, prediction())
    with pytest.raises(InputError, match="1 to 8"):
        Slices("yield", "%", [good] * 9)
    with pytest.raises(InputError, match="same level"):
        Slices("yield", "%", [good, NumericSlice("u", "s", settings, prediction(level=0.5))])


def test_panels_helper_agrees_with_the_ticks_of_the_picture():
    """The reader itself: a tick read as a mark is at its label."""
    panel = panels(draw_slices(slices()))[0]
    for tick in (t for t in panel.element.iter("g") if t.get("class") == "xtick"):
        x = float(next(tick.iter("use")).get("x"))
        assert panel.x.value(x) == pytest.approx(
            float(next(tick.iter("text")).text), abs=MARK_PX * panel.px[0]
        )
