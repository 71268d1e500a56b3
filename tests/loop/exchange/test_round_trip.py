"""What is exported comes back: values, units, deviations, sources, times, files, exclusions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner.campaign import read_space
from planner.ledger.artifacts import ArtifactStore
from planner.ledger.entries import ImportExcluded, ObservationImported
from planner.ledger.replay import CampaignState
from planner.loop.exchange import export, read_file
from planner.loop.exchange.importing import check_rows
from planner.loop.exchange.sources import read_campaign_rows
from planner.loop.results.check import compute
from planner.loop.results.intake import Intake
from tests.loop.every_kind import measurements, spec, words
from tests.report.campaigns import Diary

SPEC = spec()
SPACE = read_space(SPEC, folder=Path())


def whole(record: ObservationImported, intake: Intake) -> ObservationImported:
    """The record with the numbers that are computed from its curves, as the loop writes it."""
    problems: list[str] = []
    computed = compute(record.outcomes, SPEC, intake, problems)
    assert not problems
    return ObservationImported(
        configuration=record.configuration,
        outcomes={**record.outcomes, **computed},
        source=record.source,
        measured_at=record.measured_at,
        origin="elsewhere",
    )


def remember(records: list[ObservationImported], excluded: dict[int, str]) -> CampaignState:
    diary = Diary(SPEC)
    diary.write(*records)
    diary.write(*(ImportExcluded(number=n, reason=why) for n, why in excluded.items()))
    return diary.state


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


@pytest.mark.parametrize("form", ["csv", "xlsx", "json", "parquet", "campaign"])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_exported_is_imported_as_it_was(tmp_path: Path, form: str, data: st.DataObject):
    """Exact to the last bit: nothing here is rounded, so there is no tolerance."""
    here, there = fresh(tmp_path / "here"), fresh(tmp_path / "there")
    first = Intake(artifacts=ArtifactStore(here / "artifacts"))
    second = Intake(artifacts=ArtifactStore(there / "artifacts"))
    drawn = data.draw(st.lists(measurements(first.artifacts), min_size=1, max_size=4))
    records = [whole(each, first) for each in drawn]
    numbers = st.integers(1, len(records))
    excluded = data.draw(st.dictionaries(numbers, words.filter(bool), max_size=2))
    state = remember(records, excluded)
    if form == "campaign":
        rows = read_campaign_rows(state, first.artifacts, SPEC).rows
    else:
        path = here / f"table.{form}"
        export(state, first.artifacts, path)
        rows = read_file(path, SPEC).rows
    read = check_rows(
        rows, spec=SPEC, space=SPACE, intake=second, source="nobody", origin="elsewhere"
    )
    assert read == records
    assert {n: row.excluded for n, row in enumerate(rows, 1) if row.excluded} == excluded
    for record in read:
        for measured in record.outcomes.values():
            sha256 = getattr(measured.value, "sha256", None)
            if sha256 is not None:
                assert second.artifacts.get_bytes(sha256) == first.artifacts.get_bytes(sha256)
