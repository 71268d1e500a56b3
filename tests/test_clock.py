from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from planner.clock import ManualClock, SystemClock


def test_the_system_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


def test_the_system_clock_waits_at_least_as_long_as_told() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.wait_s(0.01)
    assert clock.now() - before >= timedelta(seconds=0.01)


def test_a_manual_clock_moves_only_by_waiting() -> None:
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert clock.now() == clock.now()
    clock.wait_s(90)
    assert clock.now() == datetime(2026, 3, 1, 10, 1, 30, tzinfo=UTC)
