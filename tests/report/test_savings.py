"""What was saved against random choice: exactly where a table is known, else by the model."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.campaign import parse_campaign, read_space
from planner.ledger.replay import CampaignState
from planner.loop.deciding.model import fit_surrogate
from planner.report import words
from planner.report.chance import draws_to_match
from planner.report.gathering import gather
from planner.report.savings import estimate_savings
from planner.space import SearchSpace
from tests.report.campaigns import Diary

OPEN = """
schema: 1
campaign: furnace
parameters: {flow: {low: 0, high: 10, unit: sccm}}
outcomes: {yield: {unit: percent, bounds: [0, 100], noise: 0.1}}
objectives: [{aim: maximise, outcome: yield}]
sources:
  bench: {kind: person, cost: 1 + flow, duration: 2 h, set_up: {time: 30 min, parameters: [flow]},
          consumables: {salt: {stock: 20 g, unit: g, use: 2}}}
  icp: {kind: analysis, measures: [purity], cost: 3}
budget: {trials: 60, cost: 500 EUR}
""".replace("outcomes: {", "outcomes: {purity: {unit: percent}, ")


def a_rising_line(flows: list[float]) -> tuple[CampaignState, SearchSpace]:
    """A campaign whose yield is its flow, measured at these flows."""
    diary = Diary(parse_campaign(OPEN, path="furnace.yaml"))
    for number, flow in enumerate(flows, start=1):
        diary.propose(number, {"flow": flow})
        diary.complete(number, flow)
    return diary.state, read_space(diary.spec, folder=Path())


def test_the_model_counts_what_is_as_good_among_random_configurations() -> None:
    """Of a straight line measured up to 8 of 10 a fifth is as good: 5 random trials on average."""
    state, space = a_rising_line([0.0, 2.0, 4.0, 6.0, 8.0])
    saved = estimate_savings(state, space, fit_surrogate(state, space), exactly=None)
    assert saved is not None
    assert saved.low is not None
    assert saved.high is not None
    # beyond 8 the line is extrapolated, so the draws spread; the truth is within their interval
    assert saved.low <= 5.0 <= saved.high
    assert saved.random_hours == pytest.approx(2.0 * saved.random_trials)
    # a random flow costs 1 + 5 on average and its analysis 3; 500 samples: sd of the mean is 0.13
    assert saved.random_cost == pytest.approx(9.0 * saved.random_trials, rel=5 * 0.13 / 9)
    assert (saved.trials, saved.hours) == (5, 10.0)
    assert saved.cost == 5 * 1 + 20 + 5 * 3  # runs, and the analyses that may still come


def test_the_exact_number_is_the_mean_over_random_orders_of_the_table() -> None:
    means = np.array([3.0, 9.0, 1.0, 7.0, 8.0, 2.0, 5.0])
    spec = parse_campaign(OPEN, path="furnace.yaml")
    expected = draws_to_match(means, spec.objective, reached=8.0)
    generator = random.Random(1)
    n, counts = 4000, []
    for _ in range(n):
        order = generator.sample(range(len(means)), len(means))
        counts.append(1 + next(k for k, row in enumerate(order) if means[row] >= 8.0))
    # five standard errors of the mean of the draws
    assert np.mean(counts) == pytest.approx(expected, abs=5 * np.std(counts) / n**0.5)


def test_where_the_table_is_known_the_number_is_exact_and_said_to_be() -> None:
    state, space = a_rising_line([0.0, 2.0, 4.0, 6.0, 8.0])
    saved = estimate_savings(state, space, fit_surrogate(state, space), exactly=21.0)
    assert saved is not None
    assert (saved.random_trials, saved.low, saved.high) == (21.0, None, None)
    assert saved.random_hours == 42.0


def test_the_report_says_what_was_used_and_saved(tmp_path: Path) -> None:
    state, space = a_rising_line([0.0, 2.0, 4.0, 4.0, 8.0])
    facts = gather(state, space, folder=tmp_path)
    used = words.spent(facts)
    assert "38 of 500 EUR (bench 23, icp 15)" in used
    assert "10 h of trials and 2 h of set-up" in used  # 4 changes, the first one with them
    assert facts.spent.stock[0].startswith("salt: 10 g left of 20 g")
    said = words.savings(facts)
    assert "estimated by the model; 90 % interval" in said
    assert "EUR" in said
    assert "of trials" in said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (3.0, 29.0, "26 trials (estimated by the model; 90 % interval 3 to 29)"),
        (3.0, 31.0, ""),  # more than ten times the lower end
        (300.0, 501.0, ""),  # the upper end is not known
        (501.0, 501.0, "more than 500 trials (estimated by the model, which can tell no more)"),
    ],
)
def test_a_number_that_is_hardly_known_is_not_said(
    tmp_path: Path, low: float, high: float, said: str
) -> None:
    state, space = a_rising_line([0.0, 4.0, 8.0])
    facts = gather(state, space, folder=tmp_path)
    assert facts.savings is not None
    n = min(max(26.0, low), high)
    saved = replace(facts.savings, random_trials=n, low=low, high=high, most=500)
    text = words.savings(replace(facts, savings=saved)).replace("\xa0", " ")
    assert said in text
    assert bool(text) == bool(said)


def test_nothing_is_said_where_trials_cost_neither_money_nor_a_stated_time(tmp_path: Path) -> None:
    text = OPEN.replace("cost: 1 + flow, duration: 2 h,", "").replace(", cost: 3", "")
    diary = Diary(parse_campaign(text.replace(", cost: 500 EUR", ""), path="furnace.yaml"))
    diary.propose(1, {"flow": 1.0})
    diary.complete(1, 1.0)
    space = read_space(diary.spec, folder=tmp_path)
    assert words.savings(gather(diary.state, space, folder=tmp_path)) == ""
