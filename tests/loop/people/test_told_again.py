"""What comes later, or was wrong: it is entered, or what to type is said and works."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from planner.errors import Refused
from planner.labs import Reported, Series
from planner.loop import people
from planner.loop.people import Told
from planner.report.events import HISTORY, list_events
from planner.trials import TrialState
from tests.loop import every_kind
from tests.loop.bench_days import BENCH, begun_day, bench_day, hand_out, tell

GLASS = BENCH.replace(
    "  temperature: {low: 100",
    "  silica: {low: 40, high: 90, unit: percent}\n"
    "  soda: {low: 10, high: 50, unit: percent}\n"
    "  zinc: {low: 1, high: 30, unit: percent, optional: true}\n"
    "  temperature: {low: 100",
).replace(
    "outcomes:", "constraints:\n  - {mixture: [silica, soda, zinc], total: 100}\noutcomes:", 1
)


def of(**values: float | str) -> dict[str, Reported]:
    return {name: Reported(value=value) for name, value in values.items()}


def with_deviation(value: float, sd: float) -> dict[str, Reported]:
    return {"yield": Reported(value=value, sd=sd)}


def test_what_an_analysis_told_first_leaves_the_settings_to_the_bench(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        tell(session, 1, size=30.0)
        later = Told(outcomes=of(**{"yield": 44.0}), achieved=of(humidity=47.5))
        assert "humidity achieved=47.5" in people.tell(session, 1, later)
        seen = session.state.trial(1).observation
        assert seen is not None
        assert seen.configuration["humidity"] == 47.5
        assert {name: each.value for name, each in seen.outcomes.items()} == {
            "size": 30.0,
            "yield": 44.0,
        }
        assert "told the same" in people.tell(session, 1, later)


def test_settings_that_were_told_are_not_overwritten_and_what_differs_is_named(
    tmp_path: Path,
) -> None:
    with begun_day(tmp_path) as session:
        first = Told(outcomes=of(**{"yield": 44.0}), achieved=of(humidity=47.5))
        people.tell(session, 1, first)
        other = Told(outcomes=of(size=3.0), achieved=of(humidity=46.0))
        with pytest.raises(
            Refused, match=r"humidity=47.5 rh_percent, not humidity=46 rh_percent"
        ) as refused:
            people.tell(session, 1, other)
        assert "--achieved humidity=46 --correct" in str(refused.value)


def test_an_outcome_that_is_lost_does_not_say_that_the_trial_was_performed(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        said = people.tell(session, 1, Told(lost=("size",), reason="the grid broke"))
        assert said.startswith("Trial 1: size is given up. It stays running")
        trial = session.state.trial(1)
        assert (trial.state, trial.given_up) == (TrialState.RUNNING, {"size": "the grid broke"})
        tell(session, 1, **{"yield": 44.0})
        assert session.state.awaited(session.state.trial(1)) == ("phase",)


def test_a_deviation_that_comes_later_is_added(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        said = people.tell(session, 5, Told(outcomes=with_deviation(62.0, 5.0)))
        assert "yield=62+-5" in said
        seen = session.state.trial(5).observation
        assert seen is not None
        assert (seen.outcomes["yield"].value, seen.outcomes["yield"].sd) == (62.0, 5.0)


def test_another_deviation_is_a_correction_and_is_said(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        people.tell(session, 5, Told(outcomes=with_deviation(62.0, 5.0)))
        four = Told(outcomes=with_deviation(62.0, 4.0))
        with pytest.raises(Refused, match=r"yield=62\+-5.*tell FILE 5 yield=62\+-4 --correct"):
            people.tell(session, 5, four)
        corrected = Told(outcomes=four.outcomes, corrects=True, reason="counted again")
        said = people.tell(session, 5, corrected)
        assert said == "Trial 5 is corrected: yield=62+-4 percent (it was yield=62+-5 percent)."


def test_the_remedy_for_a_distribution_can_be_typed(tmp_path: Path) -> None:
    text = every_kind.TEXT
    where = {"temperature": 120.0, "flow": 2.0, "time": 9.0, "catalyst": "Fe", "stirring": 300.0}
    with bench_day(tmp_path, text=text) as session:
        number = hand_out(session, {**where, "humidity": 50.0})
        first = Series(x=(400.0, 410.0, 420.0), y=(0.0, 1.0, 0.0))
        other = Series(x=(400.0, 410.0, 420.0, 430.0), y=(0.0, 0.2, 1.0, 0.0))
        people.tell(session, number, Told(outcomes={"spectrum": Reported(value=first)}))
        with pytest.raises(Refused) as refused:
            people.tell(session, number, Told(outcomes={"spectrum": Reported(value=other)}))
        typed = str(refused.value).split("with a reason: ")[1]
        assert shlex.split(typed)[:5] == ["planner", "tell", "FILE", "1", "spectrum=PATH"]
        assert "peak" not in typed  # it is computed from the spectrum


def test_amounts_that_cannot_be_are_taken_and_said(tmp_path: Path) -> None:
    asked = {"silica": 60.0, "soda": 40.0, "zinc": 0.0, "temperature": 110.0, "catalyst": "P1-L1"}
    with bench_day(tmp_path, text=GLASS) as session:
        number = hand_out(session, {**asked, "humidity": 50.0})
        told = Told(outcomes=of(**{"yield": 44.0}), achieved=of(zinc=-1.0, temperature=170.0))
        said = people.tell(session, number, told)
        assert "zinc is an amount of -1 percent, below 0" in said
        assert "temperature is 170 degC, outside its bounds" in said
        assert "silica, soda, zinc sum to 99, not 100" in said
        assert [note.trial for note in session.state.notes] == [number] * 3
        seen = session.state.trial(number).observation
        assert seen is not None
        assert seen.configuration["zinc"] == -1.0


def test_amounts_as_weighed_are_not_remarked_on(tmp_path: Path) -> None:
    asked = {"silica": 60.0, "soda": 40.0, "zinc": 0.0, "temperature": 110.0, "catalyst": "P1-L1"}
    with bench_day(tmp_path, text=GLASS) as session:
        number = hand_out(session, {**asked, "humidity": 50.0})
        told = Told(outcomes=of(**{"yield": 44.0}), achieved=of(silica=60.02))
        people.tell(session, number, told)
        assert session.state.notes == []


def test_a_corrected_setting_is_reported_as_it_was_and_is(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        told = Told(achieved=of(temperature=116.0), corrects=True, reason="thermometer")
        people.tell(session, 5, told)
        history = session.ledger.read(session.campaign, kinds=HISTORY)
        whats = [event.what for event in list_events(session.state, history)]
        corrected = "temperature achieved 115 \u2192 116 degC"
        assert f"result of trial 5 corrected to {corrected}: thermometer" in whats
