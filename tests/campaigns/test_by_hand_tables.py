"""The campaign by hand, with the tables beside it: mistakes answered row by row, late results."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from planner.loop.people import ask
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.loop.sheets import Effect, TableAnswer, tell_table
from planner.tables import read_sheet
from planner.trials import Trial, TrialState
from tests.campaigns.shipped import copy_shipped


@pytest.fixture
def bench(project: Path, tmp_path: Path) -> Iterator[Session]:
    """The campaign with five trials handed out."""
    file = copy_shipped(project, tmp_path, "by_hand")
    shutil.copytree(project / "campaigns" / "by_hand_tables", tmp_path, dirs_exist_ok=True)
    with at_work(Place(file=file)) as session:
        ask(session, 5)
        yield session


def tell(session: Session, folder: Path, name: str) -> TableAnswer:
    return tell_table(session, read_sheet(folder / name), folder=folder)


def number(trial: Trial, name: str) -> float:
    assert trial.observation is not None
    value = trial.observation.outcomes[name].value
    assert isinstance(value, float)
    return value


def test_a_table_with_mistakes_is_answered_row_by_row_and_enters_nothing(
    bench: Session, tmp_path: Path
) -> None:
    before = bench.state.sequence
    answer = tell(bench, tmp_path, "filled_with_mistakes.csv")
    assert bench.refresh().sequence == before
    assert answer.exit_code == 2
    entered, refused = Effect.ENTERED, Effect.REFUSED
    effects = [row.effect for row in answer.rows]
    assert effects == [entered, refused, entered, refused, refused, refused]
    said = {row.row: row.says for row in answer.rows}
    assert "is below detection (n.d.)" in said[3]
    assert "'well done', not one of done, failed by machine, failed by process" in said[5]
    assert "'diameter' is 1500 nm, outside its bounds" in said[6]
    assert "99" in said[7]


def test_mended_it_is_entered_and_each_mean_is_that_of_its_distribution(
    bench: Session, tmp_path: Path
) -> None:
    """Means by hand; commas and semicolons, a head in another language, micrometres."""
    answer = tell(bench, tmp_path, "filled.csv")
    assert answer.exit_code == 0, [row.says for row in answer.rows]
    state = bench.refresh()
    assert number(state.trial(1), "size") == pytest.approx(
        (20 * 3 + 30 * 10 + 40 * 14 + 50 * 6 + 60) / 34, rel=1e-12
    )
    assert number(state.trial(2), "size") == pytest.approx(
        (30.5 * 2 + 50.5 * 9 + 70.5 * 12 + 90.5 * 4) / 27, rel=1e-12
    )
    assert number(state.trial(4), "size") == pytest.approx(
        (10 * 5 + 20 * 11 + 30 * 4) / 20, rel=1e-12
    )
    observed = state.trial(1).observation
    assert observed is not None
    assert observed.configuration["temperature"] == 57.5
    assert state.trial(3).state is TrialState.FAILED_BY_PROCESS
    assert state.trial(5).state is TrialState.RUNNING
    assert state.awaited(state.trial(2)) == ("diameter",)

    again = tell(bench, tmp_path, "filled.csv")
    assert {row.effect for row in again.rows} <= {Effect.UNCHANGED, Effect.OPEN}


def test_the_other_building_tells_later_and_loses_one(bench: Session, tmp_path: Path) -> None:
    assert tell(bench, tmp_path, "filled.csv").exit_code == 0
    answer = tell(bench, tmp_path, "microscopy.csv")
    assert answer.exit_code == 0, [row.says for row in answer.rows]
    state = bench.refresh()
    assert number(state.trial(2), "diameter") == pytest.approx(65.5, rel=1e-12)
    assert number(state.trial(2), "size") == pytest.approx(1723.5 / 27, rel=1e-12)
    assert "diameter" in state.trial(4).given_up
    assert not any(state.awaited(state.trial(each)) for each in (1, 2, 4))
