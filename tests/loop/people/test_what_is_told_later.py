"""Results come in parts, days apart, with typos: nothing is overwritten, nothing waits for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import InputError, Refused, UnknownName
from planner.labs import Reported
from planner.loop import people
from planner.loop.people import Told
from planner.trials import TrialState
from tests.loop.bench_days import begin_day, begun_day, bench_day, tell


def of(**values: float | str) -> dict[str, Reported]:
    return {name: Reported(value=value) for name, value in values.items()}


def test_outcomes_of_one_trial_come_apart_from_two_people_and_sources(tmp_path: Path) -> None:
    with bench_day(tmp_path) as ada, bench_day(tmp_path, author="ben") as ben:
        begin_day(ada)
        assert ada.state.awaited(ada.state.trial(5)) == ("size",)
        assert "size=41" in tell(ben, 5, size=41.0)
        trial = ada.refresh().trial(5)
        assert trial.observation is not None
        assert {n: m.value for n, m in trial.observation.outcomes.items()} == {
            "yield": 62.0,
            "phase": "cubic",
            "size": 41.0,
        }
        # what the microscope measures is the microscope's; who typed it stands beside
        assert [(each.source, each.by, set(each.outcomes)) for each in trial.versions] == [
            ("ada", "ada", {"yield", "phase"}),
            ("tem", "ben", {"size"}),
        ]
        assert ada.state.awaited(trial) == ()


def test_a_trial_without_the_objectives_outcome_is_pending_and_neither_lost_nor_guessed(
    tmp_path: Path,
) -> None:
    with begun_day(tmp_path) as session:
        tell(session, 1, size=30.0)
        state = session.state
        assert state.trial(1).state is TrialState.COMPLETED
        assert 1 in [trial.number for trial in state.pending]
        assert all("yield" not in each.outcomes for each in state.observations if each.trial == 1)
        tell(session, 1, **{"yield": 44.0})
        assert 1 not in [trial.number for trial in session.state.pending]


def test_what_was_performed_may_have_no_result_yet(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        achieved = of(temperature=111.0)
        said = people.tell(session, 1, Told(is_done=True, achieved=achieved))
        assert said == "Trial 1 is completed. Still to come: yield, phase, size."
        tell(session, 1, **{"yield": 44.0})
        seen = session.state.trial(1).observation
        assert seen is not None
        assert seen.configuration["temperature"] == 111.0  # as told with the first part


def test_a_correction_is_a_new_version_and_the_old_one_stays(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        corrected = Told(outcomes=of(**{"yield": 26.0}), corrects=True, reason="digits swapped")
        people.tell(session, 5, corrected)
        trial = session.state.trial(5)
        assert trial.observation is not None
        assert trial.observation.outcomes["yield"].value == 26.0
        assert trial.observation.outcomes["phase"].value == "cubic"  # what was not named stays
        assert [each.outcomes["yield"].value for each in trial.versions] == [62.0, 26.0]
        assert trial.versions[-1].reason == "digits swapped"
        sequence = session.state.sequence
        assert "told the same before" in people.tell(session, 5, corrected)
        assert session.refresh().sequence == sequence


def test_what_was_achieved_can_be_corrected_alone(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        achieved = of(temperature=388.15)
        kelvin = {"temperature": Reported(value=389.15, unit="K")}
        people.tell(session, 5, Told(achieved=kelvin, corrects=True, reason="thermometer"))
        seen = session.state.trial(5).observation
        assert seen is not None
        assert seen.configuration["temperature"] == pytest.approx(116.0)
        assert seen.outcomes["yield"].value == 62.0
        with pytest.raises(Refused, match="other settings"):
            people.tell(session, 5, Told(outcomes=of(size=3.0), achieved=achieved))


@pytest.mark.parametrize(
    ("number", "told", "error", "says"),
    [
        (5, Told(outcomes=of(**{"yield": 26.0}), corrects=True), InputError, "needs a reason"),
        (1, Told(outcomes=of(**{"yield": 26.0}), corrects=True, reason="x"), Refused, "was told"),
        (5, Told(lost=("size",)), InputError, "needs a reason"),
        (5, Told(lost=("sizes",), reason="x"), UnknownName, "sizes"),
        (5, Told(lost=("yield",), reason="x"), Refused, "planner exclude"),
        (5, Told(failed="machine", reason="leak"), Refused, "trial of your own"),
        (6, Told(outcomes=of(**{"yield": 26.0})), InputError, "say how that is known"),
        (1, Told(failed="machine", reason="x", outcomes=of(size=1.0)), InputError, "both"),
        (1, Told(), InputError, "tell an outcome"),
        (7, Told(outcomes=of(**{"yield": 26.0})), Refused, "reports its own"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_way_to_go(
    tmp_path: Path, number: int, told: Told, error: type[Exception], says: str
) -> None:
    with begun_day(tmp_path) as session:
        before = session.refresh().sequence
        with pytest.raises(error, match=says):
            people.tell(session, number, told)
        assert session.refresh().sequence == before


def test_an_outcome_that_is_given_up_is_waited_for_no_more_and_can_still_come(
    tmp_path: Path,
) -> None:
    with begun_day(tmp_path) as session:
        people.tell(session, 5, Told(lost=("size",), reason="the grid broke"))
        assert session.state.awaited(session.state.trial(5)) == ()
        tell(session, 5, size=41.0)  # it was found after all
        trial = session.state.trial(5)
        assert not trial.given_up
        assert trial.observation is not None
        assert trial.observation.outcomes["size"].value == 41.0


def test_a_deviation_that_is_not_said_again_is_as_it_was(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        people.tell(session, 1, Told(outcomes={"yield": Reported(value=50.0, sd=2.0)}))
        assert "same before" in tell(session, 1, **{"yield": 50.0})
        with pytest.raises(Refused, match="not overwritten"):
            people.tell(session, 1, Told(outcomes={"yield": Reported(value=50.0, sd=3.0)}))


def test_who_is_beaten_to_it_decides_again(tmp_path: Path) -> None:
    """Ben's view is older than Ada's words: his other outcome is entered as the next part."""
    with bench_day(tmp_path) as ada, bench_day(tmp_path, author="ben") as ben:
        begin_day(ada)
        ben.refresh()
        raced = False
        refresh = type(ben).refresh

        def refresh_and_lose_the_race(session: object) -> object:
            nonlocal raced
            state = refresh(session)  # type: ignore[arg-type]
            if session is ben and not raced:
                raced = True
                tell(ada, 1, **{"yield": 50.0})
            return state

        type(ben).refresh = refresh_and_lose_the_race  # type: ignore[method-assign,assignment]
        try:
            tell(ben, 1, size=40.0)
        finally:
            type(ben).refresh = refresh  # type: ignore[method-assign]
        assert raced
        trial = ada.refresh().trial(1)
        assert [set(each.outcomes) for each in trial.versions] == [{"yield"}, {"size"}]
