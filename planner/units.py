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

_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "CAD", "AUD", "JPY", "CNY", "INR", "SEK", "DKK")

# What chemists write and pint does not know, or takes for something else.
_FIELD_UNITS = (
    "equiv = 1 = eq",
    "mol_percent = 0.01",
    "wt_percent = 0.01",
    "vol_percent = 0.01",
    "at_percent = 0.01",
    "rh_percent = 0.01",
    "mole_fraction = 1",
    "mass_fraction = 1",
    "ppb = 1e-9",
    # acidity, a plain number; without this line pint reads picohenry
    "pH = 1",
    "OD = 1 = absorbance",
    "mAU = 0.001",
    "sq = 1",  # of a sheet's resistance, ohm/sq
    # what an instrument shows without a calibration is comparable with itself alone
    "arbitrary_unit = [arbitrary]",
    # turns are no hertz: pint has a turn for 2 pi, so that 60 rpm would be 6.28 Hz
    "full_turn = [turns]",
    "rpm = full_turn / minute",
    "rps = full_turn / second",
    # a standard cubic centimetre a minute is an amount of gas, pV/RT at 0 degC and 1 atm
    "sccm = 7.43583890091172e-7 * mole / second",
    "slm = 1000 * sccm",
    "Torr = torr",
    *(f"{currency} = [money_{currency.lower()}]" for currency in _CURRENCIES),
)

# Fractions of different things are all plain numbers, and yet 5 wt_percent is not 5 mol_percent.
_FRACTIONS = {
    "mol_percent": "amounts",
    "mole_fraction": "amounts",
    "at_percent": "amounts",
    "wt_percent": "masses",
    "mass_fraction": "masses",
    "vol_percent": "volumes",
    "rh_percent": "humidity",
    "equiv": "equivalents",
    "pH": "acidity",
    "OD": "absorbance",
    "mAU": "absorbance",
}

# What pint would read as another quantity than the one a chemist means.
_AMBIGUOUS = {
    "C": "degC or coulomb",
    "F": "degF or farad",
    "AU": "OD for absorbance, a.u. for arbitrary units, or astronomical_unit",
    "pct": "percent or picocarat",
    "$": "USD, CAD or AUD",
}

_ZERO = re.compile(r"[oO](?![a-zA-Z])")  # behind a number: typed for a zero

# How chemists spell units, and how pint does.
_SPELLINGS = (
    (re.compile(r"\b(mol|wt|vol|at) ?(?:%|percent\b)"), r"\1_percent"),
    (re.compile(r"% ?RH\b|\bRH ?%"), "rh_percent"),
    (re.compile(r"(?<![A-Za-z])(?:a\.u\.|arb\. ?units?|au\b|arb\b)"), "arbitrary_unit"),
    (re.compile(r"€"), "EUR"),
    (re.compile(r"£"), "GBP"),
    # cm2 and cm-1 as people write them; not the 2 of cmH2O
    (re.compile(r"\b([A-Za-zµμ]{1,2})(-?[1-4])\b"), r"\1**\2"),
)

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
    spelled = unit
    for pattern, meant in _SPELLINGS:
        spelled = pattern.sub(meant, spelled)
    try:
        return _registry().Unit(spelled)
    except Exception as error:  # pint raises tokenizer, attribute and value errors alike
        slip = " If the letter O stands for a zero, write the digit." if _ZERO.match(unit) else ""
        raise UnitError(
            f"Unit {unit!r} is not known.{slip} Write a unit such as degC, K, min, s, mol_percent, "
            f"sccm, nm or '1' for a plain number; products and powers as mA/cm**2."
        ) from error


@cache
def _line(given: str, wanted: str) -> tuple[Decimal, Decimal]:
    """Returns slope and intercept of the conversion: ``wanted = slope * given + intercept``."""
    check_unit(given)
    check_unit(wanted)
    if not are_compatible(given, wanted):
        raise UnitError(
            f"A value in {given!r} cannot be converted to {wanted!r}: they measure different "
            f"things. Give it in {wanted!r} or a unit of the same dimension."
        )
    if _mixes_values_and_differences(given, wanted):
        raise UnitError(
            f"A value in {given!r} cannot be converted to {wanted!r}: one is a temperature, the "
            f"other a difference of two. Give it in {wanted!r}."
        )
    one, other = _parse(given), _parse(wanted)
    zero, unity = (
        Decimal(_registry().Quantity(Decimal(value), one).to(other).magnitude) for value in (0, 1)
    )
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


@cache
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
    if _mixes_values_and_differences(given, wanted):  # here 5 degC is a difference too
        slope = _line(given, "K")[0] * _line("K", wanted)[0]
    else:
        slope, _ = _line(given, wanted)
    return float(slope * Decimal(repr(float(value))))


@cache
def are_compatible(one: str, other: str) -> bool:
    """Tells whether values in one unit can be converted to the other.

    Fractions of one thing are not those of another, though all are plain numbers: what is in
    wt_percent can be converted to percent, and not to mol_percent.
    """
    if _parse(one).dimensionality != _parse(other).dimensionality:
        return False
    fractions = _fractions(one), _fractions(other)
    return fractions[0] == fractions[1] or not all(fractions)


def _fractions(unit: str) -> frozenset[str]:
    """Returns what the unit is a fraction of; nothing for percent and other plain numbers."""
    return frozenset(_FRACTIONS[name] for name in _unit_names(unit) if name in _FRACTIONS)


def _is_difference(unit: str) -> bool:
    """Tells whether the unit is that of a difference of temperatures (delta_degC)."""
    return _unit_names(unit) in (["delta_degree_Celsius"], ["delta_degree_Fahrenheit"])


def _mixes_values_and_differences(one: str, other: str) -> bool:
    """Tells whether one is a temperature's unit with an offset and the other a difference's."""
    return (has_offset(one) and _is_difference(other)) or (
        has_offset(other) and _is_difference(one)
    )


def _unit_names(unit: str) -> list[str]:
    return [name for name, _ in _registry().Quantity(Decimal(1), _parse(unit)).unit_items()]


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
