"""What planner coverage says: by who chose the settings, and as the campaign went on."""

from __future__ import annotations

from scipy.stats import norm

from planner.ledger.entries import IntervalsCorrected, TrialProposed
from planner.report.coverage import coverage_json, describe_coverage, gather_coverage
from planner.report.words import NOT_COUNTED
from planner.trials import Origin, Prediction, Proposal, Spread
from tests.report.campaigns import Diary, make_spec


def forecast_and_result(
    diary: Diary, number: int, value: float, *, origin: Origin, mean: float = 50.0
) -> None:
    """A trial with a mean +- 1 stated before it."""
    spread = Spread(means=(mean,), sds=(1.0,), weights=(1.0,), sd=0.6, noise_sd=0.8, prior_sd=5.0)
    prediction = Prediction(
        mean=mean, sd=0.6, sd_run=1.0, low=mean - 1.64, high=mean + 1.64, level=0.9, spread=spread
    )
    proposal = Proposal(origin=origin, reason="", seed=number, predictions={"yield": prediction})
    settings = {"temperature": 600.0 + number, "flow": 2.0, "catalyst": "Fe"}
    diary.write(TrialProposed(trial=number, configuration=settings, proposal=proposal))
    diary.complete(number, value)


def as_stated(number: int) -> float:
    """Quantiles of the stated distribution, in an order that has no runs."""
    return 50.0 + float(norm.ppf((number * 0.618) % 1.0))


def make_mixed() -> Diary:
    """Sixteen chosen ones as stated, and eight of people's own that all miss."""
    diary = Diary(make_spec())
    for number in range(1, 25):
        is_own = number % 3 == 0
        value = 55.0 if is_own else as_stated(number)
        forecast_and_result(diary, number, value, origin="person" if is_own else "model")
    return diary


def test_both_kinds_are_counted_apart() -> None:
    """Of the chosen ones as many hold as should, of people's own none: together both are hidden."""
    state = make_mixed().state
    facts = coverage_json(gather_coverage(state), state)
    chosen, own = facts["by_chooser"]["chosen"], facts["by_chooser"]["own"]
    assert (facts["forecasts"], chosen["forecasts"], own["forecasts"]) == (24, 16, 8)
    for i, level in enumerate(facts["levels"]):
        assert own["levels"][i]["held"] == 0
        assert own["levels"][i]["verdict"] == "too narrow"
        assert chosen["levels"][i]["verdict"] == ""
        assert chosen["levels"][i]["held"] == level["held"]
    assert [each["trial"] for each in facts["trials"] if each["chooser"] == "own"] == [
        *range(3, 25, 3)
    ]


def test_both_kinds_have_a_table_each() -> None:
    state = make_mixed().state
    lines = describe_coverage(gather_coverage(state), state)
    assert lines[0] == (
        "24 forecasts with a result, 16 of settings that the planner chose and 8 of people's own."
    )
    first, second = (
        lines.index(title)
        for title in ("Settings that the planner chose:", "People's own settings:")
    )
    tables = [lines[start + 2 : start + 6] for start in (first, second)]
    assert [line.split()[3] for line in tables[0]] == ["16"] * 4
    assert all(line.split()[2] == "0" and line.endswith("too narrow") for line in tables[1])


def test_one_kind_alone_has_one_table() -> None:
    diary = Diary(make_spec())
    forecast_and_result(diary, 1, 50.5, origin="model")
    lines = describe_coverage(gather_coverage(diary.state), diary.state)
    assert lines[0] == "1 forecast with a result."
    assert sum(line.lstrip().startswith("interval") for line in lines) == 1
    assert not any("own" in line or "order of the results" in line for line in lines)
    own = Diary(make_spec())
    forecast_and_result(own, 1, 50.5, origin="person")
    (said, *_) = describe_coverage(gather_coverage(own.state), own.state)
    assert said == "1 forecast with a result, of people's own settings."


def test_intervals_that_end_at_a_bound_are_said_not_to_count() -> None:
    diary = Diary(make_spec())
    forecast_and_result(diary, 1, 50.5, origin="model")
    assert NOT_COUNTED not in describe_coverage(gather_coverage(diary.state), diary.state)
    # 100 is the most, one deviation away: that of 50 % lies within, the others end there
    forecast_and_result(diary, 2, 98.5, origin="model", mean=99.0)
    lines = describe_coverage(gather_coverage(diary.state), diary.state)
    assert [line.split()[3] for line in lines[3:7]] == ["2", "1", "1", "1"]
    assert NOT_COUNTED in lines


def test_what_changed_as_the_campaign_went_on_is_seen() -> None:
    """Twenty as stated, then twenty that miss: of four lines of ten the last two hold none."""
    diary = Diary(make_spec())
    for number in range(1, 41):
        value = as_stated(number) if number <= 20 else 55.0
        forecast_and_result(diary, number, value, origin="model")
    lines = describe_coverage(gather_coverage(diary.state), diary.state)
    start = lines.index("In the order of the results:") + 2
    said = [line.split() for line in lines[start : start + 4]]
    assert [(line[0], line[2]) for line in said] == [
        ("1", "10"), ("11", "20"), ("21", "30"), ("31", "40"),
    ]  # fmt: skip
    held = [[int(each) for each in line[3:15:3]] for line in said]
    assert held[2:] == [[0] * 4] * 2
    assert all(4 <= half <= 6 <= most for half, *_, most in held[:2])


def test_json_says_what_each_interval_is_widened_by() -> None:
    diary = Diary(make_spec())
    diary.write(
        IntervalsCorrected(
            known=1.0,
            unknown=1.1,
            tail=0.4,
            n_forecasts=3,
            reason="wider",
            widths_known={"0.5": 0.95, "0.95": 1.4},
            widths_unknown={"0.5": 1.0, "0.95": 1.5},
        )
    )
    correction = coverage_json(None, diary.state)["correction"]
    assert correction["widths_known"] == {"0.5": 0.95, "0.95": 1.4}
    assert (correction["widths_unknown"]["0.95"], correction["tail"]) == (1.5, 0.4)
