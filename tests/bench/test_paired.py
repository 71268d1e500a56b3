"""Intervals of paired differences: they hold as often as they say, also with few starts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp

from planner.bench.against.paired import difference, difference_among, difference_over, pairs

N = 2000
# with a chance of one in a thousand a right interval holds less or more often
LEAST, MOST = binom.ppf([0.0005, 0.9995], N, 0.95) / N


def held(intervals):
    return np.mean([each.low <= 0 <= each.high for each in intervals])


@pytest.mark.parametrize("n", [5, 10, 20])
def test_an_interval_on_one_course_holds_in_95_of_100(n):
    generator = np.random.default_rng(n)
    assert LEAST <= held(difference(generator.normal(size=n)) for _ in range(N)) <= MOST


def test_an_interval_over_courses_holds_although_they_differ_in_spread_and_in_starts():
    generator = np.random.default_rng(7)
    shapes = [(0.1, 10), (1.0, 5), (0.3, 20), (3.0, 5)]
    found = [
        difference_over([generator.normal(scale=sd, size=n) for sd, n in shapes]) for _ in range(N)
    ]
    # the degrees of freedom are approximate: a point more or less is as good as they get
    assert LEAST - 0.01 <= held(found) <= MOST + 0.01


@pytest.mark.parametrize(("n_courses", "n"), [(4, 2), (10, 2), (22, 4)])
def test_over_many_courses_an_interval_holds_with_few_starts_on_each(n_courses, n):
    """It holds rather too often: of two starts the degrees of freedom are taken as too few."""
    generator = np.random.default_rng(13)
    spreads = np.exp(generator.normal(size=n_courses))
    found = [
        difference_over([generator.normal(scale=sd, size=n) for sd in spreads]) for _ in range(N)
    ]
    assert held(found) >= LEAST - 0.01


def test_two_starts_on_each_are_few_where_one_course_has_nearly_all_the_spread():
    generator = np.random.default_rng(17)
    spreads = [0.05] * 9 + [1.0]
    found = [
        difference_over([generator.normal(scale=sd, size=2) for sd in spreads]) for _ in range(N)
    ]
    least, most = binom.ppf([0.0005, 0.9995], N, 0.9) / N
    assert least - 0.01 <= held(found) <= most + 0.01


def test_it_is_that_of_the_t_test():
    values = np.random.default_rng(3).normal(0.2, 0.5, size=8)
    expected = ttest_1samp(values, 0).confidence_interval()
    found = difference(values)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    alone = difference_over([values])
    assert (alone.low, alone.high) == pytest.approx((expected.low, expected.high))


def test_with_few_starts_nothing_is_sure():
    found = difference(np.array([0.1, 0.1, 0.1, 0.1]))
    assert (found.value, found.low, found.high) == (pytest.approx(0.1), -math.inf, math.inf)
    # two starts on each of three courses leave three degrees of freedom, on four courses four
    three = difference_over([np.array([0.1, 0.2])] * 3)
    assert (three.value, three.high) == (pytest.approx(0.15), math.inf)
    assert math.isfinite(difference_over([np.array([0.1, 0.2])] * 4).high)
    one = difference_over([np.array([0.1]), np.array([0.1, 0.3])])
    assert (one.value, one.low, one.high) == (pytest.approx(0.15), -math.inf, math.inf)


def test_pairs_are_those_of_shared_starts():
    assert pairs({0: 1.0, 2: 5.0, 3: 2.0}, {3: 0.5, 1: 9.0, 2: 1.0}).tolist() == [4.0, 1.5]


def test_where_courses_are_the_sample_starts_that_are_alike_do_not_make_it_surer():
    """Nearly the same race twenty times on each of eight courses: courses differ, races do not."""
    generator = np.random.default_rng(11)
    among, over = [], []
    for _ in range(N):
        courses = [
            np.full(20, generator.normal()) + generator.normal(scale=0.01, size=20)
            for _ in range(8)
        ]
        among.append(difference_among(courses))
        over.append(difference_over(courses))
    assert LEAST <= held(among) <= MOST
    assert held(over) < 0.1
    assert among[0].value == pytest.approx(over[0].value)
