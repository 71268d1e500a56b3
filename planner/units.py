"""Units of the field: parsing, checking and converting.

A value that is given in another unit of the same dimension is converted; another dimension is
refused. A temperature has an offset, so its steps, tolerances and deviations are *differences*:
5 K and 5 degC are the same step, although 5 K and 5 degC are not the same temperature.
Conversions are computed in decimal, so that 350 K is 76.85 degC and not 76.85000000000002.
"""

from __future__ import annotations

import math
import pickle
import re
from decimal import Decimal
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
    # acidity, a plain number; without this line pint reads picohenry
    "pH = 1",
    # a standard cubic centimetre a minute is an amount of gas: 1 cm3 at 0 degC and 1 atm
    "sccm = 7.4358e-7 * mole / second",
    "slm = 1000 * sccm",
    "USD = [money]",
    "EUR = [money_eur]",
)

# What pint would read as another quantity than the one a chemist means.
_AMBIGUOUS = {"C": "degC or coulomb", "F": "degF or farad"}

_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(\S.*)?")


@cache
def _registry() -> pint.UnitRegistry[Decimal]:
    try:  # definitions that another process parsed save a quarter of a second
        registry = _make_registry(":auto:")
    except (OSError, EOFError, pickle.UnpicklingError):  # no such folder, or half written
        registry = _make_registry(None)
    for definition in _FIELD_UNITS:
        registry.define(definition)
    return registry


def _make_registry(cache_folder: str | None) -> pint.UnitRegistry[Decimal]:
    import pint

    return pint.UnitRegistry(
        cache_folder=cache_folder, autoconvert_offset_to_baseunit=True, non_int_type=Decimal
    )


@cache
def _parse(unit: str) -> Any:
    if unit in _AMBIGUOUS:
        raise UnitError(f"Unit {unit!r} can be read in two ways. Write {_AMBIGUOUS[unit]}.")
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


@cache
def _line(given: str, wanted: str) -> tuple[Decimal, Decimal]:
    """Returns slope and intercept of the conversion: ``wanted = slope * given + intercept``."""
    import pint

    check_unit(given)
    check_unit(wanted)
    one, other = _parse(given), _parse(wanted)
    try:
        zero, unity = (
            Decimal(_registry().Quantity(Decimal(value), one).to(other).magnitude)
            for value in (0, 1)
        )
    except pint.DimensionalityError as error:
        raise UnitError(
            f"A value in {given!r} cannot be converted to {wanted!r}: they measure different "
            f"things. Give it in {wanted!r} or a unit of the same dimension."
        ) from error
    return unity - zero, zero


@cache
def check_unit(unit: str) -> None:
    """Accepts a unit that can be parsed.

    Raises:
        UnitError: the unit is not known, means two things, or is a logarithm (dB).
    """
    try:
        _registry().Quantity(Decimal(1), _parse(unit)).to_base_units()
    except TypeError as error:  # a logarithm cannot be taken in decimal
        raise UnitError(
            f"Unit {unit!r} is a logarithm of a quantity. Give the quantity itself."
        ) from error


def has_offset(unit: str) -> bool:
    """Tells whether the unit's zero is not the zero of the quantity (degC, degF)."""
    probe = _registry().Quantity(Decimal(0), _parse(unit))
    return bool(probe.to_base_units().magnitude != 0)


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
    slope, intercept = _line(given, wanted)
    return float(slope * Decimal(repr(float(value))) + intercept)


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
    slope, _ = _line(given, wanted)
    return float(slope * Decimal(repr(float(value))))


def are_compatible(one: str, other: str) -> bool:
    """Tells whether values in one unit can be converted to the other."""
    return bool(_parse(one).dimensionality == _parse(other).dimensionality)


def rate_unit(unit: str, time_unit: str) -> str:
    """Returns the unit of a change of one quantity in time: degC and min give degC/min."""
    over = "1" if unit in ("", DIMENSIONLESS) else unit if unit.isidentifier() else f"({unit})"
    return f"{over}/{time_unit}"


def parse_quantity(text: str, *, wanted: str, is_difference: bool = False) -> float:
    """Reads a number with its unit, such as ``4 h`` or ``90 s``.

    Args:
        text: number and unit.
        wanted: unit of the result.
        is_difference: whether it is a step, tolerance or deviation rather than a value.

    Returns:
        The number in the unit ``wanted``.

    Raises:
        UnitError: no number, no unit, or a unit of another dimension.
    """
    number, unit = split_quantity(text, wanted=wanted)
    if not unit:
        raise UnitError(f"{text!r} has no unit. {_example(wanted)}")
    turn = convert_difference if is_difference else convert
    return turn(number, given=unit, wanted=wanted)


def split_quantity(text: str, *, wanted: str) -> tuple[float, str]:
    """Splits a number from its unit, which may be empty.

    Raises:
        UnitError: the text does not begin with a number.
    """
    if re.match(r"\s*[-+]?\d+,\d", text):
        raise UnitError(f"{text!r} has a comma in its number. Write a decimal point.")
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise UnitError(f"{text!r} is not a number with a unit. {_example(wanted)}")
    number = float(match[1])
    if not math.isfinite(number):
        raise UnitError(f"{text!r} is too large for a number. Use a larger unit.")
    return number, (match[2] or "").strip()


def _example(unit: str) -> str:
    if unit == "s":
        return "Write it like '4 h' or '90 s'."
    if unit in ("", DIMENSIONLESS):
        return "Write a plain number, without quotes."
    return f"Write a plain number, without quotes, or one with its unit, such as '4 {unit}'."
