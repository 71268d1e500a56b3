"""Rate constants and balances of carbon on one catalyst particle (Puretzky form).

| symbol | name here | meaning | unit |
|---|---|---|---|
| T | temperature_k | gas and catalyst | K |
| p | pressure_pa | partial pressure of acetylene | Pa |
| d | diameter_m | particle | m |
| n = p/kT | | acetylene molecules in the gas when the front has arrived | 1/m3 |
| S = pi d^2 | | surface of the particle | m2 |
| J = S/4 sqrt(kT/2 pi m) | | collisions per density, as coded (see the card) | m3/s |
| F1 = J n exp(-Ea/kT) | attachment | carbon that stays on the surface | 1/s |
| F2 = J V exp(-Ep/kT) n^2 exp(-Ea/kT) | deposition | pyrolysis products that stay | 1/s |
| kr | poisoning | atoms that poison | 1/s |
| ksb, kt | dissolution, diffusion | surface to metal, metal to tube | 1/s |
| kc, kd | layer_growth, layer_dissolution | surface to layer, layer to metal | 1/s |
| M = alpha S n_m | capacity | atoms that seal the particle | 1 |
| g(t) = 1 - exp(-c t) | front | share of the gas that has arrived | 1 |

States, in atoms per particle: C on the surface, L in the layer, P in the poison, B in the metal,
N in the tube, and I, all that came in. With u = 1 - (L + P)/M the free share of the surface::

    dC/dt = g F1 u - (ksb + kc) C          dB/dt = ksb C + kd L - kt B
    dL/dt = g^2 F2 u + kc C - kd L         dN/dt = kt B
    dP/dt = kr u                           dI/dt = (g F1 + g^2 F2 + kr) u

The balances are linear in the states, so the Jacobian is exact and cheap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.constants import Boltzmann, atomic_mass, electron_volt
from scipy.integrate import solve_ivp

Vector = NDArray[np.float64]

ACETYLENE_KG = 26.038 * atomic_mass
MONOLAYER_PER_M2 = 1e19
REFERENCE_K = 575.0 + 273.15
REFERENCE_DIAMETER_M = 10e-9

# With this the quadrature of the inflow on the solver's own interpolant agrees with the change in
# stock to 1e-9 over the whole input box; a hundred times looser would halve the time.
RELATIVE_TOLERANCE = 1e-11

SURFACE, LAYER, POISON, METAL, TUBE, INFLOW = range(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The constants of one run, per particle; see the table above for meanings and units."""

    attachment: float
    deposition: float
    poisoning: float
    dissolution: float
    diffusion: float
    layer_growth: float
    layer_dissolution: float
    front: float
    capacity: float
    atoms_per_um: float

    @property
    def are_usable(self) -> bool:
        """Whether every constant is a finite number and what is divided by is not zero."""
        values = [getattr(self, name) for name in self.__slots__]
        return all(map(math.isfinite, values)) and self.capacity > 0 and self.atoms_per_um > 0


def rates_at(
    *, temperature_k: float, pressure_pa: float, diameter_m: float, theta: Mapping[str, float]
) -> Rates:
    """The rate constants at one temperature, partial pressure and particle size.

    Constants too large for a float come out infinite; `Rates.are_usable` tells.
    """
    kt_j = Boltzmann * temperature_k
    kt_ev = kt_j / electron_volt
    surface = math.pi * diameter_m**2
    density = pressure_pa / kt_j
    sticking = 0.25 * surface * math.sqrt(kt_j / (2 * math.pi * ACETYLENE_KG))
    sticking *= _exp(-theta["attachment_energy"] / kt_ev)
    pyrolysed = theta["pyrolysis_volume"] * _exp(-theta["pyrolysis_energy"] / kt_ev) * density**2
    from_reference = 1 / kt_ev - electron_volt / (Boltzmann * REFERENCE_K)
    return Rates(
        attachment=sticking * density,
        deposition=sticking * pyrolysed,
        poisoning=theta["poisoning_rate"] * _exp(-theta["poisoning_energy"] / kt_ev),
        dissolution=theta["dissolution_rate"] * _exp(-theta["dissolution_energy"] * from_reference),
        diffusion=theta["diffusivity"] / diameter_m**2 * _exp(-theta["diffusion_energy"] / kt_ev),
        layer_growth=theta["layer_growth_rate"],
        layer_dissolution=theta["layer_dissolution_rate"],
        front=theta["front_rate"],
        capacity=theta["layer_monolayers"] * surface * MONOLAYER_PER_M2,
        atoms_per_um=theta["atoms_per_length"] * diameter_m / REFERENCE_DIAMETER_M,
    )


def _exp(exponent: float) -> float:
    return math.exp(exponent) if exponent < 700.0 else math.inf


def inflow_per_s(time_s: Vector, covered: Vector, rates: Rates) -> Vector:
    """Carbon that arrives, dI/dt in atoms/s, at these times with L + P = ``covered`` atoms."""
    front = -np.expm1(-rates.front * time_s)
    offered = front * rates.attachment + front**2 * rates.deposition + rates.poisoning
    return np.asarray(offered * (1 - covered / rates.capacity))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """All six states over time, as the solver found them.

    Args:
        time_s: (n,) the solver's own steps, which crowd where the states change.
        atoms: (6, n) the states at those times.
        success: whether the solver reached the end within its tolerances.
        message: the solver's own words.
        between: the solver's interpolant, from times (k,) to states (6, k), where asked for.
    """

    time_s: Vector
    atoms: Vector
    success: bool
    message: str
    between: Callable[[Vector], Vector] | None = None


def integrate(rates: Rates, *, duration_s: float, dense: bool = False) -> Trajectory:
    """All six states from a clean particle at time 0 to the end.

    Args:
        rates: usable rate constants.
        duration_s: growth time, above 0.
        dense: keep the interpolant between steps, which takes memory.
    """
    exchange = _exchange_matrix(rates)
    constant, with_front, with_front_squared = _supplies(rates)
    covering = np.zeros(6)
    covering[[LAYER, POISON]] = 1 / rates.capacity

    def supply(time_s: float) -> Vector:
        front = -math.expm1(-rates.front * time_s)
        return constant + front * (with_front + front * with_front_squared)

    def balance(time_s: float, atoms: Vector) -> Vector:
        return exchange @ atoms + supply(time_s) * (1 - covering @ atoms)

    def jacobian(time_s: float, atoms: Vector) -> Vector:  # noqa: ARG001  linear in the atoms
        return exchange - np.outer(supply(time_s), covering)

    solution = solve_ivp(
        balance,
        (0.0, duration_s),
        np.zeros(6),
        method="LSODA",
        jac=jacobian,
        rtol=RELATIVE_TOLERANCE,
        atol=_smallest_atoms(rates, duration_s),
        dense_output=dense,
    )
    return Trajectory(
        time_s=solution.t,
        atoms=solution.y,
        success=solution.success,
        message=solution.message,
        between=solution.sol,
    )


def _smallest_atoms(rates: Rates, duration_s: float) -> float:
    """What counts as no atoms: 1e-12 of a full layer, or of the carbon offered where less."""
    offered = (rates.attachment + rates.deposition + rates.poisoning) * duration_s
    # the solver divides by this, so it stays above the smallest float where nothing is offered
    return max(1e-12 * min(rates.capacity, offered), 1e-250)


def _exchange_matrix(rates: Rates) -> Vector:
    """Carbon moving between states: entry (i, j) is what one atom in j gives to i per second."""
    matrix = np.zeros((6, 6))
    for source, target, rate in (
        (SURFACE, METAL, rates.dissolution),
        (SURFACE, LAYER, rates.layer_growth),
        (LAYER, METAL, rates.layer_dissolution),
        (METAL, TUBE, rates.diffusion),
    ):
        matrix[target, source] += rate
        matrix[source, source] -= rate
    return matrix


def _supplies(rates: Rates) -> tuple[Vector, Vector, Vector]:
    """What a free surface receives per second: constant, with the gas front, with its square."""
    supplies = np.zeros((3, 6))
    supplies[0, [POISON, INFLOW]] = rates.poisoning
    supplies[1, [SURFACE, INFLOW]] = rates.attachment
    supplies[2, [LAYER, INFLOW]] = rates.deposition
    return supplies[0], supplies[1], supplies[2]
