"""Intervals and chances, against draws and by hand."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import norm

from planner.campaign.objectives import HitRange, HitTarget, Maximise, Minimise
from planner.errors import InputError
from planner.models import Prediction, interval, probability_of_meeting


def one(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


PREDICTION = Prediction(mean=one(10.0), sd=one(3.0), noise_sd=one(4.0))


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.999])
def test_intervals_hold_their_level(level: float) -> None:
    for of_next_run, sd in ((False, 3.0), (True, 5.0)):  # 3, 4, 5: a right triangle
        ends = interval(PREDICTION, level=level, of_next_run=of_next_run)
        mass = norm.cdf(float(ends.high), 10.0, sd) - norm.cdf(float(ends.low), 10.0, sd)
        # ndtri and cdf are good to 1e-13
        assert mass == pytest.approx(level, abs=1e-12)


def test_intervals_keep_to_the_bounds_of_the_outcome() -> None:
    ends = interval(PREDICTION, level=0.99, of_next_run=True, lowest=0.0, highest=12.0)
    assert (float(ends.low), float(ends.high)) == (0.0, 12.0)

    above = interval(PREDICTION, lowest=20.0)
    assert (float(above.low), float(above.high)) == (20.0, 20.0)


def test_a_level_that_is_no_probability_is_refused() -> None:
    with pytest.raises(InputError, match="between 0 and 1, not at 90"):
        interval(PREDICTION, level=90.0)


@pytest.mark.parametrize(
    ("objective", "best", "expected"),
    [
        (Maximise(outcome="y"), 12.0, norm.sf(12.0, 10, 3)),
        (Maximise(outcome="y", gain=2.0), 12.0, norm.sf(14.0, 10, 3)),
        (Maximise(outcome="y", goal=9.0), None, norm.sf(9.0, 10, 3)),
        (Minimise(outcome="y"), 8.0, norm.cdf(8.0, 10, 3)),
        (Minimise(outcome="y", gain=1.0), 8.0, norm.cdf(7.0, 10, 3)),
        (Minimise(outcome="y", goal=11.0), None, norm.cdf(11.0, 10, 3)),
        (
            HitTarget(outcome="y", target=11.0, tolerance=2.0),
            None,
            norm.cdf(13.0, 10, 3) - norm.cdf(9.0, 10, 3),
        ),
        (
            HitRange(outcome="y", low=4.0, high=9.0),
            None,
            norm.cdf(9.0, 10, 3) - norm.cdf(4.0, 10, 3),
        ),
    ],
)
def test_chances_are_masses_of_the_normal(objective, best, expected) -> None:
    found = probability_of_meeting(objective, one(10.0), one(3.0), best=best)

    assert float(found[0]) == pytest.approx(float(expected), rel=1e-12)


def test_small_chances_keep_their_digits() -> None:
    """Thirty deviations out; as a difference of two numbers near 1 it would be 0."""
    found = probability_of_meeting(
        HitRange(outcome="y", low=100.0, high=200.0), one(10.0), one(3.0)
    )

    assert math.log(float(found[0])) == pytest.approx(float(norm.logsf(30.0)), rel=1e-9)


def test_the_chance_of_improving_needs_a_best_so_far() -> None:
    with pytest.raises(InputError, match="'y' needs the best so far"):
        probability_of_meeting(Maximise(outcome="y"), one(10.0), one(3.0))
