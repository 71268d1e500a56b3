"""Vetoes, exclusions and notes: new entries, nothing changed, nothing forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.errors import InputError, Refused, UnknownName
from planner.ledger.entries import ObservationImported, RunMoved, TrialMoved, TrialProposed
from planner.loop import people
from planner.loop.deciding.model import make_situation
from planner.loop.people import Told
from planner.trials import Measured, Proposal, RunState, TrialState
from tests.loop.bench_days import BENCH, begin_day, begun_day, bench_day, hand_out, settings


def test_a_vetoed_trial_costs_nothing_and_is_never_proposed_again(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        committed = session.state.n_committed
        said = people.veto(session, 1, reason="the reagent is gone")
        assert said == "Trial 1 is rejected; its settings are not proposed again."
        trial = session.state.trial(1)
        assert (trial.state, trial.vetoed) == (TrialState.REJECTED, "the reagent is gone")
        assert trial.run is not None
        assert trial.run.state is RunState.REFUSED
        assert session.state.n_committed == committed - 1
        tried = make_situation(session.state, session.space).taken().tolist()
        assert session.space.encode([trial.configuration])[0].tolist() in tried
        assert "before" in people.veto(session, 1, reason="again")


def test_a_trial_that_waits_for_approval_can_be_vetoed(tmp_path: Path) -> None:
    with bench_day(tmp_path) as session:
        proposal = Proposal(origin="start", reason="It fills the space.", seed=1)
        session.write(
            [
                TrialProposed(trial=1, configuration=settings(110.0), proposal=proposal),
                TrialMoved(trial=1, to=TrialState.AWAITING_APPROVAL),
            ]
        )
        people.veto(session, 1, reason="too hot for this flask")
        assert session.state.trial(1).state is TrialState.REJECTED


def test_what_the_engine_put_on_a_persons_work_list_can_be_vetoed(tmp_path: Path) -> None:
    text = BENCH.replace("robot: {kind: adapter, adapter: none}", "robot: {kind: person}")
    with bench_day(tmp_path, text=text) as session:
        number = hand_out(session, settings(110.0), to_robot=True)
        key = session.state.trial(number).run.key  # type: ignore[union-attr]
        session.write([RunMoved(key=key, to=RunState.ACCEPTED, evidence="on the work list")])
        people.veto(session, number, reason="not with this reagent")
        trial = session.state.trial(number)
        assert (trial.state, trial.run.state) == (TrialState.REJECTED, RunState.REFUSED)  # type: ignore[union-attr]
        assert session.state.n_committed == 0


@pytest.mark.parametrize(
    ("number", "says"), [(5, "planner exclude"), (6, "comes before"), (7, "runs at source 'robot'")]
)
def test_what_has_ended_or_is_a_machines_is_not_vetoed(
    tmp_path: Path, number: int, says: str
) -> None:
    with begun_day(tmp_path) as session, pytest.raises(Refused, match=says):
        people.veto(session, number, reason="no")


def test_an_excluded_result_is_not_learned_from_and_can_be_taken_in_again(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        assert [each.trial for each in session.state.observations] == [5]
        people.exclude(session, 5, reason="the flask was dirty")
        assert session.state.observations == []
        assert session.state.trial(5).excluded == "the flask was dirty"
        assert "already" in people.exclude(session, "5", reason="again")
        people.exclude(session, 5, reason="it was not", undo=True)
        assert [each.trial for each in session.state.observations] == [5]
        assert "not left out" in people.exclude(session, 5, reason="x", undo=True)
        reasons = [e.record.reason for e in session.ledger.read("bench", kinds=["trial excluded"])]  # type: ignore[union-attr]
        assert reasons == ["the flask was dirty", "it was not"]


def test_an_imported_measurement_is_excluded_by_its_number(tmp_path: Path) -> None:
    with bench_day(tmp_path) as session:
        imported = [
            ObservationImported(
                configuration=settings(t),
                outcomes={"yield": Measured(value=t / 2)},
                source="thesis",
                measured_at=datetime(2020, 1, 1, tzinfo=UTC),
            )
            for t in (110.0, 120.0)
        ]
        session.write(imported)
        people.exclude(session, "import:2", reason="another batch")
        assert [each.configuration["temperature"] for each in session.state.observations] == [110.0]
        with pytest.raises(UnknownName, match="1 to 2"):
            people.exclude(session, "import:3", reason="x")


@pytest.mark.parametrize(
    ("which", "error"), [("five", InputError), (99, UnknownName), (1, Refused)]
)
def test_what_has_no_result_is_not_excluded(
    tmp_path: Path, which: str | int, error: type[Exception]
) -> None:
    with begun_day(tmp_path) as session, pytest.raises(error):
        people.exclude(session, which, reason="x")


def test_every_remark_needs_words(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        for act in (
            lambda: people.exclude(session, 5, reason=" "),
            lambda: people.veto(session, 1, reason=""),
            lambda: people.note(session, "  "),
        ):
            with pytest.raises(InputError):
                act()


def test_a_note_is_kept_with_who_and_when(tmp_path: Path) -> None:
    with bench_day(tmp_path, author="ben") as session:
        begin_day(session)
        people.note(session, "slightly yellow", trial=1)
        people.note(session, "new bottle from today on")
        notes = [(e.author, e.record) for e in session.ledger.read("bench", kinds=["noted"])]
        assert [(who, r.text, r.trial) for who, r in notes] == [  # type: ignore[union-attr]
            ("ben", "slightly yellow", 1),
            ("ben", "new bottle from today on", None),
        ]
        with pytest.raises(UnknownName):
            people.note(session, "on nothing", trial=99)


def test_a_failure_that_was_not_the_processs_can_be_left_out(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        failed = session.space.encode([session.state.trial(6).configuration])[0].tolist()
        assert failed in make_situation(session.state, session.space).taken().tolist()
        with pytest.raises(Refused, match="planner exclude FILE 6 --reason WHY"):
            people.tell(session, 6, Told(failed="machine", reason="it was the furnace"))
        people.exclude(session, 6, reason="it was the furnace")
        assert failed not in make_situation(session.state, session.space).taken().tolist()
        people.exclude(session, 6, reason="it was not", undo=True)
        assert failed in make_situation(session.state, session.space).taken().tolist()
