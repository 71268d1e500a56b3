"""The vial: the intermediate of two reactions in sequence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from planner.simulators.processes.vial_synthesis import VIAL_SYNTHESIS, intermediate_share


@given(formed=st.floats(0, 30), lost=st.floats(0, 30))
def test_the_intermediate_is_what_the_matrix_exponential_gives(formed: float, lost: float) -> None:
    """The exponential is right to some 1e-13 of the largest element, which is 1."""
    rates = np.array([[-formed, 0.0], [formed, -lost]])
    assert intermediate_share(formed, lost) == pytest.approx(expm(rates)[1, 0], abs=1e-11)


@pytest.mark.parametrize("rate", [0.3, 1.0, 20.0])
def test_equal_rates_are_no_exception(rate: float) -> None:
    """The limit is k t exp(-k t), and next to it nothing jumps."""
    assert intermediate_share(rate, rate) == pytest.approx(rate * math.exp(-rate), rel=1e-14)
    beside = intermediate_share(rate, rate * (1 + 1e-12))
    assert beside == pytest.approx(rate * math.exp(-rate), rel=1e-10)


def test_extremes_neither_overflow_nor_leave_0_to_1() -> None:
    assert intermediate_share(1e8, 1e-3) == pytest.approx(math.exp(-1e-3), rel=1e-7)
    assert intermediate_share(1e-3, 1e8) == pytest.approx(0.0, abs=1e-10)
    assert intermediate_share(0.0, 5.0) == 0.0


def heat(temperature: float, precursor: float, base: float) -> dict[str, float]:
    inputs = {"temperature": temperature, "precursor": precursor, "base": base}
    return dict(VIAL_SYNTHESIS.run(inputs, seed=0).values)  # type: ignore[arg-type]


def test_at_100_degc_and_one_equivalent_it_is_known_by_hand() -> None:
    """k1 t = 1.2 and k2 t = 0.2 over 10 h: B = 1.2/(0.2 - 1.2) (exp(-1.2) - exp(-0.2))."""
    share = 1.2 / (0.2 - 1.2) * (math.exp(-1.2) - math.exp(-0.2))
    assert heat(100, 50, 1)["product"] == pytest.approx(50 * share, rel=1e-12)
    assert heat(100, 50, 1)["yield"] == pytest.approx(100 * share, rel=1e-12)


def test_what_does_not_dissolve_brings_nothing() -> None:
    assert heat(100, 90, 1)["product"] == pytest.approx(heat(100, 900, 1)["product"], rel=1e-12)
    assert heat(100, 900, 1)["yield"] == pytest.approx(heat(100, 90, 1)["yield"] / 10, rel=1e-12)


def test_there_is_a_best_temperature_and_a_best_amount_of_base() -> None:
    assert heat(110, 60, 1)["product"] > max(
        heat(70, 60, 1)["product"], heat(160, 60, 1)["product"]
    )
    assert heat(110, 60, 1)["product"] > max(
        heat(110, 60, 0.2)["product"], heat(110, 60, 8)["product"]
    )
