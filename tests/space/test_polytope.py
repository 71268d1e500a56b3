"""Polytopes: their centres by hand, their filling by a statistic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from planner.space.admissible.polytope import make_polytope

NONE = np.empty((0, 2))


def test_the_centre_of_a_triangle_is_that_of_its_inscribed_circle() -> None:
    """By hand: its radius and both coordinates are (1 + 1 - sqrt 2) / 2; the solver's 1e-7."""
    root = np.sqrt(0.5)
    triangle = make_polytope(np.array([[-root, -root]]), np.array([-root]), NONE, np.empty(0))
    assert triangle is not None
    assert triangle.centre.tolist() == pytest.approx([1 - root] * 2, abs=1e-6)
    assert triangle.directions.shape == (2, 2)


def test_limits_that_contradict_each_other_leave_nothing() -> None:
    a, b = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([0.8, -0.2])
    assert make_polytope(a, b, NONE, np.empty(0)) is None


def test_limits_without_any_width_are_equations() -> None:
    """X >= 0.5 and x <= 0.5 leave the line of y."""
    a, b = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([0.5, -0.5])
    line = make_polytope(a, b, NONE, np.empty(0))
    assert line is not None
    assert line.directions.shape == (2, 1)
    drawn = line.draw(200, generator=np.random.default_rng(1))
    assert np.abs(drawn[:, 0] - 0.5).max() < 1e-6
    assert drawn[:, 1].min() < 0.05
    assert drawn[:, 1].max() > 0.95


def test_a_corner_is_a_single_point() -> None:
    corner = make_polytope(np.array([[1.0, 1.0]]) * 0.5, np.array([1.0]), NONE, np.empty(0))
    assert corner is not None
    assert np.abs(corner.draw(3, generator=np.random.default_rng(1)) - 1).max() < 1e-6


def test_walks_fill_a_triangle_evenly() -> None:
    """A coordinate is Beta(1, 2) there.

    Kolmogorov and Smirnov at 2,000 draws and 5e-6 for each of two; walks that end a fifth short of
    the corners are far beyond.
    """
    root = np.sqrt(0.5)
    triangle = make_polytope(np.array([[-root, -root]]), np.array([-root]), NONE, np.empty(0))
    assert triangle is not None
    drawn = triangle.draw(2000, generator=np.random.default_rng())
    assert (drawn.sum(axis=1) <= 1 + 1e-9).all()
    for column in drawn.T:
        assert stats.kstest(column, stats.beta(1, 2).cdf).pvalue > 5e-6
        assert stats.kstest(0.8 * column, stats.beta(1, 2).cdf).pvalue < 5e-6
