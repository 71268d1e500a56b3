"""The facts of a report, from campaigns that have hardly begun to those that went wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import binom

from planner.ledger.entries import (
    CampaignAmended,
    CampaignStopped,
    CoverageAlarm,
    FitFailed,
    IntervalsCorrected,
    Noted,
    ResultQuarantined,
    VerdictGiven,
)
from planner.pictures import draw_observed
from planner.report import gather, make_page, report_json, words
from planner.report.gathering import describe_simulation
from planner.report.pictures import make_effects, make_observed
from planner.trials import TrialState
from tests.report.campaigns import Diary, at, make_spec, measured

HERE = Path()


def facts_of(diary, **more):
    return gather(diary.state, diary.space, folder=HERE, **more)


def test_a_campaign_without_trials_says_what_is_not_known():
    facts = facts_of(Diary(make_spec()))
    assert facts.best is None
    assert facts.left is None
    assert "two" in facts.why_nothing_left
    assert facts.stated is None
    assert facts.slices is None
    assert facts.standing == "not begun"


def test_one_measurement_is_the_best_without_an_interval():
    facts = facts_of(measured(make_spec(), [42.0]))
    assert facts.best is not None
    assert (facts.best.trial, facts.best.measured, facts.best.mean) == (1, 42.0, None)
    assert facts.best.why_no_interval == facts.no_model


def test_one_measurement_with_an_expected_range_has_an_interval():
    facts = facts_of(measured(make_spec(expected="[0, 80]"), [42.0]))
    assert facts.best is not None
    assert facts.best.low < facts.best.mean < facts.best.high
    assert facts.left is not None


def test_two_measurements_have_an_interval_within_the_bounds():
    diary = measured(make_spec(), [1.0, 99.0])
    facts = gather(diary.state, diary.open_space, folder=HERE)
    assert facts.best is not None
    assert facts.best.trial == 2
    assert 0 <= facts.best.low <= facts.best.mean <= facts.best.high <= 100
    assert 0 <= facts.left.probability <= 1
    assert facts.left.threshold == 1.0


@pytest.mark.parametrize(
    ("objective", "best", "met"),
    [
        ("{aim: minimise, outcome: yield}", 1, None),
        ("{aim: minimise, outcome: yield, goal: 15}", 1, True),
        ("{aim: target, outcome: yield, target: 40, tolerance: 5}", 3, True),
        ("{aim: range, outcome: yield, low: 55, high: 65}", 4, True),
        ("{aim: maximise, outcome: yield, goal: 95}", 5, False),
    ],
)
def test_the_best_follows_the_objective(objective, best, met):
    facts = facts_of(measured(make_spec(objective=objective), [10.0, 25.0, 40.0, 60.0, 80.0]))
    assert facts.best is not None
    assert facts.best.trial == best
    assert [line.number for line in facts.trials if line.is_best] == [best]
    assert (facts.best.goal_probability is None) == (met is None)
    if met is not None:
        assert (facts.best.goal_probability > 0.2) == met


def test_when_all_failed_the_report_still_stands():
    diary = Diary(make_spec())
    for number in (1, 2):
        diary.propose(number, at(700.0 + number))
        diary.start(number)
        diary.move(number, TrialState.FAILED_BY_MACHINE, "the tube broke")
    diary.write(CampaignStopped(rule="failures", reason="2 in a row failed", failed=True))
    facts = facts_of(diary)
    assert facts.best is None
    assert facts.counts == {TrialState.FAILED_BY_MACHINE: 2}
    assert facts.trials[0].remark == "the tube broke"
    assert facts.standing == "stopped after failures"
    assert any("planner run" in item.to_do for item in facts.waiting)


def test_stated_intervals_are_counted_against_the_binomial():
    values = [10.0, 20.0, 30.0, 69.8, 69.9, 70.1, 29.9, 50.0]
    stated = facts_of(measured(make_spec(), values)).stated
    assert stated is not None
    # trials 1 and 2 stated nothing; 70.1 and 29.9 lie outside 30 to 70
    assert (stated.held, stated.n) == (4, 6)
    shares = [binom.cdf(k, 6, 0.9) for k in range(7)]
    assert stated.expected == (
        next(k for k, share in enumerate(shares) if share >= 0.025),
        next(k for k, share in enumerate(shares) if share >= 0.975),
    )


def test_what_is_counted_is_what_coverage_counts():
    """Intervals that end at a bound of the outcome are left out by both, and are said to be."""
    diary = measured(make_spec(), [10.0, 20.0, 50.0, 50.0, 50.0, 95.0])
    for number in (7, 8):  # 100 is the most
        diary.propose(number, at(700.0 + number), prediction=(95.0, 80.0, 110.0))
        diary.complete(number, 97.0)
    facts = facts_of(diary)
    [of_coverage] = [each for each in facts.coverage.levels if each.level == 0.9]
    assert (facts.stated.held, facts.stated.n) == (of_coverage.held, of_coverage.n) == (3, 4)
    assert facts.stated.expected == (of_coverage.low, of_coverage.high)
    assert facts.stated.n_cut == 2
    picture = draw_observed(make_observed(facts))
    for part in ("3 of 4 stated intervals held", "2 that end at a bound of the outcome are not"):
        assert part in picture
    said = words.stated(facts.stated)
    assert said.startswith("3 of 4 intervals that were stated before a trial held; ")
    assert said.endswith(
        " 2 more end at a bound of the outcome and are not counted: nothing can lie beyond that "
        "end."
    )


def test_right_forecasts_at_a_bound_are_not_called_wide():
    diary = measured(make_spec(), [10.0, 20.0])
    for number in range(3, 63):
        diary.propose(number, at(600.0 + number), prediction=(99.5, 97.9, 101.1))
        diary.complete(number, 99.0)
    facts = facts_of(diary)
    assert "Of 60 stated intervals 60 that end" in draw_observed(make_observed(facts))
    assert words.stated(facts.stated) == (
        "No interval of 90 % that was stated before a trial can be counted: every one of 60 ends "
        "at a bound of the outcome, and nothing can lie beyond that end."
    )


def test_a_quarantined_result_waits_and_is_not_counted():
    diary = measured(make_spec(), [10.0, 50.0])
    diary.propose(3, at(750.0), prediction=(30.0, 20.0, 40.0))
    diary.start(3)
    diary.write(
        ResultQuarantined(
            trial=3, key="furnace/3/1", result_digest="r", reasons=("yield is 140, above 100",)
        )
    )
    diary.move(3, TrialState.IN_DOUBT, "result put aside: yield is 140, above 100")
    facts = facts_of(diary)
    assert facts.trials[2].quarantined == ("yield is 140, above 100",)
    assert facts.trials[2].held is None
    assert facts.n_observed == 2
    (item,) = facts.waiting
    assert item.trial == 3
    assert "planner resolve" in item.to_do


def test_historical_measurements_can_be_the_best():
    diary = measured(make_spec(), [10.0, 20.0])
    diary.remember(at(800.0, 4.0, "Ni"), 90.0)
    facts = facts_of(diary)
    assert facts.best is not None
    assert facts.best.trial is None
    assert facts.best.configuration == at(800.0, 4.0, "Ni")
    assert facts.historical[0].source == "old notebook"


def test_events_tell_who_did_what_and_when():
    diary = measured(make_spec(), [10.0, 20.0])
    diary.write(Noted(text="the gas bottle was changed", trial=2), author="ben")
    diary.write(FitFailed(reason="two equal rows", consequence="a space-filling choice instead"))
    content = diary.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    diary.write(
        CampaignAmended(spec=content, spec_digest="e" * 64, changes=("budget: 30 -> 60",)),
        author="anna",
    )
    diary.write(VerdictGiven(trial=1, verdict="performed", reason="seen"), author="ben")
    events = facts_of(diary, history=diary.entries).events
    told = [(event.author, event.what) for event in events]
    assert told[0][0] == "anna"
    assert ("ben", "note on trial 2: the gas bottle was changed") in told
    assert ("anna", "amended: budget: 30 -> 60") in told
    assert any("verdict performed" in what for _, what in told)
    assert all(event.at is not None for event in events)
    # without the history what the state remembers is told, without an author
    assert [e.what for e in facts_of(diary).events] == [
        "no model could be fitted: two equal rows; a space-filling choice instead",
        "note on trial 2: the gas bottle was changed",
    ]


def test_what_the_planner_does_by_itself_is_under_its_own_name():
    """The ledger has it under the name of whoever asked for trials."""
    diary = measured(make_spec(), [10.0, 20.0])
    diary.write(
        IntervalsCorrected(known=1.2, unknown=1.2, n_forecasts=2, reason="Intervals are wider."),
        CoverageAlarm(trial=2, level=0.9, held=0, n=3, reason="Coverage alarm."),
        CampaignStopped(rule="budget", reason="60 of 60 trials"),
        Noted(text="new bottle"),
        author="ben",
    )
    events = facts_of(diary, history=diary.entries).events
    told = [(event.author, event.what, event.is_routine) for event in events[1:]]
    assert told == [
        ("the planner", "intervals are wider", True),
        ("the planner", told[1][1], False),
        ("the planner", "stopped (budget): 60 of 60 trials", False),
        ("ben", "note: new bottle", False),
    ]
    assert told[1][1].startswith("coverage alarm")
    words_of_page = make_page(facts_of(diary, history=diary.entries))
    main, _, folded = words_of_page.partition("<summary>What the planner changed in itself (1)")
    assert "new bottle" in main
    assert "intervals are wider" not in main
    assert "intervals are wider" in folded
    assert "Intervals are wider." in main.partition("<summary>How the planner corrects")[2]
    assert "Intervals are wider." not in main.partition("<summary>How the planner corrects")[0]


def test_slices_pass_through_the_best_and_hold_the_others():
    facts = facts_of(measured(make_spec(), [10.0, 30.0, 60.0, 40.0]))
    assert facts.slices is not None
    assert facts.best is not None
    assert [panel.parameter for panel in facts.slices.panels] == list(facts.spec.parameters)
    temperature, _, catalyst = facts.slices.panels
    assert temperature.best == facts.best.configuration["temperature"]
    # on the slice through the best, the panel's mean there is the mean at the best
    assert catalyst.prediction.mean[0] == pytest.approx(facts.best.mean, rel=1e-9)
    assert temperature.trials.distances.max() == 0.0


def test_effects_lead_from_an_average_setting_to_the_best_conditions():
    """Shapley values sum to the prediction: to rounding, as all coalitions of three are used."""
    facts = facts_of(measured(make_spec(), [30.0, 55.0, 41.0, 62.0]))
    effects = make_effects(facts)
    assert facts.best is not None
    assert effects is not None
    total = effects.base + effects.effects.sum()
    assert total == pytest.approx(effects.mean, abs=1e-9)
    assert effects.bounds == (0.0, 100.0)
    assert "Whiskers end at the bounds of the outcome." in words.effects_caption(facts)
    temperature = f"temperature = {facts.best.configuration['temperature']:g} degC"
    assert temperature in effects.settings
    assert facts_of(measured(make_spec(), [42.0])).explained is None


def test_a_simulation_is_named(project):
    from planner.campaign import read_campaign

    replayed = read_campaign(project / "campaigns" / "fullerene_flow.yaml")
    assert "No experiment was run" in describe_simulation(replayed)
    assert describe_simulation(make_spec()) == ""


def test_provenance_lets_the_report_be_made_again():
    diary = measured(make_spec(), [10.0, 30.0, 60.0])
    one, two = facts_of(diary, ledger_id="L"), facts_of(diary, ledger_id="L")
    assert one.provenance == two.provenance
    assert one.provenance.sequence == len(diary.entries)
    assert one.provenance.model_version
    assert report_json(one) == report_json(two)


def test_a_lucky_measurement_is_named_beside_the_best_conditions():
    # a clear trend of exact results, and one that stands out and is known to be inexact
    diary = Diary(make_spec())
    for number in range(1, 13):
        diary.propose(number, at(600.0 + 20.0 * number))
        is_odd = number == 3
        diary.complete(number, 90.0 if is_odd else 40.0 + 2.0 * number, sd=30.0 if is_odd else 0.5)
    facts = facts_of(diary)
    assert facts.best is not None
    assert facts.best.trial != 3
    assert facts.top is not None
    assert (facts.top.trial, facts.top.measured) == (3, 90.0)
    assert facts.top.mean < facts.best.mean
    assert facts.top.low < facts.top.mean < facts.top.high


def test_no_other_measurement_is_named_where_the_best_is_the_highest():
    assert facts_of(measured(make_spec(), [10.0, 20.0, 30.0, 80.0])).top is None


@pytest.mark.parametrize(
    ("value", "verdict"), [(95.0, "too narrow"), (50.0, "wider than need be"), (None, "")]
)
def test_intervals_that_hold_too_seldom_or_too_often_are_called_so(value, verdict):
    # 40 intervals of 90 % hold 32 to 39 times in 95 % of cases; 4 of 40 outside are in order
    values = [50.0] * 42 if value is None else [10.0, 20.0] + [value] * 40
    for place in range(2, 6):
        values[place] = 95.0 if value is None else values[place]
    stated_words = words.stated(facts_of(measured(make_spec(expected="[0, 100]"), values)).stated)
    assert verdict in stated_words
    assert ("They were" in stated_words) == bool(verdict)
