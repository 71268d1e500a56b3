"""planner coverage, on a campaign that was asked and told."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from planner.campaign import parse_campaign
from planner.ledger.entries import CoverageAlarm
from planner.loop.sessions.desk import Place, at_work
from tests.cli.conftest import Typed
from tests.cli.desks import write_flow


def test_before_there_is_anything_to_judge_it_says_so(typed: Typed, tmp_path: Path) -> None:
    write_flow(tmp_path, budget=9)
    typed("ask", "flow.yaml")
    assert "No trial with a stated interval" in typed("coverage", "flow.yaml").out
    assert typed("coverage", "flow.yaml", "--json").facts["levels"] == []
    assert typed("coverage", "flow.yaml", "--picture", "c.svg").code == 2
    assert not (tmp_path / "c.svg").exists()


@pytest.mark.slow
def test_forecasts_are_judged_by_the_results_that_came_after_them(
    typed: Typed, tmp_path: Path
) -> None:
    write_flow(tmp_path, budget=9)
    spec = parse_campaign((tmp_path / "flow.yaml").read_text(), path="flow.yaml")
    for number in range(1, 8):
        typed("ask", "flow.yaml")
        assert typed("tell", "flow.yaml", str(number), f"yield={60 + 4 * number}").code == 0
    facts = typed("coverage", "flow.yaml", "--json", "--picture", "c.svg").facts
    assert facts["campaign"] == spec.campaign
    assert facts["forecasts"] == len(facts["trials"]) == 5  # two results make a model
    for level in facts["levels"]:
        counted = [each for each in facts["trials"] if each["level_uncut"] >= level["level"]]
        assert level["of"] == len(counted)
        held = sum(each["level_needed"] <= level["level"] for each in counted)
        assert level["held"] == held
    assert ElementTree.parse(tmp_path / "c.svg").getroot().tag.endswith("svg")
    said = typed("coverage", "flow.yaml").out
    for words in ("5 forecasts", "CRPS", "Negative log predictive density", "right intervals"):
        assert words in said


def test_an_alarm_is_told_where_people_look_and_ask(typed: Typed, tmp_path: Path) -> None:
    file = write_flow(tmp_path, budget=9)
    typed("ask", "flow.yaml")
    assert typed("tell", "flow.yaml", "1", "yield=70").code == 0
    assert typed("status", "flow.yaml", "--json").facts["alarms"] == []
    alarm = CoverageAlarm(trial=1, level=0.95, held=0, n=3, reason="Coverage alarm: too narrow.")
    with at_work(Place(file=file), with_lab=False) as session:
        session.write([alarm])
    line = (
        "Coverage alarm, set off by trial 1: 0 of 3 intervals of 95 % held. No forecast has been "
        "judged since."
    )
    assert line in typed("status", "flow.yaml").out.splitlines()
    (told,) = typed("status", "flow.yaml", "--json").facts["alarms"]
    assert (told["trial"], told["level"], told["held"], told["of"]) == (1, 0.95, 0, 3)
    assert told["stands"]
    assert line in typed("ask", "flow.yaml").out.splitlines()
    assert "The result of trial 1 set it off." in " ".join(typed("report", "flow.yaml").out.split())
