"""A feed is slowed by seconds that pass, whatever the clock is set to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from planner.clock import ManualClock
from planner.readings.feeds import Pace

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_clock_that_is_set_neither_slows_a_feed_down_nor_lets_it_run(hours: int) -> None:
    """100,000 at 20,000 a second take five seconds, set or not."""
    clock = ManualClock(NOON)
    pace = Pace(clock, a_second=20_000)
    for n in range(100):
        if n == 50:
            clock.set(clock.now() + timedelta(hours=hours))
        pace.wait_for(1_000)
    assert clock.elapsed_s() == pytest.approx(5.0, abs=1e-6)


def test_a_step_back_of_an_hour_costs_no_second_a_message() -> None:
    """5,000 readings are a quarter of a second's worth."""
    clock = ManualClock(NOON)
    pace = Pace(clock)
    clock.set(NOON - timedelta(hours=1))
    for _ in range(100):
        pace.wait_for(50)
    assert clock.elapsed_s() == pytest.approx(0.25, abs=1e-6)
