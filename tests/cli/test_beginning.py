"""``planner new``: a campaign file from a few answers, or from a table that is there."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from planner.campaign import read_campaign
from tests.cli.conftest import Typed
from tests.cli.desks import Desk, Ended
from tests.cli.terminals import Terminal

ANSWERS = """\
silver particles
flow
1 mL/min
20
0.5
ligand
citrate, borohydride
time
1, 2, 5
h

size
nm
1

target
40
3
person
2 h
24
"""

MEASURED = """\
temperature (degC),time_min,solvent,water (wt%),salt (wt%),batch size,yield (%),phase,note
60,5,THF,30,70,2,12,pure,
90,10,DMF,50,50,2,44.5,pure,cloudy
120,30,THF,80,20,2,71,mixed,
90,5,DMF,55,45,2,,mixed,
"""

Answered = Callable[..., Ended]


@pytest.fixture
def answered(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> Answered:
    """Runs a command with answers on its standard input."""

    def run(answers: str, *arguments: str) -> Ended:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        return typed(*arguments)

    return run


def test_a_few_answers_make_a_file_that_is_right(answered: Answered, tmp_path: Path) -> None:
    said = answered(ANSWERS, "new", "silver.yaml")
    assert said.code == 0, said.err
    assert "Next: planner check silver.yaml" in said.out
    assert (tmp_path / "silver.yaml").read_text() == WRITTEN
    assert answered("", "check", "silver.yaml").code == 0


WRITTEN = """\
schema: 1
campaign: silver
about: silver particles

parameters:
  flow: {unit: mL/min, low: 1, high: 20, resolution: 0.5}
  ligand: {choices: [citrate, borohydride]}
  time: {unit: h, values: [1, 2, 5]}

outcomes:
  size: {unit: nm, bounds: [1, null]}

objectives:
  - {aim: target, outcome: size, target: 40, tolerance: 3}

sources:
  bench: {kind: person, duration: 2 h}

budget: {trials: 24}
"""


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("\ngas flow\n", "'gas flow' is no name: begin with a letter"),
        ("\nflow\nhot\n", "'hot' is not a number with a unit"),
        ("\nflow\n0,5\n", "'0,5' has a comma in its number. Write a decimal point"),
        ("\nflow\n5 degX\n", "Unit 'degX' is not known"),
        ("\nflow\n5\n1\n", "Low (5) must be below high (1): swap them"),
        ("\nflow\n5\n10\nK\n20\n", "Resolution 20 is wider than the whole range"),
        ("\nflow\nA, A\n", "A choice is listed twice: leave one out"),
        ("\nflow\n5\n10\n\n\n\nflow\n", "'flow' names a parameter too: rename one"),
        ("\nflow\n5\n10\n\n\n\nyield\n%\n0\n0\n", "Bounds: 0 must be below 0; swap them"),
        ("\nflow\n5\n10\n\n\n\nyield\n%\n0\n9\nmaximize\n", "did you mean 'maximise'?"),
        ("\nflow\n5\n10\n\n\n\ny\n\n\n\ntarget\n5\n-1\n", "-1 is out of range: it must be above 0"),
        ("\nflow\n5\n10\n\n\n\ny\n\n\n\n\n\n2 nm\n", "A value in 'nm' cannot be converted to 's'"),
        ("\nflow\n5\n10\n\n\n\ny\n\n\n\n\n\n\nmany\n", "'many' needs a whole number, such as 30"),
        ("\nflow\n5\n", "The answers ended at the question 'flow: highest value:'"),
        ("\n\n", "A campaign needs at least one parameter"),
    ],
)
def test_each_answer_is_checked_at_once_and_nothing_is_written(
    answers: str, said: str, answered: Answered, tmp_path: Path
) -> None:
    ended = answered(answers, "new", "first.yaml")
    assert ended.code == 2
    assert said in " ".join(ended.err.split())
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_never_written_over(answered: Answered, tmp_path: Path) -> None:
    (tmp_path / "silver.yaml").write_text("mine")
    ended = answered(ANSWERS, "new", "silver.yaml")
    assert ended.code == 4
    assert "is there already" in ended.err
    assert (tmp_path / "silver.yaml").read_text() == "mine"


def test_a_person_at_a_terminal_may_answer_again(desk: Desk) -> None:
    with Terminal(desk, "new") as terminal:
        terminal.wait_for("Name of the campaign")
        terminal.type("my flow!")
        terminal.wait_for("'my flow!' is no name")
        terminal.wait_for("Name of the campaign")
        for answer in [
            "flow",
            "",
            "flow_rate",
            "20 mL/min",
            "2",
            "50",
            "",
            "",
            "yield",
            "",
            "",
            "",
        ]:
            terminal.type(answer)
        terminal.wait_for("low (20) must be below high (2)")
        for answer in ["", "", "", "9"]:  # aim, who, how long, how many
            terminal.type(answer)
        assert terminal.end() == 0
    spec = read_campaign(desk.folder / "flow.yaml")
    assert (spec.parameters["flow_rate"].unit, spec.budget.trials) == ("mL/min", 9)


def test_ctrl_c_leaves_nothing_behind(desk: Desk) -> None:
    with Terminal(desk, "new", "flow.yaml") as terminal:
        terminal.wait_for("What is it for")
        terminal.type("flow")
        terminal.wait_for("What is set")
        terminal.interrupt()
        assert terminal.end() == 130
        assert "Nothing was written" in terminal.screen
    assert not list(desk.folder.iterdir())


def test_a_campaign_is_read_off_a_table_which_is_then_imported(
    answered: Answered, tmp_path: Path
) -> None:
    """The rows of the table are the settings, so that all of them can be taken."""
    (tmp_path / "old.csv").write_text(MEASURED)
    said = answered(
        "", "new", "--from", "old.csv", "--outcome", "yield", "--outcome", "phase", "--maximise"
    )
    assert said.code == 0, said.err
    assert (tmp_path / "old.yaml").read_text() == READ_OFF
    for words in (
        "temperature may be anything from 60 to 120; it was 60, 90, 120: write 'values",
        "time_min is in min, as its name ends",
        "batch_size is always 2: taken for a constant",
        "water, salt sum to 100 wt% in every row: taken for a mixture",
        "phase is one of the classes pure, mixed",
        "Column 'note' is about rows or values: left out",
    ):
        assert words in said.out, said.out
    assert answered("", "check", "old.yaml").code == 0
    imported = answered("", "import", "old.yaml", "old.csv")
    assert imported.code == 0, imported.err
    assert "Imported 4 measurements" in imported.out, imported.out + imported.err


READ_OFF = """\
schema: 1
campaign: old
about: begun from old.csv

parameters:
  temperature: {unit: degC, low: 60, high: 120}
  time_min: {unit: min, low: 5, high: 30}
  solvent: {choices: [THF, DMF]}
  water: {unit: wt%, low: 30, high: 80}
  salt: {unit: wt%, low: 20, high: 70}
  batch_size: {value: 2}

constraints:
  - {mixture: [water, salt], total: 100}

outcomes:
  yield: {unit: '%', bounds: [0, 100], expected: [12, 71]}
  phase: {kind: class, classes: [pure, mixed]}

objectives:
  - {aim: maximise, outcome: yield}

sources:
  bench: {kind: person}

budget: {trials: 30}
"""


def test_what_a_table_does_not_say_is_asked_for(answered: Answered, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [["flow (mL/min)", "peak area"], [1, 7.5], [2, 8.25], [4, 3]]:
        book.active.append(row)
    book.save(tmp_path / "runs.xlsx")
    said = answered("\nminimise\n", "new", "best.yaml", "--from", "runs.xlsx")
    assert said.code == 0, said.err
    spec = read_campaign(tmp_path / "best.yaml")
    assert (spec.objective.aim, spec.objective.outcome) == ("minimise", "peak_area")
    assert list(spec.parameters) == ["flow"]
    imported = answered("", "import", "best.yaml", "runs.xlsx")
    assert "Imported 3 measurements" in imported.out, imported.err


@pytest.mark.parametrize(
    ("table", "more", "said"),
    [
        ("a,b\n1,2\n3,4\n", ["--outcome", "c"], "has no column 'c' for an outcome, only a, b"),
        ("1st,b\n1,2\n3,4\n", [], "'1st': a name begins with a letter"),
        ("a,a b,a  b\n1,2,3\n", [], "names 'a_b' again"),
        ("a\n1\n2\n", [], "needs a column for a parameter and one for an outcome"),
        ("a,b (degX)\n1,2\n3,4\n", [], "Unit 'degX' is not known"),
        ("a,b\n1,2\n1,4\n", ["--outcome", "b", "--maximise"], "leave nothing to choose"),
        ("a,b\n1,2\n3,4\n", ["--maximise", "--minimise"], "Give one of --maximise"),
        ("a,b\n1,x\n3,y\n", ["--outcome", "b", "--maximise"], "'b' is a class: write 'aim: class'"),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_campaign_is_refused_in_words(
    table: str, more: list[str], said: str, answered: Answered, tmp_path: Path
) -> None:
    (tmp_path / "old.csv").write_text(table)
    ended = answered("", "new", "--from", "old.csv", *more)
    assert ended.code == 2
    assert said in " ".join(ended.err.split())
    assert not (tmp_path / "old.yaml").exists()


TABLES = {
    "suzuki_batch": "yield_pct",
    "p3ht_cnt": "conductivity_S_cm",
    "hplc": "peak_area",
    "fullerenes": "mole_fraction_product",
}


@pytest.mark.parametrize("name", TABLES)
def test_real_tables_make_campaigns_that_take_all_their_rows(
    name: str, answered: Answered, tmp_path: Path, project: Path
) -> None:
    real = project.parent / "shared" / "data" / name / "data.csv"
    if not real.is_file():
        pytest.skip(f"the table {name} is not here")
    (tmp_path / "data.csv").write_bytes(real.read_bytes())
    said = answered("", "new", "--from", "data.csv", "--outcome", TABLES[name], "--maximise")
    assert said.code == 0, said.err
    n_rows = len(real.read_text().splitlines()) - 1
    imported = answered("", "import", "data.yaml", "data.csv")
    assert f"Imported {n_rows} measurements" in imported.out, imported.err
