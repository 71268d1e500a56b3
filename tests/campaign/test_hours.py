from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from planner.campaign.hours import (
    NEVER_CLOSES,
    Holidays,
    Hours,
    HoursText,
    TimeZone,
    Window,
    check_time_zone,
)
from planner.errors import InputError
from tests.oracles.opening_hours import WeeklyWindow, open_minutes, utc

BERLIN = "Europe/Berlin"
NIGHTS = "Mon-Fri 18:00-06:00"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_starts() -> None:
    """In November Berlin is an hour ahead: 18:00 is 17:00 UTC. 2026-11-20 is a Friday."""
    hours = Hours.parse(NIGHTS, time_zone=BERLIN)
    friday_night = Window(start=utc(2026, 11, 20, 17), end=utc(2026, 11, 21, 5))
    assert hours.window(utc(2026, 11, 20, 17)) == friday_night
    assert hours.window(utc(2026, 11, 21, 4, 59)) == friday_night
    assert hours.time_left(utc(2026, 11, 21, 4, 59)) == timedelta(minutes=1)
    closed = utc(2026, 11, 21, 5)
    assert hours.window(closed) is None
    assert not hours.is_open(closed)
    assert hours.closing(closed) == closed
    assert hours.time_left(closed) == timedelta(0)
    assert hours.next_opening(closed) == utc(2026, 11, 23, 17)  # Monday; no window on Sunday
    assert not hours.is_open(utc(2026, 11, 23, 4))  # of Sunday's night there is none


def test_on_a_holiday_no_window_starts_but_one_of_the_eve_may_end() -> None:
    hours = Hours.parse(NIGHTS, time_zone="UTC", holidays=[date(2026, 12, 25)])
    assert hours.is_open(utc(2026, 12, 25, 5, 59))  # the night of Thursday
    assert hours.next_opening(utc(2026, 12, 25, 6)) == utc(2026, 12, 28, 18)


def test_windows_that_meet_are_one() -> None:
    hours = Hours.parse("Sat 00:00-24:00, Sun 00:00-12:00, Sun 11:00-13:00")
    assert hours.window(utc(2026, 11, 21, 9)) == Window(
        start=utc(2026, 11, 21), end=utc(2026, 11, 22, 13)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Mon-Fri 18:00-06:00, Sat 08:00-12:00",
            {(d, 1080, 1800) for d in range(5)} | {(5, 480, 720)},
        ),
        ("tuesday 8:00 - 9:30", {(1, 480, 570)}),
        ("Fri-Mon 08:00-09:00", {(d, 480, 540) for d in (4, 5, 6, 0)}),
        (
            "Mon, Wed, Thurs. 08:00-12:00, 13:00-17:00",
            {(d, *t) for d in (0, 2, 3) for t in ((480, 720), (780, 1020))},
        ),
        ("08:00-12:00", {(d, 480, 720) for d in range(7)}),
        ("Daily 22:00-00:00", {(d, 1320, 1440) for d in range(7)}),
        ("Sat\N{EN DASH}Sun 00:00\N{EN DASH}24:00", {(5, 0, 1440), (6, 0, 1440)}),
        ("  ALWAYS ", {(d, 0, 1440) for d in range(7)}),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, expected: set[WeeklyWindow]) -> None:
    shifts = Hours.parse(text).shifts
    assert {(each.day, each.start_min, each.end_min) for each in shifts} == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing"),
        ("Mon 8:00-9:00,", "nothing"),
        ("Mon-Fri", "days that have no times"),
        ("Mo-Fr 08:00-12:00", r"'Mo' is no day.*'Mon'"),
        ("Montag 08:00-12:00", r"'Montag' is no day.*'Mon'"),
        ("Mon-Wed-Fri 08:00-12:00", "'Wed-Fri' is no day"),
        ("Mon 8-12", "'8-12' is no time"),
        ("Mon 08:00-12:00 14:00-16:00", "is no time"),
        ("Mon 08:00-25:00", "beyond 00:00 to 24:00"),
        ("Mon 24:00-25:00", "beyond 00:00 to 24:00"),
        ("Mon 08:60-10:00", "beyond 00:00 to 24:00"),
        ("Mon 08:00-08:00", r"same time.*00:00-24:00"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        Hours.parse(text)
    assert "rite" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
    ],
)
def test_an_unknown_time_zone_is_refused_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"no time zone '{name}'. Did you mean '{meant}'"):
        check_time_zone(name)


def test_what_is_always_open_never_closes() -> None:
    for text in ("always", "00:00-24:00", "Mon-Sun 06:00-18:00, 18:00-06:00"):
        hours = Hours.parse(text, time_zone=BERLIN)
        now = utc(2026, 3, 28, 23)
        assert hours.window(now) == Window(start=None, end=None)
        assert hours.closing(now) is None
        assert hours.time_left(now) == NEVER_CLOSES
        assert hours.is_open(now)


def test_what_is_always_open_closes_on_holidays() -> None:
    days = [date(2026, 1, 1), date(2026, 12, 25), date(2026, 12, 26)]
    hours = Hours.parse("always", holidays=days)
    assert hours.window(utc(2026, 6, 1)) == Window(start=utc(2026, 1, 2), end=utc(2026, 12, 25))
    assert hours.window(utc(2026, 12, 25, 12)) is None
    assert hours.window(utc(2025, 6, 1)) == Window(start=None, end=utc(2026, 1, 1))
    assert hours.window(utc(2027, 6, 1)) == Window(start=utc(2026, 12, 27), end=None)


def test_the_night_on_which_the_clock_is_put_forward_is_an_hour_shorter() -> None:
    """2026-03-29: 02:00 CET is 03:00 CEST. 18:00 CET is 17:00 UTC, 06:00 CEST is 04:00 UTC."""
    hours = Hours.parse("18:00-06:00", time_zone=BERLIN)
    window = hours.window(utc(2026, 3, 28, 23))
    assert window == Window(start=utc(2026, 3, 28, 17), end=utc(2026, 3, 29, 4))


def test_the_night_on_which_the_clock_is_put_back_is_an_hour_longer() -> None:
    """2026-10-25: 03:00 CEST is 02:00 CET. 18:00 CEST is 16:00 UTC, 06:00 CET is 05:00 UTC."""
    hours = Hours.parse("18:00-06:00", time_zone=BERLIN)
    window = hours.window(utc(2026, 10, 24, 23))
    assert window == Window(start=utc(2026, 10, 24, 16), end=utc(2026, 10, 25, 5))


def test_a_time_that_the_clock_skips_is_the_moment_of_the_skip() -> None:
    """That is 01:00 UTC; a window that lies within the hour is not there that night."""
    ends = Hours.parse("01:00-02:30", time_zone=BERLIN)
    assert ends.window(utc(2026, 3, 29, 0, 30)) == Window(
        start=utc(2026, 3, 29, 0), end=utc(2026, 3, 29, 1)
    )
    begins = Hours.parse("02:30-04:00", time_zone=BERLIN)
    assert begins.next_opening(utc(2026, 3, 28, 12)) == utc(2026, 3, 29, 1)
    within = Hours.parse("02:10-02:50", time_zone=BERLIN)
    assert within.next_opening(utc(2026, 3, 28, 12)) == utc(2026, 3, 30, 0, 10)


def test_of_a_time_that_the_clock_shows_twice_the_first_counts() -> None:
    """02:30 CEST is 00:30 UTC; at 01:30 UTC the clock shows 02:30 again."""
    begins = Hours.parse("02:30-04:00", time_zone=BERLIN)
    assert begins.window(utc(2026, 10, 25, 1)) == Window(
        start=utc(2026, 10, 25, 0, 30), end=utc(2026, 10, 25, 3)
    )
    ends = Hours.parse("01:00-02:30", time_zone=BERLIN)
    assert ends.closing(utc(2026, 10, 25, 0)) == utc(2026, 10, 25, 0, 30)
    assert not ends.is_open(utc(2026, 10, 25, 1))


def test_a_pause_that_falls_into_the_skipped_hour_is_there_again_a_week_later() -> None:
    """Closed on Sundays from 02:10 to 02:50: open from 22 March on for two weeks less 40 min."""
    hours = Hours.parse("Mon-Sat 00:00-24:00, Sun 00:00-02:10, 02:50-24:00", time_zone=BERLIN)
    expected = Window(start=utc(2026, 3, 22, 1, 50), end=utc(2026, 4, 5, 0, 10))
    assert hours.window(utc(2026, 3, 25)) == expected
    assert hours.window(utc(2026, 4, 4)) == expected
    assert hours.closing(utc(2026, 3, 23)) == expected.end


def test_a_moment_may_be_given_in_any_time_zone() -> None:
    """Also at 02:45 on the wall clock that shows it twice, where Python compares nothing equal."""
    hours = Hours.parse("02:30-04:00", time_zone=BERLIN)
    twice = datetime(2026, 10, 25, 2, 45, tzinfo=ZoneInfo(BERLIN))
    for fold, expected in ((0, 135), (1, 75)):
        at = twice.replace(fold=fold)
        assert hours.is_open(at)
        assert hours.next_opening(at) == at.astimezone(UTC)
        assert hours.time_left(at) == timedelta(minutes=expected)
    there = datetime(2026, 10, 25, 9, 45, tzinfo=timezone(timedelta(hours=9)))
    assert hours.window(there) == hours.window(there.astimezone(UTC))


def test_a_time_without_a_zone_is_refused() -> None:
    hours = Hours.parse(NIGHTS)
    naive = datetime(2026, 11, 21)
    for ask in (hours.is_open, hours.window, hours.next_opening, hours.closing, hours.time_left):
        with pytest.raises(InputError, match="no time zone"):
            ask(naive)


@st.composite
def weekly_windows(draw: st.DrawFn) -> tuple[str, set[WeeklyWindow]]:
    """Hours as text, and what they mean."""
    minutes = st.one_of(st.integers(0, 1439), st.integers(0, 8).map(lambda n: 30 * n))
    parts, meant = [], set()
    for _ in range(draw(st.integers(1, 4))):
        first, n_days = draw(st.integers(0, 6)), draw(st.integers(1, 7))
        start, end = draw(minutes), draw(st.one_of(minutes, st.just(1440)))
        if start == end:
            continue
        days = [(first + k) % 7 for k in range(n_days)]
        named = DAYS[first] if n_days == 1 else f"{DAYS[first]}-{DAYS[days[-1]]}"
        parts.append(f"{named} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}")
        meant |= {(day, start, end if end > start else end + 1440) for day in days}
    return (", ".join(parts), meant) if parts else ("always", {(d, 0, 1440) for d in range(7)})


# weeks in which clocks are changed there, and any week; Lord Howe's changes by half an hour
STARTS = {
    BERLIN: [utc(2026, 3, 26), utc(2026, 10, 22)],
    "America/New_York": [utc(2026, 3, 5), utc(2026, 10, 29)],
    "Australia/Lord_Howe": [utc(2026, 4, 2), utc(2026, 10, 1)],
    "Africa/Casablanca": [utc(2026, 2, 13), utc(2026, 3, 20)],
    "Asia/Kathmandu": [utc(2026, 5, 5)],
    "UTC": [utc(2026, 12, 29)],
}
N_MINUTES = 6 * 1440


@settings(max_examples=40)
@given(weekly_windows(), st.sampled_from(list(STARTS)), st.data())
def test_hours_are_those_of_a_walk_along_the_clock(
    hours_and_meant: tuple[str, set[WeeklyWindow]], zone: str, data: st.DataObject
) -> None:
    text, weekly = hours_and_meant
    start = data.draw(
        st.sampled_from(STARTS[zone])
        | st.integers(0, 360).map(lambda n: utc(2026, 1, 1) + timedelta(days=n))
    )
    days = [start.date() + timedelta(days=n) for n in range(-1, 7)]
    holidays = data.draw(st.lists(st.sampled_from(days), max_size=2, unique=True))
    hours = Hours.parse(text, time_zone=zone, holidays=holidays)
    walked = open_minutes(weekly, zone=zone, holidays=holidays, start=start, n_minutes=N_MINUTES)
    assert _minutes_of(hours, start) == walked
    for minute in data.draw(st.lists(st.integers(0, N_MINUTES // 2), max_size=5)):
        _check_answers(hours, start + timedelta(minutes=minute), walked[minute:])


def _minutes_of(hours: Hours, start: datetime) -> list[bool]:
    minutes = [False] * N_MINUTES
    for window in hours.ahead(start):
        assert window.start is not None
        first = (window.start - start) // timedelta(minutes=1)
        last = N_MINUTES if window.end is None else (window.end - start) // timedelta(minutes=1)
        minutes[first : min(last, N_MINUTES)] = [True] * max(min(last, N_MINUTES) - first, 0)
        if last >= N_MINUTES or first >= N_MINUTES:
            break
    return minutes[:N_MINUTES]


def _check_answers(hours: Hours, at: datetime, walked: list[bool]) -> None:
    """Compares each answer with the minutes from ``at`` on."""
    assert hours.is_open(at) is walked[0]
    window = hours.window(at)
    assert (window is not None) is walked[0]
    for wanted, ask in ((True, hours.next_opening), (False, hours.closing)):
        answer = ask(at)
        if wanted in walked:
            assert answer == at + timedelta(minutes=walked.index(wanted))
        else:
            assert answer is None or answer >= at + timedelta(minutes=len(walked))
    if window is not None:
        assert window.end == hours.closing(at)
        assert window.start is None or window.start <= at
        if window.start is not None:
            assert hours.is_open(window.start)
            assert not hours.is_open(window.start - timedelta(seconds=1))


class _Source(BaseModel):
    hours: HoursText = "always"
    time_zone: TimeZone = "UTC"
    holidays: Holidays = ()


def test_a_source_reads_its_hours_from_the_file() -> None:
    source = _Source.model_validate(
        {"hours": NIGHTS, "time_zone": BERLIN, "holidays": ["2026-12-25", date(2026, 12, 26)]}
    )
    assert source.holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert _Source.model_validate_json(source.model_dump_json()) == source


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"hours": "Mon"}, "no times"),
        ({"time_zone": "Mars"}, "no time zone 'Mars'"),
        ({"holidays": ["25.12.2026"]}, "date"),
        ({"holidays": [20261225]}, "no date: write it like 2026-12-25"),
        ({"holidays": ["2026-12-25", "2026-12-25"]}, "twice"),
    ],
)
def test_a_source_refuses_hours_that_cannot_be(part: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _Source.model_validate(part)
