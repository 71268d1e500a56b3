from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from curve_samples import gaussian, grid, make_reduction, reduce
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from planner.campaign.reductions import Axes, Points, ReductionFailure, read_target, reduce_curve
from planner.errors import InputError, TableError, UnitError

TABLE = {"path": "target.csv", "columns": {"x": "x", "y": "y"}}
DISTANCE = {"name": "distance", "target": TABLE}
DIVERGENCE = {"name": "divergence", "target": TABLE}
WASSERSTEIN = {"name": "wasserstein", "target": TABLE}

weights = st.lists(st.integers(0, 50), min_size=2, max_size=15).filter(any)


def points(x: object, y: object) -> Points:
    return Points(np.asarray(x, dtype=float), np.asarray(y, dtype=float))


def test_the_distance_of_lines_is_the_integral_of_their_squared_gap() -> None:
    """A gap of 2 everywhere; a gap of x on [0, 1], of which the mean square is 1/3."""
    level = points([0, 1], [0, 0])
    assert reduce(DISTANCE, [0, 0.3, 1], [2, 2, 2], target=level) == pytest.approx(2, rel=1e-15)
    found = reduce(DISTANCE, [0, 1], [0, 1], target=level)
    assert found == pytest.approx(math.sqrt(1 / 3), rel=1e-15)


def test_the_distance_does_not_depend_on_where_a_line_has_points() -> None:
    target = points([0, 4], [0, 8])
    finer = points([0, 0.5, 1.7, 4], [0, 1, 3.4, 8])
    curve = ([0, 2, 4], [1, 0, 5])
    found = [reduce(DISTANCE, *curve, target=each) for each in (target, finer)]
    assert found[0] == pytest.approx(found[1], rel=1e-14)


def test_only_the_part_that_both_cover_counts() -> None:
    """On 0 to 2 they are the same; what each says beyond does not matter."""
    target = points([0, 2, 3], [1, 1, 99])
    assert reduce(DISTANCE, [-1, 0, 2], [50, 1, 1], target=target) == pytest.approx(0, abs=1e-12)


def test_shapes_are_compared_at_the_same_height() -> None:
    x = grid(-5, 5, 0.1)
    target = points(x, gaussian(x))
    normalised = {**DISTANCE, "normalised": True}
    assert reduce(normalised, x, 17 * gaussian(x), target=target) == pytest.approx(0, abs=1e-15)
    assert reduce(DISTANCE, x, 17 * gaussian(x), target=target) > 1


def test_curves_that_do_not_meet_have_no_distance() -> None:
    target = points([0, 1], [1, 1])
    for x in ([2.0, 3.0], [1.0, 2.0], [0.6, 2.0]):
        found = reduce_curve(make_reduction(DISTANCE), x, [1.0, 1.0], axes=Axes(), target=target)
        assert isinstance(found, ReductionFailure)
        assert "of the target" in found.reason
    lenient = {**DISTANCE, "overlap": 0.3}
    assert reduce(lenient, [0.6, 2.0], [1.0, 1.0], target=target) == 0


@given(weights)
def test_on_the_same_bins_the_divergence_is_that_of_the_weights(given_: list[int]) -> None:
    """SciPy gives the root of it, good to 1e-8 where that is near zero."""
    x = np.arange(len(given_), dtype=float)
    other = np.ones(len(given_))
    found = reduce(DIVERGENCE, x, np.array(given_, dtype=float), target=points(x, other))
    assert found == pytest.approx(jensenshannon(given_, other, base=2) ** 2, abs=1e-12)
    assert 0 <= found <= 1


def test_two_even_distributions_that_share_a_half_diverge_by_half() -> None:
    """Computed by hand.

    [0, 2] and [1, 3], on bins of different widths: half the weight of each is its own, where
    log2(p / m) = 1, and half is common, where it is 0.
    """
    one = points([0.25, 0.75, 1.25, 1.75], [1, 1, 1, 1])
    found = reduce(DIVERGENCE, [1.5, 2.5], [3, 3], target=one)
    assert found == pytest.approx(0.5, abs=1e-14)


def test_distributions_with_nothing_in_common_diverge_by_one() -> None:
    assert reduce(DIVERGENCE, [0, 1], [1, 2], target=points([10, 11], [1, 1])) == pytest.approx(1)


@given(weights, weights)
def test_the_divergence_is_symmetric_and_finer_bins_do_not_change_it(
    one: list[int], other: list[int]
) -> None:
    x, z = np.arange(len(one), dtype=float), 0.7 * np.arange(len(other))
    found = reduce(DIVERGENCE, x, one, target=points(z, other))
    assert reduce(DIVERGENCE, z, other, target=points(x, one)) == pytest.approx(found, abs=1e-12)
    halves = np.stack([x - 0.25, x + 0.25], axis=1).ravel()
    finer = reduce(DIVERGENCE, halves, np.repeat(one, 2), target=points(z, other))
    assert finer == pytest.approx(found, abs=1e-12)


@given(weights, weights, st.floats(-20, 20))
def test_wasserstein_is_that_of_scipy(one: list[int], other: list[int], shift: float) -> None:
    """Values below 50 and sums of 30 terms: 1e-12."""
    x, z = np.arange(len(one), dtype=float), shift + 0.7 * np.arange(len(other))
    found = reduce(WASSERSTEIN, x, one, target=points(z, other))
    assert found == pytest.approx(wasserstein_distance(x, z, one, other), abs=1e-12)


@given(weights, st.floats(-20, 20))
def test_moving_everything_costs_the_way(given_: list[int], way: float) -> None:
    assume(abs(way) > 1e-6)
    x = np.arange(len(given_), dtype=float)
    found = reduce(WASSERSTEIN, x + way, given_, target=points(x, given_))
    assert found == pytest.approx(abs(way), rel=1e-9)


def test_a_target_is_read_from_its_table_in_the_units_of_the_curve(tmp_path: Path) -> None:
    (tmp_path / "target.csv").write_text("wavelength,absorbance\n0.5,10\n0.4,20\n0.6,0\n")
    table = {
        "path": "target.csv",
        "columns": {"x": {"column": "wavelength", "unit": "um"}, "y": "absorbance"},
    }
    axes = Axes(x_unit="nm")
    found = read_target(make_reduction({**DISTANCE, "target": table}), axes=axes, folder=tmp_path)
    assert found is not None
    assert found.x.tolist() == [400, 500, 600]
    assert found.y.tolist() == [20, 10, 0]
    assert read_target(make_reduction("mean"), axes=axes, folder=tmp_path) is None


@pytest.mark.parametrize(
    ("text", "by", "said"),
    [
        ("x,y\n1,2\n1,3\n", DISTANCE, "several values at x = 1"),
        ("x,y\n1,2\n", DISTANCE, "at least 2"),
        ("x,y\n1,-2\n2,2\n", WASSERSTEIN, "negative"),
        ("x,y\n1,0\n2,0\n", DIVERGENCE, "all weights are zero"),
        ("x,y\n1,oops\n", DISTANCE, "Line 2 .* 'oops'"),
        ("x,y\n1,nan\n2,1\n", DISTANCE, "not finite|no number"),
        ("x,y\n1,0\n2,0\n", {**DISTANCE, "normalised": True}, "nowhere above zero"),
        ("x,z\n1,0\n", DISTANCE, "no column 'y'"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_with_its_table(
    text: str, by: dict[str, object], said: str, tmp_path: Path
) -> None:
    (tmp_path / "target.csv").write_text(text)
    with pytest.raises(TableError, match=said) as caught:
        read_target(make_reduction(by), axes=Axes(), folder=tmp_path)
    assert "target.csv" in str(caught.value)


def test_a_target_in_another_dimension_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target.csv").write_text("x,y\n1,2\n2,3\n")
    table = {"path": "target.csv", "columns": {"x": {"column": "x", "unit": "min"}, "y": "y"}}
    with pytest.raises(UnitError, match="'min'"):
        read_target(
            make_reduction({**DISTANCE, "target": table}),
            axes=Axes(x_unit="nm"),
            folder=tmp_path,
        )


def test_a_comparison_without_its_target_is_refused() -> None:
    with pytest.raises(InputError, match="read_target"):
        reduce_curve(make_reduction(DISTANCE), [1, 2], [1, 2], axes=Axes())
