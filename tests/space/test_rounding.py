"""Whole solutions of equations, and points rounded to them."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from planner.space.admissible.rounding import Limits, round_within, solve_whole

small = st.integers(-6, 6)


@st.composite
def equations(draw: st.DrawFn) -> tuple[list[list[int]], list[int]]:
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    e = [[draw(small) for _ in range(n)] for _ in range(m)]
    return e, [draw(st.integers(-12, 12)) for _ in range(m)]


@given(equations())
def test_solutions_are_all_those_that_brute_force_finds(
    case: tuple[list[list[int]], list[int]],
) -> None:
    """Within a box; each must be the start and a whole combination of the basis."""
    e, t = case
    n = len(e[0])
    matrix = np.array(e)
    found = solve_whole(e, t, scales=np.ones(n))
    box = [np.array(k) for k in itertools.product(range(-5, 6), repeat=n)]
    expected = [k for k in box if (matrix @ k == t).all()]
    if found is None:
        assert not expected
        return
    start, basis = found.start.astype(np.int64), found.basis.astype(np.int64)
    assert (matrix @ start == t).all()
    assert (matrix @ basis == 0).all()
    assert np.linalg.matrix_rank(basis) == basis.shape[1] == n - np.linalg.matrix_rank(matrix)
    for k in expected:
        z, *_ = np.linalg.lstsq(basis.astype(float), (k - start).astype(float), rcond=None)
        assert (basis @ np.rint(z).astype(np.int64) + start == k).all()


def test_an_equation_of_even_coefficients_has_no_odd_sum() -> None:
    assert solve_whole([[2, 4, 6]], [7], scales=np.ones(3)) is None


def test_a_basis_is_short() -> None:
    """Exchanges of one step are the shortest vectors that keep a sum; by hand."""
    found = solve_whole([[1] * 6], [100], scales=np.ones(6))
    assert found is not None
    assert np.square(found.basis.astype(float)).sum(axis=0).max() <= 2


def test_points_are_rounded_to_the_sum_and_within_the_limits() -> None:
    """Seven amounts of at least 20 thousandths: k >= 0 and a sum of 860, at a hundred points."""
    found = solve_whole([[1] * 7], [860], scales=np.ones(7) / 860)
    assert found is not None
    limits = Limits(np.full(7, 860.0), np.empty((0, 7)), np.empty(0), np.empty(0))
    shares = np.random.default_rng(2).dirichlet(np.full(7, 0.3), size=100)
    k = round_within(860 * shares, found, limits)
    assert (k.sum(axis=1) == 860).all()
    assert (k >= 0).all()
    # Rounding in a lattice of exchanges moves an amount by less than its seven neighbours
    assert np.abs(k - 860 * shares).max() <= 7
