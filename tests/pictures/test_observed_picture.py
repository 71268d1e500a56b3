from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.special import comb

from planner.errors import InputError
from planner.pictures import Observed, draw_observed
from tests.pictures.drawn import LINE_PX, MARK_PX, panels, parsed, texts
from tests.pictures.samples import observed


def note(svg):
    return " ".join(texts(parsed(svg))[-4:])


def test_points_stand_at_predicted_and_observed_apart_by_whether_their_interval_held():
    """An end of the interval counts as inside: the fourth trial's 44 is its upper end."""
    record = observed()
    (panel,) = panels(draw_observed(record))
    points = np.column_stack([record.mean, record.observed])
    for name, chosen in (("held", [0, 1, 3]), ("missed", [2])):
        assert np.abs((panel.marks(name) - points[chosen]) / panel.px).max() <= MARK_PX


def test_an_interval_holds_its_own_ends_and_nothing_beyond():
    record = Observed("y", "", [1.0, 2.0, 0.99, 2.01], [1.5] * 4, [[1.0, 2.0]] * 4)
    assert record.held.tolist() == [True, True, False, False]


def test_bars_are_the_stated_intervals_and_the_measurements_sd():
    record = observed()
    (panel,) = panels(draw_observed(record))
    bars = panel.lines("held-intervals") + panel.lines("missed-intervals")
    wanted = [[[8, 10], [14, 10]], [[15, 20], [21, 20]], [[37, 44], [44, 44]], [[31, 30], [35, 30]]]
    assert np.abs((np.array(bars) - wanted) / panel.px).max() <= LINE_PX
    sd = panel.lines("measurement-sd")
    spans = [[[11, 9], [11, 11]], [[18, 19], [18, 21]], [[33, 28], [33, 32]], [[40, 44], [40, 44]]]
    assert np.abs((np.array(sd) - spans) / panel.px).max() <= LINE_PX


def test_the_identity_line_is_the_diagonal():
    (panel,) = panels(draw_observed(observed()))
    line = panel.one_line("identity")
    assert np.abs((line[:, 0] - line[:, 1]) / panel.px.min()).max() <= 2 * LINE_PX


@pytest.mark.parametrize(("n", "held", "level"), [(30, 27, 0.9), (50, 20, 0.5), (1, 1, 0.95)])
def test_the_count_stands_beside_the_band_of_the_binomial_distribution(n, held, level):
    """The band by its definition: the least k whose summed probability reaches 2.5 and 97.5 %."""
    interval = np.array([[-1.0, 1.0]] * held + [[1.0, 2.0]] * (n - held))
    svg = draw_observed(Observed("y", "", np.zeros(n), np.zeros(n), interval, level))
    k = np.arange(n + 1)
    below = np.cumsum(comb(n, k) * level**k * (1 - level) ** (n - k))
    low, high = (int(np.argmax(below >= tail)) for tail in (0.025, 0.975))
    summary = re.sub("\u00a0", " ", parsed(svg)[1].text)
    assert f"{held} of {n} stated interval" in summary
    assert f"{low} to {high} of {n} (binomial 95 % band)" in summary


def test_no_trial_says_so():
    assert "No trial with a stated interval" in note(draw_observed(Observed("y", "", [], [], [])))


def test_four_hundred_trials_stay_below_sixty_kilobytes():
    values = np.sin(np.arange(400.0)) * 1e6
    interval = np.column_stack([values - 1e5, values + 1e5])
    svg = draw_observed(Observed("y", "Pa", values + 3e4, values, interval))
    (panel,) = panels(svg)
    assert len(panel.marks("held")) == 400
    assert len(svg) < 60_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": [1.0, np.nan]}, "observed: entry 2 is nan"),
        ({"mean": [1.0, np.inf]}, "mean: entry 2 is inf"),
        ({"interval": [[0, 2], [3, np.nan]]}, "interval: entry 2 is nan"),
        ({"interval": [[0, 2], [3, 1]]}, "entry 2 runs from 3 down to 1"),
        ({"interval": [0, 2]}, "2 rows"),
        ({"sd": [1.0, -1.0]}, "never negative"),
        ({"level": 90.0}, "between 0 and 1"),
        ({"mean": ["a", "b"]}, "not all numbers"),
    ],
)
def test_missing_and_impossible_numbers_are_refused_by_name(change, message):
    good = {"observed": [1.0, 2.0], "mean": [1.0, 2.0], "interval": [[0, 2], [1, 3]]}
    with pytest.raises(InputError, match=message):
        Observed("yield", "%", **(good | change))


def test_intervals_that_end_at_a_bound_are_left_out_of_the_count():
    """Five held and one missed; of the four that count one missed, and two that do not are told."""
    values, interval = np.array([5.0] * 5 + [9.0]), np.tile([4.0, 6.0], (6, 1))
    counted = np.array([False, True, True, False, True, True])
    svg = draw_observed(Observed("y", "", values, np.full(6, 5.0), interval, is_counted=counted))
    summary = re.sub("\u00a0", " ", parsed(svg)[1].text)
    assert "3 of 4 stated intervals held" in summary
    assert summary.endswith("2 that end at a bound of the outcome are not counted.")
    with pytest.raises(InputError, match="is_counted"):
        Observed("y", "", values, values, interval, is_counted=counted[1:])


def test_what_is_not_counted_is_hollow_and_the_legend_says_why():
    values, interval = np.array([5.0, 5.0, 9.0, 9.0]), np.tile([4.0, 6.0], (4, 1))
    counted = np.array([True, False, True, False])
    svg = draw_observed(Observed("y", "", values, np.full(4, 5.0), interval, is_counted=counted))
    (panel,) = panels(svg)
    for name in ("held", "held-uncounted", "missed", "missed-uncounted"):
        assert len(panel.marks(name)) == 1, name
    said = texts(parsed(svg))
    assert "90 % interval held" in said
    assert "90 % interval held, not counted: it ends at a bound" in said
    assert "90 % interval missed, not counted: it ends at a bound" in said
    all_counted = draw_observed(Observed("y", "", values, np.full(4, 5.0), interval))
    assert "not counted" not in all_counted
