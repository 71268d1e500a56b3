"""The campaign files that come with the project are examples that work."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from planner.campaign import (
    CampaignSpec,
    Person,
    SimulatedProcess,
    find_contradictions,
    read_campaign,
    read_rows,
    read_space,
)
from planner.simulators.processes.nanotube import NANOTUBE_CVD
from planner.tables import locate_table
from planner.units import are_compatible

NAMES = ("by_hand", "fullerene_flow", "nanotube_cvd", "suzuki_flow")


def read(project: Path, name: str) -> CampaignSpec:
    return read_campaign(project / "campaigns" / f"{name}.yaml")


def test_all_of_them_are_looked_at(project: Path) -> None:
    assert {path.stem for path in (project / "campaigns").glob("*.yaml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_named_like_its_file_and_says_where_it_comes_from(name: str, project: Path) -> None:
    assert read(project, name).campaign == name
    text = (project / "campaigns" / f"{name}.yaml").read_text("utf-8")
    head = text[: text.index("schema:")]
    assert all(line.startswith("# ") for line in head.splitlines())
    assert len(head) > 150


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_space_without_contradictions(name: str, project: Path) -> None:
    spec = read(project, name)
    assert not list(find_contradictions(spec))
    space = read_space(spec, folder=project / "campaigns")
    for configuration in space.sample(50, seed=1):
        assert space.check(configuration) == configuration
    for row in space.rows or ():
        assert space.check(row) == row


@pytest.mark.parametrize("name", NAMES)
def test_each_survives_the_ledger(name: str, project: Path) -> None:
    spec = read(project, name)
    for is_short in (False, True):
        content = spec.model_dump(mode="json", by_alias=True, exclude_defaults=is_short)
        assert CampaignSpec.model_validate(content) == spec


def test_the_fullerene_grid_is_complete(project: Path) -> None:
    """Six temperatures, six times and six ratios, in every combination."""
    space = read_space(read(project, "fullerene_flow"), folder=project)
    assert space.rows is not None
    assert len(space.rows) == 216
    assert [len({row[name] for row in space.rows}) for name in space.names] == [6, 6, 6]


def test_the_suzuki_table_is_read_as_it_stands(project: Path) -> None:
    """Row by row against the file, by its own header."""
    spec = read(project, "suzuki_flow")
    assert spec.table is not None
    with locate_table(spec.table, folder=project).open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))[1:]
    rows = read_rows(spec.table, tuple(spec.parameters.values()), folder=project)
    headers = ("temperature", "t_res", "catalyst_loading")
    assert [list(row.values()) for row in rows] == [
        [*(float(line[header]) for header in headers), line["catalyst"]] for line in lines
    ]
    assert {line["catalyst"] for line in lines} == set(spec.parameters["catalyst"].choices)
    assert all(0 <= float(line["yld"]) <= 100 for line in lines)


def test_the_nanotube_campaign_asks_for_what_its_simulator_takes(project: Path) -> None:
    spec = read(project, "nanotube_cvd")
    source = spec.source
    assert isinstance(source, SimulatedProcess)
    assert source.simulator == NANOTUBE_CVD.name
    inputs = {each.name: each for each in NANOTUBE_CVD.inputs}
    required = {name for name, each in inputs.items() if each.default is None}
    assert required <= spec.parameters.keys() | source.inputs.keys() <= inputs.keys()
    for name, parameter in spec.parameters.items():
        assert parameter.unit == inputs[name].unit
        assert inputs[name].low <= parameter.low < parameter.high <= inputs[name].high
    outcomes = {each.name: each.unit for each in NANOTUBE_CVD.outcomes}
    assert all(are_compatible(each.unit, outcomes[name]) for name, each in spec.outcomes.items())


def test_the_campaign_by_hand_is_no_simulation(project: Path) -> None:
    spec = read(project, "by_hand")
    assert isinstance(spec.source, Person)
    assert not spec.is_simulated
    assert read(project, "nanotube_cvd").is_simulated
