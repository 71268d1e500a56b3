"""A table that a person brings back: every row answered, all of it entered or nothing."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from planner.clock import SystemClock
from planner.errors import TableError
from planner.loop.sessions.session import Session
from planner.loop.sheets import Effect, How, TableAnswer, make_columns, make_rows, tell_table
from planner.tables import Entry, read_sheet, write_sheet
from planner.trials import TrialState
from tests.cli.bad_tables import APPROVED, Case, cases, say_all
from tests.loop.bench_days import begin_day, begun_day, bench_day, hand_out, settings

# What a library would say to a programmer and nobody should say to a chemist.
JARGON = re.compile(r"\bNone\b|Traceback|KeyError|pydantic|Reported|OutcomesObserved|\bdict\b|nan")


def tell(session: Session, folder: Path, text: str, how: How | None = None) -> TableAnswer:
    path = folder / "next.csv"
    path.write_text(text, encoding="utf-8")
    return tell_table(session, read_sheet(path), folder=folder, how=how or How())


def test_every_table_is_answered_as_approved(tmp_path: Path) -> None:
    """After a change: python -m tests.cli.bad_tables, then read the file through."""
    assert say_all(tmp_path) == APPROVED.read_text(encoding="utf-8")


def test_answers_are_in_the_readers_words() -> None:
    said = APPROVED.read_text(encoding="utf-8")
    assert not JARGON.search(said), JARGON.search(said)


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.title)
def test_a_table_with_a_refused_row_writes_nothing(case: Case, tmp_path: Path) -> None:
    """All or nothing, unless --partial is said; and a table told twice is told once."""
    path = tmp_path / "next.csv"
    with begun_day(tmp_path) as session:
        path.write_bytes(case.text.encode(case.encoding))
        before = session.refresh().sequence
        try:
            answer = tell_table(session, read_sheet(path), folder=tmp_path, how=case.how)
        except ValueError:
            assert session.refresh().sequence == before
            return
        refused = answer.count(Effect.REFUSED)
        assert len(answer.rows) == len(read_sheet(path).rows)
        assert bool(refused) == (answer.exit_code != 0)
        wrote = session.refresh().sequence > before
        assert (
            wrote
            == answer.is_entered
            == (answer.count(Effect.ENTERED) > 0 and (not refused or case.how.is_partial))
        )
        after = session.state.sequence
        again = tell_table(session, read_sheet(path), folder=tmp_path, how=case.how)
        if answer.is_entered:
            assert again.count(Effect.ENTERED) == 0
            assert session.refresh().sequence == after


def test_a_table_is_one_transaction(tmp_path: Path) -> None:
    """All its entries have one time: the clock is read once for each append."""
    with bench_day(tmp_path, clock=SystemClock()) as session:
        begin_day(session)
        before = session.refresh().sequence
        assert len({entry.at for entry in session.ledger.read("bench")}) > 8  # it ticks
        own = "trial,temperature,catalyst,humidity,yield\n1,,,,50\n2,,,,51\n,127,P1-L1,44,33\n"
        tell(session, tmp_path, own)
        written = list(session.ledger.read("bench", after=before))
        assert len(written) > 8
        assert len({entry.at for entry in written}) == 1


def test_a_sheet_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """CSV with points and commas, Excel and Parquet: filled in and told, they say the same."""
    told = {}
    for ending, decimal in (("csv", "."), ("csv", ","), ("xlsx", "."), ("parquet", ".")):
        folder = tmp_path / f"{ending}{ord(decimal)}"
        folder.mkdir()
        with bench_day(folder) as session:
            begin_day(session)
            spec = session.state.spec
            columns = make_columns(spec)
            heads = [column.header for column in columns]
            rows = make_rows(spec, [session.state.trial(n) for n in (1, 2)])
            fill = {
                "status": "done",
                "yield (percent)": 12.345,
                "yield sd (percent)": 0.5,
                "phase": "amorphous",
                "humidity achieved (rh_percent)": 41.25,
                "catalyst achieved": "1-2",
                "deviation": "=stirred, by hand; slowly",
            }
            for head, value in fill.items():
                rows[0][heads.index(head)] = value
            path = folder / f"next.{ending}"
            write_sheet(rows, path, columns=columns, decimal=decimal)
            answer = tell_table(session, read_sheet(path), folder=folder)
            assert [row.effect for row in answer.rows] == [Effect.ENTERED, Effect.OPEN]
            trial = session.state.trial(1)
            assert trial.observation is not None
            notes = [note.text for note in session.state.notes]
            told[ending, decimal] = (
                trial.observation.outcomes,
                trial.observation.configuration,
                notes,
            )
    assert all(each == told["csv", "."] for each in told.values())
    outcomes, configuration, notes = told["csv", "."]
    assert (outcomes["yield"].value, outcomes["yield"].sd) == (12.345, 0.5)
    assert configuration == {"temperature": 110.0, "catalyst": "1-2", "humidity": 41.25}
    assert notes == ["deviation: =stirred, by hand; slowly"]


def test_the_sheet_offers_what_can_be_filled_in(tmp_path: Path) -> None:
    with bench_day(tmp_path) as session:
        columns = {column.header: column for column in make_columns(session.state.spec)}
    assert columns["temperature (degC)"].entry is Entry.GIVEN
    assert columns["temperature achieved (degC)"].entry is Entry.NUMBER
    assert columns["status"].choices == ("done", "failed by machine", "failed by process")
    assert columns["phase"].choices == ("cubic", "amorphous")
    assert columns["catalyst achieved"].choices == ("P1-L1", "P2-L1", "1-2")


def test_a_workbook_in_which_excel_made_a_date_is_refused_by_row(tmp_path: Path) -> None:
    """What openpyxl stores as a date is one in Excel, whatever was typed."""
    import datetime as dt

    import openpyxl

    book = openpyxl.Workbook()
    table = book.active
    assert table is not None
    table.append(["trial", "yield", "phase", "note"])
    table.append([1, dt.datetime(2026, 2, 1), "cubic", ""])
    table.append([2, 50, "cubic", "fine"])
    book.save(tmp_path / "next.xlsx")
    with begun_day(tmp_path) as session:
        answer = tell_table(session, read_sheet(tmp_path / "next.xlsx"), folder=tmp_path)
        assert [row.effect for row in answer.rows] == [Effect.REFUSED, Effect.ENTERED]
        assert answer.rows[0].row == 2
        assert "Excel turns entries" in answer.rows[0].says
        assert not answer.is_entered
        assert session.state.trial(2).state is TrialState.RUNNING


CURVES = """
schema: 1
campaign: bench
parameters:
  temperature: {low: 100, high: 150, unit: degC}
outcomes:
  spectrum: {kind: curve, x_name: wavelength, x_unit: nm, unit: "1"}
  peak: {unit: nm, reduce: spectrum, by: peak_position}
  picture: {kind: image}
objectives: [{aim: maximise, outcome: peak}]
sources: {bench: {kind: person}}
budget: {trials: 5}
"""


def test_curves_and_pictures_are_named_and_lie_beside_the_table(tmp_path: Path) -> None:
    with bench_day(tmp_path, text=CURVES) as session:
        hand_out(session, {"temperature": 110.0})
        hand_out(session, {"temperature": 120.0})
        (tmp_path / "one.csv").write_text("wavelength (um);absorbance\n0,4;0,1\n0,5;0,9\n0,6;0,2\n")
        (tmp_path / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        text = "trial,spectrum,picture\n1,one.csv,one.png\n2,two.csv,\n"
        refused = tell(session, tmp_path, text)
        assert "two.csv" in refused.rows[1].says
        assert not refused.is_entered
        answer = tell(session, tmp_path, text.replace("2,two.csv,", "2,,"))
        assert answer.rows[0].effect is Effect.ENTERED
        told = session.state.trial(1).observation
        assert told is not None
        assert told.outcomes["peak"].value == pytest.approx(500.0, abs=30.0)  # within half a step
        assert told.outcomes["picture"].value.name == "one.png"  # type: ignore[union-attr]


def test_a_computed_outcome_is_not_told(tmp_path: Path) -> None:
    with bench_day(tmp_path, text=CURVES) as session:
        hand_out(session, {"temperature": 110.0})
        with pytest.raises(ValueError, match="peak is computed from spectrum; tell spectrum"):
            tell(session, tmp_path, "trial,peak\n1,500\n")


def test_own_rows_are_predicted_before_their_results_are_known(tmp_path: Path) -> None:
    """Two rows of a table: the second's prediction does not know the first one's result."""
    with begun_day(tmp_path) as session:
        tell(session, tmp_path, "trial,yield\n1,20\n2,40\n3,60\n")
        seen = session.refresh().sequence
        head = "temperature,catalyst,humidity,yield\n"
        tell(session, tmp_path, f"{head}145,P1-L1,50,99\n146,P1-L1,50,3\n")
        first, second = (session.state.trial(n) for n in (8, 9))
        assert first.proposal.seen == seen
        assert first.proposal.origin == "person"
        assert (first.state, first.handed) == (TrialState.COMPLETED, True)
        predicted = [each.proposal.predictions["yield"].mean for each in (first, second)]
        # settings a fiftieth of the range apart, and a result of 99 between them unknown
        assert abs(predicted[0] - predicted[1]) < 5.0
        assert {each.trial for each in session.state.observations} >= {8, 9}
        assert session.state.n_committed == 9


def test_a_name_that_an_outcome_has_already_gets_an_underscore(tmp_path: Path) -> None:
    text = CURVES.replace("picture: {kind: image}", "status: {unit: nm}")
    with bench_day(tmp_path, text=text) as session:
        heads = [column.header for column in make_columns(session.state.spec)]
        assert {"status (nm)", "status_"} <= set(heads)


def test_what_the_ledger_refuses_and_what_is_to_be_mended_have_codes_of_their_own(
    tmp_path: Path,
) -> None:
    """4 where every refused row is the ledger's no, 2 where anything is to be mended."""
    with begun_day(tmp_path) as session:
        assert tell(session, tmp_path, "trial,yield\n7,50\n").exit_code == 4
        assert tell(session, tmp_path, "trial,yield\n7,50\n1,500\n").exit_code == 2


def test_what_nobody_sets_is_achieved_wherever_it_stands(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        tell(session, tmp_path, "trial,humidity,yield\n1,44,50\n")
        seen = session.state.trial(1).observation
        assert seen is not None
        assert seen.configuration["humidity"] == 44.0
        assert "humidity (rh_percent)" not in [c.header for c in make_columns(session.state.spec)]


def test_a_note_that_is_the_reason_of_a_failure_is_kept_once(tmp_path: Path) -> None:
    table = "trial,status,note\n1,failed by process,it gelled\n"
    with begun_day(tmp_path) as session:
        tell(session, tmp_path, table)
        assert session.state.trial(1).reason == "it gelled"
        assert session.state.notes == []
        assert not tell(session, tmp_path, table).is_entered
        later = tell(session, tmp_path, table.replace("it gelled", "at noon"))
        assert later.rows[0].says == "Trial 1: nothing new but the note."
        assert [note.text for note in session.state.notes] == ["at noon"]


def test_settings_may_stand_in_another_unit(tmp_path: Path) -> None:
    with begun_day(tmp_path) as session:
        hand_out(session, settings(117.0))
        answer = tell(session, tmp_path, "trial,temperature (K),yield\n8,390.15,50\n")
        assert answer.rows[0].effect is Effect.ENTERED


def test_rows_of_ones_own_fit_below_those_of_a_workbook(tmp_path: Path) -> None:
    """Below the last row nothing is locked, and the lists are offered there too."""
    import openpyxl

    with begun_day(tmp_path) as session:
        spec = session.state.spec
        path = tmp_path / "next.xlsx"
        rows = make_rows(spec, [session.state.trial(1)])
        write_sheet(rows, path, columns=make_columns(spec))
        book = openpyxl.load_workbook(path)
        table = book.worksheets[0]
        heads = [cell.value for cell in table[1]]
        assert table.cell(2, 1).protection.locked  # what was asked stays as it is
        assert all(
            not table.column_dimensions[letter].protection.locked for letter in ("A", "B", "C")
        )
        lists = table.data_validations.dataValidation
        assert all(area.max_row > 10 for rule in lists for area in rule.sqref.ranges)
        own = {"temperature (degC)": 147, "catalyst": "1-2", "status": "done", "yield (percent)": 9}
        for head, value in own.items():
            table.cell(3, heads.index(head) + 1).value = value
        book.save(path)
        answer = tell_table(session, read_sheet(path), folder=tmp_path)
        assert [row.effect for row in answer.rows] == [Effect.OPEN, Effect.ENTERED]
        assert "humidity was not given" in answer.rows[1].says


CELLS = st.one_of(
    st.sampled_from(("", "1", "2", "5", "7", "8", "99", "50", "-3", "50,5", "1,234", "1e400")),
    st.sampled_from(("done", "failed by machine", "ok", "lost", "n/a", "<LOD", "<0,5", "nan")),
    st.sampled_from(("cubic", "Cubic", "P1-L1", "1-2", "2026-02-01", "#REF!", "=1+1", "2±1")),
    st.sampled_from(("50 %", "393.15 K", "120", "130", "44")),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8),
)
GOOD_HEADS = (
    "trial|status|yield (percent)|phase|size (um)|note|temperature|catalyst|humidity|yield sd"
)
ODD_HEADS = "temperature achieved|temperature (K)|deviation|yeild|colour|size (g)|trial"


@given(
    good=st.sets(st.sampled_from(GOOD_HEADS.split("|")), min_size=2),
    odd=st.lists(st.sampled_from(ODD_HEADS.split("|")), max_size=1),
    data=st.data(),
)
@settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_a_table_every_row_is_answered_or_the_table_refused(
    good: set[str], odd: list[str], data: st.DataObject, tmp_path: Path
) -> None:
    """No table makes a traceback; one with a refused row enters nothing, another one once."""
    heads = [*sorted(good), *odd]
    cells = st.lists(CELLS, min_size=len(heads), max_size=len(heads))
    rows = data.draw(st.lists(cells, min_size=1, max_size=3))
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([heads, *rows])
    with begun_day(tmp_path) as session:
        before = session.refresh().sequence
        try:
            answer = tell_table(session, read_sheet(path), folder=tmp_path)
        except TableError:
            assert session.refresh().sequence == before
            return
        assert len(answer.rows) == len(read_sheet(path).rows)
        assert all(row.says.endswith((".", "?", ")")) for row in answer.rows)
        if answer.count(Effect.REFUSED):
            assert session.refresh().sequence == before
        else:
            again = tell_table(session, read_sheet(path), folder=tmp_path)
            assert not again.is_entered
