"""A table that a campaign rests on is told apart by its content, not by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import Refused
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.opening import agree

LISTED = """
campaign: listed
parameters: {temperature: {low: 20, high: 95}}
candidates: {table: {path: rows.csv, columns: {temperature: T}}}
outcomes: {size: {}}
objectives: [{aim: maximise, outcome: size}]
sources: {bench: {kind: person}}
budget: {trials: 5}
"""
JUDGED = """
campaign: judged
parameters: {temperature: {low: 20, high: 95}}
outcomes:
  spectrum: {kind: curve, unit: OD, x_unit: nm}
  misfit:
    unit: OD
    reduce: spectrum
    by: {name: distance, target: {path: target.csv, columns: {x: nm, y: od}}}
objectives: [{aim: minimise, outcome: misfit}]
sources: {bench: {kind: person}}
budget: {trials: 5}
"""


def begin(folder: Path, text: str) -> Place:
    (folder / "x.yaml").write_text(text)
    (folder / "rows.csv").write_text("T\n30\n40\n")
    (folder / "target.csv").write_text("nm,od\n400,0.1\n500,0.7\n600,0.2\n")
    place = Place(file=folder / "x.yaml")
    with at_work(place, with_lab=False):
        return place


def test_candidates_may_be_added_and_it_is_entered(tmp_path: Path) -> None:
    place = begin(tmp_path, LISTED)
    (tmp_path / "rows.csv").write_text("T\n30\n40\n50\n")
    with pytest.raises(Refused, match=r"tables\.rows\.csv: holds something else"):
        at_work(place, with_lab=False).__enter__()
    with at_work(place, with_lab=False, may_amend=agree) as session:
        assert session.state.tables.keys() == {"rows.csv"}
    with at_work(place, with_lab=False) as session:  # now it is as entered
        assert len(session.space.rows or ()) == 3


def test_a_target_may_not_change_as_results_were_judged_by_it(tmp_path: Path) -> None:
    place = begin(tmp_path, JUDGED)
    (tmp_path / "target.csv").write_text("nm,od\n400,0.1\n500,0.8\n600,0.2\n")
    with pytest.raises(Refused, match="results were judged by what it held"):
        at_work(place, with_lab=False, may_amend=agree).__enter__()


def test_a_table_written_anew_with_the_same_content_is_the_same(tmp_path: Path) -> None:
    place = begin(tmp_path, JUDGED)
    (tmp_path / "target.csv").write_text((tmp_path / "target.csv").read_text())
    with at_work(place, with_lab=False) as session:
        assert session.state.tables.keys() == {"target.csv"}
