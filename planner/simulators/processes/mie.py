"""Extinction of light by a sphere, after Mie.

| symbol | name here | meaning | shape |
|---|---|---|---|
| x = 2 pi n_medium r/lambda | size | size parameter | *b |
| m | index | refractive index of the sphere over that of the medium, Im m >= 0 | *b |
| D_n | log_derivative | psi_n'(mx)/psi_n(mx), recurred downwards, which is stable | n *b |
| psi_n, xi_n | psi, xi | Riccati-Bessel functions of x, recurred upwards | *b |
| a_n, b_n | | coefficients of the scattered wave, electric and magnetic | *b |

Q_ext = 2/x^2 sum (2n + 1) Re(a_n + b_n) and Q_sca = 2/x^2 sum (2n + 1) (|a_n|^2 + |b_n|^2).

Source: C. F. Bohren, D. R. Huffman, Absorption and Scattering of Light by Small Particles, 1983,
eqs. 4.61, 4.62, 4.88 and appendix A, in the form that public codes have; book not read for this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class Efficiencies:
    """Cross-sections over the sphere's own, pi r^2."""

    extinction: Floats
    scattering: Floats


def efficiencies(size: Floats, index: Complexes) -> Efficiencies:
    """Extinction and scattering of spheres of these size parameters and relative indices.

    Args:
        size: above 0, of any shape.
        index: of the same shape; a positive imaginary part absorbs.
    """
    last = int(np.ceil(np.max(size + 4 * np.cbrt(size) + 2)))  # Wiscombe's number of terms
    derivative = _log_derivatives(index * size, last)
    psi_before, psi = np.cos(size), np.sin(size)
    chi_before, chi = -np.sin(size), np.cos(size)
    extinction, scattering = np.zeros_like(size), np.zeros_like(size)
    for n in range(1, last + 1):
        psi_before, psi = psi, (2 * n - 1) / size * psi - psi_before
        chi_before, chi = chi, (2 * n - 1) / size * chi - chi_before
        xi_before, xi = psi_before - 1j * chi_before, psi - 1j * chi
        electric = derivative[n] / index + n / size
        magnetic = derivative[n] * index + n / size
        a = (electric * psi - psi_before) / (electric * xi - xi_before)
        b = (magnetic * psi - psi_before) / (magnetic * xi - xi_before)
        extinction += (2 * n + 1) * np.real(a + b)
        scattering += (2 * n + 1) * (np.abs(a) ** 2 + np.abs(b) ** 2)
    scale = 2 / size**2
    return Efficiencies(extinction=scale * extinction, scattering=scale * scattering)


def _log_derivatives(argument: Complexes, last: int) -> Complexes:
    """D_0 to D_last at mx, from far above where any start is forgotten; (last + 1, *b)."""
    first = max(last, int(np.ceil(np.max(np.abs(argument))))) + 16
    found = np.zeros((first + 1, *argument.shape), dtype=np.complex128)
    for n in range(first, 0, -1):
        found[n - 1] = n / argument - 1 / (found[n] + n / argument)
    return found[: last + 1]
