"""The report in a terminal, in a file and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from planner.ledger.entries import IntervalsCorrected, Noted
from planner.report import gather, render, report_json
from planner.trials import TrialState
from tests.report.campaigns import Diary, at, make_spec, measured


def printed(diary, *, path=None, history=(), **console):
    facts = gather(diary.state, diary.space, folder=Path(), history=history)
    file = io.StringIO()
    Console(file=file, width=80, highlight=False, **console).print(render(facts, path=path))
    return file.getvalue()


def test_without_a_terminal_it_is_plain_text_of_80_columns():
    text = printed(
        measured(make_spec(), [10.0, 20.0, 80.0]), path=Path("furnace.planner/report.html")
    )
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "furnace.planner/report.html" in text


def test_on_a_terminal_no_color_is_respected(monkeypatch):
    diary = measured(make_spec(), [10.0, 20.0, 80.0])
    assert "\x1b[" in printed(diary, force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = printed(diary, force_terminal=True)
    assert "\x1b[3" not in coloured.replace("\x1b[39m", "")  # weight may stay, colours go


def test_few_trials_are_all_shown_and_those_under_way_with_their_reasons():
    diary = measured(make_spec(), [10.0, 20.0, 80.0])
    diary.propose(4, at(700.0), reason="A reason of its own.")
    diary.start(4)
    diary.move(4, TrialState.FAILED_BY_MACHINE, "the pump stalled")
    diary.propose(5, at(710.0), reason="What to do now.")
    diary.start(5)
    text = printed(diary)
    assert "What to do now." in text
    assert "A reason of its own." not in text  # that trial is over; the page has its reason
    assert "Failed by machine: the pump stalled." in text
    assert "80 best" in text
    assert "750 / 3 / Fe" in text


def test_of_many_trials_the_best_and_the_last_are_shown_and_the_page_is_named():
    values = [float(value) for value in range(1, 46)]
    text = printed(measured(make_spec(), values), path=Path("report.html"))
    lines = [line.split() for line in text.splitlines()]
    numbers = [line[0] for line in lines if len(line) > 4 and line[0].isdigit() and line[2] == "/"]
    # values rise with the number: the best 10 are 45 ... 36, the last 20 are 26 ... 45
    assert numbers == [str(n) for n in [*range(45, 35, -1), *range(26, 46)]]
    assert "All 45 trials are on the page report.html." in text


def test_what_the_planner_changed_in_itself_stands_apart_from_what_people_did():
    diary = measured(make_spec(), [10.0, 20.0, 80.0])
    correction = IntervalsCorrected(known=1.2, unknown=1.2, n_forecasts=2, reason="Wider.")
    diary.write(correction, author="ben")
    diary.write(Noted(text="new bottle"), author="ben")
    text = printed(diary, history=diary.entries)
    people, _, planner = text.partition("\n\nWhat the planner changed in itself\n")
    assert "ben: note: new bottle" in people
    assert "wider" not in people.partition("What was done to the campaign")[2]
    assert "UTC: wider\n" in planner
    assert "ben" not in planner


def test_json_states_the_same_and_can_be_read_back():
    diary = measured(make_spec(), [10.0, 20.0, 80.0])
    facts = gather(diary.state, diary.space, folder=Path())
    record = json.loads(json.dumps(report_json(facts), allow_nan=False))
    assert record["best"]["mean"] == facts.best.mean
    assert record["trials"][2]["prediction"]["low"] == 30.0
    assert record["trials"][2]["outcomes"]["yield"]["value"] == 80.0
    assert record["outcome"] == {"name": "yield", "unit": "percent"}
    assert record["counts"] == {"completed": 3}
    assert record["provenance"]["as_of"].endswith("+00:00")


def test_an_empty_campaign_can_be_printed():
    diary = Diary(make_spec())
    assert "nothing was measured" in printed(diary)
    facts = gather(diary.state, diary.space, folder=Path())
    assert json.loads(json.dumps(report_json(facts), allow_nan=False))["best"] is None
