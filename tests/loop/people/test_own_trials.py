"""Trials of a person's own: proposed with what the model expects, run, learned from; and wishes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from planner.errors import InputError, Refused
from planner.labs import Reported
from planner.loop import people
from planner.loop.people import Wishes
from planner.loop.people.comparing import compare
from planner.trials import TrialState
from tests.loop.bench_days import BENCH, begin_day, bench_day, tell

BY_PERSON = BENCH.replace("robot: {kind: adapter, adapter: none}", "robot: {kind: person}")


def of(**values: float | str) -> dict[str, Reported]:
    return {name: Reported(value=value) for name, value in values.items()}


OWN = of(temperature=145.0, catalyst="P2-L1")


def test_a_proposal_is_compared_with_the_planners_choice_and_waits_to_be_told(
    tmp_path: Path,
) -> None:
    with bench_day(tmp_path, text=BY_PERSON) as session:
        begin_day(session)
        for number, value in ((1, 20.0), (2, 40.0), (3, 60.0)):
            tell(session, number, **{"yield": value})
        seen = session.refresh().sequence
        proposed = people.propose(session, OWN, reason="the thesis says so")
        trial = proposed.trial
        assert (trial.number, trial.state, trial.handed) == (8, TrialState.RUNNING, True)
        assert trial.proposal.origin == "person"
        assert trial.proposal.seen == seen
        assert trial.proposal.reason == "the thesis says so"
        predicted = trial.proposal.predictions["yield"]
        assert 0 <= predicted.low <= predicted.mean <= predicted.high <= 100
        compared = proposed.compared
        assert compared.own.prediction == predicted
        assert compared.planners is not None
        assert compared.planners.configuration != trial.configuration
        assert compared.best is not None
        assert 0 <= (compared.better_than or 0) <= 1
        assert any("humidity" in note for note in proposed.notes)
        tell(session, 8, **{"yield": 71.0})
        assert 8 in [each.trial for each in session.state.observations]


def test_the_planners_own_choice_is_better_than_most(tmp_path: Path) -> None:
    """What the planner would choose itself ranks above nearly all settings, in its own measure."""
    with bench_day(tmp_path, text=BY_PERSON) as session:
        begin_day(session)
        for number, value in ((1, 20.0), (2, 40.0), (3, 60.0), (4, 55.0)):
            tell(session, number, **{"yield": value})
        chosen = people.ask(session, 1)[0]
        session.state.trials.pop(chosen.number)  # as if it were still to be chosen
        compared = compare(session.state, session.space, chosen.configuration)
        assert compared.better_than is not None
        assert compared.better_than > 0.95


def test_a_machine_runs_a_proposal_after_approval_or_the_person_does(tmp_path: Path) -> None:
    with bench_day(tmp_path) as session:
        begin_day(session)
        trial = people.propose(session, OWN).trial
        assert (trial.state, trial.handed, trial.source) == (TrialState.APPROVED, False, "robot")
        mine = people.propose(session, of(temperature=146.0, catalyst="P2-L1"), by_hand=True).trial
        assert (mine.state, mine.handed) == (TrialState.RUNNING, True)
    waits = tmp_path / "waits"
    waits.mkdir()
    with bench_day(waits, text=BENCH + "policy: {approval: person}\n") as session:
        begin_day(session)
        assert people.propose(session, OWN).trial.state is TrialState.AWAITING_APPROVAL


def test_the_same_settings_are_a_replicate_and_said_so(tmp_path: Path) -> None:
    with bench_day(tmp_path, text=BY_PERSON) as session:
        begin_day(session)
        proposed = people.propose(session, of(temperature=115.0, catalyst="P1-L1"))
        assert proposed.repeats == (5,)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (of(temperature=145.0), "catalyst"),
        (of(temperature=190.0, catalyst="P1-L1"), "190"),
        (of(temperature=145.0, catalyst="P3"), "P3"),
        ({**OWN, "pressure": Reported(value=1.0)}, "pressure"),
        ({**OWN, "temperature": Reported(value=145.0, sd=1.0)}, "deviation"),
        ({**OWN, "temperature": Reported(value=1.0, unit="g")}, "different things"),
    ],
)
def test_what_cannot_be_run_is_not_proposed(
    tmp_path: Path, values: dict[str, Reported], says: str
) -> None:
    with bench_day(tmp_path, text=BY_PERSON) as session:
        with pytest.raises(InputError, match=says):
            people.propose(session, values)
        assert not session.refresh().trials


def test_a_proposal_counts_against_the_budget(tmp_path: Path) -> None:
    with bench_day(tmp_path, text=BY_PERSON.replace("trials: 12", "trials: 8")) as session:
        begin_day(session)
        left = 8 - session.state.n_committed
        for degrees in range(left):
            people.propose(session, of(temperature=140.0 + degrees, catalyst="P2-L1"))
        with pytest.raises(Refused, match="without a trial number"):
            people.propose(session, OWN)


def test_what_is_locked_is_held_and_what_is_avoided_does_not_appear(tmp_path: Path) -> None:
    wishes = Wishes(
        lock={"temperature": Reported(value=393.15, unit="K"), **of(humidity=33.0)},
        avoid=[of(catalyst="P1-L1")],
    )
    with bench_day(tmp_path, text=BY_PERSON) as session:
        trials = people.ask(session, 2, wishes=wishes)
        assert {trial.configuration["temperature"] for trial in trials} == {120.0}
        assert {trial.configuration["catalyst"] for trial in trials} == {"P2-L1", "1-2"}
        assert {trial.configuration["humidity"] for trial in trials} == {33.0}
        for trial in trials:
            assert (
                "Asked with temperature 120 degC and humidity 33 rh_percent, "
                in trial.proposal.reason
            )
            assert "without catalyst P1-L1" in trial.proposal.reason


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        (Wishes(lock=of(temperature=300.0)), "300"),
        (Wishes(lock=of(catalyst="P9")), "P9"),
        (Wishes(lock=of(pressure=1.0)), "pressure"),
        (Wishes(avoid=[of(catalyst=c) for c in ("P1-L1", "P2-L1", "1-2")]), "left|nothing|no "),
        (Wishes(context=of(temperature=120.0)), "--lock temperature"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused_and_nothing_is_asked(
    tmp_path: Path, wishes: Wishes, says: str
) -> None:
    with bench_day(tmp_path, text=BY_PERSON) as session:
        with pytest.raises(InputError, match=says):
            people.ask(session, 1, wishes=wishes)
        assert not session.refresh().trials


def test_what_nobody_sets_is_as_last_measured(tmp_path: Path) -> None:
    with bench_day(tmp_path, text=BY_PERSON) as session:
        first = people.ask(session, 1)[0]
        assert first.configuration["humidity"] == 50.0  # the middle, and said so
        assert "humidity was not given" in first.proposal.reason
        told = people.Told(outcomes=of(**{"yield": 30.0}), achieved=of(humidity=71.0))
        people.tell(session, 1, told)
        second = people.ask(session, 1)[0]
        assert second.configuration["humidity"] == 71.0
        assert "Taken as last measured: humidity 71 rh_percent." in second.proposal.reason


def test_trials_are_in_the_order_that_saves_set_up_time(tmp_path: Path) -> None:
    text = BY_PERSON.replace(
        "{kind: person}", "{kind: person, set_up: {time: 40 min, parameters: [catalyst]}}"
    )
    with bench_day(tmp_path, text=text) as session:
        trials = people.ask(session, 6)
        ordered, found = people.order_to_run(session.state, trials)
        catalysts = [trial.configuration["catalyst"] for trial in ordered]
        changes = sum(a != b for a, b in pairwise(catalysts))
        assert changes == len(set(catalysts)) - 1
        assert found.time_s == 40 * 60 * changes
        assert {trial.number for trial in ordered} == {1, 2, 3, 4, 5, 6}


def test_what_a_person_has_in_hand_is_what_is_to_be_told(tmp_path: Path) -> None:
    with bench_day(tmp_path) as session:
        begin_day(session)
        in_hand = people.trials_to_tell(session.state, author="ada")
        assert [trial.number for trial in in_hand] == [1, 2, 3, 4, 5]  # 5 for its size
        others = people.trials_to_tell(session.state, author="ben")
        assert [trial.number for trial in others] == [5]
