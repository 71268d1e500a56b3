"""Reading a filled-in table: what each row says, and what about it cannot be understood.

Nothing is guessed. An empty cell is not told; what is below detection is no number and is asked
back; a cell that can be read in two ways says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from planner.campaign import CampaignSpec
from planner.errors import InputError
from planner.labs import Reported
from planner.loop.sheets.cells import is_lost, plain, read_outcome_cell, read_setting_cell
from planner.loop.sheets.form import BY_MACHINE, BY_PROCESS, DONE, STATUSES, told_outcomes
from planner.loop.sheets.heads import Heads
from planner.tables import Counted, Empty, Number, Role, Row, Sheet

_FAILED = {BY_MACHINE: "machine", BY_PROCESS: "process"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What one row says.

    Args:
        number: of the row, as a person sees it.
        place: the same in words, such as ``line 3``.
        trial: its number; None for a trial of the person's own.
        settings: what stands in the columns of what was to be set.
        achieved: what was really set.
        is_done: whether the status says done.
        failed: ``machine`` or ``process`` where the status says so.
        outcomes: by name.
        lost: outcomes that are given up.
        deviation: from what was planned, in words.
        note: a remark.
        problems: what cannot be understood; with any of them nothing of the row is entered.
    """

    number: int
    place: str
    trial: int | None = None
    settings: Mapping[str, Reported] = field(default_factory=dict)
    achieved: Mapping[str, Reported] = field(default_factory=dict)
    is_done: bool = False
    failed: str | None = None
    outcomes: Mapping[str, Reported] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    deviation: str = ""
    note: str = ""
    problems: tuple[str, ...] = ()

    @property
    def says_end(self) -> bool:
        """Whether it tells what became of the trial."""
        return bool(self.is_done or self.failed or self.outcomes or self.lost)

    @property
    def says_something(self) -> bool:
        """Whether anything was filled in besides the settings."""
        return bool(self.says_end or self.achieved or self.deviation or self.note)


@dataclass(frozen=True, slots=True)
class FilledTable:
    """What a table says.

    Args:
        title: of the table.
        rows: in the order of the file.
        notes: on how it was read, and what was left out.
    """

    title: str
    rows: tuple[Filled, ...]
    notes: tuple[str, ...]


def read_filled(sheet: Sheet, spec: CampaignSpec, *, folder: Path) -> FilledTable:
    """Reads what the rows say.

    Args:
        sheet: as it was read.
        spec: names and units.
        folder: where files lie that rows name.

    Raises:
        TableError: the columns cannot be understood; nothing of the table can.
    """
    heads = Heads(sheet, spec)
    reader = _Reader(sheet, spec, heads, folder)
    rows = tuple(reader.read(row) for row in sheet.rows)
    unknown = [head.strip() for head in heads.unknown if head.strip()]
    notes = list(sheet.notes)
    if unknown:
        notes.append(f"Columns that are not known were left out: {', '.join(unknown)}.")
    return FilledTable(sheet.title, rows, tuple(notes))


@dataclass(frozen=True, slots=True)
class _Reader:
    sheet: Sheet
    spec: CampaignSpec
    heads: Heads
    folder: Path

    def read(self, row: Row) -> Filled:
        """Reads one row; what cannot be understood is among its problems."""
        problems: list[str] = []
        names = self.heads.names
        outcomes, lost = self._outcomes(row, problems)
        status = self._status(row, problems)
        if status in _FAILED and (outcomes or lost):
            problems.append(
                f"the status is {status!r} and there is an outcome too. If it brought a result, "
                f"the status is {DONE!r}; if not, clear the outcome"
            )
        return Filled(
            number=row.number,
            place=f"{'line' if self.sheet.counted is Counted.LINE else 'row'} {row.number}",
            trial=self._trial(row, problems),
            settings=self._settings(row, Role.VALUE, problems),
            achieved=self._settings(row, Role.ACHIEVED, problems),
            is_done=status == DONE,
            failed=_FAILED.get(status),
            outcomes=outcomes,
            lost=tuple(lost),
            deviation=plain(self.heads.cell(row, names.deviation)),
            note=plain(self.heads.cell(row, names.note)),
            problems=tuple(problems),
        )

    def _trial(self, row: Row, problems: list[str]) -> int | None:
        name = self.heads.names.trial
        cell = self.heads.cell(row, name)
        if isinstance(cell, Empty):
            return None
        if isinstance(cell, Number) and cell.unit is None and cell.value == int(cell.value) > 0:
            return int(cell.value)
        problems.append(
            f"{name!r} is {cell.raw.strip()!r}, not the number of a trial. Leave it "
            f"empty for a trial of your own"
        )
        return None

    def _status(self, row: Row, problems: list[str]) -> str:
        name = self.heads.names.status
        text = plain(self.heads.cell(row, name))
        status = " ".join(text.split()).lower()
        if status and status not in STATUSES:
            problems.append(f"{name!r} is {text!r}, not one of {', '.join(STATUSES)}")
        return status

    def _settings(self, row: Row, role: Role, problems: list[str]) -> dict[str, Reported]:
        found = {}
        for name, parameter in self.spec.scalars.items():
            try:
                reported = read_setting_cell(self.heads, row, parameter, role)
            except InputError as error:
                problems.append(_problem(error))
                continue
            if reported is not None:
                found[name] = reported
        return found

    def _outcomes(self, row: Row, problems: list[str]) -> tuple[dict[str, Reported], list[str]]:
        outcomes: dict[str, Reported] = {}
        lost: list[str] = []
        for name, outcome in told_outcomes(self.spec).items():
            if is_lost(self.heads.cell(row, name), outcome):
                lost.append(name)
                continue
            try:
                reported = read_outcome_cell(self.heads, row, outcome, folder=self.folder)
            except InputError as error:
                problems.append(_problem(error))
                continue
            if reported is not None:
                outcomes[name] = reported
        return outcomes, lost


def _problem(error: InputError) -> str:
    return str(error).rstrip(".")
