"""Rate constants of carbon on one catalyst particle (Puretzky form).

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
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.constants import Boltzmann, atomic_mass, electron_volt

ACETYLENE_KG = 26.038 * atomic_mass
MONOLAYER_PER_M2 = 1e19
REFERENCE_K = 575.0 + 273.15
REFERENCE_DIAMETER_M = 10e-9


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
        divisors = (self.capacity, self.atoms_per_um, self.diffusion, self.layer_growth)
        return all(map(math.isfinite, values)) and min(divisors) > 0


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
