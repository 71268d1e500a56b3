"""Firing by a programme: the integral over temperatures, and what follows from it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import expn

from planner.errors import ValueOutOfRange
from planner.simulators.contract import Course
from planner.simulators.processes.calcination import CALCINATION, PRIORS
from planner.simulators.processes.thermal import dose

GAS = 8.31446261815324
CENTRES = {each.name: each.prior.nominal for each in PRIORS}


def dose_by_exponential_integral(course: Course, energy: float, reference: float) -> float:
    """The primitive of exp(-a/T) is T E2(a/T), and time is linear in T on a ramp."""
    a = energy / GAS
    total = 0.0
    points = zip(course.times, [value + 273.15 for value in course.values], strict=True)
    for (start, first), (stop, last) in itertools.pairwise(points):
        ramp = last * expn(2, a / last) - first * expn(2, a / first)
        total += (stop - start) / (last - first) * ramp
    return total * math.exp(a / (reference + 273.15))


@given(
    temperatures=st.lists(st.floats(300, 1100), min_size=2, max_size=5).filter(
        lambda values: all(abs(a - b) > 20 for a, b in itertools.pairwise(values))
    ),
    energy=st.floats(5e4, 3e5),
)
def test_a_ramp_does_what_the_exponential_integral_says(
    temperatures: list[float], energy: float
) -> None:
    """Over 20 K or more the difference of two E2 loses at most three digits of fifteen."""
    times = tuple(30.0 * i for i in range(len(temperatures)))
    course = Course(times=times, values=tuple(temperatures))
    found = dose(course, energy, reference_degc=500.0)
    assert found == pytest.approx(dose_by_exponential_integral(course, energy, 500.0), rel=1e-9)


def test_held_at_the_reference_an_hour_counts_as_an_hour() -> None:
    course = Course(times=(0.0, 60.0), values=(500.0, 500.0))
    assert dose(course, 2e5, reference_degc=500.0) == pytest.approx(60.0, rel=1e-14)


def test_a_stepped_course_is_the_sum_of_its_holds() -> None:
    """By hand: 10 min at 500 and 20 min at 600 degC; the last value has no time."""
    course = Course(times=(0.0, 10.0, 30.0), values=(500.0, 600.0, 900.0), is_stepped=True)
    factor = math.exp(-2e5 / GAS * (1 / 873.15 - 1 / 773.15))
    assert dose(course, 2e5, reference_degc=500.0) == pytest.approx(10 + 20 * factor, rel=1e-12)


def fire(*knots: tuple[float, float], **theta: float) -> dict[str, float]:
    course = Course(times=tuple(t for t, _ in knots), values=tuple(v for _, v in knots))
    return dict(CALCINATION.run({"furnace": course}, theta or None, seed=0).values)  # type: ignore[arg-type]


RAMP = ((0.0, 25.0), (60.0, 580.0), (75.0, 560.0), (130.0, 100.0))


def test_conversion_and_grains_are_what_the_rate_equations_give() -> None:
    """Both equations integrated as they stand, over the knots; the solver's tolerance is 1e-10."""
    times, values = np.array(RAMP).T

    def rates(t: float, state: np.ndarray) -> list[float]:
        kelvin = np.interp(t, times, values) + 273.15
        reacting, growing = (
            CENTRES[rate] * math.exp(-1e3 * CENTRES[energy] / GAS * (1 / kelvin - 1 / 773.15))
            for rate, energy in (
                ("reaction_rate", "reaction_energy"),
                ("growth_rate", "growth_energy"),
            )
        )
        return [reacting * (1 - state[0]), growing / (4 * state[1] ** 3)]

    state = np.array([0.0, CENTRES["first_size"]])
    for start, stop in itertools.pairwise(times):
        state = solve_ivp(rates, (start, stop), state, rtol=1e-10, atol=1e-12, method="LSODA").y[
            :, -1
        ]
    fired = fire(*RAMP)
    assert fired["conversion"] == pytest.approx(100 * state[0], rel=1e-7)
    assert fired["grain_size"] == pytest.approx(state[1], rel=1e-7)
    assert fired["active_surface"] == pytest.approx(6000 * state[0] / (7.2 * state[1]), rel=1e-7)


def test_a_short_hot_peak_beats_a_long_warm_hold() -> None:
    """At the same conversion grains stay smaller, as the reaction needs more energy to start."""
    peak = fire((0, 25), (58, 595), (59, 595), (110, 100))
    hold = fire((0, 25), (48, 500), (480, 500), (520, 100))
    assert abs(peak["conversion"] - hold["conversion"]) < 2
    assert peak["grain_size"] < 0.9 * hold["grain_size"]


def test_a_cold_furnace_does_nothing() -> None:
    cold = fire((0, 25), (60, 25))
    assert cold["conversion"] < 1e-9
    assert cold["grain_size"] == pytest.approx(CENTRES["first_size"], rel=1e-9)


def test_a_programme_that_the_furnace_cannot_follow_is_refused() -> None:
    with pytest.raises(ValueOutOfRange, match="1200 degC is outside"):
        fire((0, 25), (60, 1200))
