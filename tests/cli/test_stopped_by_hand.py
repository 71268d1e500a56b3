"""What is printed where a stop rule is met by a campaign that people ask and tell."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Typed

CAMPAIGN = """
schema: 1
campaign: bench
parameters:
  temperature: {low: 20, high: 95, unit: degC, resolution: 1}
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
objectives: [{aim: maximise, outcome: yield, gain: 2, goal: 10}]
sources:
  me: {kind: person}
budget: {trials: 12}
stop: {STOP}
"""


def write(folder: Path, stop: str) -> None:
    (folder / "bench.yaml").write_text(CAMPAIGN.replace("STOP", stop))


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_goal_that_is_met_is_said_by_ask_status_and_go(typed: Typed, tmp_path: Path) -> None:
    write(tmp_path, "goal_probability: 0.5")
    for number in (1, 2):
        typed("ask", "bench.yaml")
        typed("tell", "bench.yaml", str(number), f"yield={60 + number}")
    waits = typed("status", "bench.yaml").out
    assert "goes on, unless the model says that stop.goal_probability is met." in waits

    typed("propose", "bench.yaml", "temperature=60")
    refused = typed("ask", "bench.yaml", "-n", "4")
    assert refused.code == 4
    assert "What comes of trial 3 may change that" in one_line(refused.err)
    typed("tell", "bench.yaml", "3", "yield=63")

    refused = typed("ask", "bench.yaml")
    assert refused.code == 4
    said = one_line(refused.err)
    assert "'bench' has stopped: trial" in said
    assert "raise stop.goal_probability, or leave it out, in the file and enter that" in said
    standing = typed("status", "bench.yaml").out
    assert "Stopped: trial" in standing
    assert "To go on all the same, raise stop.goal_probability" in standing
    assert "goes on" not in standing
    assert "Campaign bench has stopped: trial" in typed("go", "bench.yaml").out

    again = typed("propose", "bench.yaml", "temperature=61", "--json")
    assert json.loads(again.out)["trial"] == 4
    assert "Trial 4" in typed("ask", "bench.yaml", "--again").out
    assert "Trial 4 is completed" in typed("tell", "bench.yaml", "4", "yield=64").out

    write(tmp_path, "failures: 5")
    typed("amend", "bench.yaml", "--yes")
    gone_on = typed("ask", "bench.yaml", "--json")
    assert [each["trial"] for each in json.loads(gone_on.out)] == [5]


def test_go_is_the_word_after_repeated_failures(typed: Typed, tmp_path: Path) -> None:
    write(tmp_path, "failures: 2")
    typed("ask", "bench.yaml", "-n", "2")
    for number in ("1", "2"):
        typed("tell", "bench.yaml", number, "--failed", "machine", "--reason", "a leak")
    assert "2 trials in a row failed" in typed("status", "bench.yaml").out
    refused = typed("ask", "bench.yaml")
    assert refused.code == 4
    assert "let it go on: planner go bench.yaml" in one_line(refused.err)
    facts = json.loads(typed("status", "bench.yaml", "--json").out)
    assert facts["stopped"] == "2 trials in a row failed, the last one: a leak"
    assert facts["to_go_on"] == "When the cause is mended, let it go on: planner go bench.yaml."
    assert typed("go", "bench.yaml").out == "Campaign bench: it may go on.\n"
    assert "It was so before." in typed("go", "bench.yaml").out
    assert typed("ask", "bench.yaml").code == 0


def test_a_budget_that_is_used_up_does_not_go_on(typed: Typed, tmp_path: Path) -> None:
    write(tmp_path, "failures: 30")
    typed("ask", "bench.yaml", "-n", "12")
    for number in range(1, 13):
        typed("tell", "bench.yaml", str(number), "--failed", "process", "--reason", "soot")
    standing = typed("status", "bench.yaml").out
    assert "Nothing more is proposed: 12 trials are used up." in standing
    assert "goes on" not in standing
    refused = typed("ask", "bench.yaml")
    assert refused.code == 4
    assert "12 trials are used up" in one_line(refused.err)
