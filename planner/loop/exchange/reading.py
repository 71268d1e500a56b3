"""From the cells of a row to what was measured: names, units, deviations, files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TypeVar

from planner import units
from planner.campaign import (
    AnyOutcome,
    CampaignSpec,
    ClassOutcome,
    NumberOutcome,
)
from planner.errors import InputError, UnitError
from planner.labs import Reported, Series
from planner.loop.exchange.files import read_reference
from planner.loop.exchange.rows import (
    MEASURED_AT,
    PLAIN,
    PREDICTED,
    GivenRow,
    header_of,
    names_of,
)
from planner.space import AnyParameter, Categorical, Contextual, Fixed, Ordinal
from planner.tables import (
    BelowDetection,
    Cell,
    Date,
    Empty,
    Found,
    Header,
    NotAvailable,
    Number,
    Role,
    Text,
    Unreadable,
    find_columns,
)
from planner.trials import Artifact, Curve

_TIMES = (MEASURED_AT, "date")
_OF_FILES = ("sha256", "media type")

T = TypeVar("T")

# Of a data frame a cell may hold the curve or file itself.
AnyCell = Cell | Curve | Artifact


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what.

    Args:
        found: index by name and role.
        headers: of the table.
        spec: whose names they are.
        folder: of the table, where its files are named from.
    """

    found: Found
    headers: Sequence[Header]
    spec: CampaignSpec
    folder: Path

    def read(self, cells: Sequence[AnyCell], *, place: str) -> GivenRow:
        """Reads one row; what cannot be read becomes a problem of the row."""
        return _Row(self, cells, []).read(place)


def find_all(headers: Sequence[Header], spec: CampaignSpec, *, folder: Path) -> Columns:
    """Finds the columns of a table.

    Raises:
        InputError: a parameter has no column, or no outcome has one.
    """
    known = {*names_of(spec), *_facts(spec)}
    known |= {f"{name} {what}" for name in spec.outcomes for what in _OF_FILES}
    found = find_columns(headers, known)
    missing = [
        name
        for name, parameter in spec.scalars.items()
        if (name, Role.VALUE) not in found.columns
        and (name, Role.ACHIEVED) not in found.columns
        and not isinstance(parameter, Fixed | Contextual)
    ]
    if not any((name, Role.VALUE) in found.columns for name in spec.outcomes):
        missing.append(" or ".join(spec.outcomes))
    if missing:
        hints = " ".join(("", *found.hints))
        raise InputError(
            f"The table has no column for {', '.join(missing)}. "
            f"Its columns are {', '.join(header.raw for header in headers)}.{hints}"
        )
    return Columns(found, headers, spec, folder)


def notes_on(columns: Columns) -> tuple[str, ...]:
    """Returns what to know of columns that were not read, in sentences."""
    unknown = columns.found.unknown
    left = (f"Columns that are not known were left out: {', '.join(unknown)}.",) if unknown else ()
    return (*columns.found.hints, *left)


def _facts(spec: CampaignSpec) -> list[str]:
    facts = (*PLAIN, *_TIMES, *(f"predicted {key}" for key in PREDICTED))
    return [header_of(fact, names_of(spec)) for fact in facts]


@dataclass(frozen=True, slots=True)
class _Row:
    columns: Columns
    cells: Sequence[AnyCell]
    problems: list[str]

    def read(self, place: str) -> GivenRow:
        spec = self.columns.spec
        settings = {name: self._setting(each) for name, each in spec.scalars.items()}
        outcomes = {name: self._outcome(each) for name, each in spec.outcomes.items()}
        return GivenRow(
            place=place,
            settings={name: each for name, each in settings.items() if each is not None},
            outcomes={name: each for name, each in outcomes.items() if each is not None},
            source=self._text("source") or None,
            at=self._guarded(self._time),
            excluded=self._text("excluded"),
            state=self._text("state"),
            remark=self._text("remark"),
            problems=tuple(self.problems),
        )

    def _setting(self, parameter: AnyParameter) -> Reported | None:
        return self._guarded(lambda: self._read_setting(parameter))

    def _read_setting(self, parameter: AnyParameter) -> Reported | None:
        for role in (Role.ACHIEVED, Role.VALUE):
            cell, unit = self._cell(parameter.name, role)
            if not isinstance(cell, Empty | NotAvailable) or is_choice(parameter, cell):
                return read_setting(cell, unit, parameter)
        return None

    def _outcome(self, outcome: AnyOutcome) -> Reported | None:
        return self._guarded(lambda: self._read_outcome(outcome))

    def _read_outcome(self, outcome: AnyOutcome) -> Reported | None:
        name = outcome.name
        cell, unit = self._cell(name, Role.VALUE)
        match outcome:
            case ClassOutcome():
                return read_class(cell, outcome)
            case NumberOutcome():
                return read_number(cell, unit, outcome, sd=self._cell(name, Role.SD))
        if isinstance(cell, Curve):
            return Reported(value=Series(x=cell.x, y=cell.y))
        if isinstance(cell, Artifact):
            return Reported(value=cell)
        if isinstance(cell, Empty | NotAvailable):
            return None
        return read_reference(
            cell.raw.strip(),
            outcome,
            folder=self.columns.folder,
            sha256=self._text(f"{name} sha256", is_fact=False) or None,
            media_type=self._text(f"{name} media type", is_fact=False) or None,
        )

    def _time(self) -> datetime | None:
        for fact in _TIMES:
            cell, _ = self._cell(header_of(fact, names_of(self.columns.spec)), Role.VALUE)
            if isinstance(cell, Date):
                return _in_utc(cell.at)
            if not isinstance(cell, Empty | NotAvailable):
                raw = "" if isinstance(cell, Curve | Artifact) else cell.raw.strip()
                return _moment(fact, raw)
        return None

    def _text(self, header: str, *, is_fact: bool = True) -> str:
        name = header_of(header, names_of(self.columns.spec)) if is_fact else header
        cell, _ = self._cell(name, Role.VALUE)
        return "" if isinstance(cell, Curve | Artifact) else cell.raw.strip()

    def _cell(self, name: str, role: Role) -> tuple[AnyCell, str | None]:
        index = self.columns.found.columns.get((name, role))
        if index is None:
            return Empty(), None
        unit = _unit_of(self.columns.headers[index], name)
        return self.cells[index], unit

    def _guarded(self, act: Callable[[], T | None]) -> T | None:
        try:
            return act()
        except InputError as error:
            self.problems.append(str(error).rstrip("."))
            return None


def _unit_of(header: Header, name: str) -> str | None:
    """Returns the unit of a header, unless its brackets belong to the name."""
    return None if " ".join(header.raw.split()) == name else header.unit


def read_number(
    cell: AnyCell,
    unit: str | None,
    outcome: NumberOutcome,
    *,
    sd: tuple[AnyCell, str | None] = (Empty(), None),
) -> Reported | None:
    """Returns a number with its deviation; None where nothing was measured.

    Args:
        cell: of the value.
        unit: of its column, where the header says it.
        outcome: what it is a value of.
        sd: cell of the deviation, and the unit of that column.

    Raises:
        InputError: the cell holds something else, or a value below the limit of detection.
    """
    if isinstance(cell, Empty | NotAvailable):
        return None
    if isinstance(cell, BelowDetection):
        raise InputError(
            f"outcome {outcome.name!r} is below the limit of detection ({cell.raw.strip()}), which "
            f"is no number: leave it empty, or give the value to be taken and its deviation "
            f"('{outcome.name} sd')"
        )
    if not isinstance(cell, Number):
        raise InputError(f"outcome {outcome.name!r}: {_why_not(cell)}")
    _check_unit(cell, f"outcome {outcome.name!r}")
    unit = cell.unit or unit
    return Reported(value=cell.value, unit=unit, sd=_deviation(sd, outcome, unit))


def _deviation(
    sd: tuple[AnyCell, str | None], outcome: NumberOutcome, unit: str | None
) -> float | None:
    cell, column_unit = sd
    if isinstance(cell, Empty | NotAvailable):
        return None
    if not isinstance(cell, Number):
        raise InputError(f"the deviation of outcome {outcome.name!r}: {_why_not(cell)}")
    _check_unit(cell, f"the deviation of outcome {outcome.name!r}")
    given = cell.unit or column_unit
    wanted = unit if unit is not None else outcome.unit
    if given is None or given == wanted:
        return cell.value
    return units.convert_difference(cell.value, given=given, wanted=wanted)


def read_class(cell: AnyCell, outcome: ClassOutcome) -> Reported | None:
    """Returns the name of a class, whatever it looks like; None where nothing was measured."""
    if isinstance(cell, Curve | Artifact):
        raise InputError(f"outcome {outcome.name!r} is a class, and the cell holds none")
    name = cell.raw.strip()
    if name in outcome.classes:
        return Reported(value=name)
    if isinstance(cell, Empty | NotAvailable):
        return None
    if isinstance(cell, Date | Unreadable):
        raise InputError(f"outcome {outcome.name!r}: {_why_not(cell)}")
    return Reported(value=name)


def read_setting(cell: AnyCell, unit: str | None, parameter: AnyParameter) -> Reported:
    """Returns the value of a parameter.

    Raises:
        InputError: the cell holds something else.
    """
    if isinstance(cell, Curve | Artifact):
        raise InputError(f"parameter {parameter.name!r}: the cell holds no setting")
    if is_named(parameter):
        if isinstance(cell, Date | Unreadable) and cell.raw.strip() not in choices_of(parameter):
            raise InputError(f"parameter {parameter.name!r}: {_why_not(cell)}")
        return Reported(value=cell.raw.strip())
    if not isinstance(cell, Number):
        raise InputError(f"parameter {parameter.name!r}: {_why_not(cell)}")
    _check_unit(cell, f"parameter {parameter.name!r}")
    return Reported(value=cell.value, unit=cell.unit or unit)


def is_named(parameter: AnyParameter) -> bool:
    """Tells whether the values of a parameter are names."""
    is_text = isinstance(parameter, Fixed) and isinstance(parameter.value, str)
    return is_text or isinstance(parameter, Categorical | Ordinal)


def is_choice(parameter: AnyParameter, cell: AnyCell) -> bool:
    """Tells whether what looks like nothing is a name: a catalyst may be called '-'."""
    return not isinstance(cell, Curve | Artifact) and cell.raw.strip() in choices_of(parameter)


def choices_of(parameter: AnyParameter) -> Sequence[str]:
    """Returns the names that a parameter can have; none where its values are numbers."""
    match parameter:
        case Categorical():
            return parameter.choices
        case Ordinal():
            return parameter.levels
        case Fixed() if isinstance(parameter.value, str):
            return (parameter.value,)
    return ()


def _check_unit(cell: Number, what: str) -> None:
    """Refuses a number with a unit that is none; then it may be no number either, such as 5O."""
    try:
        units.check_unit(cell.unit or "")
    except UnitError as error:
        why = f"{str(error)[:1].lower()}{str(error)[1:]}"
        text = repr(cell.raw.strip())
        raise InputError(f"{what}: {text} is no number with a unit: {why}") from error


def _why_not(cell: AnyCell) -> str:
    match cell:
        case Unreadable():
            return cell.why
        case Date():
            return cell.why_no_number
        case Text():
            return f"{cell.text!r} is no number"
        case Curve() | Artifact():
            return "the cell holds a curve or file"
    return f"{cell.raw.strip()!r} is no number"


def _moment(fact: str, text: str) -> datetime:
    try:
        return _in_utc(datetime.fromisoformat(text))
    except ValueError:
        raise InputError(
            f"{fact} is {text!r}, no date such as 2026-03-31 or 2026-03-31T14:05+01:00"
        ) from None


def _in_utc(at: date) -> datetime:
    """Returns a moment; a time without a zone is UTC, a day without a time its beginning."""
    moment = at if isinstance(at, datetime) else datetime.combine(at, time())
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
