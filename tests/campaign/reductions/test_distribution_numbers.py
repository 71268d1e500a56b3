from __future__ import annotations

import math

import numpy as np
import pytest
from curve_samples import gaussian, grid, reduce
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

SUMMARIES = ("mean", "median", "sd", "span", "polydispersity", "mode")


@pytest.mark.parametrize("offset", [0.0, 0.3, 0.5])
def test_mean_and_deviation_of_a_gaussian_are_its_parameters(offset: float) -> None:
    """Sums over an even grid of a Gaussian are exact up to exp(-2 pi^2 sd^2 / step^2), here 0.

    Eight deviations on both sides leave out 1e-15 of the weight, at 8 sd.
    """
    x = grid(50 - 8 * 3, 50 + 8 * 3, 0.5, offset=offset)
    weights = gaussian(x, centre=50, sd=3)
    assert reduce("mean", x, weights) == pytest.approx(50, abs=1e-11)
    assert reduce("sd", x, weights) == pytest.approx(3, abs=1e-11)
    assert reduce("polydispersity", x, weights) == pytest.approx((3 / 50) ** 2, abs=1e-12)


@pytest.mark.parametrize("level", [0.01, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("step", [0.4, 0.1])
def test_quantiles_of_a_gaussian_are_those_of_its_distribution_function(
    level: float, step: float
) -> None:
    """Within an error of the order of step^2.

    The half-weight rule is the trapezoid's: off by step^2/12 |f'|; a straight line between
    points is off by step^2/8 |f'|; in x both are divided by f, and |f'/f| = |z|/sd, where z of
    the neighbouring points is up to one step larger.
    """
    x = grid(-8, 8, step, offset=0.3)
    z = abs(float(ndtri(level))) + step
    found = reduce({"name": "quantile", "level": level}, x, gaussian(x))
    assert found == pytest.approx(float(ndtri(level)), abs=(1 / 12 + 1 / 8) * step**2 * z)


@pytest.mark.parametrize("s", [0.2, 0.6])
def test_numbers_of_a_log_normal_on_bins_of_equal_ratio(s: float) -> None:
    """Sizes as laser diffraction states them.

    Weights of such bins are a Gaussian of ln x. Mean and variance are sums over an even grid,
    exact as above. A quantile is off by step^2 (1/8 + (1/12 + 1/8) |z|/s) of itself, the first
    term because x is exp of what the line should be drawn over.
    """
    step = s / 10
    logs = grid(-9 * s, 9 * s, step, offset=0.3)
    x, weights = 80 * np.exp(logs), gaussian(logs, sd=s)
    assert reduce("mean", x, weights) == pytest.approx(80 * math.exp(s**2 / 2), rel=1e-11)
    assert reduce("polydispersity", x, weights) == pytest.approx(math.expm1(s**2), rel=1e-9)
    assert reduce("median", x, weights) == pytest.approx(80, rel=step**2 / 4)
    z = float(ndtri(0.9))
    tolerance = 2 * math.exp(z * s) * step**2 * (1 / 8 + 0.21 * (z + 0.1) / s)
    assert reduce("span", x, weights) == pytest.approx(2 * math.sinh(z * s), abs=tolerance)


@given(st.integers(2, 400), st.floats(0, 1))
def test_bins_of_equal_weight_have_the_numbers_of_the_even_distribution(
    n: int, place: float
) -> None:
    """Exact but for rounding: the share below the middle of bin k of n is (k + 1/2) / n."""
    x = (np.arange(n) + 0.5) / n
    level = (0.5 + place * (n - 1)) / n
    found = reduce({"name": "quantile", "level": level}, x, np.ones(n))
    assert found == pytest.approx(level, abs=1e-13)
    assert reduce("sd", x, np.ones(n)) == pytest.approx(math.sqrt((1 - n**-2) / 12), rel=1e-11)


def test_beyond_the_outermost_half_weights_a_quantile_is_the_outermost_value() -> None:
    assert reduce({"name": "quantile", "level": 0.1}, [1, 2], [1, 1]) == 1
    assert reduce({"name": "quantile", "level": 0.9}, [1, 2], [1, 1]) == 2
    assert reduce({"name": "quantile", "level": 0.5}, [1, 2], [1, 1]) == 1.5


@pytest.mark.parametrize("offset", [-0.45, -0.2, 0.0, 0.2, 0.45])
def test_the_mode_of_a_gaussian_is_found_between_its_values(offset: float) -> None:
    """Within step^3.

    A parabola's slope is off by |f'''| step^2 / 6, with |f'''| <= 3 * 1.5 step near the top
    and |f''| >= 0.8 there: less than step^3.
    """
    x = grid(-8, 8, 0.2, offset=offset)
    assert reduce("mode", x, gaussian(x)) == pytest.approx(0.0, abs=0.2**3)


def test_the_mode_of_a_falling_distribution_is_its_first_value() -> None:
    assert reduce("mode", [1, 2, 3], [5, 2, 1]) == 1


def test_a_list_of_single_particles_may_name_a_size_twice() -> None:
    """Mean (10 + 10 + 20 + 40) / 4, population variance (100 + 100 + 0 + 400) / 4."""
    sizes = [10, 40, 10, 20]
    assert reduce("mean", sizes, [1, 1, 1, 1]) == 20
    assert reduce("sd", sizes, [1, 1, 1, 1]) == pytest.approx(math.sqrt(150), rel=1e-15)


@st.composite
def distributions(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    values = draw(st.lists(st.integers(1, 500), min_size=1, max_size=30, unique=True))
    weights = draw(st.lists(st.integers(1, 1000), min_size=len(values), max_size=len(values)))
    return [float(each) for each in values], [float(each) for each in weights]


@given(distributions(), st.randoms(use_true_random=False), st.sampled_from([1e-305, 0.1, 7, 1e305]))
def test_neither_order_nor_scale_of_the_weights_matters(
    given_: tuple[list[float], list[float]], random: object, scale: float
) -> None:
    """Scaling rounds each weight once, at 1.1e-16; sums over 30 of them are good to 1e-13.

    Of the largest weights the sum is beyond what a double holds.
    """
    pairs = list(zip(*given_, strict=True))
    random.shuffle(pairs)  # type: ignore[attr-defined]
    shuffled = [x for x, _ in pairs], [w * scale for _, w in pairs]
    largest = max(given_[1])
    is_single = given_[1].count(largest) == 1  # else rounding may choose another of the highest
    for name in SUMMARIES if is_single else SUMMARIES[:-1]:
        expected = reduce(name, *given_)
        assert reduce(name, *shuffled) == pytest.approx(expected, rel=1e-11, abs=1e-10)


@given(distributions(), st.lists(st.integers(501, 900), unique=True, max_size=5))
def test_values_of_no_weight_change_nothing(
    given_: tuple[list[float], list[float]], more: list[int]
) -> None:
    x, weights = given_
    padded = [*x, *(float(each) + 0.5 for each in more)], [*weights, *(0.0 for _ in more)]
    for name in ("mean", "median", "sd", "span", "polydispersity"):
        assert reduce(name, *padded) == pytest.approx(reduce(name, x, weights), rel=1e-12)


@given(distributions(), st.sampled_from([0.5, 2.0, 1000.0]), st.integers(0, 300))
def test_numbers_move_and_stretch_with_the_values(
    given_: tuple[list[float], list[float]], stretch: float, shift: int
) -> None:
    x, weights = given_
    moved = [stretch * each + shift for each in x]
    for name in ("mean", "median"):
        expected = stretch * reduce(name, x, weights) + shift
        assert reduce(name, moved, weights) == pytest.approx(expected, rel=1e-11)
    expected = stretch * reduce("sd", x, weights)
    assert reduce("sd", moved, weights) == pytest.approx(expected, rel=1e-9, abs=1e-9)
