from __future__ import annotations

import math

import numpy as np
import pytest
from curve_samples import make_reduction
from hypothesis import given
from hypothesis import strategies as st

from planner.campaign.reductions import (
    Axes,
    Points,
    ReductionFailure,
    names_for,
    reduce_curve,
)

WHOLE: dict[str, dict[str, object]] = {
    "quantile": {"level": 0.5},
    "value_at": {"x": 1.0},
    "ratio": {"numerator": {"name": "maximum"}, "denominator": {"name": "average"}},
    "own": {"function": "largest"},
    **{
        name: {"target": {"path": "t.csv", "columns": {"x": 1, "y": 2}}}
        for name in ("distance", "divergence", "wasserstein")
    },
}
CURVES = tuple({"name": name, **WHOLE.get(name, {})} for name in names_for("curve"))
DISTRIBUTIONS = tuple({"name": name, **WHOLE.get(name, {})} for name in names_for("distribution"))


def largest(x: object, y: object) -> float:
    return float(np.max(np.asarray(y)))


def attempt(by: dict[str, object], x: object, y: object) -> float | ReductionFailure:
    target = Points(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 1.0]))
    return reduce_curve(
        make_reduction(by),
        x,
        y,
        axes=Axes(),
        target=target,
        own={"largest": largest},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        ([], [], "no points"),
        ([1, 2], [1], "2 values of x and 1 of y"),
        ([1, 2, 3], [1, math.nan, 2], "1 of its 3 points are not finite"),
        ([1, math.inf, 3], [1, 2, 2], "1 of its 3 points are not finite"),
        ([1, 2, 3], [1, None, 2], "not finite"),
        ([1, 2, 3], ["a", 1, 2], "no number"),
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]], "values of x"),
    ],
)
@pytest.mark.parametrize("by", [*CURVES, *DISTRIBUTIONS], ids=lambda by: str(by["name"]))
def test_points_that_are_none_give_a_failure_and_its_reason(
    by: dict[str, object], x: object, y: object, said: str
) -> None:
    found = attempt(by, x, y)
    assert isinstance(found, ReductionFailure)
    assert said in found.reason
    assert str(by["name"]) in found.reason


@pytest.mark.parametrize("by", CURVES[:-1], ids=lambda by: str(by["name"]))
def test_a_curve_with_two_values_at_one_place_is_none(by: dict[str, object]) -> None:
    found = attempt(by, [0, 1, 1, 2], [1, 2, 3, 1])
    assert isinstance(found, ReductionFailure)
    assert "several values at x = 1" in found.reason


@pytest.mark.parametrize("by", DISTRIBUTIONS[:-1], ids=lambda by: str(by["name"]))
@pytest.mark.parametrize(
    ("y", "said"), [([1, -0.5, 2], "negative (-0.5)"), ([0, 0, 0], "all weights are zero")]
)
def test_weights_that_are_none_give_a_failure(
    by: dict[str, object], y: list[float], said: str
) -> None:
    found = attempt(by, [1, 2, 3], y)
    assert isinstance(found, ReductionFailure)
    assert said in found.reason


@pytest.mark.parametrize(
    ("by", "x", "y", "said"),
    [
        ({"name": "peak_position"}, [1, 2], [1, 2], "at least 3"),
        ({"name": "area"}, [1], [1], "at least 2"),
        ({"name": "peak_position"}, [1, 2, 3], [1, 2, 3], "highest at an end, x = 3"),
        ({"name": "fwhm"}, [1, 2, 3], [3, 2, 1], "highest at an end, x = 1"),
        ({"name": "peak_height"}, [1, 2, 3], [2, 2, 2], "flat, at y = 2"),
        ({"name": "peak_position", "from": 5, "to": 6}, [1, 2, 7], [1, 2, 1], "no point between"),
        ({"name": "peak_position", "to": 3}, [1, 2, 3, 4, 5], [1, 2, 3, 4, 0], "at an end, x = 3"),
        ({"name": "fwhm"}, [1, 2, 3], [-3, -1, -3], "not above zero"),
        ({"name": "fwhm"}, [1, 2, 3], [9, 10, 1], "to half its height before the peak"),
        ({"name": "fwhm"}, [1, 2, 3], [1, 10, 9], "to half its height behind the peak"),
        ({"name": "area", "from": 0}, [1, 2, 3], [1, 1, 1], "from x = 1 to 3, and 0 is outside"),
        ({"name": "area", "to": 1}, [1, 2, 3], [1, 1, 1], "nothing between from and to"),
        ({"name": "value_at", "x": 9}, [1, 2], [1, 1], "9 is outside"),
        ({"name": "centroid"}, [1, 2, 3], [-1, -2, 0], "area (-2.5) is not above zero"),
        ({"name": "centroid"}, [1, 2, 3], [-9, 0, 10], "outside"),
        ({"name": "onset"}, [1, 2, 3], [4, 4, 4], "flat, at y = 4"),
        ({"name": "onset"}, [1, 2, 3], [4, 1, 5], "begins beyond the level (y = 1.4)"),
        ({"name": "onset", "direction": "falling"}, [1, 2, 3], [1, 4, 0], "the level (y = 3.6)"),
        ({"name": "span"}, [-1, 0, 1], [1, 1, 1], "not above zero"),
        ({"name": "polydispersity"}, [-1, 0, 1], [1, 1, 1], "not above zero"),
        ({"name": "area"}, [0, 1e308], [1e308, 1e308], "no finite number"),
    ],
)
def test_a_number_that_is_not_there_gives_a_failure_and_its_reason(
    by: dict[str, object], x: list[float], y: list[float], said: str
) -> None:
    found = attempt(by, x, y)
    assert isinstance(found, ReductionFailure)
    assert said in found.reason


def test_a_ratio_to_nothing_is_a_failure() -> None:
    by = {"name": "ratio", "numerator": {"name": "maximum"}, "denominator": {"name": "minimum"}}
    found = attempt(by, [0, 1], [0, 5])
    assert isinstance(found, ReductionFailure)
    assert "minimum in the denominator is zero" in found.reason


numbers = st.floats(width=64) | st.sampled_from([0.0, 1.0, -0.0, 5e-324, 1.7e308, -1.7e308])


@given(
    st.sampled_from([*CURVES, *DISTRIBUTIONS]),
    st.lists(numbers, max_size=8),
    st.lists(numbers, max_size=8),
)
def test_whatever_was_measured_the_answer_is_a_finite_number_or_a_reason(
    by: dict[str, object], x: list[float], y: list[float]
) -> None:
    found = attempt(by, x, y)
    assert isinstance(found, ReductionFailure) or math.isfinite(found)


@given(st.sampled_from([*CURVES, *DISTRIBUTIONS]), st.data())
def test_the_same_holds_for_curves_of_odd_but_finite_points(
    by: dict[str, object], data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, 8))
    finite = st.floats(-1e308, 1e308) | st.floats(0, 3)
    x, y = (data.draw(st.lists(finite, min_size=n, max_size=n)) for _ in range(2))
    found = attempt(by, x, y)
    assert isinstance(found, ReductionFailure) or math.isfinite(found)
