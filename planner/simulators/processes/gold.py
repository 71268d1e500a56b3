"""Gold as light sees it: its refractive index, and the extinction of spheres in water.

Source: P. B. Johnson, R. W. Christy, Phys. Rev. B 6, 4370 (1972); numbers as the public domain
database refractiveindex.info has them, page Au/Johnson, here from 0.34 to 0.98 um.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from planner.simulators.processes.mie import Floats, efficiencies

WATER = 1.333  # refractive index, taken as the same at all wavelengths
SHORTEST_NM, LONGEST_NM = 342.5, 984.0

_WAVELENGTH_NM, _REAL, _IMAGINARY = np.array(
    [
        (342.5, 1.48, 1.871),
        (354.2, 1.50, 1.866),
        (367.9, 1.48, 1.895),
        (381.5, 1.46, 1.933),
        (397.4, 1.47, 1.952),
        (413.3, 1.46, 1.958),
        (430.5, 1.45, 1.948),
        (450.9, 1.38, 1.914),
        (471.4, 1.31, 1.849),
        (495.9, 1.04, 1.833),
        (520.9, 0.62, 2.081),
        (548.6, 0.43, 2.455),
        (582.1, 0.29, 2.863),
        (616.8, 0.21, 3.272),
        (659.5, 0.14, 3.697),
        (704.5, 0.13, 4.103),
        (756.0, 0.14, 4.542),
        (821.1, 0.16, 5.083),
        (892.0, 0.17, 5.663),
        (984.0, 0.22, 6.350),
    ]
).T
# monotone between points: a spline would swing where the index falls at 500 nm
_INDEX = PchipInterpolator(_WAVELENGTH_NM, np.stack([_REAL, _IMAGINARY], axis=-1))


def extinction_nm2(wavelength_nm: Floats, diameter_nm: Floats) -> Floats:
    """Extinction cross-section of gold spheres in water, C = Q pi d^2/4.

    Args:
        wavelength_nm: in vacuum, from SHORTEST_NM to LONGEST_NM; (w,).
        diameter_nm: above 0; (s,).

    Returns:
        In nm^2, (s, w).
    """
    diameters = diameter_nm[:, None]
    size = np.pi * WATER * diameters / wavelength_nm[None, :]
    real, imaginary = _INDEX(wavelength_nm).T
    index = np.broadcast_to((real + 1j * imaginary) / WATER, size.shape)
    return np.asarray(efficiencies(size, index).extinction * np.pi / 4 * diameters**2)
