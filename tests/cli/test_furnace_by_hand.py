"""A person at a furnace: the whole programme on the terminal and on paper, rules in words."""

from __future__ import annotations

import csv
import re

import pytest

from tests.cli.conftest import Typed
from tests.cli.desks import Desk

FILE = "ramp.yaml"
CAMPAIGN = """
campaign: ramp
parameters:
  furnace:
    unit: degC
    time_unit: h
    interpolation: linear
    max_rate: 300
    resolution: 5
    time_resolution: 0.1
    knots:
      - {at: 0, value: 20}
      - {at: {low: 1, high: 6}, value: {low: 300, high: 850}}
      - {at: {low: 8, high: 12}, value: 100}
outcomes:
  surface: {unit: m**2/g, bounds: [0, 500], expected: [0, 100]}
objectives:
  - {aim: maximise, outcome: surface, gain: 2}
sources:
  kiln: {kind: person}
budget: {trials: 12}
"""
OWN = ("furnace_2_time=2.5", "furnace_2=600", "furnace_3_time=9")
TABLE = "furnace: 0 h: 20 degC, 2.5 h: 600 degC, 9 h: 100 degC (linear)"


@pytest.fixture
def ramp(desk: Desk) -> Desk:
    (desk.folder / FILE).write_text(CAMPAIGN)
    return desk


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<body") :]).split())


def test_the_programme_is_shown_whole_with_what_is_fixed(ramp: Desk, typed: Typed) -> None:
    assert TABLE in typed("propose", FILE, *OWN).out
    again = typed("ask", FILE, "--again", "--sheet", "run.html", "--csv", "next.csv")
    assert again.code == 0, again.err
    assert TABLE in again.out
    sheet = plain((ramp.folder / "run.html").read_text())
    assert "furnace goes in straight lines: 0 h 20 degC 2.5 h 600 degC 9 h 100 degC" in sheet
    with (ramp.folder / "next.csv").open(encoding="utf-8-sig", newline="") as file:
        heads = next(line for line in csv.reader(file) if line and line[0].startswith("trial"))
    assert "furnace_2 (degC)" in heads
    assert "furnace_2_time (h)" in heads
    (facts,) = typed("ask", FILE, "--again", "--json").facts
    assert facts["profiles"]["furnace"]["times"] == [0.0, 2.5, 9.0]
    assert facts["profiles"]["furnace"]["values"] == [20.0, 600.0, 100.0]


def test_a_course_that_is_too_fast_is_refused_in_words(ramp: Desk, typed: Typed) -> None:
    refused = typed("propose", FILE, "furnace_2_time=2", "furnace_2=800", "furnace_3_time=9")
    said = " ".join(refused.err.split())
    assert refused.code == 2
    assert "would rise by 390 degC/h, at most 300 degC/h is allowed: 780 degC need" in said
    assert "{" not in said


def test_what_is_proposed_was_not_achieved(ramp: Desk, typed: Typed) -> None:
    refused = typed("propose", FILE, *OWN[:2], "furnace_3_time=nan")
    assert refused.code == 2
    assert "parameter 'furnace_3_time' is 'nan', not a finite number" in " ".join(
        refused.err.split()
    )


def test_wishes_that_the_furnace_cannot_follow_are_refused_in_words(
    ramp: Desk, typed: Typed
) -> None:
    refused = typed("ask", FILE, "--lock", "furnace_2_time=1", "--lock", "furnace_2=800")
    said = " ".join(refused.err.split())
    assert refused.code == 2
    assert "With furnace_2_time = 1, furnace_2 = 800 held nothing can be tried." in said
    assert "keeps 'From knot 1 to 2 furnace rises by at most 300 degC/h'" in said
