"""The nanotube model written a second time, slow and plain, sharing no code with the planner's.

Implicit Euler on a graded mesh, extrapolated to step zero: its error is a1 h + a2 h^2 + ..., so in
runs with each interval cut into 1, 2, 4, 8 and 16 the first four terms cancel.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

BOLTZMANN_EV = 8.617333262e-5
BOLTZMANN_J = 1.380649e-23
ACETYLENE_KG = 26.038 * 1.66053907e-27
CUTS = (1, 2, 4, 8, 16)


def constants(temperature_degc: float, pressure_pa: float, diameter_nm: float) -> dict[str, float]:
    """Rate constants at the centres of the priors, from the numbers of the two public codes."""
    kelvin = temperature_degc + 273.15
    thermal_ev = BOLTZMANN_EV * kelvin
    density = pressure_pa / (BOLTZMANN_J * kelvin)
    surface = math.pi * (diameter_nm * 1e-9) ** 2
    impinging = 0.25 * surface * math.sqrt(BOLTZMANN_J * kelvin / (2 * math.pi * ACETYLENE_KG))
    products = 1e-14 * math.exp(-2.60 / thermal_ev) * density**2
    return {
        "f1": impinging * density * math.exp(-0.41 / thermal_ev),
        "f2": impinging * products * math.exp(-0.41 / thermal_ev),
        "kr": 1.2e8 * math.exp(-2.4 / thermal_ev),
        "ksb": 17 * math.exp(-2.2 / BOLTZMANN_EV * (1 / kelvin - 1 / (575 + 273.15))),
        "kt": 4e-5 / (diameter_nm * 1e-9) ** 2 * math.exp(-1.5 / thermal_ev),
        "kc1": 3e-3,
        "kd1": 1.0,
        "front": 0.02,
        "full": surface * 1e19,
        "atoms_per_um": 7e6 * diameter_nm / 10,
    }


def system(k: dict[str, float], front: float) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (5, 5) and supply (5,) of dy/dt = A y + b, with y = C, L1, L2, B, T, at this front."""
    f1, f2, kr, full = front * k["f1"], front**2 * k["f2"], k["kr"], k["full"]
    matrix = np.array(
        [
            [-(k["ksb"] + k["kc1"]), -f1 / full, -f1 / full, 0.0, 0.0],
            [k["kc1"], -f2 / full - k["kd1"], -f2 / full, 0.0, 0.0],
            [0.0, -kr / full, -kr / full, 0.0, 0.0],
            [k["ksb"], k["kd1"], 0.0, -k["kt"], 0.0],
            [0.0, 0.0, 0.0, k["kt"], 0.0],
        ]
    )
    return matrix, np.array([f1, f2, kr, 0.0, 0.0])


def grow(k: dict[str, float], seconds: float, n_intervals: int) -> np.ndarray:
    """Final states (5,), extrapolated; the mesh starts at 1e-7 of the duration."""
    mesh = seconds * np.concatenate([[0.0], np.geomspace(1e-7, 1.0, n_intervals)])
    table = [_implicit_euler(k, mesh, cuts) for cuts in CUTS]
    for order in range(1, len(CUTS)):
        ratio = 2.0**order
        table = [
            (ratio * fine - coarse) / (ratio - 1) for coarse, fine in itertools.pairwise(table)
        ]
    return table[0]


def _implicit_euler(k: dict[str, float], mesh: np.ndarray, cuts: int) -> np.ndarray:
    states = np.zeros(5)
    for start, end in itertools.pairwise(mesh):
        step = (end - start) / cuts
        for i in range(1, cuts + 1):
            matrix, supply = system(k, 1 - math.exp(-k["front"] * (start + i * step)))
            states = np.linalg.solve(np.eye(5) - step * matrix, states + step * supply)
    return states
