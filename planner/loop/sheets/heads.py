"""The heads of a filled-in table: which column holds what, in which unit."""

from __future__ import annotations

from collections.abc import Iterator

from planner import units
from planner.campaign import CampaignSpec, NumberOutcome
from planner.errors import InputError, TableError
from planner.loop.sheets.form import Names, names_of, told_outcomes
from planner.tables import Cell, Empty, Header, Role, Row, Sheet, find_columns, read_header


class Heads:
    """Which column of a sheet holds what.

    Args:
        sheet: as it was read.
        spec: names and units.

    Raises:
        TableError: a head resembles a known name, has a unit of another dimension, stands twice,
            or the table tells nothing.
    """

    def __init__(self, sheet: Sheet, spec: CampaignSpec) -> None:
        self.names: Names = names_of(spec)
        self._spec = spec
        self._known = (*self.names.all, *spec.scalars, *spec.outcomes)
        found = find_columns(sheet.headers, self._known)
        self._columns = found.columns
        self._headers = {
            key: read_header(
                sheet.headers[index].raw,
                position=sheet.headers[index].position,
                known=self._known,
            )
            for key, index in found.columns.items()
        }
        self.unknown = found.unknown
        if found.resembling:
            raise TableError(f"{sheet.title}: {' '.join(found.hints)} Nothing was entered.")
        problems = [each for key in self._columns for each in self._problems(*key)]
        if problems:
            raise TableError(f"{sheet.title}: {'; '.join(problems)}. Nothing was entered.")
        self._check_tells(sheet)

    def cell(self, row: Row, name: str, role: Role = Role.VALUE) -> Cell:
        """Returns what stands in a row; empty where there is no such column."""
        index = self._columns.get((name, role))
        return row.cells[index] if index is not None else Empty()

    def unit(self, name: str, role: Role = Role.VALUE) -> str | None:
        """Returns the unit in the head; None where there is none."""
        header = self._headers.get((name, role))
        return header.unit if header is not None else None

    def _check_tells(self, sheet: Sheet) -> None:
        tells = {self.names.status, *told_outcomes(self._spec)}
        if any(name in tells for name, _ in self._columns):
            return
        columns = ", ".join(header.raw.strip() for header in sheet.headers)
        raise TableError(
            f"{sheet.title} has neither a column {self.names.status!r} nor one of an outcome "
            f"({', '.join(told_outcomes(self._spec))}), so it tells nothing. Its columns are "
            f"{columns}."
        )

    def _problems(self, name: str, role: Role) -> Iterator[str]:
        spec, raw = self._spec, repr(self._headers[name, role].raw.strip())
        outcome = spec.outcomes.get(name)
        if role is Role.ACHIEVED and name not in spec.scalars:
            yield f"column {raw}: only a parameter can be achieved; head it otherwise"
        elif role is Role.SD and not isinstance(outcome, NumberOutcome):
            yield f"column {raw}: only a measured number has a deviation; head it otherwise"
        elif isinstance(outcome, NumberOutcome) and outcome.reduce is not None:
            yield (
                f"column {raw}: {name} is computed from {outcome.reduce}; tell {outcome.reduce}, "
                f"and take this column away"
            )
        else:
            yield from self._unit_problems(self._headers[name, role], role)

    def _unit_problems(self, header: Header, role: Role) -> Iterator[str]:
        if header.unit is None:
            return
        raw = repr(header.raw.strip())
        part = self._spec.scalars.get(header.name) or self._spec.outcomes.get(header.name)
        if part is None:
            yield f"column {raw}: it has no unit; take {header.unit!r} away"
            return
        convert = units.convert_difference if role is Role.SD else units.convert
        try:
            convert(1.0, given=header.unit, wanted=part.unit)
        except InputError as error:
            yield f"column {raw}: {str(error).rstrip('.')}; mend the head of the column"
