"""A campaign with a spectrum and a picture: told in Python, exported, imported, backed up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import InputError
from planner.ledger.artifacts import ArtifactStore
from planner.loop.exchange import import_rows, read_file
from planner.loop.sessions.desk import Place, at_work
from tests.cli.conftest import Typed

DYE = """
schema: 1
campaign: NAME
parameters:
  temperature: {low: 60, high: 120, unit: degC}
outcomes:
  decay: {kind: curve, x_name: time, x_unit: s}
  half_life: {unit: min, bounds: [0, 100], reduce: decay, by: {name: own, function: half, unit: s}}
  photo: {kind: image}
objectives: [{aim: maximise, outcome: half_life}]
sources: {bench: {kind: person}}
budget: {trials: 9}
"""
TABLE = "temperature,decay,photo\n80,a.csv,vial.png\n100,b.csv,\n"


def half(x: np.ndarray, y: np.ndarray) -> float:
    return float(x[y <= y[0] / 2][0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("dye", "other"):
        (tmp_path / f"{name}.yaml").write_text(DYE.replace("NAME", name))
    (tmp_path / "old.csv").write_text(TABLE)
    (tmp_path / "a.csv").write_text("time (min),y\n0,1\n2,0.5\n4,0.2\n")
    n = 600  # too long for the ledger
    points = "".join(f"{i},{1 / (1 + i / 60)}\n" for i in range(n))
    (tmp_path / "b.csv").write_text(f"time (s),y\n{points}")
    (tmp_path / "vial.png").write_bytes(b"\x89PNG")
    place = Place(file=tmp_path / "dye.yaml", reductions={"half": half})
    with at_work(place, with_lab=False) as session:
        given = read_file(tmp_path / "old.csv", session.state.spec)
        import_rows(session, given.rows, source="archive", origin="old.csv")
    return tmp_path


def test_without_the_function_nothing_can_be_told_and_the_way_is_said(typed: Typed, folder: Path):
    ended = typed("import", "dye.yaml", "old.csv")
    assert ended.code == 2
    assert "planner.open(FILE, reductions={'half': your_function})" in ended.err
    assert typed("status", "dye.yaml").code == 0  # looking needs none


def test_a_function_handed_over_in_python_computes_what_is_decided_on(folder: Path):
    with planner.open(folder / "dye.yaml", reductions={"half": half}) as campaign:
        frame = campaign.to_frame()
        assert list(frame["half_life"]) == [2.0, 1.0]
        with pytest.raises(InputError, match="was not handed over"):
            planner.open(folder / "other.yaml")


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "json"])
def test_what_one_campaign_exports_another_imports(typed: Typed, folder: Path, form: str):
    out = folder / "out"
    out.mkdir()
    ended = typed("export", "dye.yaml", "--to", f"out/all.{form}")
    assert ended.out == f"Wrote 2 rows to out/all.{form}, and its files to out/all_files.\n"
    place = Place(file=folder / "other.yaml", reductions={"half": half})
    with at_work(place, with_lab=False) as session:
        given = read_file(out / f"all.{form}", session.state.spec)
        import_rows(session, given.rows, source="x", origin=f"all.{form}")
        imported = session.state.imported
        assert [each.outcomes["half_life"].value for each in imported] == [2.0, 1.0]
        assert {each.source for each in imported} == {"archive"}
        photo = imported[0].outcomes["photo"].value
        assert session.intake.artifacts.get_bytes(photo.sha256) == b"\x89PNG"
    assert typed("export", "other.yaml", "--to", f"out/all.{form}").code == 2
    replaced = typed("export", "other.yaml", "--to", f"out/all.{form}", "--replace")
    assert replaced.code == 0


def test_curves_have_no_place_in_the_terminal(typed: Typed, folder: Path):
    ended = typed("export", "dye.yaml")
    assert ended.code == 2
    assert "--to" in ended.err
    assert json.loads(typed("export", "dye.yaml", "--entries").out.splitlines()[0])["sequence"] == 1


def test_a_backup_holds_the_files_too(typed: Typed, folder: Path):
    ended = typed("backup", "dye.yaml", "monday.db")
    assert ended.out == "Copied the ledger to monday.db, and 2 files to monday_artifacts.\n"
    kept = ArtifactStore(folder / "dye.planner" / "artifacts")
    copied = ArtifactStore(folder / "monday_artifacts")
    assert list(copied.hashes()) == list(kept.hashes())
    assert all(copied.get_bytes(each) == kept.get_bytes(each) for each in kept.hashes())


def test_the_ledger_of_one_campaign_is_prior_data_of_another(typed: Typed, folder: Path):
    plain = DYE.replace("NAME", "plain").replace(", reduce: decay", "").split("objectives")[0]
    plain = plain.replace(", by: {name: own, function: half, unit: s}", "")
    plain += "objectives: [{aim: maximise, outcome: half_life}]\n"
    plain += "sources: {bench: {kind: person}}\nbudget: {trials: 9}\n"
    (folder / "plain.yaml").write_text(plain.replace("unit: min, bounds: [0, 100]", "unit: s"))
    ended = typed("import", "plain.yaml", "--from-campaign", "dye.yaml")
    assert ended.code == 0, ended.err
    rows = typed("export", "plain.yaml", "--to", "plain.json").out
    assert rows.startswith("Wrote 2 rows")
    written = json.loads((folder / "plain.json").read_text())["rows"]
    assert [row["outcomes"]["half_life"]["value"] for row in written] == [120.0, 60.0]
    again = typed("import", "plain.yaml", "dye.yaml")
    assert "2 rows are here already" in again.out
