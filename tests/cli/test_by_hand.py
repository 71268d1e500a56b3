"""A person is the lab: ask, tell, look, export, all by real processes."""

from __future__ import annotations

import csv
import json

import pytest

from planner.clock import SystemClock
from planner.ledger import open_ledger
from tests.cli.desks import Desk

FILE = "by_hand.yaml"

CAMPAIGN = """
schema: 1
campaign: by_hand
about: silver nanoparticles of a wanted size, made at the bench
parameters:
  reductant: {choices: [citrate, borohydride, ascorbic_acid]}
  reductant_ratio: {low: 0.5, high: 10, unit: equiv, resolution: 0.1}
  temperature: {low: 20, high: 95, unit: degC, resolution: 1}
outcomes:
  size: {unit: nm, bounds: [1, 1000], expected: [5, 120]}
objectives:
  - {aim: target, outcome: size, target: 40, tolerance: 3}
sources:
  bench: {kind: person, duration: 2 h}
budget: {trials: 24}
policy: {approval: person}
"""


@pytest.fixture
def by_hand(desk: Desk) -> Desk:
    (desk.folder / FILE).write_text(CAMPAIGN)
    return desk


@pytest.mark.slow
def test_a_person_asks_tells_looks_and_takes_the_data_along(by_hand: Desk) -> None:
    desk = by_hand
    checked = desk.run("check", FILE).out.splitlines()
    assert checked[0].startswith("Campaign by_hand: silver nanoparticles")
    # 3 reductants, 96 ratios from 0.5 to 10.0 in steps of 0.1, 76 whole degrees from 20 to 95
    assert "There are 21,888 possible configurations." in checked

    asked = desk.run("ask", FILE, "-n", "2", "--csv", "next.csv", "--json").facts
    assert [each["trial"] for each in asked] == [1, 2]
    assert all(20 <= each["configuration"]["temperature"] <= 95 for each in asked)
    sheet = list(csv.DictReader((desk.folder / "next.csv").open(encoding="utf-8-sig")))
    assert [row["trial"] for row in sheet] == ["1", "2"]
    assert float(sheet[0]["temperature (degC)"]) == asked[0]["configuration"]["temperature"]
    assert sheet[0]["size (nm)"] == ""  # to be filled in
    assert desk.kinds("by_hand").count("trial proposed") == 2

    said = desk.run("tell", FILE, "1", "size=0.0525um+-0.002", "--achieved", "temperature=61").out
    assert said.startswith("Trial 1 is completed")
    told = desk.records("by_hand")
    (observed,) = [e["record"] for e in told if e["record"]["kind"] == "outcomes observed"]
    assert observed["outcomes"]["size"]["value"] == pytest.approx(52.5)
    assert observed["outcomes"]["size"]["sd"] == pytest.approx(2.0)
    assert observed["achieved"]["temperature"] == 61

    again = desk.run("tell", FILE, "1", "size=52.5+-2", "--achieved", "temperature=61").out
    assert "told the same before" in again
    failed = desk.run("tell", FILE, "2", "--failed", "process", "--reason", "it all precipitated")
    assert "Trial 2 is failed by process" in failed.out
    grown = desk.records("by_hand")
    assert len(grown) == len(told) + 2  # the end of the run and of the trial, nothing by the repeat
    assert grown[-1]["record"]["reason"] == "it all precipitated"
    assert grown[-1]["author"]  # who said so

    status = desk.run("status", FILE, "--json").facts
    assert status["trials"] == {"completed": 1, "failed by process": 1}
    assert status["budget_left"] == 22

    desk.run("export", FILE, "--to", "trials.csv")
    rows = list(csv.DictReader((desk.folder / "trials.csv").open()))
    assert [row["state"] for row in rows] == ["completed", "failed by process"]
    assert rows[0]["temperature achieved (degC)"] == "61"

    lines = desk.run("export", FILE, "--entries").out.splitlines()
    assert [json.loads(line) for line in lines] == grown

    desk.run("backup", FILE, "copy.db")
    copy = open_ledger(desk.folder / "copy.db", clock=SystemClock(), create=False)
    assert len(list(copy.read("by_hand"))) == len(grown)
    copy.close()


def test_the_schema_goes_to_standard_output(desk: Desk) -> None:
    schema = desk.run("schema").facts
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "parameters" in schema["properties"]
