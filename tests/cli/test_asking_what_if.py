"""Data from before the campaign, then questions to the model and the report, as real processes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Typed
from tests.cli.desks import Desk, write_flow

HISTORY = """temperature (K),residence,yield,yield sd,remark
333.15,5,25.0,1.0,cold
353.15,20,80.5,1.0,
373.15,20,89.0,,best of last year
393.15,30,70.2,1.0,
"""


@pytest.mark.slow
def test_measurements_are_imported_and_questions_are_answered_from_them(desk: Desk) -> None:
    write_flow(desk.folder)
    (desk.folder / "history.csv").write_text(HISTORY)
    imported = desk.run("import", "flow.yaml", "history.csv", "--source", "last year", "--json")
    assert imported.facts["imported"] == imported.facts["in_all"] == 4
    entries = [
        e["record"] for e in desk.records("flow") if e["record"]["kind"] != "campaign opened"
    ]
    assert [each["kind"] for each in entries] == ["observation imported"] * 4
    assert entries[0]["configuration"]["temperature"] == pytest.approx(60.0)  # 333.15 K
    assert entries[0]["source"] == "last year"

    question = ["what-if", "flow.yaml", "temperature=80,100,120", "residence=20"]
    asked = desk.run(*question, "--from", "best", "--picture", "answer.svg", "--json").facts
    by_temperature = {
        each["configuration"]["temperature"]: each for each in asked["configurations"]
    }
    assert sorted(by_temperature) == [80, 100, 120]
    for each in by_temperature.values():
        assert each["run_low"] <= each["low"] <= each["mean"] <= each["high"] <= each["run_high"]
        assert 0 <= each["probability"] <= 1
    # the base is the measured optimum: its difference to itself is nought, without doubt
    assert by_temperature[100]["difference"] == {"mean": 0, "low": 0, "high": 0}
    assert by_temperature[80]["difference"]["mean"] < 0
    picture = ElementTree.parse(desk.folder / "answer.svg").getroot()
    assert picture.tag.endswith("svg")

    report = desk.run("report", "flow.yaml", "--to", "page.html").out
    assert report.startswith("flow")
    assert "<svg" in (desk.folder / "page.html").read_text()
    assert len(desk.records("flow")) == 5  # questions and reports write nothing


def test_an_answer_is_a_table_for_people(typed: Typed, tmp_path: Path) -> None:
    write_flow(tmp_path)
    (tmp_path / "history.csv").write_text(HISTORY)
    typed("import", "flow.yaml", "history.csv")
    said = typed("what-if", "flow.yaml", "temperature=+20", "--from", "best").out
    for words in ("interval of the mean", "interval of the next run", "difference"):
        assert words in said
    sentence = "temperature is +20 degC from best so far (a historical measurement)"
    assert sentence in " ".join(said.split())


def test_without_observations_enough_for_a_scale_no_numbers_are_given(
    typed: Typed, tmp_path: Path
) -> None:
    write_flow(tmp_path)
    (tmp_path / "history.csv").write_text("\n".join(HISTORY.splitlines()[:2]))
    typed("import", "flow.yaml", "history.csv")
    asked = typed("what-if", "flow.yaml", "temperature=100", "residence=20")
    assert asked.code == 2
    assert asked.out == ""
    assert "Predictions need two observations that differ" in asked.err
    assert "expected:" in asked.err
