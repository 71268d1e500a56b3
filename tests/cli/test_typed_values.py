"""Values as a person types them behind ``NAME=``."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.cli.assignments import read_combination, read_reported
from planner.errors import InputError
from planner.labs import Reported
from tests.cli.conftest import Typed
from tests.cli.desks import write_flow


@pytest.mark.parametrize("sign", ["+-", "±", " ± ", "+/-"])
def test_a_deviation_is_typed_with_any_plus_minus_sign(sign: str) -> None:
    found = read_reported([f"n=1.55{sign}0.001 mm"])
    assert found == {"n": Reported(value=1.55, unit="mm", sd=0.001)}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1,55", "1.55."),
        ("15,0 g", "15."),
        ("1.234,5", "1234.5."),
        ("1,234", "1.234 or 1234."),
        ("1.55+-0,001", "0.001."),
        ("-0,5 °C", "-0.5."),
    ],
)
def test_a_typed_decimal_comma_is_refused_with_what_to_write(typed: str, meant: str) -> None:
    with pytest.raises(InputError) as caught:
        read_reported([f"n={typed}"])
    assert str(caught.value).endswith(f"has a comma. Write a decimal point: {meant}")


def test_the_last_value_of_a_combination_may_have_no_decimal_comma_either() -> None:
    with pytest.raises(InputError, match=r"'1,5' has a comma"):
        read_combination("catalyst=A,load=1,5,t=20", texts=["catalyst"])


@pytest.mark.parametrize(
    "typed", ["1100:1200", "80-90", "80..90 degC", "80 to 90", "1.5 \u2013 2 °C"]
)
def test_a_range_is_said_to_be_not_possible(typed: str) -> None:
    with pytest.raises(InputError, match="ranges are not possible here"):
        read_reported([f"melt={typed}"])


@pytest.mark.parametrize("typed", ["1e-3", "5 mg/mL", "-5", "2.5e+3 K", "3 m-1", "lots", "2-MeTHF"])
def test_other_values_are_no_ranges(typed: str) -> None:
    read_reported([f"x={typed}"])


def test_names_keep_their_commas_and_hyphens() -> None:
    found = read_reported(["ligand=1,2", "phase=2-3"], texts=["ligand", "phase"])
    assert found == {"ligand": Reported(value="1,2"), "phase": Reported(value="2-3")}


def test_the_decimal_mark_of_an_imported_table_is_named_as_that_of_a_told_one(
    typed: Typed, tmp_path: Path
) -> None:
    write_flow(tmp_path)
    table = "temperature;residence;yield\n100,5;5;12,5\n80;7,5;0,125\n"
    (tmp_path / "old.csv").write_text(table)
    ended = typed("import", "flow.yaml", "old.csv", "--decimal", "comma")
    assert (ended.code, ended.out.split(";")[0]) == (0, "Imported 2 measurements")
    for command in (["import", "flow.yaml", "old.csv"], ["tell", "flow.yaml", "old.csv"]):
        refused = typed(*command, "--decimal", ",")
        assert refused.code == 2
        assert "'point', 'comma'" in refused.err
