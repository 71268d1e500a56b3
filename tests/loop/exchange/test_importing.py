"""Tables of measurements as people keep them: units, decimal commas, files, mistakes by row."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import InputError
from planner.loop.exchange import Imported, export, import_rows, read_file
from planner.loop.sessions.session import Session
from planner.trials import Curve
from tests.loop.conftest import MakeSession
from tests.loop.every_kind import TEXT
from tests.loop.scripted_lab import ScriptedLab


@pytest.fixture
def session(make_session: MakeSession) -> Session:
    return make_session(ScriptedLab(lambda order, n: AssertionError()), text=TEXT)


def bring(session: Session, path: Path, **more: bool) -> Imported:
    given = read_file(path, session.state.spec)
    return import_rows(session, given.rows, source="archive", origin=path.name, **more)


def write(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "old.csv"
    path.write_text(text, encoding=encoding)
    return path


GOOD = (
    "temperature (K);flow;time;catalyst;yield;yield sd;phase;date;source\n"
    "393,15;2,5;10;Fe;81,5;0,5;rutile;2025-03-01;ada\n"
    "400,65;3;10;n/a;12 %;;n.d.;2025-03-02T14:05+01:00;\n"
)


def test_what_a_spreadsheet_of_another_country_holds_is_read(session: Session, tmp_path: Path):
    done = bring(session, write(tmp_path, GOOD, encoding="utf-8-sig"))
    assert (done.n, done.known, done.problems) == (2, 0, ())
    assert any("humidity" in note and "2 rows" in note for note in done.notes)
    first, second = session.state.observations
    assert first.configuration["temperature"] == pytest.approx(120.0)
    assert first.configuration["stirring"] == 300
    assert first.outcomes["yield"].value == 81.5
    assert first.outcomes["yield"].sd == 0.5
    assert first.source == "ada"
    assert first.at.isoformat() == "2025-03-01T00:00:00+00:00"
    assert second.configuration["catalyst"] == "n/a"  # a choice, whatever it looks like
    assert second.outcomes["phase"].value == "n.d."
    assert second.outcomes["yield"].value == 12.0
    assert second.source == "archive"
    assert second.at.isoformat() == "2025-03-02T13:05:00+00:00"


def test_the_same_file_twice_is_harmless_and_replicates_in_one_file_are_not_lost(
    session: Session, tmp_path: Path
):
    twice = GOOD + GOOD.splitlines()[1] + "\n"
    assert bring(session, write(tmp_path, twice)).n == 3
    done = bring(session, write(tmp_path, twice))
    assert (done.n, done.known) == (0, 3)
    more = twice + "410;3;10;Fe;55;;rutile;2025-03-03;ada\n"
    assert bring(session, write(tmp_path, more)).n == 1
    assert bring(session, write(tmp_path, more), may_repeat=True).n == 4


BAD = (
    "temperature,flow,time,catalyst,yield,phase,comment\n"
    "120,2,10,Fe,81.5,rutile,fine\n"
    "hot,2,10,Fe,50,rutile,\n"
    "120,2,10,Ni,50,rutile,\n"
    "120,2,10,Fe,<0.5,rutile,\n"
    "120,2,10,Fe,150,Rutile,\n"
    "120,2,,Fe,50,,\n"
    "120,2,10,Fe,,,not measured\n"
    "120,2,10,Fe,50 K,,\n"
    "160,2,10,Fe,40,,hotter than planned\n"
)


def test_every_bad_row_is_named_by_its_line_with_all_that_is_wrong(
    session: Session, tmp_path: Path
):
    path = write(tmp_path, BAD)
    with pytest.raises(InputError) as said:
        bring(session, path)
    lines = str(said.value).splitlines()
    assert lines[0] == "Nothing was imported; 7 rows cannot be used:"
    expected = [
        ("line 3", "'hot' is no number"),
        ("line 4", "'Ni'"),
        ("line 5", "below the limit of detection (<0.5)"),
        ("line 6", "outside its bounds"),
        ("line 7", "parameter 'time' has no value"),
        ("line 8", "it has no outcome"),
        ("line 9", "K"),
    ]
    assert len(lines) == 1 + len(expected)
    for line, (place, why) in zip(lines[1:], expected, strict=True):
        assert line.startswith(f"{place}: ")
        assert why in line
    assert "is 'rutile' meant?" in lines[4]
    assert not session.state.imported

    done = bring(session, path, is_partial=True)
    assert (done.n, len(done.problems)) == (2, 7)
    assert any("temperature is outside its bounds in line 10" in note for note in done.notes)


def test_a_header_that_is_nearly_right_is_said_and_not_taken(session: Session, tmp_path: Path):
    path = write(tmp_path, "Temperatur,flow,time,catalyst,yield\n120,2,10,Fe,5\n")
    with pytest.raises(InputError, match=r"no column for temperature.*'Temperatur' is not known"):
        bring(session, path)


def test_files_that_a_table_names_are_read_from_beside_it(session: Session, tmp_path: Path):
    (tmp_path / "spectra").mkdir()
    (tmp_path / "spectra" / "a.csv").write_text("x (um),y\n0.5,1\n0.51,3\n0.52,2\n")
    (tmp_path / "sem.png").write_bytes(b"\x89PNG")
    head = "temperature,flow,time,catalyst,spectrum,sem,sem sha256\n"
    row = "120,2,10,Fe,spectra/a.csv,sem.png,\n"
    bring(session, write(tmp_path, head + row))
    outcomes = session.state.observations[0].outcomes
    spectrum = outcomes["spectrum"].value
    assert isinstance(spectrum, Curve)
    assert spectrum.x == pytest.approx((500.0, 510.0, 520.0))
    # the vertex of the parabola through the three points
    assert outcomes["peak"].value == pytest.approx(510.0 + 10.0 / 6.0)
    assert session.intake.artifacts.get_bytes(outcomes["sem"].value.sha256) == b"\x89PNG"
    for changed, says in (
        ("120,2,10,Fe,spectra/b.csv,,\n", r"b\.csv cannot be read"),
        (f"120,2,10,Fe,,sem.png,{'0' * 64}\n", "has changed since"),
        ("120,2,10,Fe,sem.png,,\n", "sem.png"),
    ):
        with pytest.raises(InputError, match=says):
            bring(session, write(tmp_path, head + changed))


def test_a_file_that_was_changed_since_the_export_is_refused(session: Session, tmp_path: Path):
    (tmp_path / "sem.png").write_bytes(b"\x89PNG")
    bring(session, write(tmp_path, "temperature,flow,time,catalyst,sem\n120,2,10,Fe,sem.png\n"))
    out = tmp_path / "out" / "table.csv"
    out.parent.mkdir()
    n, files = export(session.state, session.intake.artifacts, out)
    assert (n, files) == (1, out.parent / "table_files")
    with pytest.raises(InputError, match="is there already"):
        export(session.state, session.intake.artifacts, out)
    (files / "import-1" / "sem" / "sem.png").write_bytes(b"other")
    with pytest.raises(InputError, match="has changed since the table was written"):
        bring(session, out)
