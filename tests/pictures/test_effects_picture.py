from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from planner.errors import InputError
from planner.pictures import Effects, draw_effects
from tests.pictures.drawn import LINE_PX, MARK_PX, panels, parsed, texts
from tests.pictures.samples import effects


def spans(panel, name):
    """From where to where each mark of a class reaches, in data, from the top."""
    lines = sorted(panel.lines(name), key=lambda line: line[:, 1].min())
    return np.array([[line[:, 0].min(), line[:, 0].max()] for line in lines])


def many(p):
    sizes = np.arange(1.0, p + 1)
    names = tuple(f"x{i} = {i}" for i in range(p))
    total = float(sizes.sum())
    return Effects("y", "", names, sizes, 0.1 * sizes, base=1.0, mean=1.0 + total, mean_sd=0.5)


def test_bars_lead_from_the_base_to_the_prediction_the_largest_first():
    """From 41 up by 24 to 65, down by 6 to 59, up by 2.5 to 61.5."""
    (panel,) = panels(draw_effects(effects()))
    off = [
        spans(panel, "raises") - [[41, 65], [59, 61.5]],
        spans(panel, "lowers") - [[59, 65]],
    ]
    assert np.abs(np.concatenate(off) / panel.px[0]).max() <= LINE_PX


def test_whiskers_are_one_deviation_to_either_side_of_where_a_bar_ends():
    (panel,) = panels(draw_effects(effects()))
    wanted = np.array([[61, 69], [57.5, 60.5], [58.5, 64.5]])
    assert np.abs((spans(panel, "sd") - wanted) / panel.px[0]).max() <= LINE_PX


def test_both_ends_are_marked_the_prediction_with_its_deviation():
    (panel,) = panels(draw_effects(effects()))
    found = np.array([panel.marks("base")[0, 0], panel.marks("prediction")[0, 0]])
    assert np.abs((found - [41, 61.5]) / panel.px[0]).max() <= MARK_PX
    off = spans(panel, "prediction-sd") - [[59.5, 63.5]]
    assert np.abs(off / panel.px[0]).max() <= LINE_PX


def test_whiskers_end_at_the_outcomes_bounds():
    """The widest reaches from 61 to 69, that of the prediction from 59.5 to 63.5."""
    (panel,) = panels(draw_effects(replace(effects(), bounds=(60.0, 63.0))))
    wanted = np.array([[61, 63], [60, 60.5], [60, 63], [60, 63]])
    found = np.concatenate([spans(panel, "sd"), spans(panel, "prediction-sd")])
    assert np.abs((found - wanted) / panel.px[0]).max() <= LINE_PX


def test_of_many_parameters_the_smallest_stand_together_without_a_whisker():
    """Of fifteen eleven stand alone, and the four smallest, 1 + 2 + 3 + 4, are the last ten."""
    svg = draw_effects(many(15))
    (panel,) = panels(svg)
    assert "4 other parameters" in texts(parsed(svg))
    assert len(spans(panel, "sd")) == 11
    assert np.abs((spans(panel, "raises")[-1] - [111, 121]) / panel.px[0]).max() <= LINE_PX


def test_twelve_parameters_all_have_a_row_of_their_own():
    assert not any("other" in text for text in texts(parsed(draw_effects(many(12)))))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"effects": [1.0, np.nan]}, "effects: entry 2 is nan"),
        ({"effects": [1.0]}, "one row of 2 numbers"),
        ({"sd": [1.0, -1.0]}, "never negative"),
        ({"mean_sd": -0.5}, "never negative"),
        ({"settings": ()}, "no parameter"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, message):
    good = {"outcome": "y", "unit": "", "settings": ("a = 1", "b = 2"), "effects": [1.0, 2.0],
            "sd": [0.1, 0.2], "base": 0.0, "mean": 3.0, "mean_sd": 0.1}  # fmt: skip
    with pytest.raises(InputError, match=message):
        Effects(**{**good, **change})
