"""Classes that trials came to, and curves with their target: what stands where."""

from __future__ import annotations

import numpy as np
import pytest

from planner.errors import InputError
from planner.pictures import ClassTrials, Curves, Line, draw_class_trials, draw_curves
from tests.pictures.drawn import MARK_PX, named, panels, parsed, texts
from tests.pictures.samples import class_trials, curves


def test_each_trial_stands_at_its_chance_and_in_the_row_of_its_class():
    above, _ = panels(draw_class_trials(class_trials()))
    for name, chances in (("wanted", [40.0, 62.0, 80.0]), ("other", [33.0])):
        shown = above.marks(f"chance-{name}")[:, 1]  # the numbers of trials stand below only
        assert np.abs((shown - chances) / above.px[1]).max() <= MARK_PX
    root = parsed(draw_class_trials(class_trials()))
    for gid, n in (("class-wanted", 3), ("class-other", 2), ("failed", 1), ("pending", 1)):
        assert len(list(named(root, gid)[0].iter("use"))) == n, gid


def test_without_stated_chances_only_the_rows_are_drawn():
    record = ClassTrials("phase", ["a", "b"], ["a"], ["a", "b"], ["observed"] * 2, [np.nan] * 2)
    assert len(panels(draw_class_trials(record))) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seen": ["c"]}, "no class 'c'"),
        ({"seen": [None]}, "observed and of class None"),
        ({"states": ["failed"]}, "failed and of class a"),
        ({"chance": [1.5]}, "between 0 and 1"),
        ({"wanted": ["c"]}, "no class 'c'"),
        ({"seen": ["a", "b"]}, "give one each"),
    ],
)
def test_what_does_not_fit_together_is_refused(change: dict[str, object], says: str):
    whole = {
        "outcome": "phase",
        "classes": ["a", "b"],
        "wanted": ["a"],
        "seen": ["a"],
        "states": ["observed"],
        "chance": [0.5],
    }
    with pytest.raises(InputError, match=says):
        ClassTrials(**{**whole, **change})


def test_every_curve_and_the_target_have_an_entry_and_their_ends():
    svg = draw_curves(curves())
    words = texts(parsed(svg))
    for label in ("target", "trial 7 (best)", "trial 3", "trial 5", "wavelength (nm)"):
        assert label in words
    (panel,) = panels(svg)
    for place, line in enumerate(curves().lines, start=1):
        (drawn,) = panel.lines(f"line-{place}")
        ends = np.array([[line.x[0], line.y[0]], [line.x[-1], line.y[-1]]])
        assert np.abs((np.array(drawn)[[0, -1]] - ends) / panel.px).max() <= MARK_PX


def test_no_curve_or_too_many_are_refused():
    line = Line("a", [0.0, 1.0], [0.0, 1.0])
    for lines in ([], [line] * 5):
        with pytest.raises(InputError, match="give 1 to 4"):
            Curves("y", "", "x", "", lines)
