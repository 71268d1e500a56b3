from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.campaign.hours import Hours
from planner.campaign.slots import n_fit, waiting_until
from planner.errors import InputError
from tests.oracles.opening_hours import utc

HOUR = timedelta(hours=1)
NIGHTS = Hours.parse("Mon-Fri 18:00-06:00")  # in UTC; 2026-11-20 is a Friday
EVENING = utc(2026, 11, 20, 19)
SATURDAY = utc(2026, 11, 21, 9)
MONDAY_NIGHT = utc(2026, 11, 23, 18)


@pytest.mark.parametrize(
    ("now", "hours_each", "places", "busy", "expected"),
    [
        (EVENING, 3, 1, [], 3),  # 11 hours are left
        (EVENING, 11, 1, [], 1),
        (EVENING, 12, 1, [], 0),
        (EVENING, 3, 4, [], 12),
        (EVENING, 3, 2, [EVENING + 2 * HOUR], 6),  # 9 hours of one place, 11 of the other
        (EVENING, 3, 2, [EVENING + 3 * HOUR], 5),
        (EVENING, 3, 1, [EVENING - HOUR], 3),  # overdue: it ends now
        (EVENING, 3, 1, [EVENING + HOUR, EVENING + 6 * HOUR], 1),  # the last one holds the place
        (EVENING, 3, 1, [EVENING + 20 * HOUR], 0),
        (SATURDAY, 3, 1, [], 4),  # closed: all of Monday's night
        (SATURDAY, 3, 1, [MONDAY_NIGHT + HOUR], 3),
        (SATURDAY, 3, 1, [MONDAY_NIGHT - HOUR], 4),
    ],
)
def test_trials_fit_one_after_another_into_each_place(
    now: datetime, hours_each: int, places: int, busy: list[datetime], expected: int
) -> None:
    found = n_fit(now, hours=NIGHTS, duration=hours_each * HOUR, capacity=places, busy=busy)
    assert found == expected


def test_devices_have_the_same_number_of_places() -> None:
    assert n_fit(EVENING, hours=NIGHTS, duration=3 * HOUR, capacity=2, n_devices=3) == 18


def test_a_source_that_never_closes_has_no_such_number() -> None:
    assert n_fit(EVENING, hours=Hours(), duration=HOUR) is None
    assert waiting_until(EVENING, hours=Hours(), duration=1000 * HOUR) == EVENING


@pytest.mark.parametrize(
    ("now", "hours_each", "busy", "expected"),
    [
        (EVENING, 11, [], EVENING),
        (EVENING, 12, [], MONDAY_NIGHT),
        (EVENING, 13, [], None),
        (SATURDAY, 1, [], MONDAY_NIGHT),
        (EVENING, 3, [EVENING + 2 * HOUR], EVENING + 2 * HOUR),
        (EVENING, 10, [EVENING + 2 * HOUR], MONDAY_NIGHT),
    ],
)
def test_a_trial_waits_for_a_window_that_is_long_enough(
    now: datetime, hours_each: int, busy: list[datetime], expected: datetime | None
) -> None:
    assert waiting_until(now, hours=NIGHTS, duration=hours_each * HOUR, busy=busy) == expected


def test_a_trial_waits_until_the_holidays_are_over() -> None:
    """Closed for three weeks; 2027-01-11 is a Monday."""
    closed = [utc(2026, 12, 21).date() + timedelta(days=n) for n in range(21)]
    hours = Hours.parse("Mon 08:00-12:00, Tue 08:00-16:00", holidays=closed)
    for hours_each, day in ((4, 11), (8, 12)):
        found = waiting_until(utc(2026, 12, 20), hours=hours, duration=hours_each * HOUR)
        assert found == utc(2027, 1, day, 8)
    assert waiting_until(utc(2026, 12, 20), hours=hours, duration=9 * HOUR) is None


@given(
    st.integers(0, 10_000).map(lambda minutes: utc(2026, 3, 20) + timedelta(minutes=minutes)),
    st.integers(1, 14),
    st.integers(1, 3),
    st.lists(st.integers(-60, 3000), max_size=4),
    st.sampled_from(["Europe/Berlin", "UTC"]),
)
def test_as_many_trials_as_fit_can_be_begun_one_by_one(
    now: datetime, hours_each: int, places: int, ends_min: list[int], zone: str
) -> None:
    """The other way to count: begin a trial whenever one can, until the window closes."""
    hours = Hours.parse("Mon-Fri 18:00-06:00, Sat 08:00-12:00", time_zone=zone)
    duration = hours_each * HOUR
    busy = [now + timedelta(minutes=each) for each in ends_min]
    found = n_fit(now, hours=hours, duration=duration, capacity=places, busy=busy)
    closing = next(hours.ahead(now)).end
    assert closing is not None
    under_way, count = list(busy), 0
    while True:
        begin = waiting_until(now, hours=hours, duration=duration, capacity=places, busy=under_way)
        if begin is None or begin >= closing:
            break
        assert hours.is_open(begin)
        assert hours.closing(begin) == closing
        assert begin + duration <= closing
        # a place that is free at that time takes it: the one that has been free for longest
        under_way = sorted(max(each, now) for each in under_way)
        under_way = [*under_way[max(len(under_way) - places + 1, 0) :], begin + duration]
        count += 1
    assert count == found


def test_durations_and_places_are_above_zero() -> None:
    for duration, capacity, n_devices in ((0 * HOUR, 1, 1), (HOUR, 0, 1), (HOUR, 1, 0)):
        with pytest.raises(InputError, match="above zero"):
            n_fit(EVENING, hours=NIGHTS, duration=duration, capacity=capacity, n_devices=n_devices)
    with pytest.raises(InputError, match="no time zone"):
        waiting_until(datetime(2026, 1, 1), hours=NIGHTS, duration=HOUR)
