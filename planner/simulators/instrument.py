"""The noise of an instrument, laid over what a simulator yields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from planner.errors import UnknownName, ValueOutOfRange
from planner.simulators.contract import Curve, SimulatorResult, Yielded


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How one quantity is read: sd^2 = absolute^2 + (relative value)^2, independent and normal.

    Args:
        relative: standard deviation as a share of the true value; 0.03 is 3 %.
        absolute: standard deviation at zero, in the quantity's unit.
        lowest: what the instrument shows for anything below it; a length gauge shows no less
            than 0.

    Raises:
        ValueOutOfRange: a standard deviation that is negative or not finite.
    """

    relative: float = 0.0
    absolute: float = 0.0
    lowest: float = -math.inf

    def __post_init__(self) -> None:
        for what, value in (("relative", self.relative), ("absolute", self.absolute)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueOutOfRange(
                    f"The {what} noise of an instrument is {value}; give a number of 0 or more."
                )

    def sd_at(self, value: float) -> float:
        """The standard deviation of a reading where the true value is this one."""
        return math.hypot(self.absolute, self.relative * value)


def measure(result: SimulatorResult, noise: Mapping[str, Noise], *, seed: int) -> SimulatorResult:
    """The result as instruments show it: each named outcome with its noise, the others as they are.

    Every point of a curve has noise of its own; a class has none, its simulator reads it already.
    Each outcome draws from a stream of its own, so reading one more changes none of the rest.

    Args:
        result: what a run yielded; without values (a failed run) it comes back as it is.
        noise: how each outcome is read, by its name.
        seed: of the readings, 0 or above; the same seed gives the same readings.

    Raises:
        UnknownName: noise for an outcome that the result does not have.
        ValueOutOfRange: a negative seed.
    """
    if seed < 0:
        raise ValueOutOfRange(f"The seed of a measurement is {seed}; give an integer of 0 or more.")
    if not result.values:
        return result
    unknown = sorted(set(noise) - set(result.values))
    if unknown:
        raise UnknownName(
            f"There is noise for {', '.join(map(repr, unknown))}, which the simulator does not "
            f"yield. It yields: {', '.join(result.values)}."
        )
    readings = {
        name: _read(name, value, noise[name], seed=seed) if name in noise else value
        for name, value in result.values.items()
    }
    return replace(result, values=readings)


def _read(name: str, value: Yielded, noise: Noise, *, seed: int) -> Yielded:
    generator = np.random.default_rng([seed, crc32(name.encode())])
    match value:
        case str():
            return value
        case Curve():
            return Curve(x=value.x, y=tuple(_show(y, noise, generator) for y in value.y))
        case _:
            return _show(value, noise, generator)


def _show(value: float, noise: Noise, generator: np.random.Generator) -> float:
    return max(noise.lowest, value + noise.sd_at(value) * float(generator.standard_normal()))
