"""A campaign file that changed since its campaign began: shown, agreed to or not, and entered."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Typed
from tests.cli.desks import Desk
from tests.cli.terminals import Terminal

FILE = "silver.yaml"

CAMPAIGN = """
campaign: silver
parameters:
  temperature: {low: 20, high: 95, unit: degC, resolution: 1}
outcomes:
  size: {unit: nm, bounds: [1, 1000], expected: [5, 120]}
objectives:
  - {aim: target, outcome: size, target: 40, tolerance: 3}
sources:
  bench: {kind: person, duration: 2 h}
budget: {trials: 24}
"""
CHANGED = CAMPAIGN.replace("trials: 24", "trials: 30, time: 48 h").replace(
    "low: 20, high: 95", "low: 100, high: 150"
)
SHOWN = (
    "parameters.temperature.low: 20 -> 100 (2 of 2 trials lie outside now and stay as they are)",
    "budget.trials: 24 -> 30",
    "budget.time: none -> 48 h",
)


@pytest.fixture
def changed(desk: Desk, typed: Typed) -> Desk:
    """One trial was told, one is under way, and then the file changed."""
    (desk.folder / FILE).write_text(CAMPAIGN)
    assert typed("ask", FILE, "-n", "2").code == 0
    assert typed("tell", FILE, "1", "size=52").code == 0
    (desk.folder / FILE).write_text(CHANGED)
    return desk


def n_amendments(desk: Desk) -> int:
    return desk.kinds("silver").count("campaign amended")


def assert_not_entered(terminal: Terminal) -> None:
    """Checks what a person is answered who has seen the changes and said no."""
    assert terminal.screen.endswith("Nothing was entered.\n"), terminal.screen
    assert terminal.screen.count(SHOWN[1]) == 1  # the changes are listed once
    assert "--yes" not in terminal.screen


@pytest.mark.slow
def test_a_person_is_shown_the_change_and_says_no_or_yes(changed: Desk, typed: Typed) -> None:
    with Terminal(changed, "run", FILE, "--engine", "inline") as terminal:
        terminal.wait_for("Enter these changes and go on?")
        assert all(words in terminal.screen for words in SHOWN), terminal.screen
        terminal.type("n")
        assert terminal.end() == 4
        assert_not_entered(terminal)
    assert n_amendments(changed) == 0
    with Terminal(changed, "run", FILE, "--engine", "inline") as terminal:
        terminal.wait_for("Enter these changes and go on?")
        terminal.type("y")
        assert terminal.end() == 3, terminal.screen  # it waits for the person at the bench
    assert n_amendments(changed) == 1
    (asked,) = typed("ask", FILE, "--json").facts
    assert 100 <= asked["configuration"]["temperature"] <= 150
    assert typed("tell", FILE, "2", "size=48").code == 0  # outside the new bounds, and learned from


def test_a_script_is_refused_unless_it_says_amend(changed: Desk, typed: Typed) -> None:
    refused = typed("run", FILE, "--engine", "inline")
    said = " ".join(refused.err.split())
    assert refused.code == 4
    assert all(words in said for words in SHOWN), said
    assert f"'planner amend {FILE} --yes' enters the change without asking" in said
    assert n_amendments(changed) == 0
    assert typed("run", FILE, "--engine", "inline", "--amend").code == 3
    assert n_amendments(changed) == 1


def test_what_a_trial_means_may_not_change_whoever_agrees(changed: Desk, typed: Typed) -> None:
    (changed.folder / FILE).write_text(CAMPAIGN.replace("unit: degC", "unit: K"))
    refused = typed("run", FILE, "--engine", "inline", "--amend")
    said = " ".join(refused.err.split())
    assert refused.code == 4
    assert "the unit of parameter 'temperature' tells what the trials were" in said
    assert "planner import NEW.yaml" in said


def test_a_change_is_entered_and_nothing_else_happens(changed: Desk, typed: Typed) -> None:
    refused = typed("amend", FILE)
    assert refused.code == 4  # nobody there to agree
    assert n_amendments(changed) == 0
    before = len(changed.records("silver"))
    entered = typed("amend", FILE, "--yes")
    assert entered.code == 0, entered.err
    said = " ".join(entered.out.split())
    assert said.startswith("Entered into campaign silver:")
    assert all(words in said for words in SHOWN), said
    assert len(changed.records("silver")) == before + 1
    assert n_amendments(changed) == 1
    assert "Nothing has changed in silver.yaml" in typed("amend", FILE, "--yes").out
    assert n_amendments(changed) == 1


def test_a_person_agrees_to_an_amendment(changed: Desk) -> None:
    with Terminal(changed, "amend", FILE) as terminal:
        terminal.wait_for("Enter these changes")
        terminal.type("y")
        assert terminal.end() == 0, terminal.screen
    assert n_amendments(changed) == 1


def test_a_person_says_no_to_an_amendment(changed: Desk) -> None:
    with Terminal(changed, "amend", FILE) as terminal:
        terminal.wait_for("Enter these changes")
        terminal.type("n")
        assert terminal.end() == 4
        assert_not_entered(terminal)
    with Terminal(changed, "amend", FILE) as terminal:
        terminal.wait_for("Enter these changes")
        terminal.interrupt()
        assert terminal.end() == 130
        assert_not_entered(terminal)
    assert n_amendments(changed) == 0


def test_a_campaign_that_has_not_begun_cannot_be_amended(desk: Desk, typed: Typed) -> None:
    (desk.folder / FILE).write_text(CAMPAIGN)
    assert typed("amend", FILE, "--yes").code == 2
    assert not (desk.folder / "silver.planner").exists()


def test_the_status_says_that_the_file_has_changed_and_stands_all_the_same(
    changed: Desk, typed: Typed
) -> None:
    told = typed("status", FILE)
    said = " ".join(told.out.split())
    assert told.code == 0
    assert all(words in said for words in SHOWN), said
    assert f"planner amend {FILE}, or put the file back" in said
    assert "1 completed" in said
    assert set(SHOWN) <= set(typed("status", FILE, "--json").facts["changed_in_file"])
    assert typed("amend", FILE, "--yes").code == 0
    assert "has changed" not in typed("status", FILE).out
    (changed.folder / FILE).write_text(CHANGED.replace("unit: degC", "unit: K"))
    assert "the file has" not in typed("status", FILE).err
    assert "temperature" in typed("status", FILE).out


def test_bounds_that_call_a_result_impossible_are_refused_until_it_is_corrected(
    changed: Desk, typed: Typed
) -> None:
    (changed.folder / FILE).write_text(
        CAMPAIGN.replace("[1, 1000]", "[1, 50]").replace("120", "50")
    )
    refused = typed("amend", FILE, "--yes")
    said = " ".join(refused.err.split())
    assert refused.code == 4
    assert "outcomes.size.bounds: [1, 1000] -> [1, 50]" in said
    assert "what was measured is not impossible: trial 1 (52) would lie outside" in said
    assert n_amendments(changed) == 0
    (changed.folder / FILE).write_text(CAMPAIGN)
    told = ("tell", FILE, "1", "size=42", "--correct", "--reason", "misread")
    assert typed(*told).code == 0
    (changed.folder / FILE).write_text(
        CAMPAIGN.replace("[1, 1000]", "[1, 50]").replace("120", "50")
    )
    assert typed("amend", FILE, "--yes").code == 0
    assert n_amendments(changed) == 1


def test_a_choice_may_be_taken_away_that_no_trial_has_used(desk: Desk, typed: Typed) -> None:
    def write(solvents: str) -> None:
        outcomes = f"  solvent: {{choices: [{solvents}]}}\noutcomes:"
        (desk.folder / FILE).write_text(CAMPAIGN.replace("outcomes:", outcomes))

    write("water, ethanol")
    assert typed("ask", FILE, "--lock", "solvent=water").code == 0
    assert typed("tell", FILE, "1", "size=52").code == 0
    write("water, ethanol, thf")
    assert typed("amend", FILE, "--yes").code == 0
    write("water, ethanol")
    assert typed("amend", FILE, "--yes").code == 0
    write("ethanol, thf")
    refused = typed("amend", FILE, "--yes")
    assert refused.code == 4
    assert "water of 'solvent' was used" in " ".join(refused.err.split())
    assert n_amendments(desk) == 2
    write("water, ethanol")
    assert typed("ask", FILE).code == 0
