"""From the planner's values to a device's and back, and whether anything is lost on the way."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from planner import units
from planner.campaign.devices import MappedParameter
from planner.errors import UnitError
from planner.space import (
    AnyParameter,
    Categorical,
    Contextual,
    Continuous,
    Discrete,
    Fixed,
    Integer,
    Ordinal,
    Value,
)

_N_PROBES = 65
_GOLDEN = 0.618033988749895  # multiples of it keep no step with any scale's digits


def has_names(parameter: AnyParameter) -> bool:
    """Tells whether a parameter's values are names rather than numbers."""
    is_text = isinstance(parameter, Fixed) and isinstance(parameter.value, str)
    return is_text or isinstance(parameter, Categorical | Ordinal)


def to_device(value: Value, mapped: MappedParameter, *, unit: str) -> Value:
    """Returns a value in the device's unit, with as many decimals as it reads.

    Args:
        value: in ``unit``; a name stays what it is.
        mapped: the device's unit and decimals.
        unit: the parameter's own.
    """
    if isinstance(value, str):
        return value
    wanted = unit if mapped.unit is None else mapped.unit
    turned = value if wanted == unit else units.convert(float(value), given=unit, wanted=wanted)
    if mapped.decimals is None:
        return turned
    step = Decimal(1).scaleb(-mapped.decimals)
    rounded = Decimal(repr(float(turned))).quantize(step, rounding=ROUND_HALF_EVEN)
    return int(rounded) if mapped.decimals == 0 and isinstance(value, int) else float(rounded)


def find_loss(parameter: AnyParameter, mapped: MappedParameter) -> str:
    """Says what is lost when values of a parameter go to the device and come back.

    A value must come back within half of the smallest step that can be set, so that no two
    settings become one.

    Returns:
        In words, or nothing where all come back.
    """
    if has_names(parameter):
        if mapped.unit is None and mapped.decimals is None:
            return ""
        return "has names for values, which have no unit and no decimals: leave these out"
    unit = parameter.unit if mapped.unit is None else mapped.unit
    try:
        for value in _probes(parameter, mapped):
            sent = float(to_device(value, mapped, unit=parameter.unit))
            back = units.convert(sent, given=unit, wanted=parameter.unit)
            if abs(back - float(value)) >= _step_at(parameter, value) / 2:
                return _say_lost(parameter, mapped, value, sent, back)
    except UnitError as error:
        return str(error)
    return ""


def _say_lost(
    parameter: AnyParameter, mapped: MappedParameter, value: Value, sent: float, back: float
) -> str:
    unit = parameter.unit if mapped.unit is None else mapped.unit
    step = _step_at(parameter, value)
    return (
        f"loses settings: {value:g} {parameter.unit} is sent as {sent:.12g} {unit} and comes back "
        f"as {back:.6g} {parameter.unit}, while steps of {step:.3g} are set: give more decimals, "
        f"or the parameter a coarser resolution"
    )


def _probes(parameter: AnyParameter, mapped: MappedParameter) -> list[Value]:
    """Returns the values that are tried: all of a few, otherwise the ends and some in between.

    Of a free number also some that rounding moves farthest.
    """
    match parameter:
        case Fixed():
            return [parameter.value]
        case Discrete():
            return list(parameter.values)
        case Continuous():
            absent: list[Value] = [0.0] if parameter.optional else []
            spread = _spread(parameter)
            halves = [_half_a_digit_on(each, parameter, mapped) for each in spread]
            return [*absent, *(parameter.snap(each) for each in [*spread, *halves])]
        case Integer():
            return [round(each) for each in _spread(parameter)]
        case Contextual():
            return [parameter.low, parameter.high]
        case _:
            return []


def _spread(parameter: Continuous | Integer) -> list[float]:
    even = np.linspace(0.0, 1.0, _N_PROBES)  # what a person would try comes first
    shares = np.append(even, np.arange(1, _N_PROBES) * _GOLDEN % 1)
    return [float(each) for each in parameter.low + shares * (parameter.high - parameter.low)]


def _half_a_digit_on(value: float, parameter: Continuous, mapped: MappedParameter) -> float:
    """Returns a value near to a given one that lies between two which the device can be told."""
    if mapped.decimals is None:
        return value
    unit = parameter.unit if mapped.unit is None else mapped.unit
    sent = float(to_device(value, mapped, unit=parameter.unit))
    between = sent + 0.4999 * 10.0**-mapped.decimals
    back = units.convert(between, given=unit, wanted=parameter.unit)
    return min(max(back, parameter.low), parameter.high)


def _step_at(parameter: AnyParameter, value: Value) -> float:
    """Returns the distance to the next setting."""
    match parameter:
        case Continuous():
            return float(parameter.step_at(float(value))[0])
        case Integer():
            return 1.0
        case Discrete():
            gaps = np.diff(parameter.values)
            return float(gaps.min()) if len(gaps) else float("inf")
        case _:
            # one value, or what is only measured: four digits of it, as of a free number
            return max(abs(float(value)) * 1e-3, 1e-9)
