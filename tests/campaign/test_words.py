from __future__ import annotations

from pathlib import Path

import pytest

from planner.campaign import describe, parse_campaign, read_campaign, read_space
from planner.space import SearchSpace
from tests.campaign.bad_files import GOOD


def words(text: str) -> str:
    spec = parse_campaign(text, path="test")
    space = SearchSpace(tuple(spec.parameters.values()), spec.constraints)
    return "\n".join(describe(spec, space))


def test_a_campaign_is_described_from_its_name_to_its_end() -> None:
    assert words(GOOD) == DESCRIBED


DESCRIBED = """\
Campaign growth.
It sets 3 parameters:
  temperature: 500 to 900 degC, in steps of 0.1 degC.
  catalyst: one of iron, nickel, cobalt.
  flow: 1 to 100 sccm, in steps of 0.1 sccm.
It looks for the highest length.
A result outside 0 to 1000 um is put aside for a person.
Trials run at furnace, which is a person, who is shown each trial and tells its result.
It ends at the latest after 20 trials.
It begins with trials spread over the space; then a Gaussian process chooses, by the acquisition \
function that the benchmark favours.
Trials are approved automatically.
5 failed trials in a row stop it."""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("aim: maximise", "aim: minimise, goal: 3, gain: 0.5",
         "the lowest length; 3 um or below is good enough; less than 0.5 um better is not worth "
         "another trial."),
        ("aim: maximise", "aim: target, target: 40, tolerance: 3",
         "length as near as possible to 40 um; within 3 um is a hit."),
        ("aim: maximise", "aim: range, low: 30, high: 50", "length between 30 and 50 um."),
        ("[0, 1000]", "[0, null]", "A result below 0 um is put aside"),
        ("[0, 1000]", "[null, 9]", "A result above 9 um is put aside"),
        ("unit: um", "unit: um, noise: 2", "uncertain by 2 um (1 sd)"),
        ("unit: um", "unit: um, expected: [1, 9]", "Values from 1 to 9 um are expected."),
        ("unit: sccm", "unit: sccm, scale: log", "by ratios (log scale), set to four significant"),
        ("unit: sccm", "unit: sccm, resolution: 5", "1 to 100 sccm, in steps of 5 sccm."),
        ("low: 1, high: 100", "kind: integer, low: 1, high: 100", "whole numbers from 1 to 100"),
        ("low: 1, high: 100", "values: [5, 1]", "flow: one of 1, 5 sccm."),
        ("kind: person", "kind: simulator, simulator: tube, noise: 0.03",
         "runs the simulator tube with 3 % noise of an instrument. This is a simulation"),
        ("kind: person", "kind: adapter, adapter: oven, capacity: 4, retries: 2",
         "a device behind the adapter oven, 4 trials at once. A failed run is repeated up to 2 "
         "times."),
        ("kind: person", "kind: person, duration: 2 h", "so 20 trials take about 40 hours"),
        ("kind: person", "kind: person, duration: 2 h, capacity: 3", "take about 14 hours"),
        ("kind: person", "kind: person, time_limit: 90 s", "longer than 90 seconds"),
        ("kind: person", "kind: person, cost: 12.5", "At 12.5 a trial it costs at most 250."),
        ("trials: 20", "trials: 20, cost: 500, time: 3 days",
         "after 20 trials or a cost of 500 or 3 days after it was opened, whichever comes first."),
        ("budget:", "policy: {start: 5, acquisition: ucb, beta: 2, approval: person}\nbudget:",
         "The first 5 trials are spread evenly over the space; then a Gaussian process chooses, by "
         "its upper confidence bound with beta 2.\nA person approves each trial before it runs."),
        ("budget:", "stop: {failures: 1, remaining_gain: 0.1}\nbudget:",
         "less than 0.1 um is still to be gained.\n1 failed trial in a row"),
        ("budget:", "constraints: [{weights: {flow: 1, temperature: 0.1}, at_most: 90}]\nbudget:",
         "Always flow + 0.1 temperature <= 90."),
    ],
)  # fmt: skip
def test_each_setting_is_said(old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in words(GOOD.replace(old, new))


def test_money_bounds_the_number_of_trials() -> None:
    """A cost of 100 at 12.5 a trial is 8 trials, of the 20 that would be allowed."""
    text = GOOD.replace("kind: person", "kind: person, cost: 12.5, duration: 1 h")
    said = words(text.replace("trials: 20", "trials: 20, cost: 100"))
    assert "it costs at most 100." in said
    assert "8 trials take about 8 hours" in said


def test_listed_candidates_are_counted(project: Path) -> None:
    spec = read_campaign(project / "campaigns" / "fullerene_flow.yaml")
    said = "\n".join(describe(spec, read_space(spec, folder=project)))
    assert "It chooses among the 216 listed conditions of" in said
    assert "This is a simulation: no lab is touched." in said
