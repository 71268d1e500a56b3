"""A day at the bench by the command line: ask, fill in, tell, propose, veto; and two at once."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import openpyxl
import pytest

from tests.cli.conftest import Typed
from tests.cli.desks import Desk
from tests.loop.bench_days import BENCH, bench_day, hand_out, settings

BY_PERSON = BENCH.replace("robot: {kind: adapter, adapter: none}", "robot: {kind: person}")
FILE = "bench.yaml"


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_text(BY_PERSON)
    return tmp_path


def test_a_workbook_goes_to_the_bench_and_comes_back(bench: Path, typed: Typed) -> None:
    said = typed("ask", FILE, "-n", "3", "--xlsx", "next.xlsx", "--sheet", "run.html").out
    assert "Wrote next.xlsx." in said
    book = openpyxl.load_workbook(bench / "next.xlsx")
    table = book.worksheets[0]
    heads = [cell.value for cell in table[1]]
    fill = {"status": "done", "yield (percent)": 41.5, "phase": "cubic", "note": "fine"}
    for head, value in fill.items():
        table.cell(2, heads.index(head) + 1).value = value
    table.cell(3, heads.index("status") + 1).value = "failed by machine"
    book.save(bench / "next.xlsx")
    refused = typed("tell", FILE, "next.xlsx")
    assert refused.code == 2
    assert "row 3: REFUSED. Trial 2: a failure needs a reason" in refused.out
    assert "Nothing was entered: 1 row was refused." in refused.out
    partial = typed("tell", FILE, "next.xlsx", "--partial", "--json")
    assert partial.code == 2
    assert [row["effect"] for row in partial.facts["rows"]] == ["entered", "refused", "open"]
    table.cell(3, heads.index("note") + 1).value = "power cut"
    book.save(bench / "next.xlsx")
    told = typed("tell", FILE, "next.xlsx")
    assert told.code == 0
    assert told.out.splitlines()[-1] == "Entered 1 row; 1 told before, 1 not filled in."
    assert typed("tell", FILE, "next.xlsx").out.splitlines()[-1].startswith("Nothing new was told")
    again = typed("ask", FILE, "--again", "--csv", "mine.csv").out
    assert "Trial 1:" in again  # its size is still to come
    assert "Trial 2:" not in again


def test_a_file_that_is_there_is_never_written_over(bench: Path, typed: Typed) -> None:
    (bench / "next.csv").write_text("filled in by hand")
    for option in ("--csv", "--xlsx", "--sheet"):
        ended = typed("ask", FILE, option, "next.csv")
        assert (ended.code, "was left as it is" in ended.err) == (2, True)
    assert (bench / "next.csv").read_text() == "filled in by hand"
    assert typed("ask", FILE, "--again").code == 2  # nothing was handed out: it has not begun


def test_where_a_table_cannot_be_written_the_trials_are_not_lost(
    bench: Path, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when the table is written: the trials are in the ledger by then."""

    def no_space(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("planner.tables.writing._replace", no_space)
        ended = typed("ask", FILE, "--csv", "next.csv")
    assert ended.code == 2
    assert f"planner ask {FILE} --again" in " ".join(ended.err.split())
    assert not (bench / "next.csv").exists()
    assert "Trial 1:" in typed("ask", FILE, "--again", "--csv", "next.csv").out
    assert (bench / "next.csv").exists()


def test_wishes_are_typed_with_units(bench: Path, typed: Typed) -> None:
    wishes = ("--lock", "temperature=393.15K", "--avoid", "catalyst=P1-L1,temperature=120")
    asked = typed("ask", FILE, "-n", "2", *wishes, "--context", "humidity=33", "--json").facts
    for each in asked:
        assert each["configuration"]["temperature"] == 120.0
        assert each["configuration"]["catalyst"] != "P1-L1"
        assert each["configuration"]["humidity"] == 33.0
    refused = typed("ask", FILE, "--lock", "temperature=300")
    assert refused.code == 2
    assert "300" in refused.err


def test_decimal_commas_on_wish(bench: Path, typed: Typed) -> None:
    typed("ask", FILE, "--context", "humidity=33", "--csv", "next.csv", "--decimal-comma")
    text = (bench / "next.csv").read_text(encoding="utf-8-sig")
    assert ";status;" in text
    (bench / "told.csv").write_text("trial;yield\n1;41,5\n")
    assert "yield=41.5" in typed("tell", FILE, "told.csv").out


def test_a_proposal_is_said_with_what_to_expect(bench: Path, typed: Typed) -> None:
    said = typed("propose", FILE, "temperature=120", "catalyst=1-2", "--reason", "a hunch").out
    assert said.startswith("Trial 1 is entered: temperature 120 degC, catalyst 1-2, humidity 50")
    assert f"tell yield, phase: planner tell {FILE} 1 yield=VALUE phase=VALUE." in said
    facts = typed("propose", FILE, "temperature=120", "catalyst=1-2", "--json").facts
    assert facts["repeats"] == [1]
    missing = typed("propose", FILE, "temperature=120")
    assert (missing.code, "catalyst" in missing.err) == (2, True)


def test_corrections_losses_vetoes_and_notes_are_typed(bench: Path, typed: Typed) -> None:
    typed("ask", FILE, "-n", "2")
    typed("tell", FILE, "1", "yield=38", "phase=cubic")
    refused = typed("tell", FILE, "1", "yield=83")
    assert refused.code == 4
    flat = " ".join(refused.err.split())
    assert f"planner tell {FILE} 1 yield=83 --correct --reason WHY" in flat
    assert typed("tell", FILE, "1", "yield=83", "--correct").code == 2
    assert "corrected" in typed("tell", FILE, "1", "yield=83", "--correct", "--reason", "typo").out
    assert "given up" in typed("tell", FILE, "1", "size=lost", "--reason", "the grid broke").out
    assert "rejected" in typed("veto", FILE, "2", "--reason", "no").out
    assert typed("veto", FILE, "2", "--reason", "").code == 2
    assert "left out" in typed("exclude", FILE, "1", "--reason", "dirty").out
    assert "taken in" in typed("exclude", FILE, "1", "--undo", "--reason", "clean").out
    assert typed("note", FILE, "new bottle", "--json").facts == {
        "trial": None,
        "text": "new bottle",
    }
    assert typed("tell", FILE, "1", "--partial").code == 2
    assert typed("tell", FILE, "none.csv").code == 2
    table = "trial,yield\n1,84\n"
    (bench / "more.csv").write_text(table)
    assert typed("tell", FILE, "more.csv").code == 4
    corrected = typed("tell", FILE, "more.csv", "--correct", "--reason", "the balance was off")
    assert "corrected: yield=84 percent (it was yield=83 percent)" in corrected.out


def tell_at_once(desk: Desk, *, n: int, own_row: str = "") -> list[list[str]]:
    """As many processes tell three trials that are in hand, each in a table of its own."""
    (desk.folder / FILE).write_text(BY_PERSON)
    ledger_folder = desk.folder / "bench.planner"
    ledger_folder.mkdir()
    with bench_day(ledger_folder, text=BY_PERSON) as session:
        for degrees in (110.0, 120.0, 130.0):
            hand_out(session, settings(degrees))
    shared = "trial,temperature,catalyst,humidity,yield\n1,,,,41\n2,,,,42\n3,,,,43\n"
    tellers = []
    for person in range(1, n + 1):
        table = f"person{person}.csv"
        (desk.folder / table).write_text(shared + own_row.replace("PERSON", str(person)))
        tellers.append(desk.start("tell", FILE, table, "--json"))
    ended = [teller.communicate(timeout=120) for teller in tellers]
    assert [teller.returncode for teller in tellers] == [0] * n, ended
    return sorted([row["effect"] for row in json.loads(out)["rows"]] for out, _ in ended)


def results(desk: Desk) -> list[tuple[int, int]]:
    """Returns trial and version of every part of a result."""
    records = [entry["record"] for entry in desk.records("bench")]
    observed = [r for r in records if r["kind"] == "outcomes observed"]
    return sorted((each["trial"], each["version"]) for each in observed)


def test_two_people_tell_the_same_at_once(desk: Desk) -> None:
    """It is entered once, and the other one is told so."""
    assert tell_at_once(desk, n=2) == [["entered"] * 3, ["unchanged"] * 3]
    assert results(desk) == [(1, 1), (2, 1), (3, 1)]


@pytest.mark.slow
def test_three_people_tell_trials_of_their_own_at_once(desk: Desk) -> None:
    """Each gets a number of its own; nothing is lost and nothing twice."""
    effects = tell_at_once(desk, n=3, own_row=",14PERSON,1-2,50,6PERSON\n")
    assert effects == [["entered"] * 4, *[["unchanged"] * 3 + ["entered"]] * 2]
    assert results(desk) == [(trial, 1) for trial in (1, 2, 3, 4, 5, 6)]
