"""Counts of intervals that held, their bands, and the alarm."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import comb
from scipy.stats import binom

from planner.models.coverage.alarm import (
    FALSE_ALARMS,
    Alarm,
    find_alarm,
    is_outweighed,
    log_evidence,
)
from planner.models.coverage.distribution import Distribution
from planner.models.coverage.measuring import (
    LEVELS,
    Judged,
    LevelHeld,
    band,
    count_held,
    measure,
    running_mean,
)


def judged(
    value: float,
    *,
    trial: int = 1,
    sd: float = 1.0,
    low: float = -math.inf,
    is_own: bool = False,
) -> Judged:
    """A forecast of mean 0 with its result."""
    stated = Distribution(means=np.zeros(1), sds=np.array([sd]), weights=np.ones(1), low=low)
    return Judged(trial=trial, stated=stated, value=value, is_own=is_own)


@pytest.mark.parametrize(("n", "level"), [(0, 0.9), (1, 0.95), (30, 0.9), (57, 0.5)])
def test_the_band_is_the_central_95_percent_of_the_binomial(n: int, level: float) -> None:
    k = np.arange(n + 1)
    below = np.cumsum(comb(n, k) * level**k * (1 - level) ** (n - k))
    assert band(n, level) == tuple(int(np.argmax(below >= tail)) for tail in (0.025, 0.975))


def test_intervals_are_counted_by_level() -> None:
    """0.5 lies within the central 50 % (0.674 deviations), 1.5 within 90 % (1.645), 3 in none."""
    coverage = measure([judged(0.5), judged(-1.5), judged(3.0)])
    assert coverage is not None
    assert [each.held for each in coverage.levels] == [1, 1, 2, 2]
    assert coverage.spread == pytest.approx(np.std([0.5, -1.5, 3.0], ddof=1))
    assert coverage.nlpd_of_spread == pytest.approx(coverage.nlpd - math.log(coverage.spread or 1))


def test_intervals_that_end_at_a_bound_are_not_counted() -> None:
    """With a bound one deviation below the mean those up to 68 % end before it."""
    forecasts = [judged(0.1, low=-1.0)] * 5
    assert [count_held(forecasts, level).n for level in LEVELS] == [5, 0, 0, 0]
    assert count_held(forecasts, 0.9).share is None


def test_verdicts_name_the_side() -> None:
    assert count_held([judged(3.0)] * 10, 0.9).verdict == "too narrow"
    assert count_held([judged(0.0)] * 20, 0.5).verdict == "too wide"
    assert count_held([judged(0.1), judged(1.0)] * 5, 0.5).verdict == ""


def test_running_means_are_of_the_last_few() -> None:
    assert running_mean([1.0, 2.0, 3.0, 6.0], over=2).tolist() == [1.0, 1.5, 2.5, 4.5]


@pytest.mark.parametrize(("held", "n"), [(0, 0), (3, 4), (10, 40)])
def test_under_right_intervals_the_evidence_stays_the_same_on_average(held: int, n: int) -> None:
    """One forecast later it is held with the level's probability: a martingale, exactly."""
    ones = np.ones(len(LEVELS))
    levels = np.array(LEVELS)
    now, hit, missed = (
        np.exp(log_evidence(k * ones, m * ones))
        for k, m in ((held, n), (held + 1, n + 1), (held, n + 1))
    )
    assert levels * hit + (1 - levels) * missed == pytest.approx(now, rel=1e-12)


def first_alarms(
    sd: float, *, campaigns: int, trials: int, sd_of_own: float | None = None
) -> list[Alarm]:
    """The alarms of campaigns whose results spread by another deviation than stated.

    Every third setting is a person's own, of which the deviation may be another.
    """
    values = np.random.default_rng().normal(scale=sd, size=(campaigns, trials))
    if sd_of_own is not None:
        values[:, ::3] *= sd_of_own / sd
    found = [
        find_alarm([judged(float(v), is_own=place % 3 == 0) for place, v in enumerate(row)])
        for row in values
    ]
    return [alarm for alarm in found if alarm is not None]


def test_right_intervals_seldom_set_off_the_alarm_and_wrong_ones_do() -> None:
    """Of right campaigns at most one in a hundred ever sees one.

    Allowed are as many of 200 as come more often than once in 100,000 times. Where deviations are
    wrong by a factor of two either way, the controls, 96 % or more of 1,000 saw one within 60
    trials; asked for are as many of 50 as half of them would hardly ever miss.
    """
    most = int(binom.ppf(1 - 1e-5, 200, FALSE_ALARMS))
    assert len(first_alarms(1.0, campaigns=200, trials=60)) <= most
    for sd in (2.0, 0.5):
        assert len(first_alarms(sd, campaigns=50, trials=60)) >= binom.ppf(1e-5, 50, 0.5)


def test_an_alarm_finds_whose_intervals_do_not_hold() -> None:
    """Too narrow of people's own settings and too wide of the others: together they seem right.

    Of 1,000 campaigns 89 % saw it within 60 trials, and 24 % of 300 with all forecasts as one.
    """
    found = first_alarms(0.8, sd_of_own=2.5, campaigns=50, trials=60)
    of_own = [alarm for alarm in found if alarm.chooser == "own"]
    assert len(of_own) >= binom.ppf(1e-5, 50, 0.5)
    assert all(alarm.held < alarm.level * alarm.n for alarm in of_own)


def test_an_alarm_names_the_level_that_is_farthest_off() -> None:
    forecasts = [judged(4.0, trial=number) for number in range(1, 20)]
    alarm = find_alarm(forecasts)
    assert alarm is not None
    # 0.05 of the 95 % level each time, of all and of chosen ones, two of twelve alike:
    # (1 / 0.05)^n / (n + 1) / 6 reaches 100 at n = 3
    assert (alarm.trial, alarm.level, alarm.held, alarm.n) == (3, 0.95, 0, 3)
    assert alarm.chooser is None


@pytest.mark.parametrize(("level", "held", "n"), [(0.95, 15, 22), (0.5, 20, 22), (0.9, 0, 4)])
def test_later_counts_outweigh_an_alarm_where_right_intervals_explain_them_ten_times_better(
    level: float, held: int, n: int
) -> None:
    """By the binomial distribution, over every count of up to thirty later ones."""
    alarm = Alarm(trial=1, level=level, held=held, n=n)
    share = (held + 1) / (n + 2)
    told = set()
    for n_later in range(31):
        low, high = band(n_later, level)
        for h in range(n_later + 1):
            later = LevelHeld(level=level, held=h, n=n_later, low=low, high=high)
            ratio = binom.pmf(h, n_later, level) / binom.pmf(h, n_later, share)
            assert is_outweighed(alarm, later) == (ratio >= 10)
            told.add(ratio >= 10)
    assert told == {False, True}
