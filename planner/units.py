"""Units of the field: parsing, checking and converting.

A value that is given in another unit of the same dimension is converted; another dimension is
refused. A temperature has an offset, so its steps, tolerances and deviations are *differences*:
5 K and 5 degC are the same step, although 5 K and 5 degC are not the same temperature.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from planner.errors import UnitError

if TYPE_CHECKING:
    import pint

DIMENSIONLESS = "1"

# What chemists write and pint does not know. Fractions of an amount are plain numbers.
_FIELD_UNITS = (
    "equiv = 1",
    "mol_percent = 0.01",
    "wt_percent = 0.01",
    "vol_percent = 0.01",
    "mole_fraction = 1",
    # a standard cubic centimetre a minute is an amount of gas: 1 cm3 at 0 degC and 1 atm
    "sccm = 7.4358e-7 * mole / second",
    "slm = 1000 * sccm",
    "USD = [money]",
    "EUR = [money_eur]",
)


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(
        cache_folder=":auto:", autoconvert_offset_to_baseunit=True
    )
    for definition in _FIELD_UNITS:
        registry.define(definition)
    return registry


@cache
def _parse(unit: str) -> Any:
    if unit in ("", DIMENSIONLESS):
        return _registry().Unit("")
    if unit == "%":
        return _registry().Unit("percent")
    try:
        return _registry().Unit(unit)
    except Exception as error:  # pint raises tokenizer, attribute and value errors alike
        raise UnitError(
            f"Unit {unit!r} is not known. Write a unit such as degC, K, min, s, mol_percent, "
            f"sccm, nm or '1' for a plain number."
        ) from error


def check_unit(unit: str) -> None:
    """Accepts a unit that can be parsed.

    Raises:
        UnitError: the unit is not known.
    """
    _parse(unit)


def has_offset(unit: str) -> bool:
    """Tells whether the unit's zero is not the zero of the quantity (degC, degF)."""
    probe = _registry().Quantity(0.0, _parse(unit))
    return bool(probe.to_base_units().magnitude != 0.0)


def convert(value: float, *, given: str, wanted: str) -> float:
    """Converts a value between units.

    Args:
        value: in the unit ``given``.
        given: the value's unit.
        wanted: unit of the result.

    Returns:
        The value in the unit ``wanted``; unchanged to the last bit where the units are the same.

    Raises:
        UnitError: one is not known, or their dimensions differ.
    """
    if given == wanted:
        return value
    import pint

    try:
        return float(_registry().Quantity(value, _parse(given)).to(_parse(wanted)).magnitude)
    except pint.DimensionalityError as error:
        raise UnitError(
            f"A value in {given!r} cannot be converted to {wanted!r}: they measure different "
            f"things. Give it in {wanted!r} or a unit of the same dimension."
        ) from error


def convert_difference(value: float, *, given: str, wanted: str) -> float:
    """Converts a step, tolerance or standard deviation between units.

    Args:
        value: a difference, in the unit ``given``.
        given: the difference's unit.
        wanted: unit of the result.

    Returns:
        The difference in the unit ``wanted``: 9 degF is a step of 5 degC.

    Raises:
        UnitError: one is not known, or their dimensions differ.
    """
    if given == wanted:
        return value
    zero = convert(0.0, given=given, wanted=wanted)
    return convert(value, given=given, wanted=wanted) - zero


def are_compatible(one: str, other: str) -> bool:
    """Tells whether values in one unit can be converted to the other."""
    return bool(_parse(one).dimensionality == _parse(other).dimensionality)


def parse_quantity(text: str, *, wanted: str) -> float:
    """Reads a number with its unit, such as ``4 h`` or ``90 s``.

    Args:
        text: number and unit.
        wanted: unit of the result.

    Returns:
        The number in the unit ``wanted``.

    Raises:
        UnitError: no number, no unit, or a unit of another dimension.
    """
    number, _, unit = text.strip().partition(" ")
    try:
        value = float(number)
    except ValueError as error:
        raise UnitError(
            f"{text!r} is not a number with a unit. Write it like '4 h' or '90 s'."
        ) from error
    if not unit.strip():
        raise UnitError(f"{text!r} has no unit. Write it like '4 h' or '90 s'.")
    return convert(value, given=unit.strip(), wanted=wanted)
