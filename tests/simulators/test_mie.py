"""Extinction by spheres: published cases, a limit, and the definition by Bessel functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import spherical_jn, spherical_yn

from planner.simulators.processes.gold import extinction_nm2
from planner.simulators.processes.gold_colloid import molar_extinction
from planner.simulators.processes.mie import efficiencies


def sphere(size: float, index: complex) -> tuple[float, float]:
    found = efficiencies(np.array([size]), np.array([index], dtype=complex))
    return float(found.extinction[0]), float(found.scattering[0])


# (size, index, extinction, scattering): the example of Bohren and Huffman's appendix A, one that
# absorbs, and test cases of Wiscombe's MIEV0; six digits or more as published.
PUBLISHED = [
    (2 * math.pi * 0.525 / 0.6328, 1.55, 3.10543, 3.10543),
    (2 * math.pi * 0.525 / 0.6328, 1.55 + 0.1j, 2.86165188, 1.66424912),
    (2.5, 1.5 + 0.5j, 2.562873497, 1.097071819),
    (10.0, 0.75, 2.232265, 2.232265),
    (0.055, 1.5 + 1j, 0.101491, 1.131687e-5),
    (1.0, 1.5 + 1j, 2.336321, 0.6634538),
    (100.0, 1.5 + 1j, 2.097502, 1.283697),
    (1.0, 10 + 10j, 2.532993, 2.049405),
    (100.0, 10 + 10j, 2.071124, 1.836785),
]


@pytest.mark.parametrize(("size", "index", "extinction", "scattering"), PUBLISHED)
def test_published_cases_are_met_to_their_last_digit(
    size: float, index: complex, extinction: float, scattering: float
) -> None:
    """Half a unit of the sixth digit is 5e-6 of the value or less; 3.10543 has half of 1e-5."""
    assert sphere(size, index) == pytest.approx((extinction, scattering), rel=5e-6)


def by_definition(size: float, index: complex) -> tuple[float, float]:
    """a_n and b_n from spherical Bessel functions and their derivatives, no recurrence of ours."""
    extinction = scattering = 0.0
    inside = index * size
    for n in range(1, int(size + 4 * size ** (1 / 3) + 12)):
        psi, d_psi = riccati(spherical_jn, n, size)
        psi_in, d_psi_in = riccati(spherical_jn, n, inside)
        chi, d_chi = riccati(spherical_yn, n, size)
        xi, d_xi = psi + 1j * chi, d_psi + 1j * d_chi
        a = (index * psi_in * d_psi - psi * d_psi_in) / (index * psi_in * d_xi - xi * d_psi_in)
        b = (psi_in * d_psi - index * psi * d_psi_in) / (psi_in * d_xi - index * xi * d_psi_in)
        extinction += (2 * n + 1) * (a + b).real
        scattering += (2 * n + 1) * (abs(a) ** 2 + abs(b) ** 2)
    return 2 / size**2 * extinction, 2 / size**2 * scattering


def riccati(bessel: object, n: int, z: complex) -> tuple[complex, complex]:
    """Of one order: z f_n(z) and its derivative."""
    value, derivative = bessel(n, z), bessel(n, z, derivative=True)  # type: ignore[operator]
    return z * value, value + z * derivative


@settings(max_examples=60, deadline=None)
@given(
    size=st.floats(0.05, 5.0),
    real=st.floats(0.05, 3.0),
    imaginary=st.floats(0.0, 6.0),
)
def test_any_small_sphere_is_as_the_definition_says(
    size: float, real: float, imaginary: float
) -> None:
    """Ours loses digits by recurring psi upwards, up to 1e-9 below a size of 5."""
    index = complex(real, imaginary)
    assert sphere(size, index) == pytest.approx(by_definition(size, index), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("index", [1.5 + 1j, 0.3 + 2.0j, 1.2 + 0.4j])
def test_a_tiny_sphere_is_rayleighs(index: complex) -> None:
    """Q_ext = 4 x Im K, K = (m^2 - 1)/(m^2 + 2); the next term is of order x^2 = 1e-6."""
    size = 1e-3
    clausius = (index**2 - 1) / (index**2 + 2)
    extinction, scattering = sphere(size, index)
    assert extinction == pytest.approx(4 * size * clausius.imag, rel=2e-5)
    assert scattering == pytest.approx(8 / 3 * size**4 * abs(clausius) ** 2, rel=2e-5)


@settings(max_examples=40, deadline=None)
@given(size=st.floats(0.1, 20.0), index=st.floats(0.2, 3.0).filter(lambda m: abs(m - 1) > 0.05))
def test_what_does_not_absorb_scatters_all_that_it_takes_out(size: float, index: float) -> None:
    """Errors of a_n are below 1e-7 at a size of 20."""
    extinction, scattering = sphere(size, index)
    assert extinction == pytest.approx(scattering, rel=1e-6)


@pytest.mark.parametrize("diameter", [35.0, 40.0, 50.0, 60.0, 70.0, 80.0])
def test_gold_in_water_peaks_where_others_find_it(diameter: float) -> None:
    """The fit that Haiss et al. (2007) give for diameters of 35 nm and more.

    512 nm + 6.53 nm exp(0.0216 d): they state a mean error of 1 nm for their calculation.
    """
    wavelengths = np.arange(500.0, 600.0, 0.5)
    (sections,) = extinction_nm2(wavelengths, np.array([diameter]))
    peak = wavelengths[np.argmax(sections)]
    assert peak == pytest.approx(512 + 6.53 * math.exp(0.0216 * diameter), abs=2.0)


def test_the_molar_extinction_of_gold_is_near_the_published_one() -> None:
    """4.36e9 L/(mol cm) at 450 nm for 38.5 nm, from the table of Haiss et al., three digits.

    They shorten the mean free path of electrons, which we do not: some per cent at this size.
    """
    assert molar_extinction(450.0, 38.5) == pytest.approx(4.36e9, rel=0.02)
