"""Further outcomes in the tables of trials, on the page and in the terminal."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from planner.campaign import parse_campaign, read_space
from planner.ledger.entries import ObservationImported, OutcomesObserved
from planner.report import gather, make_page, render
from planner.report.columns import columns_of
from planner.trials import Measured, TrialState
from tests.report.campaigns import Diary

TEXT = """
schema: 1
campaign: growth
parameters: {temperature: {low: 600, high: 900, unit: degC}}
outcomes:
  yield: {unit: mg}
  length: {unit: um}
  colour: {kind: class, classes: [black, grey]}
objectives: [{aim: maximise, outcome: yield}]
sources: {bench: {kind: person}}
budget: {trials: 20}
"""


def told(text: str = TEXT, **outcomes: float | str) -> Diary:
    """A trial of which these outcomes were told, after one of which the yield alone was."""
    diary = Diary(parse_campaign(text, path="growth.yaml"))
    settings = {name: each.low for name, each in diary.spec.parameters.items()}
    for number, values in enumerate(({"yield": 10.0}, {"yield": 12.5, **outcomes}), start=1):
        diary.propose(number, settings)
        diary.start(number)
        diary.write(
            OutcomesObserved(
                trial=number,
                outcomes={name: Measured(value=value) for name, value in values.items()},
                source="bench",
                key=f"growth/{number}/1",
            )
        )
        diary.move(number, TrialState.COMPLETED, "")
    return diary


def page_of(diary: Diary) -> str:
    return make_page(gather(diary.state, read_space(diary.spec, folder=Path()), folder=Path()))


def printed(diary: Diary) -> str:
    file = io.StringIO()
    facts = gather(diary.state, read_space(diary.spec, folder=Path()), folder=Path())
    Console(file=file, width=80, highlight=False).print(render(facts))
    return file.getvalue()


def cells_of(page: str, label: str) -> list[str]:
    parts = page.split(f'data-label="{label}">')[1:]
    return [part.partition("</td>")[0] for part in parts]


def test_each_number_that_is_measured_has_a_column_with_its_unit_on_the_page() -> None:
    page = page_of(told(length=240.0, colour="grey"))
    assert 'length <span class="unit">(um)</span></th>' in page
    assert cells_of(page, "length (um)") == ["to come", "240"]
    assert "Also measured: colour grey." in page  # a class has none
    assert "length 240" not in page


def test_each_number_that_is_measured_has_a_column_with_its_unit_in_the_terminal() -> None:
    text = printed(told(length=240.0, colour="grey"))
    head = next(line for line in text.splitlines() if line.startswith("trial"))
    row = next(line for line in text.splitlines() if "12.5" in line and "600" in line)
    assert head.endswith("yield (mg)  length (um)")
    assert row.endswith("240")
    assert row.index("240") == head.index("length")
    assert "Also measured" not in text


def test_what_has_no_room_on_a_line_of_the_terminal_stands_below_it() -> None:
    name = "mean_length_of_the_tubes_by_scanning_electron_microscopy"
    text = printed(told(TEXT.replace("length", name), **{name: 240.0}))
    assert max(map(len, text.splitlines())) <= 80
    assert f"Also measured: {name} 240 um." in " ".join(text.split())


def test_where_all_cannot_stand_beside_each_other_the_settings_give_way() -> None:
    rows = ", ".join(f"p{n}: {{low: 0, high: 1}}" for n in range(4))
    spec = parse_campaign(
        TEXT.replace("{temperature: {low: 600, high: 900, unit: degC}}", f"{{{rows}}}"), path="x"
    )
    assert columns_of(spec).has_settings
    more = TEXT.replace("  length:", "  width: {unit: nm}\n  length:")
    crowded = more.replace("{temperature: {low: 600, high: 900, unit: degC}}", f"{{{rows}}}")
    columns = columns_of(parse_campaign(crowded, path="x"))
    assert not columns.has_settings
    assert columns.names == {"width", "length"}
    page = page_of(told(crowded, length=240.0, width=8.0))
    assert '<span class="conditions">p0 0, p1 0' in page
    assert cells_of(page, "width (nm)")[-1] == "8"


def test_measurements_from_before_have_the_same_columns() -> None:
    diary = told(length=240.0)
    for outcomes in ({"yield": 9.0, "length": 80.0}, {"yield": 8.0}):
        diary.write(
            ObservationImported(
                configuration={"temperature": 700.0},
                outcomes={name: Measured(value=value) for name, value in outcomes.items()},
                source="old notebook",
            )
        )
    page = page_of(diary)
    before = page.partition("<h2>Measurements from before the campaign</h2>")[2]
    assert cells_of(before, "length (um)") == ["80", "\u2013"]


def test_a_corrected_result_has_a_small_mark_and_the_words_with_its_history() -> None:
    diary = told(length=240.0)
    diary.write(
        OutcomesObserved(
            trial=2,
            outcomes={"yield": Measured(value=12.4)},
            source="bench",
            key="growth/2/1",
            version=2,
            reason="unit slip",
        )
    )
    page = page_of(diary)
    cell = cells_of(page, "yield (mg)")[-1]
    assert cell.startswith('12.4<sup class="version" title="corrected, version 2">v2</sup>')
    assert "(unit slip), version 2: yield 12.4 mg." in " ".join(page.split()).replace("\xa0", " ")
    assert "12.4 v2" in printed(diary)
