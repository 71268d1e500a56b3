"""Where measurements come from: a table, JSON of another campaign, or its ledger itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from planner.campaign import AnyOutcome, CampaignSpec, FileOutcome, ImageOutcome
from planner.errors import InputError
from planner.labs import Attachment, Reported, Series
from planner.ledger.artifacts import ArtifactStore
from planner.ledger.replay import CampaignState
from planner.loop.exchange.files import read_reference
from planner.loop.exchange.reading import find_all, notes_on
from planner.loop.exchange.rows import MEASURED_AT, GivenRow, KnownRow, known_rows
from planner.loop.results.measuring import points_of
from planner.space import Value
from planner.tables import read_sheet
from planner.trials import Artifact, Measured, TrialState

_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The rows of a table of measurements.

    Args:
        rows: in their order.
        notes: what to know of how it was read, in sentences.
    """

    rows: tuple[GivenRow, ...]
    notes: tuple[str, ...] = ()


def read_file(
    path: Path,
    spec: CampaignSpec,
    *,
    sheet: str | None = None,
    decimal: Literal[".", ","] | None = None,
) -> Given:
    """Reads a table (CSV, Excel, Parquet), or what ``planner export`` wrote as JSON.

    Args:
        path: of the file; curves and files that it names lie where it says, from its folder.
        spec: whose parameters and outcomes its columns name.
        sheet: of a workbook; None for the first.
        decimal: mark of decimals, where it cannot be found.

    Raises:
        InputError: it cannot be read, or lacks a parameter; nothing else is looked at then.
    """
    if path.suffix.lower() == ".json":
        return _read_json(path, spec)
    table = read_sheet(path, sheet=sheet, decimal=decimal)
    columns = find_all(table.headers, spec, folder=path.parent)
    word = "line" if table.counted == "line" else "row"
    rows = tuple(columns.read(row.cells, place=f"{word} {row.number}") for row in table.rows)
    return Given(rows=rows, notes=(*table.notes, *notes_on(columns)))


def read_campaign_rows(other: CampaignState, artifacts: ArtifactStore, spec: CampaignSpec) -> Given:
    """Returns what another campaign has measured, as data from before this one.

    Args:
        other: the other campaign.
        artifacts: where its files lie.
        spec: of this one; what it does not know is left out and said.

    Raises:
        LedgerUnavailable: a file of the other campaign is missing or damaged.
    """
    told = [
        row
        for row in known_rows(other)
        if row.outcomes or row.facts["state"] == TrialState.FAILED_BY_PROCESS
    ]
    rows = tuple(_of_known(row, other.spec, artifacts, spec) for row in told)
    return Given(rows=rows, notes=_left_out(other.spec.scalars, other.spec.outcomes, spec))


def _left_out(
    parameters: Mapping[str, object], outcomes: Mapping[str, object], spec: CampaignSpec
) -> tuple[str, ...]:
    kinds = (("Parameters", parameters, spec.scalars), ("Outcomes", outcomes, spec.outcomes))
    return tuple(
        f"{what} that this campaign does not know were left out: {', '.join(unknown)}."
        for what, given, known in kinds
        if (unknown := [name for name in given if name not in known])
    )


def _of_known(
    row: KnownRow, theirs: CampaignSpec, artifacts: ArtifactStore, spec: CampaignSpec
) -> GivenRow:
    at, source = row.facts[MEASURED_AT], row.facts["source"]
    return GivenRow(
        place=row.name.replace("-", " "),
        settings={
            name: Reported(value=value, unit=theirs.units[name] or None)
            for name, value in (row.achieved or row.asked or {}).items()
            if name in spec.scalars
        },
        outcomes={
            name: _of_measured(each, theirs.outcomes[name], artifacts)
            for name, each in row.outcomes.items()
            if name in spec.outcomes
        },
        source=None if source is None else str(source),
        at=None if at is None else datetime.fromisoformat(str(at)),
        excluded=str(row.facts["excluded"] or ""),
        state=str(row.facts["state"]),
        remark=str(row.facts.get("remark") or ""),
    )


def _of_measured(measured: Measured, outcome: AnyOutcome, artifacts: ArtifactStore) -> Reported:
    value = measured.value
    if isinstance(value, str):
        return Reported(value=value)
    if isinstance(value, int | float):
        return Reported(value=float(value), unit=outcome.unit, sd=measured.sd)
    if isinstance(value, Artifact):
        content = artifacts.get_bytes(value.sha256)
        file = Attachment(name=value.name, content=content, media_type=value.media_type)
        return Reported(value=file)
    curve = points_of(value, artifacts)
    unit = outcome.unit if outcome.kind == "curve" else None
    x_unit = getattr(outcome, "x_unit", None)
    return Reported(value=Series(x=curve.x, y=curve.y), unit=unit, x_unit=x_unit)


def _read_json(path: Path, spec: CampaignSpec) -> Given:
    content = _load(path)
    parameters, outcomes = _part(content, "parameters"), _part(content, "outcomes")
    rows = content.get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path.name} has no list of rows: it is not what planner export wrote.")
    reader = _JsonRows(spec, parameters, outcomes, path.parent)
    given = tuple(reader.read(row, place=f"row {n}") for n, row in enumerate(rows, start=1))
    return Given(rows=given, notes=_left_out(parameters, outcomes, spec))


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is larger than {_MOST_BYTES // 2**20} MiB, the most read.")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check the path.") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is no JSON ({error}). Export it again.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path.name} is not what planner export wrote. Give it a table instead.")
    return content


def _part(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = content.get(key)
    if not isinstance(part, dict) or not all(isinstance(each, dict) for each in part.values()):
        raise InputError(f"The file has no {key!r} with their units. Export it again.")
    return part


@dataclass(frozen=True, slots=True)
class _JsonRows:
    spec: CampaignSpec
    parameters: Mapping[str, Any]
    outcomes: Mapping[str, Any]
    folder: Path

    def read(self, row: Mapping[str, Any], *, place: str) -> GivenRow:
        problems: list[str] = []
        settings = row.get("achieved") or row.get("asked") or {}
        measured = row.get("outcomes") or {}
        outcomes = {}
        for name, each in measured.items():
            try:
                if name in self.spec.outcomes:
                    outcomes[name] = self._value(name, each)
            except (InputError, TypeError, ValueError, KeyError) as error:
                problems.append(f"outcome {name!r}: {error}")
        return GivenRow(
            place=place,
            settings={
                name: Reported(value=_setting(value), unit=self._unit(self.parameters, name))
                for name, value in settings.items()
                if name in self.spec.scalars
            },
            outcomes=outcomes,
            source=row.get("source"),
            at=_moment(row.get(MEASURED_AT), problems),
            excluded=str(row.get("excluded") or ""),
            state=str(row.get("state") or ""),
            remark=str(row.get("remark") or ""),
            problems=tuple(problems),
        )

    def _value(self, name: str, each: Mapping[str, Any]) -> Reported:
        outcome, unit = self.spec.outcomes[name], self._unit(self.outcomes, name)
        if "file" in each:
            return self._file(each, outcome)
        if "x" in each:
            x, y = (tuple(map(float, each[axis])) for axis in "xy")
            x_unit = self.outcomes.get(name, {}).get("x_unit")
            y_unit = unit if self.outcomes.get(name, {}).get("kind") == "curve" else None
            return Reported(value=Series(x=x, y=y), unit=y_unit, x_unit=x_unit)
        value = each["value"]
        if isinstance(value, str):
            return Reported(value=value)
        return Reported(value=float(value), unit=unit, sd=each.get("sd"))

    def _file(self, each: Mapping[str, Any], outcome: AnyOutcome) -> Reported:
        if not isinstance(outcome, FileOutcome | ImageOutcome):
            raise InputError(f"is of kind {outcome.kind} here, and the row has a file")
        return read_reference(
            str(each["file"]),
            outcome,
            folder=self.folder,
            sha256=each.get("sha256"),
            media_type=each.get("media_type"),
        )

    def _unit(self, parts: Mapping[str, Any], name: str) -> str | None:
        unit = parts.get(name, {}).get("unit")
        return str(unit) if unit not in (None, "", "1") else None


def _setting(value: Any) -> Value:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return str(value)  # the check says that it is none


def _moment(text: object, problems: list[str]) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        problems.append(f"{MEASURED_AT} is {text!r}, no date with a time")
        return None
