"""Conductivity of composites: closed forms, bounds, and what the film's inputs must be."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from planner.errors import ValueOutOfRange
from planner.simulators.processes.composite_film import COMPOSITE_FILM, FILLERS
from planner.simulators.processes.effective_medium import Component, axial_factor, conductivity


def spheres(*parts: tuple[float, float]) -> list[Component]:
    return [Component(share=share, conductivity=value, aspect=1.0) for share, value in parts]


@given(aspect=st.one_of(st.floats(0.002, 0.95), st.floats(1.05, 500)))
def test_the_depolarisation_factor_is_the_integral_that_defines_it(aspect: float) -> None:
    """L = a/2 integral ds/((s + a^2)^(3/2) (s + 1)) over s > 0, for half axes a, 1, 1.

    With s = u/(1 - u) it is an integral over 0 to 1, which quad does to 1e-10; within 5 % of the
    sphere our closed form loses up to five digits, and it is compared outside of that.
    """

    def integrand(u: float) -> float:
        return math.sqrt(1 - u) / (u + aspect**2 * (1 - u)) ** 1.5

    by_quadrature = aspect / 2 * quad(integrand, 0, 1, epsabs=1e-13, epsrel=1e-11, limit=500)[0]
    assert axial_factor(aspect) == pytest.approx(by_quadrature, rel=1e-8)


@pytest.mark.parametrize("aspect", [1 - 1.01e-4, 1 - 0.99e-4, 1.0, 1 + 0.99e-4, 1 + 1.01e-4])
def test_about_the_sphere_the_factor_is_smooth(aspect: float) -> None:
    """The series leaves out terms of (a - 1)^2 = 1e-8; the closed forms lose some eight digits."""
    assert axial_factor(aspect) == pytest.approx(1 / 3 - 4 / 15 * (aspect - 1), abs=2e-7)


@given(
    share=st.floats(0.01, 0.99),
    low=st.floats(-10, 6),
    apart=st.floats(0.01, 14),
)
def test_two_kinds_of_spheres_solve_the_quadratic(share: float, low: float, apart: float) -> None:
    """Bruggeman: s = (b + sqrt(b^2 + 8 s1 s2))/4, b = (3 f - 1) s1 + (3 (1 - f) - 1) s2.

    The root is found to 1e-12 in ln s; where b is negative the closed form itself cancels, by up to
    b^2/(8 s1 s2) units, so that it is taken there as 2 s1 s2/(sqrt(...) - b).
    """
    one, other = 10 ** (low + apart), 10**low
    b = (3 * share - 1) * one + (2 - 3 * share) * other
    root = math.sqrt(b * b + 8 * one * other)
    closed = (b + root) / 4 if b > 0 else 2 * one * other / (root - b)
    assert conductivity(spheres((share, one), (1 - share, other))) == pytest.approx(
        closed, rel=1e-8
    )


@given(aspect=st.floats(0.01, 100), value=st.floats(-3, 3))
def test_a_trace_of_filler_adds_to_first_order(aspect: float, value: float) -> None:
    """s/s_m = 1 + phi/3 sum_k (s_f - s_m)/(s_m + L_k (s_f - s_m)), from the sum with s near s_m.

    The next term is phi times the square of the sum's size, which is below (1e3 + 1)^2.
    """
    share, filler = 1e-9, 10**value
    assume(abs(filler - 1) > 1e-3)
    along = axial_factor(aspect)
    factors = (along, (1 - along) / 2, (1 - along) / 2)
    first = share / 3 * sum((filler - 1) / (1 + factor * (filler - 1)) for factor in factors)
    mixed = conductivity(
        [
            Component(share=1 - share, conductivity=1.0, aspect=1.0),
            Component(share=share, conductivity=filler, aspect=aspect),
        ]
    )
    # ln s is found to 1e-12, beside first-order changes of 1e-12 to 1e-6
    assert mixed - 1 == pytest.approx(first, rel=2e-3, abs=3e-12)


@given(share=st.floats(0.01, 0.99), apart=st.floats(0.01, 10), aspect=st.floats(0.01, 100))
def test_the_mixture_keeps_to_the_bounds_of_hashin_and_shtrikman(
    share: float, apart: float, aspect: float
) -> None:
    matrix, filler = 1.0, 10**apart
    mixed = conductivity(
        [
            Component(share=1 - share, conductivity=matrix, aspect=1.0),
            Component(share=share, conductivity=filler, aspect=aspect),
        ]
    )
    lower = matrix + share / (1 / (filler - matrix) + (1 - share) / (3 * matrix))
    upper = filler + (1 - share) / (1 / (matrix - filler) + share / (3 * filler))
    assert lower * (1 - 1e-9) <= mixed <= upper * (1 + 1e-9)


def test_spheres_percolate_at_a_third() -> None:
    """In a perfect insulator s = (3 f - 1)/2 s1 above 1/3: 0.2 s1 just needs f = 0.4667."""
    assert conductivity(spheres((1.4 / 3, 1.0), (1 - 1.4 / 3, 1e-12))) == pytest.approx(
        0.2, rel=1e-9
    )
    assert conductivity(spheres((0.33, 1.0), (0.67, 1e-12))) < 1e-9


def test_longer_tubes_conduct_at_smaller_shares() -> None:
    def film(aspect: float) -> float:
        tube = Component(share=0.01, conductivity=1e4, aspect=aspect)
        return conductivity([*spheres((0.99, 1e-10)), tube])

    assert film(300) > film(100) > 1e3 * film(10)


def mix(**fillers: float) -> float:
    shares = {"polymer": 100 - math.fsum(fillers.values()), **fillers}
    value = COMPOSITE_FILM.run(shares, seed=0).values["log_conductivity"]
    assert isinstance(value, float)
    return value


def test_a_film_without_fillers_is_the_polymer() -> None:
    assert mix() == pytest.approx(-10.0, abs=1e-9)


@pytest.mark.parametrize("filler", [name for name, *_ in FILLERS])
def test_more_of_any_filler_conducts_more(filler: str) -> None:
    films = [mix(**{filler: share}) for share in (0.1, 0.5, 1, 2, 5, 10, 20, 40)]
    assert films == sorted(films)
    assert films[-1] > films[0] + 1


def test_shares_that_do_not_sum_to_a_hundred_are_refused() -> None:
    with pytest.raises(ValueOutOfRange, match=r"sum to 99\.9 vol_percent.*mixture constraint"):
        COMPOSITE_FILM.run({"polymer": 99.0, "swnt": 0.9}, seed=0)
