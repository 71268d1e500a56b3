from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from planner.campaign import Modelling, describe, parse_campaign, read_campaign, read_space
from planner.campaign.spec import StopRule
from planner.campaign.words.phrases import rough
from planner.space import SearchSpace
from tests.campaign.bad_files import GOOD

NOW = datetime(2026, 3, 5, 16, 30, tzinfo=UTC)  # a Thursday


def words(text: str) -> str:
    spec = parse_campaign(text, path="test")
    space = SearchSpace(tuple(spec.scalars.values()), spec.all_constraints)
    return "\n".join(describe(spec, space, now=NOW))


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
It begins with trials spread over the space; then an average of the quick model families that \
predict best chooses, by its upper confidence bound.
Trials are approved automatically.
5 failed trials in a row stop it.
A space of 4 dimensions (one a parameter; catalyst counts as 2, one less than its choices) \
deserves 40 to 80 trials; that is a rule of thumb, 10 to 20 a dimension (Adesiji et \
al., Digital Discovery 2025), no promise.
Note: the budget allows 20 trials, fewer than the space deserves: raise it if you can"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{choices: [iron, nickel, cobalt]}", "{low: 1, high: 9, unit: mM}",
         "A space of 3 dimensions deserves"),
        ("{choices: [iron, nickel, cobalt]}", "{value: iron}",
         "A space of 2 dimensions (one a parameter; catalyst counts as 0) deserves"),
        ("{low: 500, high: 900, unit: degC}",
         "{unit: degC, time_unit: min, knots: [{at: 0, value: 25}, "
         "{at: {low: 5, high: 9}, value: {low: 400, high: 800}}]}",
         "A space of 5 dimensions (one a parameter; temperature counts as 2, what is chosen of its "
         "course; catalyst counts as 2, one less than its choices) deserves"),
        ("outcomes:", "  other: {low: 0, high: 100, unit: sccm}\nconstraints: "
         "[{mixture: [flow, other], total: 100}]\noutcomes:",
         "one less than its choices; one less for a sum that is kept) deserves"),
    ],
)  # fmt: skip
def test_how_dimensions_are_counted_is_said(old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in words(GOOD.replace(old, new, 1))


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
        ("unit: sccm", "unit: sccm, resolution: 5",
         "1 to 100 sccm, in steps of 5 sccm from 1, so 96 is the highest."),
        ("unit: sccm", "unit: sccm, resolution: 11", "1 to 100 sccm, in steps of 11 sccm."),
        ("low: 1, high: 100", "low: 1, high: 1.0000001", "flow: 1 to 1.0000001 sccm"),
        ("budget:", "policy: {start: 1}\nbudget:", "The first trial is in the middle of the"),
        ("budget:", "policy: {acquisition: random}\nstop: {remaining_gain: 2}\nbudget:",
         "a model only tells when to stop."),
        ("length: {unit: um, bounds: [0, 1000]}\nobjectives:\n  - {aim: maximise",
         "length: {unit: um, expected: [0, 50]}\nobjectives:\n  - {aim: maximise, gain: 500",
         "only a difference of 500 um is to count, and results are expected to differ by 50 um"),
        ("budget:", "constraints: [{weights: {temperature: 1}, equals: 600}, "
         "{weights: {flow: 1}, equals: 5}, {exclude: {catalyst: iron}}]\nbudget:",
         "Within the rules a search found 2 configurations and no more."),
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
         "The first 5 trials are spread evenly over the space; then an average of the quick "
         "model families that predict best chooses, by its upper confidence bound with beta 2.\nA "
         "person approves each trial before it runs."),
        ("objectives:\n  - {aim: maximise",
         "stop: {done_probability: 0.95}\nobjectives:\n  - {aim: maximise, gain: 2",
         "It stops early when nothing better by more than 2 um is left with 95 % probability.\n5 "
         "failed"),
        ("aim: maximise, outcome: length}\n", "aim: minimise, outcome: length, gain: 2}\n"
         "stop: {done_probability: 0.9}\n",
         "nothing better by more than 2 um is left with 90 % probability.\nWithout a table of "
         "candidates such probabilities were found too sure: ask for 0.95 "
         "(docs/benchmarks/stopping.md).\n"),
        ("aim: maximise, outcome: length}\n",
         "aim: target, target: 40, tolerance: 3, outcome: length}\n"
         "stop: {done_probability: 0.95}\n",
         "nothing better is left with 95 % probability; all hits count as equally good.\n5 failed"),
        ("budget:", "policy: {aim: learn}\nbudget:",
         "Its aim is a model that holds over the whole space.\nIt begins with trials spread over "
         "the space; then an average of the quick model families that predict best chooses, by "
         "what removes most of what is unknown over the whole space."),
        ("budget:", "policy: {acquisition: log_nei}\nmodel: {family: bnn}\nbudget:",
         "then a Bayesian neural network chooses, by its expected improvement."),
        ("budget:", "policy: {acquisition: random}\nbudget:", "no model has a say."),
        ("length: {unit: um, bounds: [0, 1000]}\nobjectives:\n  - {aim: maximise, outcome: length}",
         "phase: {kind: class, classes: [gel, sol]}\nobjectives:\n"
         "  - {aim: class, outcome: phase, wanted: [sol]}",
         "then a Gaussian process of the classes chooses, by its upper confidence bound."),
        ("budget:", "stop: {failures: 1, remaining_gain: 0.1}\nbudget:",
         "less than 0.1 um is still to be gained.\n1 failed trial in a row"),
        ("budget:", "constraints: [{weights: {flow: 1, temperature: 0.1}, at_most: 90}]\nbudget:",
         "Rule: flow + 0.1 temperature is at most 90."),
        ("high: 100", "high: 100, optional: true", "absent (0), or 1 to 100 sccm"),
        ("low: 1, high: 100, unit: sccm", "levels: [low, high]", "one of low, high, in this order"),
        ("low: 1, high: 100, unit: sccm", "value: argon", "flow: always argon."),
        ("low: 1, high: 100", "kind: contextual, low: 1, high: 100",
         "flow: measured, not set; expected from 1 to 100 sccm."),
        ("[iron, nickel, cobalt]", "{iron: {radius: 1.26}, nickel: {radius: 1.24}}",
         "one of iron, nickel, described by radius."),
        ("budget:", "constraints: [{exclude: {catalyst: iron, flow: 5}}]\nbudget:",
         "Rule: Never catalyst = iron and flow = 5 together."),
        ("  flow: {low: 1, high: 100, unit: sccm}",
         "  ramp: {unit: K, knots: [{at: 0, value: 300}, {at: 9, value: {low: 400, high: 500}}]}",
         "  ramp goes in straight lines through 300 K at 0 min, 400 to 500 K at 9 min; what is "
         "chosen of it is ramp_2."),
        ("bounds: [0, 1000]}", "bounds: [0, 1000]}\n  image: {kind: image, about: by microscope}",
         "It measures 2 outcomes:\n  length: a number in um.\n  image (by microscope): a picture,"),
        ("kind: person", "kind: person, capacity: 3, shared: [temperature]",
         "3 trials at once.\nTrials under way at the same time have the same temperature."),
        ("kind: person", "kind: person, set_up: {time: 40 min, parameters: [temperature, flow]}",
         "A change of temperature or flow takes 40 minutes; trials are ordered to save it."),
        ("kind: person", "kind: person, hours: 'Mon-Fri 08:00-18:00', time_zone: Europe/Berlin",
         "It is open Mon-Fri 08:00-18:00 (Europe/Berlin).\nHow long a trial takes is not said"),
        ("kind: person", "kind: person, duration: 3 h, hours: '08:00-18:00', time_zone: UTC",
         "The next trial can begin on Friday 2026-03-06 08:00 (UTC), and 3 trials fit in before it "
         "closes."),
        ("kind: person", "kind: person, duration: 3 h, hours: '08:00-18:00', time_zone: UTC",
         "the last of them ends at the earliest on Thursday 2026-03-12 14:00 (UTC)."),
        ("kind: person", "kind: person, consumables: {gold: {stock: 50, unit: mg, use: 4}}",
         "A trial uses 4 mg of gold; the stock of 50 mg lasts for 12 trials; then it is to be "
         "filled up."),
        ("kind: person", "kind: person, consumables: {gold: {stock: 1 g, unit: mg, use: flow / 2}}",
         "A trial uses 0.5 to 50 mg of gold; the stock of 1000 mg lasts for all trials."),
        ("kind: person}\nbudget: {trials: 20",
         "kind: person, cost: 2 + 0.1 * flow}\nbudget: {trials: 20, currency: EUR",
         "A trial costs 2.1 to 12 EUR, depending on what is set; all of them cost at most 240 EUR"),
        ("kind: person}", "kind: person}\n  sem: {kind: analysis, measures: [length], cost: 30, "
         "duration: 3 days}", "sem measures length of samples afterwards, in about 3 days; while 6 "
         "samples wait for it"),
        ("kind: person}", "kind: person, cost: 5}\n  sem: {kind: analysis, measures: [length], "
         "cost: 30}", "At 35 a trial with its analyses it costs at most 700."),
        ("trials: 20", "trials: 5", "Note: all of the 5 trials that the budget allows are spread"),
        ("low: 1, high: 100, unit: sccm", "values: [1, 2]", "deserves 40 to 80 trials"),
        ("bounds: [0, 1000]", "bounds: [0, null]", "Note: 'expected' of length is not said"),
        ("aim: maximise, outcome: length}\n", "aim: maximise, outcome: length, gain: 1}\n",
         "less than 1 um better"),
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


def test_of_a_table_a_probability_of_80_percent_is_asked_for_without_a_warning(
    project: Path,
) -> None:
    spec = read_campaign(project / "campaigns" / "fullerene_flow.yaml")
    assert spec.candidates is not None
    asked = spec.model_copy(update={"stop": StopRule(done_probability=0.8)})
    said = "\n".join(describe(asked, read_space(spec, folder=project)))
    assert "is left with 80 % probability." in said
    assert "too sure" not in said


@pytest.mark.parametrize(
    ("value", "digits", "sign", "written"),
    [(283.4, 2, "", "280"), (99.6, 2, "", "100"), (0.0312, 2, "", "0.031"),
     (1312.0, 3, "+", "+1310"), (-1312.0, 3, "+", "-1310")],
)  # fmt: skip
def test_estimates_are_written_out(value: float, digits: int, sign: str, written: str) -> None:
    assert rough(value, digits, sign=sign) == written


FAMILIES = get_args(Modelling.model_fields["family"].annotation)
PROCESSES = [name for name in FAMILIES if name.endswith("gp")]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_predicts_is_named(family: str) -> None:
    """Only a Gaussian process is called one, and no two families are called alike."""
    text = GOOD.replace("budget:", f"model: {{family: {family}}}\nbudget:")
    [said] = [line for line in words(text).splitlines() if line.startswith("It begins with")]
    assert ("Gaussian process" in said) == (family in PROCESSES)
    others = (GOOD.replace("budget:", f"model: {{family: {each}}}\nbudget:") for each in FAMILIES)
    assert sum(said in words(other) for other in others) == 1
