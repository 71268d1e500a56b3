"""What failed by process tells another campaign as much as it told this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.labs import Reported
from planner.ledger.artifacts import ArtifactStore
from planner.ledger.entries import ObservationImported
from planner.loop import people
from planner.loop.deciding.model import fit_surrogate, make_situation, predict
from planner.loop.exchange import Imported, export, import_rows, read_campaign_rows, read_file
from planner.loop.exchange.frames import make_frame, rows_of
from planner.loop.people import Told
from planner.loop.sessions.session import Session
from planner.models import FitFailure
from planner.trials import Measured, Prediction
from tests.loop import every_kind
from tests.loop.bench_days import BENCH, begun_day, bench_day, for_a_class, hand_out, settings
from tests.report.campaigns import Diary

FILM = for_a_class(BENCH)
FORMS = ("csv", "xlsx", "json", "parquet", "campaign", "frame")


def lay_films(session: Session) -> None:
    """Two films of each kind, and three that melted."""
    for temperature, phase in ((100, "cubic"), (105, "cubic"), (110, "amorphous"), (112, "cubic")):
        number = hand_out(session, settings(temperature))
        people.tell(session, number, Told(outcomes={"phase": Reported(value=phase)}))
    for temperature in (130, 140, 150):
        number = hand_out(session, settings(temperature))
        people.tell(session, number, Told(failed="process", reason="it melted"))


def bring(other: Session, here: Session, form: str, folder: Path) -> Imported:
    spec = other.state.spec
    if form == "campaign":
        rows = read_campaign_rows(here.state, here.intake.artifacts, spec).rows
    elif form == "frame":
        rows = tuple(rows_of(make_frame(here.state), spec))
    else:
        path = folder / f"films.{form}"
        export(here.state, here.intake.artifacts, path)
        rows = read_file(path, spec).rows
    return import_rows(other, rows, source="archive", origin="films")


def chance(session: Session) -> Prediction:
    surrogate = fit_surrogate(session.state, session.space)
    assert not isinstance(surrogate, FitFailure)
    x = session.space.encode([settings(145.0)])
    return predict(surrogate, x, session.state.spec)[0]


@pytest.mark.parametrize("form", FORMS)
def test_what_failed_by_process_is_brought_along(tmp_path: Path, form: str) -> None:
    here_at, there_at = tmp_path / "here", tmp_path / "there"
    here_at.mkdir()
    there_at.mkdir()
    with bench_day(here_at, text=FILM) as here, bench_day(there_at, text=FILM) as there:
        lay_films(here)
        done = bring(there, here, form, tmp_path)
        assert (done.n, done.n_failed, done.empty) == (7, 3, 0)
        assert [each.failed for each in there.state.imported[4:]] == ["it melted"] * 3
        # the same rows in the same order: the same model, so no tolerance
        assert chance(there) == chance(here)
        assert make_situation(there.state, there.space).x.tolist() == (
            make_situation(here.state, here.space).x.tolist()
        )
        again = bring(there, here, form, here_at)
        assert (again.n, again.known) == (0, 7)


def test_an_imported_failure_counts_as_tried_until_it_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with bench_day(tmp_path) as here, bench_day(tmp_path / "there") as there:
        lay_films(here)
        bring(there, here, "campaign", tmp_path)
        melted = there.space.encode([settings(150.0)])[0].tolist()
        assert melted in make_situation(there.state, there.space).taken().tolist()
        assert all(not each.failed for each in there.state.observations)
        people.exclude(there, "import:7", reason="the furnace ran away")
        assert melted not in make_situation(there.state, there.space).taken().tolist()


def test_a_failure_that_is_left_out_stays_left_out_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with begun_day(tmp_path) as here, bench_day(tmp_path / "there") as there:
        people.exclude(here, 6, reason="the furnace failed, not the process")
        bring(there, here, "csv", tmp_path)
        assert there.state.failures == []
        assert there.state.excluded_imports == {2: "the furnace failed, not the process"}


def test_notes_stand_in_the_table(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        people.note(session, "a blue tint", trial=5)
        people.note(session, "stirred by hand", trial=5)
        path = tmp_path / "films.csv"
        export(session.state, session.intake.artifacts, path)
        assert "a blue tint; stirred by hand" in path.read_text(encoding="utf-8-sig")
        given = read_file(path, session.state.spec)
        assert not any("not known" in note for note in given.notes)


def test_files_of_two_tables_of_one_name_do_not_collide(tmp_path: Path) -> None:
    spec = every_kind.spec()
    artifacts = ArtifactStore(tmp_path / "artifacts")

    def measured(content: bytes) -> ObservationImported:
        file = artifacts.put_bytes(content, media_type="text/plain", name="run.log")
        where = {"temperature": 120.0, "flow": 2.0, "time": 10.0, "catalyst": "Fe"}
        return ObservationImported(
            configuration={**where, "stirring": 300.0, "humidity": 50.0},
            outcomes={"log": Measured(value=file)},
            source="ada",
        )

    first, second = Diary(spec), Diary(spec)
    first.write(measured(b"first"))
    second.write(measured(b"second"))
    for name, state in (("a.csv", first.state), ("a.xlsx", first.state), ("a.json", second.state)):
        export(state, artifacts, tmp_path / name)
    for name, content in (("a.csv", b"first"), ("a.xlsx", b"first"), ("a.json", b"second")):
        (row,) = read_file(tmp_path / name, spec).rows
        assert row.problems == ()
        assert row.outcomes["log"].value.content == content  # type: ignore[union-attr]
    assert len(list((tmp_path / "a_files").rglob("*.log"))) == 2
