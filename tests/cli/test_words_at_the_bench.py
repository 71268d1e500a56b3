"""What the commands say to a person at the bench, who reads nothing but that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Typed

FILE = "grown.yaml"

GROWN = """
schema: 1
campaign: grown
parameters:
  temperature: {low: 500, high: 900, unit: degC, resolution: 5}
  time: {low: 5, high: 30, unit: min, resolution: 1}
outcomes:
  length: {unit: um}
  mass: {unit: mg}
objectives: [{aim: maximise, outcome: length}]
sources: {bench: {kind: person}}
budget: {trials: 12}
"""


@pytest.fixture
def grown(tmp_path: Path, typed: Typed) -> Typed:
    """A campaign with two trials in hand."""
    (tmp_path / FILE).write_text(GROWN)
    assert typed("ask", FILE, "-n", "2").code == 0
    return typed


def flat(text: str) -> str:
    """Returns a text on one line."""
    return " ".join(text.split())


def test_what_waits_is_said_with_the_command_to_type(grown: Typed, tmp_path: Path) -> None:
    said = grown("status", FILE).out
    assert "Now: each of trials 1 and 2 waits for its result (planner tell)." in said
    assert f"(planner tell {FILE} 1 length=VALUE mass=VALUE, or a table)" in said
    assert grown("tell", FILE, "1", "mass=3").code == 0
    console = flat(grown("report", FILE).out)
    to_tell = f"planner tell {FILE} 1 length=VALUE; length=lost and a reason"
    with_result = f"planner tell {FILE} 2 length=VALUE mass=VALUE; where it brought none, --failed"
    page = (tmp_path / "grown.planner" / "report.html").read_text()
    for shown in (console, page):
        assert to_tell in shown
        assert with_result in shown


def test_the_command_to_type_has_the_name_that_the_campaign_runs_under(
    grown: Typed, tmp_path: Path
) -> None:
    (tmp_path / "my own.yaml").write_text(GROWN)
    assert grown("ask", "my own.yaml", "--as", "beside").code == 0
    said = grown("status", "my own.yaml", "--as", "beside").out
    assert "planner tell 'my own.yaml' --as beside 1 length=VALUE" in said


def test_with_an_outcome_to_come_the_next_trial_can_be_asked_for(grown: Typed) -> None:
    assert grown("tell", FILE, "1", "mass=3").code == 0
    assert grown("tell", FILE, "2", "mass=4").code == 0
    said = grown("status", FILE).out
    assert "nothing waits for a person" not in said
    assert (
        f"Now: the next trial can be asked for: planner run {FILE} or planner ask {FILE} goes on. "
        f"Still to come: length of trials 1, 2.\n"
    ) in said
    for number in ("1", "2"):
        assert grown("tell", FILE, number, "length=5").code == 0
    assert "Now: nothing waits for a person" in grown("status", FILE).out


def test_a_forgotten_campaign_file_is_said(grown: Typed) -> None:
    ended = grown("tell", "2", "length=80")
    assert ended.code == 2
    assert ended.err == "The campaign file is missing: planner tell FILE.yaml 2 length=80.\n"


@pytest.mark.parametrize(
    ("papers", "says"),
    [
        (["--csv", "folder/next.csv"], "There is no folder folder"),
        (["--csv", f"{'n' * 300}.csv"], "cannot be written (File name too long)"),
        (["--sheet", f"{'n' * 300}.html"], "cannot be written (File name too long)"),
        (["--csv", "next.txt"], "has no ending that says a kind"),
        (["--csv", "there.csv"], "there.csv is there already"),
        (["--csv", "next.xlsx", "--xlsx", "next.xlsx"], "One file was named for two things"),
    ],
)
def test_papers_that_cannot_be_written_are_refused_before_a_trial_is_handed_out(
    tmp_path: Path, typed: Typed, papers: list[str], says: str
) -> None:
    (tmp_path / FILE).write_text(GROWN)
    (tmp_path / "there.csv").write_text("filled in")
    before = sorted(tmp_path.iterdir())
    ended = typed("ask", FILE, *papers)
    assert ended.code == 2
    assert says in flat(ended.err)
    assert sorted(tmp_path.iterdir()) == before  # no ledger, and no empty file either
    assert (tmp_path / "there.csv").read_text() == "filled in"


def test_what_was_told_is_said_with_its_unit_and_as_it_was_told(grown: Typed) -> None:
    told = grown("tell", FILE, "1", "mass=12ug", "length=50+-2")
    assert told.out == "Trial 1 is completed with mass=0.012 mg (told as 12 ug), length=50 um.\n"
    assert "with mass=3 mg. Still to come: length." in grown("tell", FILE, "2", "mass=3").out
    later = grown("tell", FILE, "2", "length=0.06mm+-0.001", "--achieved", "temperature=800K")
    assert later.out == (
        "Trial 2: has length=60 um (told as 0.06+-0.001 mm), temperature achieved=526.85 degC "
        "(told as 800 K) now.\n"
    )
    corrected = grown("tell", FILE, "2", "mass=4000ug", "--correct", "--reason", "misread")
    assert corrected.out == (
        "Trial 2 is corrected: mass=4 mg (told as 4000 ug) (it was mass=3 mg).\n"
    )
    refused = grown("tell", FILE, "2", "mass=5")
    assert "Trial 2 is completed with mass=4 mg. A result is not overwritten" in flat(refused.err)


def test_what_may_be_told_of_a_trial_is_named_whole(grown: Typed) -> None:
    nothing = grown("tell", FILE, "1")
    assert nothing.code == 2
    assert flat(nothing.err) == (
        "Say what became of trial 1: outcomes (NAME=VALUE), --done where it was performed and "
        "nothing is measured yet, or --failed machine or process with --reason."
    )
    both = grown("tell", FILE, "1", "--done", "--failed", "machine", "--reason", "x")
    assert both.code == 2
    assert "A trial that failed brought no result" in both.err


def test_a_failure_says_what_it_means_for_the_settings(grown: Typed) -> None:
    """What the answer says to type is possible, and does what it says."""
    process = grown("tell", FILE, "1", "--failed", "process", "--reason", "nothing grew").out
    assert flat(process) == (
        "Trial 1 is failed by process. These settings are not proposed again; if it was the "
        f"equipment, leave this failure out: planner exclude {FILE} 1 --reason WHY."
    )
    assert grown("exclude", FILE, "1", "--reason", "the valve was shut").code == 0
    machine = grown("tell", FILE, "2", "--failed", "machine", "--reason", "a power cut").out
    assert machine == "Trial 2 is failed by machine. These settings may be proposed again.\n"


def test_every_mistake_of_a_proposal_is_named(grown: Typed) -> None:
    ended = grown("propose", FILE, "temperature=9000", "tiem=8")
    assert ended.code == 2
    said = flat(ended.err)
    assert "There is no parameter 'tiem': did you mean 'time'?" in said
    assert "Parameter 'temperature': 9000 is outside 500 to 900 degC" in said
    assert "Give a value" not in said  # of time: it was misspelt, not left out
    ended = grown("propose", FILE, "temperature=hot", "pressure=3")
    said = flat(ended.err)
    assert "There is no parameter 'pressure'. Known are temperature, time." in said
    assert "'hot'" in said
    assert "Give a value for time too." in said
    twice = flat(grown("propose", FILE, "time", "temperature=500:600").err)
    assert "'time' is no assignment" in twice
    assert "'500:600' is a range" in twice
