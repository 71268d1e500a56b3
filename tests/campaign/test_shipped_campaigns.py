"""The campaign files that come with the project are examples that work."""

from __future__ import annotations

import csv
from decimal import Decimal
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
from planner.labs.matching import match_simulator
from planner.simulators.catalogue import find
from planner.space import Continuous
from planner.tables import locate_table
from planner.units import convert

NAMES = (
    "by_hand",
    "composite_film",
    "fullerene_flow",
    "furnace_ramp",
    "gold_spectrum",
    "nanotube_cvd",
    "oven_nights",
    "oven_now",
    "solar_blend",
    "suzuki_flow",
    "titania_phase",
)
SIMULATED = (
    "composite_film",
    "furnace_ramp",
    "gold_spectrum",
    "nanotube_cvd",
    "oven_nights",
    "oven_now",
    "titania_phase",
)


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


@pytest.mark.parametrize("name", SIMULATED)
def test_a_simulated_one_says_so_and_asks_for_what_its_simulator_takes(
    name: str, project: Path
) -> None:
    text = (project / "campaigns" / f"{name}.yaml").read_text("utf-8")
    assert "is a simulation" in " ".join(text[: text.index("schema:")].split("\n# "))
    spec = read(project, name)
    source = spec.source
    assert isinstance(source, SimulatedProcess)
    matched = match_simulator(find(source.simulator), source, spec)
    for parameter in spec.parameters.values():
        if isinstance(parameter, Continuous):
            wanted = matched.numbers[parameter.name]
            low, high = (
                convert(end, given=parameter.unit, wanted=wanted.unit)
                for end in (0 if parameter.optional else parameter.low, parameter.high)
            )
            assert wanted.low <= low < high <= wanted.high


def test_all_blends_of_the_table_are_candidates(project: Path) -> None:
    space = read_space(read(project, "solar_blend"), folder=project / "campaigns")
    assert space.rows is not None
    assert len(space.rows) == 1020
    assert {sum(Decimal(repr(share)) for share in row.values()) for row in space.rows} == {1}


def test_the_target_spectrum_is_what_the_campaign_says_it_is(project: Path) -> None:
    """Four decimals in the file."""
    run = find("gold_colloid").run(
        {"seed_gold": 0.008, "gold_added": 0.25, "reductant": 0.9}, seed=0
    )
    spectrum = run.values["extinction"]
    with (project / "campaigns" / "gold_target.csv").open(encoding="utf-8") as file:
        rows = [
            (float(row["wavelength"]), float(row["extinction"])) for row in csv.DictReader(file)
        ]
    assert [x for x, _ in rows] == list(spectrum.x)
    assert [y for _, y in rows] == pytest.approx(list(spectrum.y), abs=5.001e-5)


def test_the_oven_that_runs_at_once_is_that_of_the_nights_without_hours(project: Path) -> None:
    nights, now = (
        read(project, name).model_dump(mode="json") for name in ("oven_nights", "oven_now")
    )
    assert nights["sources"]["oven"].pop("hours") == "Mon-Fri 18:00-06:00"
    assert now["sources"]["oven"].pop("hours") == "always"
    for each in (nights, now):
        del each["campaign"], each["about"]
        del each["sources"]["oven"]["duration"], each["sources"]["oven"]["time_zone"]
    assert nights == now


def test_the_campaign_by_hand_is_no_simulation(project: Path) -> None:
    spec = read(project, "by_hand")
    assert isinstance(spec.source, Person)
    assert spec.measured_elsewhere == {"diameter": "microscope"}
    assert not spec.is_simulated
    assert read(project, "nanotube_cvd").is_simulated
