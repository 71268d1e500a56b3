from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.campaign import (
    HitRange,
    HitTarget,
    Maximise,
    Minimise,
    parse_campaign,
    read_numbers,
    read_space,
    utility,
)
from planner.errors import MissingPackage, TableError, UnitError
from planner.tables import TableRef, Values

values = st.floats(-1e6, 1e6)


@given(values, values)
def test_a_higher_value_is_better_where_it_is_maximised(one: float, other: float) -> None:
    assert (utility(Maximise(outcome="y"), one) < utility(Maximise(outcome="y"), other)) is (
        one < other
    )
    assert (utility(Minimise(outcome="y"), one) < utility(Minimise(outcome="y"), other)) is (
        one > other
    )


@pytest.mark.parametrize(("value", "worth"), [(40, 0), (43, -3), (36.5, -3.5)])
def test_a_target_is_worth_its_distance(value: float, worth: float) -> None:
    assert utility(HitTarget(outcome="y", target=40, tolerance=1), value) == worth


@pytest.mark.parametrize(("value", "worth"), [(10, 0), (15, 0), (20, 0), (8, -2), (23, -3)])
def test_a_range_is_worth_the_distance_outside_it(value: float, worth: float) -> None:
    assert utility(HitRange(outcome="y", low=10, high=20), value) == worth


def listed(texts: list[str]) -> Values:
    return Values(texts, (f"Line {n}" for n in range(2, len(texts) + 2)))


def test_numbers_are_converted_to_the_wanted_unit() -> None:
    table = TableRef(path="data.csv", columns={"t": {"column": "temp", "unit": "K"}})
    assert read_numbers(listed(["373.15", "1e3"]), name="t", table=table, unit="degC") == [
        100.0,
        726.85,
    ]


@pytest.mark.parametrize("text", ["", "abc", "1,5", "nan", "inf", "-inf", "1e999"])
def test_what_is_no_finite_number_is_refused_with_its_row(text: str) -> None:
    table = TableRef(path="data.csv", columns={"t": "temp"})
    with pytest.raises(TableError, match=r"Line 3 of data\.csv"):
        read_numbers(listed(["1", text]), name="t", table=table, unit="degC")


def test_a_column_of_another_dimension_is_refused() -> None:
    table = TableRef(path="data.csv", columns={"t": {"column": "temp", "unit": "min"}})
    with pytest.raises(UnitError, match="degC"):
        read_numbers(listed(["1"]), name="t", table=table, unit="degC")


TABLE = """\
campaign: listed
parameters:
  temperature: {low: 0, high: 100, unit: degC}
  solvent: {choices: [water, toluene]}
outcomes: {y: {unit: percent}}
objectives: [{aim: maximise, outcome: y}]
candidates:
  table:
    path: list.csv
    columns: {temperature: {column: T, unit: K}, solvent: S}
sources: {bench: {kind: person}}
budget: {trials: 5}
"""


def test_rows_come_in_the_parameters_units_without_repeats(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("S,T\nwater,300\ntoluene,350\nwater,300\n")
    space = read_space(parse_campaign(TABLE, path="x"), folder=tmp_path)
    assert space.rows == (
        {"temperature": 26.85, "solvent": "water"},
        {"temperature": 76.85, "solvent": "toluene"},
    )


@pytest.mark.parametrize("row", ["water,400", "ether,300", "water,hot", "water,"])
def test_a_row_that_is_no_configuration_is_named(row: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"S,T\nwater,300\n{row}\n")
    with pytest.raises(TableError, match=r"Line 3 of list\.csv"):
        read_space(parse_campaign(TABLE, path="x"), folder=tmp_path)


def test_a_table_in_a_package_that_is_not_there_says_how_to_install_it(tmp_path: Path) -> None:
    text = TABLE.replace("path: list.csv", "{path: list.csv, distribution: no-such-thing}")
    text = TABLE.replace("path: list.csv", "path: list.csv\n    distribution: no-such-thing")
    with pytest.raises(MissingPackage, match="pip install --no-deps no-such-thing"):
        read_space(parse_campaign(text, path="x"), folder=tmp_path)
