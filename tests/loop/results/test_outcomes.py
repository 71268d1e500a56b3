"""Whole campaigns on a scripted lab: a class, a curve with its number, files, parts days apart."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from flows import portrait
from planner.clock import ManualClock
from planner.labs import Answer, Attachment, Order, Reported, Series
from planner.ledger.entries import OutcomesObserved, TrialExcluded
from planner.ledger.replay import CampaignState
from planner.loop.deciding.best import find_best
from planner.loop.deciding.model import fit_surrogate, make_situation, predict, predict_classes
from planner.loop.steps.advance import Waiting
from planner.loop.steps.inline import run_inline
from planner.report import gather, make_page, report_json
from planner.report.waiting import list_waiting
from planner.trials import Artifact, Curve, Measured, StoredCurve, Trial, TrialState
from planner.trials.values import MOST_INLINE_POINTS
from planner.whatif import answer, whatif_json
from tests.loop.conftest import MakeSession
from tests.loop.scripted_lab import Script, ScriptedLab, done, failed

HEAD = """
schema: 1
campaign: bench
parameters:
  temperature: {low: 100, high: 150, unit: degC}
  flow: {low: 1, high: 5, unit: sccm}
"""
TAIL = """
budget: {trials: BUDGET}
policy: {start: 3}
"""

PHASE = (
    HEAD
    + """
outcomes:
  phase: {kind: class, classes: [amorphous, anatase, rutile]}
objectives: [{aim: class, outcome: phase, wanted: [rutile]}]
sources: {robot: {kind: adapter, adapter: none}}
"""
    + TAIL
)

SPECTRUM = (
    HEAD
    + """
outcomes:
  spectrum: {kind: curve, x_name: wavelength, x_unit: nm}
  peak: {unit: nm, reduce: spectrum, by: peak_position}
  photo: {kind: image}
objectives: [{aim: target, outcome: peak, target: 520, tolerance: 2}]
sources: {robot: {kind: adapter, adapter: none}}
model: {family: gp}
"""
    + TAIL
)

APART = (
    HEAD
    + """
outcomes:
  yield: {unit: percent, bounds: [0, 100]}
  purity: {unit: percent, bounds: [0, 100]}
objectives: [{aim: maximise, outcome: purity}]
sources:
  robot: {kind: adapter, adapter: none}
  hplc: {kind: analysis, measures: [purity], queue: 20}
model: {family: gp}
"""
    + TAIL
)


def place(order: Order) -> tuple[float, float]:
    return float(order.parameters["temperature"].value), float(order.parameters["flow"].value)


def completed(state: CampaignState) -> list[Trial]:
    return state.in_state(TrialState.COMPLETED)


def to_a_phase(order: Order, n: int) -> Answer:
    temperature, flow = place(order)
    if flow > 4.5:
        return failed(order, "the film peeled off", by="process")
    phase = "rutile" if temperature > 130 else "anatase" if temperature > 115 else "amorphous"
    return done(order, phase=phase)


def test_a_class_is_found_said_in_percent_and_failures_are_shown(make_session: MakeSession):
    session = make_session(ScriptedLab(to_a_phase), text=PHASE.replace("BUDGET", "11"))
    assert run_inline(session).waiting is Waiting.END
    state = session.state
    chosen = [each for each in state.trials.values() if each.proposal.origin == "model"]
    hits = [each for each in chosen if each.configuration["temperature"] > 130]
    assert len(hits) > len(chosen) / 2  # a random choice would be right in four of ten
    for trial in chosen:
        (stated,) = trial.proposal.predictions.values()
        assert 0 <= stated.mean <= 1
        assert sum(stated.classes.values()) == pytest.approx(1.0, abs=1e-9)
        assert stated.classes["rutile"] == pytest.approx(stated.mean, abs=1e-9)
    best = find_best(state, session.space)
    assert best.configuration["temperature"] > 130

    facts = gather(state, session.space, folder=Path())
    assert facts.outcome.unit == "%"
    assert facts.best.measured == "rutile"
    assert facts.best.mean == pytest.approx(100 * best.mean)
    assert facts.chances is not None
    assert facts.stated is None
    page = make_page(facts)
    for words in (
        "to be rutile, as surely as possible",
        "chance of rutile",
        "How well the chances",
    ):
        assert words in page
    assert "single run" not in page
    n_failed = len(state.in_state(TrialState.FAILED_BY_PROCESS))
    assert page.count("Failed by process: the film peeled off.") == n_failed
    assert report_json(facts)["outcome"] == {"name": "chance of rutile", "unit": "%"}

    n_hits = sum(each.configuration["temperature"] > 130 for each in completed(state))
    assert f"{n_hits} of {len(completed(state))} came to rutile." in portrait.say_standing(state)
    assert "phase rutile at temperature" in portrait.say_trial(hits[0], state.spec)
    assert "| **rutile** |" in portrait.describe(state)


def test_a_question_about_a_class_is_answered_with_the_chance_of_each(make_session: MakeSession):
    session = make_session(ScriptedLab(to_a_phase), text=PHASE.replace("BUDGET", "8"))
    run_inline(session)
    said = answer(session.state, session.space, ["temperature=105,148", "flow=3"])
    cold, hot = said.said
    assert cold.mean < 50 < hot.mean <= 100
    assert hot.mean == pytest.approx(100 * hot.classes["rutile"])
    assert sum(hot.classes.values()) == pytest.approx(1.0)
    assert whatif_json(said)["outcome"]["unit"] == "%"
    x = session.space.encode([each.configuration for each in said.said])
    surrogate = fit_surrogate(session.state, session.space)
    shares = predict_classes(session.state, session.space, surrogate, x)
    stated = predict(surrogate, x, session.state.spec, classes=shares)
    assert [each.classes for each in stated] == shares


def to_a_spectrum(n_points: int) -> Script:
    """A Gaussian whose peak moves with the temperature: 520 nm at 125 degC."""

    def measure(order: Order, n: int) -> Answer:
        temperature, _ = place(order)
        x = np.linspace(0.4, 0.7, n_points)  # um, which the campaign does not state
        y = np.exp(-0.5 * ((1000 * x - (395 + temperature)) / 20) ** 2)
        series = Series(x=tuple(x.tolist()), y=tuple(y.tolist()))
        photo = Attachment(name="vial.png", content=f"photo {n}".encode(), media_type="image/png")
        return done(
            order, spectrum=Reported(value=series, x_unit="um"), photo=Reported(value=photo)
        )

    return measure


@pytest.mark.parametrize(
    ("n_points", "budget"),
    [pytest.param(61, 7, marks=pytest.mark.slow), (MOST_INLINE_POINTS + 100, 3)],
)
def test_a_number_computed_from_a_curve_is_brought_to_its_target(
    make_session: MakeSession, n_points: int, budget: int
):
    text = SPECTRUM.replace("BUDGET", str(budget))
    session = make_session(ScriptedLab(to_a_spectrum(n_points)), text=text)
    assert run_inline(session).waiting is Waiting.END
    kind = Curve if n_points <= MOST_INLINE_POINTS else StoredCurve
    for trial in session.state.trials.values():
        outcomes = trial.observation.outcomes
        assert isinstance(outcomes["spectrum"].value, kind)
        assert isinstance(outcomes["photo"].value, Artifact)
        # a parabola through three points of a Gaussian of sd 20 nm, at most 5 nm apart
        expected = 395 + trial.configuration["temperature"]
        assert outcomes["peak"].value == pytest.approx(expected, abs=0.05)
    assert budget < 7 or abs(find_best(session.state, session.space).mean - 520) < 5

    again = make_session(ScriptedLab(to_a_spectrum(n_points)), text=text)
    assert again.state.observations == session.state.observations
    photo = again.state.trials[1].observation.outcomes["photo"].value
    assert again.intake.artifacts.get_bytes(photo.sha256) == b"photo 0"
    facts = gather(again.state, again.space, folder=Path(), intake=again.intake)
    assert [each.outcome for each in facts.curves] == ["spectrum"]
    assert "What was measured at the best conditions" in make_page(facts)
    largest = max(len(str(entry.record)) for entry in again.ledger.read("bench"))
    assert n_points <= MOST_INLINE_POINTS or largest < 5000


def test_a_curve_without_its_number_is_put_aside_and_waits_for_a_verdict(
    make_session: MakeSession,
):
    def flat(order: Order, n: int) -> Answer:
        series = Series(x=(400.0, 500.0, 600.0), y=(1.0, 1.0, 1.0))
        return done(order, spectrum=Reported(value=series))

    text = SPECTRUM.replace("BUDGET", "1").replace("start: 3", "start: 1")
    session = make_session(ScriptedLab(flat), text=text)
    assert run_inline(session).waiting is Waiting.PERSON
    trial = session.state.trials[1]
    assert trial.state is TrialState.IN_DOUBT
    assert "'peak' cannot be computed from 'spectrum'" in trial.quarantined[0]


def to_a_yield(order: Order, n: int) -> Answer:
    temperature, flow = place(order)
    answered = done(order, **{"yield": 50.0 - abs(temperature - 125)})
    achieved = {"flow": Reported(value=flow + 0.013)}  # between the steps, as pumps are
    result = answered.result
    return Answer(
        key=order.key,
        state=answered.state,
        result=type(result)(outcomes=result.outcomes, achieved=achieved),
    )


def tell_purity(session, trial: int, value: float, *, reason: str = "") -> None:
    version = session.state.trials[trial].observation.version + 1
    told = OutcomesObserved(
        trial=trial,
        outcomes={"purity": Measured(value=value)},
        source="hplc",
        version=version,
        reason=reason,
    )
    session.write([told])


def test_outcomes_that_come_days_apart_are_neither_lost_nor_guessed(
    make_session: MakeSession, clock: ManualClock
):
    text = APART.replace("BUDGET", "6")
    session = make_session(ScriptedLab(to_a_yield), text=text)
    run_inline(session)
    state = session.state
    completed = state.in_state(TrialState.COMPLETED)
    assert len(completed) >= 3
    assert all(state.awaited(trial) == ("purity",) for trial in completed)
    assert state.n_committed == len(state.trials)  # charged all the same
    situation = make_situation(state, session.space)
    assert len(situation.y) == 0
    # waiting where they were achieved, not where they were asked for
    achieved = [trial.observation.configuration for trial in state.pending]
    np.testing.assert_array_equal(situation.pending, session.space.encode(achieved))
    assert achieved[0]["flow"] == pytest.approx(completed[0].configuration["flow"] + 0.013)
    (item,) = [each for each in list_waiting(state) if "purity" in each.what]
    assert "still to come from hplc" in item.what
    facts = gather(state, session.space, folder=Path())
    assert facts.best is None
    assert "Still to come: purity." in make_page(facts)

    clock.wait_s(timedelta(days=3).total_seconds())
    again = make_session(ScriptedLab(to_a_yield), text=text)  # another process, days later
    for number, value in ((1, 70.0), (2, 80.0), (3, 75.0)):
        tell_purity(again, number, value)
    state = again.state
    assert state.trials[1].observation.outcomes["yield"] is not None
    assert state.trials[1].observation.outcomes["purity"].value == 70.0
    assert list(make_situation(state, again.space).y) == [70.0, 80.0, 75.0]
    n_waiting = len(state.in_state(TrialState.COMPLETED)) - 3
    assert len(make_situation(state, again.space).pending) == n_waiting

    tell_purity(again, 2, 60.0, reason="wrong vial")
    again.write([TrialExcluded(trial=3, reason="the column leaked")])
    assert list(make_situation(again.state, again.space).y) == [70.0, 60.0]
    page = make_page(gather(again.state, again.space, folder=Path())).replace("\xa0", " ")
    assert "(wrong vial), version 3: purity 60 percent." in page
    assert "Left out of what the model learns from: the column leaked." in page


def test_a_machine_that_leaves_an_outcome_out_is_believed_and_asked_after(
    make_session: MakeSession,
):
    text = HEAD + (
        "outcomes: {yield: {unit: percent}, size: {unit: nm}}\n"
        "objectives: [{aim: maximise, outcome: yield}]\n"
        "sources: {robot: {kind: adapter, adapter: none}}\n"
    )
    text += TAIL.replace("BUDGET", "1").replace("start: 3", "start: 1")
    session = make_session(ScriptedLab(lambda order, n: done(order, **{"yield": 5.0})), text=text)
    run_inline(session)
    trial = session.state.trials[1]
    assert trial.state is TrialState.COMPLETED
    assert trial.reason == "source 'robot' did not report size"
    assert session.state.awaited(trial) == ("size",)
    (item,) = list_waiting(session.state)
    assert "source robot did not report it" in item.what
    assert not math.isnan(trial.observation.outcomes["yield"].value)
