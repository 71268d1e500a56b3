"""``planner bench`` as it is typed: exit codes, figures, pages, and wrong words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

CAMPAIGN = """
schema: 1
campaign: little
parameters:
  temperature: {low: 20, high: 80, unit: degC}
  time: {low: 1, high: 8, unit: min}
outcomes:
  yield: {unit: percent}
objectives:
  - {aim: maximise, outcome: yield}
candidates: {source: bench}
sources:
  bench:
    kind: table
    table:
      path: little.csv
      columns: {temperature: T, time: t, yield: y}
budget: {trials: 8}
policy: {start: 6}
"""


def type_in(*words, folder, project):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(project)}
    environment.pop("PLANNER_TABLES", None)
    return subprocess.run(
        [sys.executable, "-m", "planner.cli", "bench", *words],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def write_campaign(folder):
    rows = [
        f"{temperature},{time},{80 - (temperature - 50) ** 2 / 20 - (time - 4) ** 2}"
        for temperature in range(20, 81, 10)
        for time in range(1, 9)
    ]
    # one condition was measured twice
    (folder / "little.csv").write_text("\n".join(["T,t,y", *rows, "50,4,79"]), encoding="utf-8")
    (folder / "little.yaml").write_text(CAMPAIGN, encoding="utf-8")


@pytest.mark.slow
def test_two_races_on_a_small_table_give_figures_a_page_and_a_picture(tmp_path, project):
    answer = type_in(
        "--table", "snar_flow", "--seeds", "2", "--trials", "6", "--json", "--page", "tables.md",
        folder=tmp_path, project=project,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    [standing] = json.loads(answer.stdout)
    assert (standing["table"], standing["settings"], standing["best_5_percent"]) == (
        "snar_flow", 66, 4,
    )  # fmt: skip
    assert (standing["seeds"], standing["trials"], len(standing["share"])) == (2, 6, 6)
    assert standing["random_share"] == pytest.approx([i / 66 for i in range(1, 7)])
    assert 0 < standing["ask_cpu_s"] < 60
    assert len(list(tmp_path.glob("planner-bench/races/snar_flow/*/seed-*.json"))) == 2
    assert "2 of 2 races" in answer.stderr  # plain, where there is no terminal

    page = (tmp_path / "tables.md").read_text(encoding="utf-8")
    assert "planner bench --table snar_flow --seeds 2 --trials 6" in page
    assert "| snar_flow | 66 | 4 | 2 | 6 |" in page
    assert "](tables.svg)" in page
    assert ElementTree.parse(tmp_path / "tables.svg").getroot().tag.endswith("svg")


@pytest.mark.slow
def test_a_race_against_another_planner_is_run_and_read_again(tmp_path, project):
    """Random choice by its real driver, the one that needs no packages."""
    words = [
        "--table", "snar_flow", "--against", "random", "--variant", "greedy=beta:0", "--seeds", "2",
        "--peer-seeds", "3", "--races", "races", "--peers", "peers",
    ]  # fmt: skip
    answer = type_in(*words, "--page", "against.md", folder=tmp_path, project=project)
    assert answer.returncode == 0, answer.stderr
    assert "random: 2 races to run" in answer.stderr  # its first told what they cost
    assert "CPU-hours, one process" in answer.stderr
    assert "greedy" in answer.stdout
    page = (tmp_path / "against.md").read_text(encoding="utf-8")
    assert "planner bench --against random --variant greedy=beta:0" in page
    assert "| snar_flow | 20 | " in page
    for picture in tmp_path.glob("against_*.svg"):
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    files = list((tmp_path / "races").rglob("seed-*.json"))
    assert len(files) == 7
    again = type_in(*words, "--json", folder=tmp_path, project=project)
    [comparison] = json.loads(again.stdout)
    assert "random: no race to run, all are there" in again.stderr
    assert comparison["courses"]["snar_flow"]["entrants"]["random"]["starts"] == 3
    assert comparison["entrants"]["random"]["mean_rank"]["value"] >= 1


@pytest.mark.slow
def test_a_whole_campaign_is_run_from_every_seed(tmp_path, project):
    write_campaign(tmp_path)
    answer = type_in(
        "--campaign", "little.yaml", "--seeds", "2", "--page", "little.md",
        folder=tmp_path, project=project,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "Found of the best 5 %" in answer.stdout
    page = (tmp_path / "little.md").read_text(encoding="utf-8")
    assert "2 seeds" in page
    assert "planner bench --campaign little.yaml --seeds 2" in page
    races = [json.loads(file.read_text()) for file in tmp_path.rglob("seed-*.json")]
    assert len(races) == 2
    for race in races:
        assert len(set(race["rows"])) == 8
        assert race["kinds"] == ["start"] * 6 + ["model"] * 2
    assert races[0]["rows"] != races[1]["rows"]  # the seed is the campaign's
    assert not list(tmp_path.glob("*.planner"))  # nothing of them is left beside the file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tables", "nowhere"], "holds none of the known tables"),
        (["--campaign", "nowhere.yaml"], "nowhere.yaml"),
        (["--table", "agnp"], "There is no table 'agnp'. Known are fullerenes"),
        (["--seeds", "0"], "seeds"),
        (["--against", "vizier"], "There is no planner 'vizier' to race against"),
        (["--function", "sphere"], "There is no test function 'sphere'"),
        (["--function", "branin_2", "--page", "none/a.md"], "There is no folder none for a.md."),
        (["--seeds", "9", "--picture", "none/a.svg"], "There is no folder none for a.svg."),
        (
            ["--against", "random", "--trials", "9"],
            "--trials cannot be given with --against: each table and test function has",
        ),
    ],
)
def test_another_wrong_word_is_said_in_words(words, said, tmp_path, project):
    check_refusal(words, said, tmp_path, project)


def test_a_wrong_word_is_said_in_words(tmp_path, project):
    words = ["--campaign", "little.yaml", "--trials", "9"]
    check_refusal(words, "give --campaign without --table", tmp_path, project)
    words = ["--function", "branin_2", "--trials", "3"]
    check_refusal(words, "--trials cannot be given with --function: each", tmp_path, project)
    words = ["--function", "branin_2", "--picture", "p.svg", "--start", "own"]
    check_refusal(words, "--picture cannot be given with --function: --page", tmp_path, project)


def check_refusal(words, said, tmp_path, project):
    write_campaign(tmp_path)
    answer = type_in(*words, folder=tmp_path, project=project)
    assert answer.returncode == 2
    assert said in " ".join(answer.stderr.split())
    assert "Traceback" not in answer.stderr
