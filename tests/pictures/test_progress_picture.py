from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError
from planner.pictures import Goal, Progress, draw_progress
from planner.pictures.goal import best_so_far
from tests.pictures.drawn import LINE_PX, MARK_PX, panels, parsed, texts
from tests.pictures.samples import progress

TABLE = Path(__file__).parents[3] / "shared" / "data" / "fullerenes" / "data.csv"
GOALS = [
    Goal("maximise"),
    Goal("minimise"),
    Goal("target", target=5.0),
    Goal("range", low=4.0, high=6.0),
]


def series(values, *, goal=GOALS[0], unit="%"):
    n = len(values)
    return Progress("yield", unit, goal, values, ["observed"] * n, np.arange(n) < 2)


def slow_best(values, goal):
    """The best so far by its definition, trial by trial."""
    badness = {
        "maximise": lambda v: -v,
        "minimise": lambda v: v,
        "target": lambda v: abs(v - 5.0),
        "range": lambda v: 4.0 - v if v < 4 else v - 6.0 if v > 6 else 0.0,
    }[goal.direction]
    best, found = None, []
    for i, value in enumerate(values):
        if not np.isnan(value) and (best is None or badness(value) < badness(values[best])):
            best = i
        found.append(-1 if best is None else best)
    return found


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.direction)
@given(values=st.lists(st.floats(-20, 20) | st.just(np.nan), max_size=30))
def test_best_so_far_is_the_first_of_the_best(goal, values):
    assert best_so_far(np.array(values, dtype=float), goal).tolist() == slow_best(values, goal)


def test_dots_stand_at_their_trials_and_values():
    record = progress()
    (panel,) = panels(draw_progress(record))
    for name, trials in (("observed-start", [1, 2, 4]), ("observed-chosen", [6, 7, 9])):
        wanted = np.column_stack([trials, record.values[np.array(trials) - 1]])
        off = np.abs(panel.marks(name) - wanted) / panel.px
        assert off.max() <= MARK_PX, name


def test_trials_without_a_value_are_marked_on_the_axis():
    (panel,) = panels(draw_progress(progress()))
    for name, trials in (("failed", [3, 5]), ("quarantined", [8]), ("pending", [10])):
        marks = panel.marks(name)
        assert np.abs(marks[:, 0] - trials).max() <= MARK_PX * panel.px[0]
        assert (marks[:, 1] < 31.0).all(), "below the lowest observed value"


def test_trials_without_a_value_stand_outside_the_scale_of_values():
    """With values from 5 up the scale had a tick at 0, and a failed trial seemed to have 1."""
    record = Progress(
        "yield",
        "mg",
        GOALS[0],
        [12.4, 5.2, 44.5, np.nan],
        [*["observed"] * 3, "failed"],
        [True] * 4,
    )
    svg = draw_progress(record)
    (panel,) = panels(svg)
    strip = panel.one_line("strip")[:, 1]
    ticks = [float(text) for text in texts(parsed(svg)) if text in ("0", "10", "20", "30", "40")]
    assert min(ticks) > strip.max() > 0
    (mark,) = panel.marks("failed")
    assert strip.min() < mark[1] < strip.max() < 5.2
    assert {"no value", "failed"} <= set(texts(parsed(svg)))


def test_the_best_so_far_steps_from_best_to_best():
    (panel,) = panels(draw_progress(progress()))
    line = panel.one_line("best")
    wanted = [(1, 31), (2, 31), (2, 45.5), (6, 45.5), (6, 62.25), (9, 62.25), (9, 71.5), (10, 71.5)]
    assert np.abs((line - wanted) / panel.px).max() <= LINE_PX


def test_random_choice_is_drawn_through_the_numbers_given():
    record = progress()
    (panel,) = panels(draw_progress(record))
    line = panel.one_line("random")
    read = np.interp(np.arange(1, 13), line[:, 0], line[:, 1])
    # a shift of LINE_PX across moves a line of slope 5 % a trial by as much again, scaled
    slope_px = 5.0 * panel.px[0] / panel.px[1]
    assert np.abs(read - record.random.mean).max() <= LINE_PX * panel.px[1] * (1 + slope_px)
    band = panel.one_line("random-band")
    for corner in ((1, 32.0), (1, 44.0)):
        assert (np.abs((band - corner) / panel.px).max(axis=1) <= LINE_PX).any()


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e6])
def test_values_of_any_size_can_be_read_back(size):
    values = size * np.array([1.2, 3.4, 2.2, 4.9])
    (panel,) = panels(draw_progress(series(values, unit="mol")))
    marks = np.vstack([panel.marks("observed-start"), panel.marks("observed-chosen")])
    assert np.abs(marks[:, 1] - values).max() <= MARK_PX * panel.px[1]


def test_the_target_and_its_tolerance_are_drawn_where_they_lie():
    goal = Goal("target", target=5.0, low=4.5, high=6.0)
    (panel,) = panels(draw_progress(series([1.0, 9.0], goal=goal)))
    assert np.abs(panel.one_line("target")[:, 1] - 5.0).max() <= LINE_PX * panel.px[1]
    ends = sorted(line[0, 1] for line in panel.lines("goal-end"))
    assert np.abs(np.array(ends) - [4.5, 6.0]).max() <= LINE_PX * panel.px[1]
    zone = panel.one_line("goal-zone")[:, 1]
    assert np.abs([zone.min() - 4.5, zone.max() - 6.0]).max() <= LINE_PX * panel.px[1]


@pytest.mark.parametrize(
    ("goal", "wish"),
    list(
        zip(GOALS, ["higher is", "lower is", "nearer to 5 % is", "from 4 to 6 % is"], strict=True)
    ),
)
def test_the_axis_says_what_is_better(goal, wish):
    assert wish in " ".join(texts(parsed(draw_progress(series([1.0, 9.0], goal=goal)))))


def test_the_summary_counts_the_states_and_names_the_best():
    summary = parsed(draw_progress(progress()))[1].text
    assert "10 trials: 6 observed, 2 failed, 1 quarantined and 1 pending." in summary
    assert "3 belong to the space-filling start" in summary
    assert "The best is trial 9 with 71.5." in summary


def test_no_trial_or_none_observed_says_so():
    for states in ([], ["pending", "failed"]):
        record = Progress(
            "yield", "%", GOALS[0], [np.nan] * len(states), states, [True] * len(states)
        )
        root = parsed(draw_progress(record))
        assert "No trial has been observed yet." in texts(root)


def test_all_values_equal_and_one_trial_alone_have_an_axis():
    for values in ([7.0], [0.0] * 5, [1e6] * 5, [-1e-9] * 3):
        (panel,) = panels(draw_progress(series(values)))
        marks = np.vstack([panel.marks("observed-start"), panel.marks("observed-chosen")])
        np.testing.assert_allclose(marks[:, 1], values, rtol=0, atol=MARK_PX * panel.px[1])


def test_four_hundred_trials_of_a_real_table_stay_small_and_complete():
    if not TABLE.exists():
        pytest.skip("the table of fullerene flows is not beside the checkout")
    with TABLE.open() as file:
        values = [float(row["mole_fraction_product"]) for row in csv.DictReader(file)][:400]
    svg = draw_progress(series((values * 9)[:400]))
    (panel,) = panels(svg)
    assert len(panel.marks("observed-chosen")) == 398
    assert len(svg) < 60_000


def test_an_observed_trial_without_a_value_is_refused_by_its_number():
    with pytest.raises(InputError, match="Trial 2 is observed but its outcome 'yield' is NaN"):
        series([1.0, np.nan])
    with pytest.raises(InputError, match="entry 1 is inf"):
        series([np.inf, 1.0])


def test_what_an_unobserved_trial_holds_is_not_drawn():
    record = Progress(
        "yield", "%", GOALS[0], [1.0, 99.0], ["observed", "quarantined"], [True, True]
    )
    (panel,) = panels(draw_progress(record))
    assert len(panel.marks("observed-start")) == 1


def test_unknown_states_and_lengths_that_differ_are_refused():
    with pytest.raises(InputError, match="no state 'lost'"):
        Progress("yield", "%", GOALS[0], [1.0], ["lost"], [True])
    with pytest.raises(InputError, match="not one row of 2 numbers"):
        Progress("yield", "%", GOALS[0], [1.0], ["observed"] * 2, [True] * 2)


def test_later_changes_of_the_callers_array_change_nothing():
    values = np.array([1.0, 2.0])
    record = series(values)
    values[0] = 50.0
    assert record.values[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        record.values[0] = 3.0


@pytest.mark.parametrize(
    "numbers",
    [
        {"direction": "maximise", "target": 1.0},
        {"direction": "minimise", "low": 1.0},
        {"direction": "target"},
        {"direction": "range", "low": 1.0},
        {"direction": "range", "low": 2.0, "high": 1.0},
        {"direction": "target", "target": float("nan")},
        {"direction": "target", "target": 5.0, "low": 6.0},
        {"direction": "sideways"},
    ],
)
def test_a_goal_whose_numbers_do_not_fit_its_direction_is_refused(numbers):
    with pytest.raises(InputError, match="goal"):
        Goal(**numbers)
