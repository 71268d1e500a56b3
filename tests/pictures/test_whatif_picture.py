from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.errors import InputError
from planner.pictures import WhatIf, draw_whatif
from tests.pictures.drawn import LINE_PX, Panel, parsed, side, texts
from tests.pictures.samples import prediction, whatif


def drawn(record, width_px=700.0):
    """The panels, all with the swept parameter's axis, which the lowest one labels."""
    root = parsed(draw_whatif(record, width_px=width_px))
    elements = [e for e in root.iter("g") if e.get("class") == "panel"]
    x = side(elements[-1], "x")
    return root, [Panel(element, root, x, side(element, "y")) for element in elements]


@pytest.mark.parametrize("width_px", [360.0, 700.0])
def test_the_prediction_passes_through_the_numbers_given(width_px):
    record = whatif()
    _, (main, _) = drawn(record, width_px)
    # at most 30 * 3 / 50 % a degree
    slope_px = 1.8 * main.px[0] / main.px[1]
    allowed = LINE_PX * main.px[1] * (1 + slope_px)
    said = record.prediction
    for name, wanted in (
        ("mean", said.mean), ("run-low", said.run_interval[:, 0]),
        ("run-high", said.run_interval[:, 1]),
    ):  # fmt: skip
        line = main.one_line(name)
        read = np.interp(record.settings, line[:, 0], line[:, 1])
        assert np.abs(read - wanted).max() <= allowed


def test_the_probability_has_its_own_axis_below_in_line_with_the_first():
    record = whatif()
    _, (main, chance) = drawn(record)
    line = chance.one_line("probability")
    read = np.interp(record.settings, line[:, 0], line[:, 1])
    slope_px = 100 * 2 * 0.9 * 0.8 / 50 * chance.px[0] / chance.px[1]  # derivative at the end
    assert np.abs(read - 100 * record.probability).max() <= LINE_PX * chance.px[1] * (1 + slope_px)
    frames = [
        next(p.element.iter("path")).get("d").replace("M", "").split() for p in (main, chance)
    ]
    assert frames[0][0] == frames[1][0]
    assert float(frames[0][1]) < float(frames[1][1]), "y grows downwards"


def test_the_setting_asked_about_is_marked_in_both():
    _, found = drawn(whatif())
    for panel in found:
        line = panel.one_line("asked")
        assert np.abs(line[:, 0] - 140.0).max() <= LINE_PX * panel.px[0]


def test_the_goal_is_a_line_and_a_zone():
    _, (main, _) = drawn(whatif())
    assert np.abs(main.one_line("target")[:, 1] - 70).max() <= LINE_PX * main.px[1]
    zone = main.one_line("goal-zone")[:, 1]
    assert np.abs([zone.min() - 65, zone.max() - 75]).max() <= LINE_PX * main.px[1]


def test_without_a_probability_there_is_one_axis():
    root, found = drawn(replace(whatif(), probability=None, goal=None))
    assert len(found) == 1
    assert "temperature (degC)" in texts(root)


def test_a_log_scale_is_read_back_in_powers_of_ten():
    settings = np.logspace(-8, -3, 41)
    record = WhatIf("y", "", "concentration", "mol/L", settings, prediction(), is_log=True)
    _, (panel,) = drawn(record)
    line = panel.one_line("mean")
    assert np.abs(np.log10(line[[0, -1], 0]) - [-8, -3]).max() <= LINE_PX * panel.px[0]


def test_the_summary_says_where_the_goal_is_likeliest_met():
    summary = parsed(draw_whatif(whatif()))[1].text
    assert "most likely to meet the goal, 81 %, at 150." in summary.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": np.full(41, 1.5)}, "lies between 0 and 1"),
        ({"probability": np.full(41, np.nan)}, "probability: entry 1 is nan"),
        ({"probability": np.zeros(3)}, "one row of 41"),
        ({"settings": np.zeros(41)}, "each above the one before"),
        ({"asked": np.nan}, "asked about: entry 1 is nan"),
        ({"asked": -1.0, "settings": np.linspace(1, 2, 41), "is_log": True}, "log scale"),
    ],
)
def test_missing_and_impossible_numbers_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(whatif(), **change)


def test_where_both_intervals_coincide_the_note_says_why():
    record = whatif()
    said = record.prediction
    room = np.array([-1.0, 1.0]) * 0.02 * np.ptp(said.mean_interval, axis=1, keepdims=True)
    alike = replace(said, run_interval=said.mean_interval + room)
    wider = replace(said, run_interval=said.mean_interval + 5 * room)
    noted = "Where the dashed lines lie on the edge of the band"
    for prediction_, is_noted in ((alike, True), (wider, False)):
        picture = draw_whatif(replace(record, prediction=prediction_))
        assert (noted in picture) == is_noted
