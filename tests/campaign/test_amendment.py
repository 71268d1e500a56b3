"""A changed file: what is said of the change, and what may not change."""

from __future__ import annotations

import pytest

from planner.campaign import CampaignSpec, parse_campaign
from planner.campaign.amendment import find_changes

FILE = """
campaign: growth
parameters:
  temperature: {low: 400, high: 900, unit: degC}
  catalyst: {choices: [iron, nickel, cobalt]}
  gas: {value: argon}
  ramp:
    unit: degC
    max_rate: 10
    knots: [{at: 0, value: 20}, {at: {low: 10, high: 90}, value: {low: 300, high: 500}}]
outcomes:
  length: {unit: um, bounds: [0, null]}
  phase: {kind: class, classes: [pure, mixed]}
objectives: [{aim: maximise, outcome: length}]
sources:
  oven:
    kind: person
    consumables: {gold: {stock: 100, unit: mg, use: 5}}
budget: {trials: 30}
"""


def read(text: str) -> CampaignSpec:
    return parse_campaign(text, path="growth.yaml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("trials: 30", "trials: 45", "budget.trials: 30 -> 45"),
        ("trials: 30", "trials: 30, time: 48 h", "budget.time: none -> 48 h"),
        (
            "kind: person",
            "kind: person\n    duration: 90 min",
            "sources.oven.duration: none -> 90 min",
        ),
        (
            "kind: person",
            "kind: person\n    set_up: {time: 45 s, parameters: [catalyst]}",
            "sources.oven.set_up: none -> {time: 45 s, parameters: [catalyst]}",
        ),
        ("high: 900", "high: 950", "parameters.temperature.high: 900 -> 950"),
        ("unit: um,", "unit: um, noise: 2,", "outcomes.length.noise: none -> 2"),
        ("aim: maximise", "aim: maximise, goal: 8", "objectives[1].goal: none -> 8"),
        ("stock: 100", "stock: 60", "sources.oven.consumables.gold.stock: 100 -> 60"),
        ("high: 90}", "high: 80}", "parameters.ramp.knots[2].at.high: 90 -> 80"),
        (
            "cobalt]",
            "cobalt, copper]",
            "parameters.catalyst.choices: [iron, nickel, cobalt] -> [iron, nickel, cobalt, copper]",
        ),
        (
            "objectives:",
            "constraints: [{weights: {temperature: 1}, at_most: 800}]\nobjectives:",
            "constraints: none -> [{kind: linear, weights: {temperature: 1}, at_most: 800}]",
        ),
    ],
)
def test_what_may_change_is_said_with_its_place_and_both_values(
    old: str, new: str, words: str
) -> None:
    changes = find_changes(read(FILE), read(FILE.replace(old, new)))
    assert [str(each) for each in changes] == [words]
    assert not changes[0].refusal


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("unit: degC}", "unit: K}", "the unit of parameter 'temperature' tells"),
        ("{low: 400, high: 900, unit: degC}", "{values: [400, 900], unit: degC}", "another kind"),
        ("  catalyst: {choices: [iron, nickel, cobalt]}\n", "", "'catalyst' is gone"),
        ("  gas: {value: argon}", "  gas: {value: helium}", "the value of parameter 'gas'"),
        ("outcomes:", "  flow: {low: 1, high: 2}\noutcomes:", "'flow' is new"),
        ("[iron, nickel, cobalt]", "[iron, nickel]", "cobalt of 'catalyst' was used"),
        ("[pure, mixed]", "[pure, other]", "mixed of 'phase' was used"),
        ("unit: um", "unit: nm", "the unit of outcome 'length' tells what was measured"),
        ("oven:", "kiln:", "trials ran at source 'oven'"),
        ("{at: 0, value: 20}", "{at: 0, value: {low: 20, high: 30}}", "other knots of 'ramp'"),
        ("unit: mg", "unit: g", "the stock of 'gold' was counted in its unit"),
        ("budget:", "seed: 7\nbudget:", "the seed is the root"),
    ],
)
def test_what_a_trial_means_may_not_change(old: str, new: str, reason: str) -> None:
    changes = find_changes(read(FILE), read(FILE.replace(old, new)))
    assert reason in "; ".join(change.refusal for change in changes)


def test_another_order_or_writing_of_the_same_is_no_change() -> None:
    other = FILE.replace("{trials: 30}", "{trials: 30} # as agreed").replace(
        "bounds: [0, null]", "bounds: ['0 mm', null]"
    )
    assert find_changes(read(FILE), read(other)) == ()
