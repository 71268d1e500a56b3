from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner import units
from planner.errors import UnitError

# value, unit, the same in another unit: by hand, from the definitions of the units
SAME = [
    (25.0, "degC", 298.15, "K"),
    (350.0, "K", 76.85, "degC"),
    (212.0, "degF", 100.0, "degC"),
    (1.0, "h", 3600.0, "s"),
    (1.0, "percent", 0.01, "1"),
    (1.0, "%", 0.01, "1"),
    (2.5, "mol_percent", 0.025, "mole_fraction"),
    (2.0, "equiv", 2.0, "1"),
    (1.0, "um", 1000.0, "nm"),
    (1.0, "µm", 1000.0, "nm"),
    (1.0, "bar", 100_000.0, "Pa"),
    (1.0, "slm", 1000.0, "sccm"),
    (7.0, "pH", 7.0, "1"),
    (60.0, "degC/min", 1.0, "K/s"),
    (1.0, "M", 1.0, "mol/L"),
    (250.0, "mM", 0.25, "M"),
    (5.0, "uM", 5e-6, "mol/L"),
    (5.0, "µM", 5.0, "mmol/m**3"),
    (3.0, "mol%", 0.03, "1"),
    (3.0, "mol %", 3.0, "mol_percent"),
    (12.0, "wt%", 12.0, "percent"),
    (40.0, "%RH", 0.4, "1"),
    (40.0, "RH%", 40.0, "percent"),
    (1.5, "eq", 1.5, "equiv"),
    (20.0, "ppm", 2e-5, "1"),
    (20.0, "ppb", 0.02, "ppm"),
    (760.0, "Torr", 101_325.0, "Pa"),  # the definition of the torr
    (760.0, "torr", 1.0, "atm"),
    (500.0, "mTorr", 0.5, "Torr"),
    (1013.25, "mbar", 1.0, "atm"),
    (2.5, "bar", 0.25, "MPa"),
    (100.0, "uL/min", 6.0, "mL/h"),
    (100.0, "µL/min", 0.1, "mL/min"),
    (1.0, "W", 1.0, "J/s"),
    (20.0, "kV", 20_000.0, "V"),
    (10.0, "mA/cm**2", 100.0, "A/m**2"),
    (10.0, "mA/cm2", 10.0, "mA/cm^2"),
    (10.0, "mA/cm²", 10.0, "mA/cm**2"),
    (1600.0, "cm-1", 160_000.0, "1/m"),
    (50.0, "m2/g", 50_000.0, "m**2/kg"),
    (120.0, "mAh/g", 432.0, "C/g"),  # an ampere hour is 3600 C
    (50.0, "ohm/sq", 50.0, "ohm"),
    (600.0, "rpm", 10.0, "rps"),
    (5.0, "au", 5.0, "a.u."),
    (5.0, "arb. units/s", 300.0, "a.u./min"),
    (3.0, "counts", 3.0, "1"),
    (2.0, "counts/s", 120.0, "counts/min"),
    (0.8, "OD", 0.8, "1"),
    (250.0, "mAU", 0.25, "OD"),
    (20.0, "EUR/g", 20_000.0, "EUR/kg"),
    (0.5, "€/mmol", 500.0, "EUR/mol"),
    (3.0, "£/mL", 3000.0, "GBP/L"),
    (12.0, "CHF/h", 0.2, "CHF/min"),
    (4.0, "delta_degC", 4.0, "K"),
    (9.0, "delta_degF", 5.0, "delta_degC"),
    (30.0, "degC/h", 0.5, "K/min"),
]


@pytest.mark.parametrize(("value", "given_unit", "expected", "wanted"), SAME)
def test_a_value_is_converted_exactly(
    value: float, given_unit: str, expected: float, wanted: str
) -> None:
    """Equal to the last bit: conversion is in decimal and rounds once."""
    assert units.convert(value, given=given_unit, wanted=wanted) == expected
    assert units.convert(expected, given=wanted, wanted=given_unit) == value


def test_one_sccm_is_a_cubic_centimetre_of_ideal_gas_a_minute() -> None:
    """N = pV/RT at 101325 Pa and 273.15 K for 1 cm3, over 60 s, with R = 8.31446261815324 J/mol/K.

    The constant is written with 15 digits, so it may be off by 5e-15 of itself; four products of
    doubles add 5e-16.
    """
    moles_per_second = 101_325 * 1e-6 / (8.31446261815324 * 273.15) / 60
    assert units.convert(1.0, given="sccm", wanted="mol/s") == pytest.approx(
        moles_per_second, rel=1e-14
    )


FAMILIES = (
    ("1", "percent", "ppm", "ppb", "counts"),
    ("mol%", "mole_fraction", "percent"),
    ("wt%", "mass_fraction", "ppm"),
    ("mbar", "Torr", "Pa", "bar", "psi", "atm"),
    ("sccm", "slm", "mol/s", "mmol/min"),
    ("M", "mM", "mol/m**3", "nmol/uL"),
    ("uL/min", "mL/h", "m3/s"),
    ("EUR/g", "EUR/kg", "kEUR/mg"),
    ("mA/cm2", "A/m**2"),
    ("W", "kW", "J/s", "eV/s"),
    ("K", "delta_degC", "delta_degF"),
    ("degC", "degF", "K"),
    ("rpm", "rps"),
    ("a.u.", "au"),
    ("min", "h", "s", "day"),
    ("nm", "um", "angstrom", "cm"),
)


@given(
    st.floats(-1e9, 1e9).map(lambda number: float(f"{number:.9g}")),
    st.sampled_from(FAMILIES).flatmap(
        lambda family: st.tuples(st.sampled_from(family), st.sampled_from(family))
    ),
)
def test_every_unit_of_a_family_is_converted_there_and_back(
    value: float, pair: tuple[str, str]
) -> None:
    """Each way rounds once, at 1.1e-16 of the result; an offset of 460 may cancel it."""
    one, other = pair
    there = units.convert(value, given=one, wanted=other)
    back = units.convert(there, given=other, wanted=one)
    assert back == pytest.approx(value, rel=4e-16, abs=4e-13)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("wt%", "mol%"),
        ("wt%/min", "mol%/min"),
        ("vol%", "wt_percent"),
        ("pH", "equiv"),
        ("OD", "%RH"),
        ("a.u.", "1"),
        ("au", "km"),
        ("rpm", "Hz"),
        ("rpm", "rad/s"),
        ("EUR", "USD"),
        ("EUR/g", "CHF/g"),
        ("degC", "delta_degC"),
        ("delta_degC", "degF"),
        ("M", "mol/kg"),
    ],
)
def test_what_only_looks_alike_is_not_converted(one: str, other: str) -> None:
    """Plain fractions of different things, turns and cycles, currencies, values and differences."""
    for given_unit, wanted in ((one, other), (other, one)):
        with pytest.raises(UnitError, match="cannot be converted"):
            units.convert(1.0, given=given_unit, wanted=wanted)


def test_a_difference_of_temperatures_is_one_in_either_spelling() -> None:
    assert units.convert_difference(9.0, given="degF", wanted="delta_degC") == 5.0
    assert units.convert_difference(5.0, given="delta_degC", wanted="degF") == 9.0


@pytest.mark.parametrize(
    ("unit", "time_unit", "text", "rate"),
    [
        ("degC", "min", "600 K/h", 10.0),
        ("1", "s", "6 1/min", 0.1),
        ("mA/cm**2", "s", "60 mA/cm**2/min", 1.0),
        ("wt%", "h", "0.1 wt%/min", 6.0),
    ],
)
def test_a_rate_has_the_unit_of_a_difference_in_time(
    unit: str, time_unit: str, text: str, rate: float
) -> None:
    assert units.parse_quantity(text, wanted=units.rate_unit(unit, time_unit)) == pytest.approx(
        rate, rel=2e-16
    )


@given(
    st.floats(-1e6, 1e6),
    st.sampled_from([("degC", "K"), ("degF", "degC"), ("degC", "degF"), ("min", "h"), ("nm", "m")]),
)
def test_there_and_back_is_the_same_value(value: float, pair: tuple[str, str]) -> None:
    """Each way rounds once, at 1.1e-16 of at most 1e6 + 460, the offset of degF included."""
    one, other = pair
    there = units.convert(value, given=one, wanted=other)
    assert units.convert(there, given=other, wanted=one) == pytest.approx(
        value, rel=4e-16, abs=1e-9
    )


@given(st.floats(-1e300, 1e300), st.sampled_from(["degC", "sccm", "1", "percent"]))
def test_a_value_in_its_own_unit_is_untouched(value: float, unit: str) -> None:
    assert units.convert(value, given=unit, wanted=unit) == value
    assert units.convert_difference(value, given=unit, wanted=unit) == value


@pytest.mark.parametrize(
    ("step", "given_unit", "expected", "wanted"),
    [
        (9.0, "degF", 5.0, "degC"),
        (5.0, "degC", 5.0, "K"),
        (5.0, "K", 5.0, "degC"),
        (0.001, "K", 0.001, "degC"),
        (1e-12, "K", 1e-12, "degC"),
        (30.0, "s", 0.5, "min"),
    ],
)
def test_a_temperature_step_has_no_offset(
    step: float, given_unit: str, expected: float, wanted: str
) -> None:
    """No digits are lost either: 1e-12 K beside 273.15 K would vanish in a subtraction."""
    assert units.convert_difference(step, given=given_unit, wanted=wanted) == expected


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_a_difference_of_converted_values_is_the_converted_difference(
    one: float, other: float
) -> None:
    """Values up to 1e3 + 273 are rounded at 1.2e-13 each, twice."""
    apart = units.convert(one, given="degF", wanted="K") - units.convert(
        other, given="degF", wanted="K"
    )
    assert apart == pytest.approx(
        units.convert_difference(one - other, given="degF", wanted="K"), abs=1e-12
    )


@pytest.mark.parametrize(
    ("unit", "is_offset"), [("degC", True), ("degF", True), ("K", False), ("degC/min", False)]
)
def test_only_temperatures_on_a_relative_scale_have_an_offset(unit: str, is_offset: bool) -> None:
    assert units.has_offset(unit) is is_offset


@pytest.mark.parametrize(
    "unit", ["parsnip", "3 m", "m**m", "__import__('os')", "C", "F", "dB", "AU", "$", "pct"]
)
def test_an_unusable_unit_is_refused_with_what_to_write(unit: str) -> None:
    with pytest.raises(UnitError, match=r"Write|Give"):
        units.check_unit(unit)


def test_another_dimension_is_refused() -> None:
    with pytest.raises(UnitError, match="'min' cannot be converted to 'degC'"):
        units.convert(3.0, given="min", wanted="degC")
    assert not units.are_compatible("min", "degC")
    assert units.are_compatible("K", "degC")


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("4 h", "s", 14_400.0),
        ("4h", "s", 14_400.0),
        (" 1.5e1  min ", "s", 900.0),
        ("-5degC", "K", 268.15),
        (".5 um", "nm", 500.0),
    ],
)
def test_a_number_with_its_unit_is_read(text: str, wanted: str, expected: float) -> None:
    assert units.parse_quantity(text, wanted=wanted) == expected


def test_a_step_with_its_unit_is_read_as_a_difference() -> None:
    assert units.parse_quantity("9 degF", wanted="degC", is_difference=True) == 5.0


@pytest.mark.parametrize("text", ["", "h", "4", "four h", "1e999 h", "4 min", "nan K", "4 4 K"])
def test_what_is_no_quantity_of_the_wanted_kind_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        units.parse_quantity(text, wanted="degC")


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_refused(text: str) -> None:
    with contextlib.suppress(UnitError):
        assert math.isfinite(units.parse_quantity(text, wanted="s"))


def _convert_elsewhere(project: Path, cache: Path) -> str:
    program = "from planner import units; print(units.convert(350, given='K', wanted='degC'))"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or answer.stderr


def test_a_cache_that_is_missing_or_half_written_stops_nothing(
    project: Path, tmp_path: Path
) -> None:
    """A service has no home; another process may be writing its cache at this moment."""
    assert _convert_elsewhere(project, Path("/proc/nowhere")) == "76.85"
    assert _convert_elsewhere(project, tmp_path) == "76.85"
    pickles = [path for path in tmp_path.rglob("*.pickle") if path.stat().st_size > 100]
    assert pickles, "pint keeps its cache elsewhere: this test needs another way to spoil it"
    for path in pickles:
        path.write_bytes(path.read_bytes()[:50])
    assert _convert_elsewhere(project, tmp_path) == "76.85"
