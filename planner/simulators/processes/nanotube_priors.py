"""The uncertain constants of the nanotube rate model, each with its prior and source.

Every central number was read in two public codes that re-implement the model and share variable
names, so probably one origin; none was verified against the paper. The widths are our judgement,
wide on purpose: they say how far data may move a constant.
"""

from __future__ import annotations

from functools import partial

from planner.simulators.contract import CalibrationParameter, Evidence, LogNormal, Normal
from planner.simulators.processes.process import uncertain

SOURCE = (
    "number read in two public re-implementations of the model of Puretzky et al. 2005, probably "
    "of one origin; not verified against the paper; width: our judgement"
)

_coded = partial(uncertain, source=SOURCE, evidence=Evidence.CODE)


def _energy(name: str, mean: float, sd: float, meaning: str) -> CalibrationParameter:
    return _coded(name, "eV", Normal(mean=mean, sd=sd), meaning)


def _positive(
    name: str, unit: str, median: float, log_sd: float, meaning: str
) -> CalibrationParameter:
    return _coded(name, unit, LogNormal(median=median, log_sd=log_sd), meaning)


NANOTUBE_PRIORS = (
    _energy("attachment_energy", 0.41, 0.1, "Barrier for gas-phase carbon to stay on the metal."),
    _positive("dissolution_rate", "1/s", 17.0, 0.7, "Surface carbon dissolving, at 575 degC."),
    _energy("dissolution_energy", 2.2, 0.2, "Its activation energy."),
    _positive(
        "diffusivity", "m**2/s", 4e-5, 1.0, "Prefactor of carbon diffusing through the metal."
    ),
    _energy("diffusion_energy", 1.5, 0.15, "Its activation energy."),
    _positive("layer_growth_rate", "1/s", 3e-3, 1.0, "Surface carbon turning into layer carbon."),
    _positive("layer_dissolution_rate", "1/s", 1.0, 1.0, "Layer carbon dissolving into the metal."),
    _positive("pyrolysis_volume", "m**3", 1e-14, 1.0, "Prefactor of pyrolysis in the gas."),
    _energy("pyrolysis_energy", 2.6, 0.2, "Its activation energy."),
    # two codes agree on the number and neither says per what; as coded it is per particle
    _positive("poisoning_rate", "1/s", 1.2e8, 3.0, "Prefactor of atoms poisoning a particle."),
    _energy("poisoning_energy", 2.4, 0.3, "Its activation energy."),
    _positive("front_rate", "1/s", 0.02, 0.5, "How fast the gas front fills the furnace."),
    _positive("layer_monolayers", "1", 1.0, 0.7, "Monolayers of carbon that seal a particle."),
    _positive("atoms_per_length", "1/um", 7e6, 0.5, "Carbon atoms in 1 um of a tube of 10 nm."),
)
