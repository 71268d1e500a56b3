from __future__ import annotations

import math

import numpy as np
import pytest
from curve_samples import gaussian, grid, lorentzian, reduce
from hypothesis import given
from hypothesis import strategies as st

OFFSETS = (-0.45, -0.2, 0.0, 0.2, 0.45)
TRIANGLE = ([0.0, 2.0, 3.0], [0.0, 4.0, 0.0])  # area 6, centre of area (0 + 2 + 3) / 3


@pytest.mark.parametrize("offset", OFFSETS)
def test_the_top_of_a_gaussian_is_found_between_its_points(offset: float) -> None:
    """Within step^3 and step^4.

    The parabola's slope is off by |f'''| step^2 / 6 and its height by |f'''| step^3 / 15, with
    |f'''| <= 3 * 1.5 step near the top and |f''| >= 0.8 there.
    """
    x = grid(-5, 5, 0.2, offset=offset)
    assert reduce("peak_position", x, gaussian(x)) == pytest.approx(0.0, abs=0.2**3)
    assert reduce("peak_height", x, gaussian(x)) == pytest.approx(1.0, abs=0.2**4)


@given(st.floats(-2, 2), st.floats(0.1, 3), st.floats(0.2, 5), st.floats(0.2, 5))
def test_the_top_of_a_parabola_is_exact_whatever_the_spacing(
    top: float, curvature: float, left: float, right: float
) -> None:
    """But for rounding.

    Three points of it, the middle one the highest; values up to 1e3 are rounded at 1e-13, and
    the shift divides by a difference that is at least 0.1 * 0.2 * 0.2.
    """
    x = np.array([-left, 0.0, right])
    y = 7 - curvature * (x - top) ** 2
    if not (y[1] > y[0] and y[1] > y[2]):
        return
    assert reduce("peak_position", x, y) == pytest.approx(top, abs=1e-8)
    assert reduce("peak_height", x, y) == pytest.approx(7, abs=1e-8)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("step", [0.2, 0.05])
def test_the_width_of_a_lorentzian_is_twice_its_half_width(offset: float, step: float) -> None:
    """Within an error of the order of step^2.

    At half height f' = -1/2 and f'' = 1/2, at most 0.6 near by: a straight line is off by
    step^2/8 * 0.6 / 0.5 on each side. Near the top |f'''| <= 36 step: the height is off by
    2.4 step^4, half of it over a slope of 1/2 on each side.
    """
    x = grid(-10, 10, step, offset=offset)
    tolerance = 2 * (0.15 * step**2 + 2.4 * step**4)
    assert reduce("fwhm", x, lorentzian(x)) == pytest.approx(2.0, abs=tolerance)


@pytest.mark.parametrize("offset", OFFSETS)
def test_the_width_of_a_gaussian_is_that_of_the_books(offset: float) -> None:
    """Within an error of the order of step^2.

    At half height f' = -0.589 and f'' = 0.19, at most 0.4 near by; step^2/8 * 0.4/0.589 on each
    side, and the height's step^4 of the parabola.
    """
    x = grid(-6, 6, 0.2, offset=offset)
    expected = 2 * math.sqrt(2 * math.log(2))
    tolerance = 2 * (0.085 * 0.2**2 + 0.2**4)
    assert reduce("fwhm", x, gaussian(x)) == pytest.approx(expected, abs=tolerance)


def test_a_straight_background_is_taken_off() -> None:
    """Such as fluorescence below a Raman line.

    A Lorentzian of height 5 on 100 + 2 x. The baseline stands on its tails, which are
    5 / (1 + 40^2) = 0.0031 high at both ends, so all heights fall by that; the height of the top
    at the slope 0 moves no position, and half of it moves the flanks (slope 5/2) by 0.0006.
    """
    x = grid(-40, 40, 0.05, offset=0.2)[:-1]
    y = 100 + 2 * x + 5 * lorentzian(x)
    ends = {"from": -39.9, "to": 39.9, "baseline": "linear"}
    assert reduce({"name": "peak_height", **ends}, x, y) == pytest.approx(5 - 0.0031, abs=1e-4)
    assert reduce({"name": "peak_position", **ends}, x, y) == pytest.approx(0, abs=1e-4)
    assert reduce({"name": "fwhm", **ends}, x, y) == pytest.approx(2 - 0.0013, abs=1e-3)
    # the area of the Lorentzian less that of the baseline, 79.8 wide
    area = 5 * 2 * math.atan(39.9) - 79.8 * 5 / (1 + 39.9**2)
    assert reduce({"name": "area", **ends}, x, y) == pytest.approx(area, abs=1e-3)


def test_the_limits_say_which_peak() -> None:
    """Raman: D at 1350 half as high as G at 1590, 60 and 40 wide; each tail adds to the other."""
    x = grid(1000, 2000, 1.0)
    d, g = 0.5 * lorentzian(x, centre=1350, half=30), lorentzian(x, centre=1590, half=20)
    y = d + g
    window_d, window_g = {"from": 1250, "to": 1450}, {"from": 1500, "to": 1700}
    assert reduce("peak_position", x, y) == pytest.approx(1590, abs=0.5)
    assert reduce({"name": "peak_position", **window_d}, x, y) == pytest.approx(1350, abs=0.5)
    ratio = {
        "name": "ratio",
        "numerator": {"name": "peak_height", **window_d},
        "denominator": {"name": "peak_height", **window_g},
    }
    at_d, at_g = y[350], y[590]  # both tops lie on points, where they are as high as the parabola
    assert reduce(ratio, x, y) == pytest.approx(at_d / at_g, rel=1e-3)


def test_the_middle_of_a_flat_top_is_its_peak() -> None:
    """A detector that is saturated from 3 to 6."""
    x, y = np.arange(10.0), np.array([0, 1, 4, 9, 9, 9, 9, 3, 1, 0.0])
    assert reduce("peak_position", x, y) == 4.5
    assert reduce({"name": "peak_position", "from": 4.9}, x, y) == 4.5
    assert reduce({"name": "peak_position", "to": 4.1}, x, y) == 4.5
    assert reduce("peak_height", x, y) == 9


def test_of_two_peaks_of_one_height_the_first_counts() -> None:
    assert reduce("peak_position", np.arange(5.0), [0, 1, 0, 1, 0]) == 1


def test_areas_of_straight_lines_are_exact() -> None:
    """From 1 to 2.5 the triangle goes from 2 over 4 at 2 to 2: (2 + 4)/2 * 1 + (4 + 2)/2 * 0.5."""
    assert reduce("area", *TRIANGLE) == 6
    assert reduce({"name": "area", "from": 1, "to": 2.5}, *TRIANGLE) == 4.5
    assert reduce({"name": "average", "from": 1, "to": 2.5}, *TRIANGLE) == 3
    assert reduce("centroid", *TRIANGLE) == pytest.approx(5 / 3, rel=1e-15)


def test_a_baseline_between_the_limits_leaves_what_stands_above_it() -> None:
    """From 1 (y = 2) to 2.5 (y = 2) the line is level at 2: a triangle of 1.5 times 2 is left."""
    cut = {"name": "area", "from": 1, "to": 2.5, "baseline": "linear"}
    assert reduce(cut, *TRIANGLE) == pytest.approx(1.5, rel=1e-15)


def test_the_area_of_a_gaussian_between_limits_is_an_error_function() -> None:
    """Trapezia are off by step^2/12 times the change of slope, at most |f''| (b - a) = 2.5."""
    x = grid(-8, 8, 0.05, offset=0.3)
    expected = math.sqrt(math.pi / 2) * (math.erf(1.5 / math.sqrt(2)) + math.erf(1 / math.sqrt(2)))
    found = reduce({"name": "area", "from": -1, "to": 1.5}, x, gaussian(x))
    assert found == pytest.approx(expected, abs=2.5 * 0.05**2 / 12 + 0.05**3)


def test_values_between_points_lie_on_the_line() -> None:
    assert reduce({"name": "value_at", "x": 2.25}, *TRIANGLE) == 3
    assert reduce({"name": "value_at", "x": 3}, *TRIANGLE) == 0
    assert reduce("maximum", *TRIANGLE) == 4
    assert reduce({"name": "maximum", "to": 1.5}, *TRIANGLE) == 3
    assert reduce({"name": "minimum", "from": 1, "to": 2.5}, *TRIANGLE) == 2


def test_an_onset_is_where_the_level_is_first_passed() -> None:
    """10 % of the way from 0 to 4 is reached at 0.2; falling from 4, 10 % less is 3.6."""
    assert reduce("onset", *TRIANGLE) == pytest.approx(0.2, rel=1e-15)
    half = {"name": "onset", "level": 0.5}
    assert reduce(half, *TRIANGLE) == 1
    falling = {"name": "onset", "direction": "falling", "from": 2}
    assert reduce(falling, *TRIANGLE) == pytest.approx(2.1, rel=1e-15)


@given(st.randoms(use_true_random=False), st.sampled_from([1e-3, 2.0, 1e6]))
def test_order_never_matters_and_places_do_not_depend_on_the_scale_of_y(
    random: object, scale: float
) -> None:
    x = grid(-5, 5, 0.2, offset=0.3)
    y = gaussian(x, centre=0.4) + 0.3 * gaussian(x, centre=-2, sd=0.5)
    order = list(range(x.size))
    random.shuffle(order)  # type: ignore[attr-defined]
    for name in ("peak_position", "fwhm", "centroid", "onset"):
        found = reduce(name, x[order], scale * y[order])
        assert found == pytest.approx(reduce(name, x, y), rel=1e-12)
    for name in ("peak_height", "area", "average", "maximum", "minimum"):
        found = reduce(name, x[order], scale * y[order])
        assert found == pytest.approx(scale * reduce(name, x, y), rel=1e-12)
