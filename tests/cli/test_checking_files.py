"""``planner check`` looks at what the file needs beside it: simulators, programs, tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Typed

FILE = "growth.yaml"
CAMPAIGN = """
campaign: growth
parameters:
  temperature: {low: 500, high: 900, unit: degC}
outcomes:
  length: {unit: um, bounds: [0, 1000]}
objectives:
  - {aim: maximise, outcome: length}
sources:
  furnace: SOURCE
budget: {trials: 4}
"""


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        (
            "{kind: simulator, simulator: nope}",
            2,
            "No simulator is called 'nope'. Known: calcination",
        ),
        (
            "{kind: simulator, simulator: composite_film}",
            2,
            "has no input 'temperature'. Its inputs",
        ),
        (
            "{kind: table, table: {path: gone.csv, columns: {temperature: 1, length: 2}}}\n"
            "candidates: {source: furnace}",
            2,
            "gone.csv. Check path",
        ),
        (
            "{kind: command, program: [./measure], simulated: true}",
            4,
            "The program './measure' of source 'furnace' is",
        ),
    ],
)
def test_what_a_run_would_be_refused_for_is_said(
    source: str, code: int, said: str, typed: Typed, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_text(CAMPAIGN.replace("SOURCE", source))
    checked, run = typed("check", FILE), typed("run", FILE, "--engine", "inline")
    assert checked.code == code
    assert said in " ".join(checked.err.split())
    assert run.code != 0
    assert said in " ".join(run.err.split())


def test_a_message_names_the_file_that_was_typed(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(CAMPAIGN.replace("SOURCE", "{kind: person}"))
    refused = typed("ask", FILE, "-n", "5", "--as", "second")
    assert refused.code == 4
    said = " ".join(refused.err.split())
    assert f"raise budget.trials and enter it: planner amend {FILE} --as second." in said


def test_a_name_that_no_campaign_can_have_is_said(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(CAMPAIGN.replace("SOURCE", "{kind: person}"))
    refused = typed("ask", FILE, "--as", "second try")
    assert refused.code == 2
    assert "'second try' cannot be the name of a campaign. Use letters" in refused.err
