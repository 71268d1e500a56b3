"""What the ledger keeps of forecasts, and what follows from how they held."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
from scipy.stats import norm

from planner.labs import Answer, Order
from planner.ledger.entries import (
    CoverageAlarm,
    IntervalsCorrected,
    TrialExcluded,
    TrialProposed,
)
from planner.loop.deciding.alarms import raised_alarms
from planner.loop.deciding.forecasting import (
    coverage_records,
    describe_correction,
    known_forecasts,
    measure_coverage,
    past_forecasts,
)
from planner.loop.deciding.model import fit_surrogate
from planner.loop.people.remarks import exclude
from planner.loop.steps.inline import run_inline
from planner.models import (
    Corrected,
    Correction,
    GaussianProcess,
    Hyperparameters,
    Observations,
    OutcomeScale,
)
from planner.models.coverage.correction import NO_CORRECTION
from planner.models.coverage.distribution import Distribution
from planner.trials import Prediction, Proposal, Spread
from tests.loop.conftest import MakeSession, campaign_text
from tests.loop.scripted_lab import ScriptedLab, done
from tests.report.campaigns import Diary, make_spec


def hill(order: Order) -> float:
    temperature = float(order.parameters["temperature"].value)
    flow = float(order.parameters["flow"].value)
    return 50 + 40 * math.exp(-(((temperature - 120) / 25) ** 2) - ((flow - 3) / 2) ** 2)


def on_the_hill(order: Order, _: int) -> Answer:
    return done(order, **{"yield": hill(order)})


def in_few_steps(text: str) -> str:
    text = text.replace("low: 100, high: 150", f"values: {list(range(100, 151, 5))}")
    return text.replace("low: 1, high: 5,", f"values: {[1 + each / 2 for each in range(9)]},")


def test_the_stated_interval_is_that_of_the_stated_distribution(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(on_the_hill), text=in_few_steps(campaign_text()))
    run_inline(session)
    forecasts = known_forecasts(session.state)
    assert [trial.number for trial, _, _ in forecasts] == [3, 4, 5, 6]  # two results make a model
    for trial, spread, value in forecasts:
        stated = trial.proposal.predictions["yield"]
        said = Distribution.of(spread, (0.0, 100.0))
        assert (stated.low, stated.high) == pytest.approx(
            (said.quantile(0.05), said.quantile(0.95)), abs=1e-8
        )
        assert value == pytest.approx(hill_of(trial.configuration))
    coverage = measure_coverage(session.state)
    assert coverage is not None
    assert coverage.n == 4


def hill_of(settings) -> float:
    temperature, flow = float(settings["temperature"]), float(settings["flow"])
    return 50 + 40 * math.exp(-(((temperature - 120) / 25) ** 2) - ((flow - 3) / 2) ** 2)


def test_what_decides_is_corrected_by_the_campaigns_own_forecasts(
    make_session: MakeSession,
) -> None:
    session = make_session(ScriptedLab(on_the_hill), text=in_few_steps(campaign_text()))
    run_inline(session)
    surrogate = fit_surrogate(session.state, session.space)
    assert isinstance(surrogate, Corrected)
    assert surrogate.correction.n_forecasts == past_forecasts(session.state).n == 4
    written = [
        each.record
        for each in session.ledger.read("bench")
        if isinstance(each.record, IntervalsCorrected)
    ]
    assert written
    assert session.state.corrections == written
    # each is more than a tenth from the last, in the width of one interval
    before = dict.fromkeys(WIDTHS, 1.0)
    for record in written:
        now = widths_of(record)
        assert max(abs(math.log(now[each] / before[each])) for each in WIDTHS) > math.log(1.1)
        before = now


WIDTHS = tuple((where, level) for where in ("known", "unknown") for level in ("0.5", "0.95"))


def widths_of(record: IntervalsCorrected) -> dict[tuple[str, str], float]:
    said = {"known": record.widths_known, "unknown": record.widths_unknown}
    return {(where, level): said[where][level] for where, level in WIDTHS}


def corrected(correction: Correction) -> Corrected:
    base = GaussianProcess(
        observations=Observations.from_arrays(np.zeros((1, 1)), np.zeros(1)),
        hyperparameters=Hyperparameters(lengthscales=(1.0,), noise_variance=0.1, mean=0.0),
        columns=(0,),
        scale=OutcomeScale(mean=0.0, sd=1.0),
    )
    return Corrected(base=base, correction=correction)


def test_heavier_tails_are_written_down_though_the_middle_stays() -> None:
    """Both factors are 1; a normal whose deviation varies reaches farther out."""
    diary = Diary(make_spec())
    assert coverage_records(diary.state, corrected(NO_CORRECTION)) == []
    heavy = corrected(Correction(known=0.0, unknown=0.0, var_known=0.0, var_unknown=0.0, tail=0.5))
    (record,) = coverage_records(diary.state, heavy)
    assert isinstance(record, IntervalsCorrected)
    assert (record.known, record.unknown, record.tail) == (1.0, 1.0, 0.5)
    widths = widths_of(record)
    assert widths["known", "0.5"] == widths["unknown", "0.5"] < 1.0
    assert widths["known", "0.95"] == widths["unknown", "0.95"] > 1.25
    percent = round(100 * (widths["known", "0.95"] - 1.0))
    assert f"those of 95 % {percent} % wider and {percent} % wider" in record.reason
    diary.write(record)
    assert coverage_records(diary.state, heavy) == []
    (undone,) = coverage_records(diary.state, corrected(NO_CORRECTION))
    assert isinstance(undone, IntervalsCorrected)
    assert "as they were" in undone.reason


def test_what_is_left_out_of_learning_judges_no_forecast(make_session: MakeSession) -> None:
    session = make_session(ScriptedLab(on_the_hill), text=in_few_steps(campaign_text()))
    run_inline(session)
    exclude(session, "5", reason="the furnace door stood open")
    assert [trial.number for trial, _, _ in known_forecasts(session.state)] == [3, 4, 6]


def forecast_and_result(
    diary: Diary, number: int, value: float, *, origin: Literal["model", "person"] = "model"
) -> None:
    """A trial with 50 +- 1 stated before it."""
    spread = Spread(means=(50.0,), sds=(1.0,), weights=(1.0,), sd=0.6, noise_sd=0.8, prior_sd=5.0)
    prediction = Prediction(
        mean=50.0, sd=0.6, sd_run=1.0, low=48.36, high=51.64, level=0.9, spread=spread
    )
    proposal = Proposal(origin=origin, reason="", seed=number, predictions={"yield": prediction})
    settings = {"temperature": 600.0 + number, "flow": 2.0, "catalyst": "Fe"}
    diary.write(TrialProposed(trial=number, configuration=settings, proposal=proposal))
    diary.complete(number, value)


def test_an_alarm_is_raised_once_when_results_leave_what_was_stated() -> None:
    """Three in a row that a 95 % interval misses are evidence enough: 20^3 / 4 / 12 tops 100."""
    diary = Diary(make_spec())
    for number in range(1, 4):
        assert coverage_records(diary.state, None) == []
        forecast_and_result(diary, number, 55.0)
    (alarm,) = coverage_records(diary.state, None)
    assert isinstance(alarm, CoverageAlarm)
    assert (alarm.trial, alarm.level, alarm.held, alarm.n) == (3, 0.95, 0, 3)
    assert "too narrow" in alarm.reason
    diary.write(alarm)
    forecast_and_result(diary, 4, 55.0)  # the next one starts to count after it
    assert coverage_records(diary.state, None) == []
    for number in (5, 6):
        forecast_and_result(diary, number, 55.0)
    assert [each.trial for each in coverage_records(diary.state, None)] == [6]


def test_an_alarm_tells_whose_intervals_do_not_hold() -> None:
    """Those of people's own settings do not, those of the planner's do."""
    diary = Diary(make_spec())
    raised: list[CoverageAlarm] = []
    for number in range(1, 13):
        if number % 2:
            forecast_and_result(diary, number, 50.0 + float(norm.ppf((number * 0.309) % 1.0)))
        else:
            forecast_and_result(diary, number, 55.0, origin="person")
        records = coverage_records(diary.state, None)
        raised += [each for each in records if isinstance(each, CoverageAlarm)]
        if raised:
            break
    (alarm,) = raised
    assert (alarm.chooser, alarm.trial, alarm.held, alarm.n) == ("own", 6, 0, 3)
    assert "of people's own settings 0 held, so they were too narrow" in alarm.reason


def test_results_as_stated_raise_none() -> None:
    """Quantiles of the stated distribution, in an order that has no runs."""
    diary = Diary(make_spec())
    for number in range(1, 25):
        share = (number * 0.618) % 1.0
        forecast_and_result(diary, number, 50.0 + float(norm.ppf(share)))
        assert coverage_records(diary.state, None) == []


def test_an_alarm_is_told_with_what_came_after_it() -> None:
    """Three missed, then results as stated: after some of them nobody need believe it any more."""
    diary = Diary(make_spec())
    for number in range(1, 4):
        forecast_and_result(diary, number, 55.0)
    diary.write(*coverage_records(diary.state, None))
    (raised,) = raised_alarms(diary.state)
    assert (raised.alarm.trial, raised.n_later, raised.stands) == (3, 0, True)
    assert "The result of trial 3 set it off. No forecast has been judged since." in (
        raised.in_words()
    )
    for number in range(4, 14):
        forecast_and_result(diary, number, 50.5)
    (raised,) = raised_alarms(diary.state)
    assert (raised.later.held, raised.later.n, raised.stands) == (10, 10, False)
    assert raised.in_short() == (
        "Coverage alarm, set off by trial 3: 0 of 3 intervals of 95 % held. Since then 10 of 10 "
        "held, where right ones would give 8 to 10: that speaks against the alarm."
    )
    assert raised.facts()["since"] == {"forecasts": 10, "held": 10, "of": 10}


def test_an_alarm_about_one_kind_of_settings_is_judged_by_that_kind() -> None:
    diary = Diary(make_spec())
    forecast_and_result(diary, 1, 55.0, origin="person")
    diary.write(
        CoverageAlarm(trial=1, level=0.95, held=0, n=3, chooser="own", reason="Coverage alarm.")
    )
    for number in range(2, 12):
        forecast_and_result(diary, number, 50.5)
    (raised,) = raised_alarms(diary.state)
    assert (raised.n_later, raised.later.n, raised.stands) == (10, 0, True)
    assert "Of 10 forecasts since then none counts here." in raised.in_short()


def test_results_that_are_left_out_raise_no_alarm_again() -> None:
    """The trial that set it off is left out afterwards: the others were judged all the same."""
    diary = Diary(make_spec())
    for number in range(1, 5):
        forecast_and_result(diary, number, 55.0)
    diary.write(*coverage_records(diary.state, None))
    (alarm,) = diary.state.alarms
    assert alarm.trial == 3
    diary.write(TrialExcluded(trial=3, excluded=True, reason="the door stood open"))
    assert coverage_records(diary.state, None) == []


def test_a_correction_is_told_with_when_it_was_last_changed() -> None:
    """It is entered before trial 3; trial 6 is chosen with four forecasts and changes no more."""
    diary = Diary(make_spec())
    for number in (1, 2):
        forecast_and_result(diary, number, 50.5)
    assert describe_correction(diary.state) == ""
    diary.write(IntervalsCorrected(known=1.2, unknown=1.2, n_forecasts=2, reason="Wider."))
    for number in (3, 4, 5, 6):
        if number in (3, 6):
            choose_with_a_model(diary, number)
        else:
            forecast_and_result(diary, number, 50.5)
        if number == 3:
            assert describe_correction(diary.state) == "Wider. Last changed before trial 3."
    assert describe_correction(diary.state) == (
        "Wider. Last changed before trial 3; when trial 6 was chosen, with 4 forecasts, each of "
        "these widths was the same within 10 %."
    )


def choose_with_a_model(diary: Diary, number: int) -> None:
    proposal = Proposal(
        origin="model", reason="", seed=number, seen=diary.state.sequence, model_version="m"
    )
    settings = {"temperature": 600.0 + number, "flow": 2.0, "catalyst": "Fe"}
    diary.write(TrialProposed(trial=number, configuration=settings, proposal=proposal))
