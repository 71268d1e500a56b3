"""Lets inputs and calibration parameters in: complete, known by name, finite and within bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from planner.errors import UnknownName, ValueOutOfRange
from planner.simulators.contract import CalibrationParameter, InputSpec, LogNormal


def admit_inputs(
    inputs: Mapping[str, float], specs: Sequence[InputSpec], *, simulator: str
) -> dict[str, float]:
    """One value for each input: the given one, else the default.

    Raises:
        UnknownName: an input that the simulator does not have.
        ValueOutOfRange: a required input that is missing, or a value outside its bounds.
    """
    _refuse_unknown(inputs, [spec.name for spec in specs], kind="input", simulator=simulator)
    return {spec.name: _admit_input(inputs, spec, simulator=simulator) for spec in specs}


def _admit_input(inputs: Mapping[str, float], spec: InputSpec, *, simulator: str) -> float:
    value = inputs.get(spec.name, spec.default)
    where = f"Input {spec.name!r} of simulator {simulator!r}"
    bounds = f"from {spec.low:g} to {spec.high:g} {spec.unit}"
    if value is None:
        raise ValueOutOfRange(f"{where} is missing. Give a value {bounds}: {spec.meaning}")
    # a NaN compares false with everything and is refused here too
    if not spec.low <= value <= spec.high:
        raise ValueOutOfRange(
            f"{where}: {value:g} {spec.unit} is outside what it accepts. Give a value {bounds}."
        )
    return float(value)


def admit_theta(
    theta: Mapping[str, float] | None,
    parameters: Sequence[CalibrationParameter],
    *,
    simulator: str,
) -> dict[str, float]:
    """One value for each calibration parameter: the given one, else its prior's nominal.

    Raises:
        UnknownName: a calibration parameter that the simulator does not have.
        ValueOutOfRange: a value that is not finite, or not positive where the prior is log-normal.
    """
    given = theta or {}
    names = [parameter.name for parameter in parameters]
    _refuse_unknown(given, names, kind="calibration parameter", simulator=simulator)
    return {
        parameter.name: _admit_constant(
            given.get(parameter.name, parameter.prior.nominal), parameter, simulator=simulator
        )
        for parameter in parameters
    }


def _admit_constant(value: float, parameter: CalibrationParameter, *, simulator: str) -> float:
    where = f"Calibration parameter {parameter.name!r} of simulator {simulator!r}"
    if not math.isfinite(value):
        raise ValueOutOfRange(f"{where} is {value}; give a finite number in {parameter.unit}.")
    if isinstance(parameter.prior, LogNormal) and value <= 0:
        raise ValueOutOfRange(
            f"{where} is {value:g} {parameter.unit}; this constant is positive, "
            "give a number above 0."
        )
    return float(value)


def _refuse_unknown(
    given: Iterable[str], known: Sequence[str], *, kind: str, simulator: str
) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UnknownName(
            f"Simulator {simulator!r} has no {kind} {', '.join(map(repr, unknown))}. "
            f"It has: {', '.join(known) or 'none'}."
        )
