"""Measurements from before the campaign, or from outside it, into its ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from planner.campaign import CampaignSpec, NumberOutcome
from planner.errors import InputError
from planner.labs import Reported
from planner.ledger.entries import ImportExcluded, ObservationImported, Record
from planner.loop.exchange.rows import GivenRow, brings_nothing
from planner.loop.results.check import compute, read_achieved
from planner.loop.results.intake import Intake
from planner.loop.results.measuring import measure
from planner.loop.sessions.session import Session
from planner.space import Contextual, Fixed, SearchSpace, Value
from planner.trials import Measured, digest_json

_MOST_SHOWN = 20
_IMPORTED: TypeAdapter[ObservationImported] = TypeAdapter(ObservationImported)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did.

    Args:
        n: measurements and failures by process that were entered.
        n_failed: how many of them were failures by process.
        known: rows left out because the campaign has them from the same place already.
        empty: rows of trials that brought no outcome.
        problems: rows that could not be used, each with its place.
        notes: what to know of the others, in sentences.
    """

    n: int
    n_failed: int
    known: int
    empty: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Checked:
    record: ObservationImported
    excluded: str


def import_rows(
    session: Session,
    rows: Sequence[GivenRow],
    *,
    source: str,
    origin: str,
    is_partial: bool = False,
    may_repeat: bool = False,
) -> Imported:
    """Checks every row and enters them: all or none.

    What was achieved is a fact: settings beyond the bounds are entered too, and said.

    Args:
        session: of the campaign.
        rows: as they stand in their file.
        source: who measured, for rows that do not say it.
        origin: name of the file or campaign that they come from.
        is_partial: whether rows that can be used are entered although others cannot.
        may_repeat: whether rows that came from the same place before are entered again.

    Raises:
        InputError: a row cannot be used, and ``is_partial`` is not given; nothing is entered.
    """
    state = session.refresh()
    reader = _Reader(state.spec, session.space, session.intake, source, origin)
    checked: list[_Checked] = []
    problems: list[str] = []
    n_empty = 0
    for row in rows:
        if _is_empty(row):
            n_empty += 1
            continue
        try:
            checked.append(reader.read(row))
        except InputError as error:
            problems.append(f"{row.place}: {error}")
    if problems and not is_partial:
        raise InputError(_refusal(problems))
    fresh = checked if may_repeat else _without_known(session, checked, origin)
    records = list(_records(fresh, first=len(state.imported) + 1))
    if records:
        session.write(records)
    return Imported(
        n=len(fresh),
        n_failed=sum(bool(each.record.failed) for each in fresh),
        known=len(checked) - len(fresh),
        empty=n_empty,
        problems=tuple(problems),
        notes=reader.notes(),
    )


def check_rows(
    rows: Sequence[GivenRow],
    *,
    spec: CampaignSpec,
    space: SearchSpace,
    intake: Intake,
    source: str,
    origin: str,
) -> list[ObservationImported]:
    """Returns rows as entries; each is checked, all problems at once.

    Raises:
        InputError: a row cannot be used.
    """
    reader = _Reader(spec, space, intake, source, origin)
    records, problems = [], []
    for row in rows:
        if _is_empty(row):
            continue
        try:
            records.append(reader.read(row).record)
        except InputError as error:
            problems.append(f"{row.place}: {error}")
    if problems:
        raise InputError(_refusal(problems))
    return records


def _is_empty(row: GivenRow) -> bool:
    """Tells whether a row is that of a trial without an outcome, which is no mistake."""
    return not row.outcomes and not row.problems and brings_nothing(row.state)


class _Reader:
    """Turns rows into entries, and remembers what is to be said of them."""

    def __init__(
        self, spec: CampaignSpec, space: SearchSpace, intake: Intake, source: str, origin: str
    ) -> None:
        self._spec, self._space, self._intake = spec, space, intake
        self._source, self._origin = source, origin
        self._beyond: dict[str, list[str]] = {}
        self._assumed: Counter[str] = Counter()

    def read(self, row: GivenRow) -> _Checked:
        """Returns the entry of a row.

        Raises:
            InputError: with everything that is wrong with it.
        """
        problems = list(row.problems)
        configuration = self._configuration(row, problems)
        outcomes = self._outcomes(row.outcomes, problems)
        if not row.outcomes and not row.failed and not row.problems:
            problems.append("it has no outcome")
        if problems:
            raise InputError("; ".join(problem.rstrip(".") for problem in problems))
        self._note_bounds(row.place, configuration)
        record = ObservationImported(
            configuration=configuration,
            outcomes=outcomes,
            source=row.source or self._source,
            measured_at=row.at,
            origin=self._origin,
            failed=row.failed,
        )
        return _Checked(record, row.excluded)

    def notes(self) -> tuple[str, ...]:
        """Returns what is to be known of the rows that were read, in sentences."""
        beyond = (
            f"{name} is outside its bounds in {_listed(places)}: taken as it was measured."
            for name, places in self._beyond.items()
        )
        assumed = (
            f"{name} was not measured in {n} rows and is taken at its middle there."
            for name, n in self._assumed.items()
        )
        return (*beyond, *assumed)

    def _configuration(self, row: GivenRow, problems: list[str]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, parameter in self._spec.scalars.items():
            if name in row.settings:
                try:
                    found[name] = read_achieved(name, row.settings[name], self._space)
                except InputError as error:
                    problems.append(str(error))
            elif isinstance(parameter, Fixed):
                found[name] = parameter.value
            elif isinstance(parameter, Contextual):
                found[name] = (parameter.low + parameter.high) / 2
                self._assumed[name] += 1
            elif not any(name in problem for problem in row.problems):
                problems.append(f"parameter {name!r} has no value")
        return found

    def _outcomes(
        self, reported: Mapping[str, Reported], problems: list[str]
    ) -> dict[str, Measured]:
        outcomes: dict[str, Measured] = {}
        for name, each in reported.items():
            try:
                outcomes[name] = measure(each, self._spec.outcomes[name], self._intake.artifacts)
            except InputError as error:
                problems.append(str(error))
        # where the curve itself is there, the number is made of it by this campaign's rule
        measured = {
            name: each for name, each in outcomes.items() if not self._is_computed(name, outcomes)
        }
        return {**measured, **compute(measured, self._spec, self._intake, problems)}

    def _is_computed(self, name: str, outcomes: Mapping[str, Measured]) -> bool:
        outcome = self._spec.outcomes[name]
        return isinstance(outcome, NumberOutcome) and outcome.reduce in outcomes

    def _note_bounds(self, place: str, configuration: Mapping[str, Value]) -> None:
        for name, value in configuration.items():
            try:
                self._space.parameter(name).check(value)
            except InputError:
                self._beyond.setdefault(name, []).append(place)


def _without_known(session: Session, checked: Sequence[_Checked], origin: str) -> list[_Checked]:
    """Leaves out what came from the same place before, as often as it did."""
    entries = session.ledger.read(session.campaign, kinds=("observation imported",))
    known = Counter(
        _identity(entry.record)
        for entry in entries
        if isinstance(entry.record, ObservationImported) and entry.record.origin == origin
    )
    fresh = []
    for each in checked:
        identity = _identity(each.record)
        if known[identity] > 0:
            known[identity] -= 1
        else:
            fresh.append(each)
    return fresh


def _identity(record: ObservationImported) -> str:
    return digest_json(_IMPORTED.dump_python(record, mode="json"))


def _records(checked: Sequence[_Checked], *, first: int) -> list[Record]:
    records: list[Record] = []
    for number, each in enumerate(checked, start=first):
        records.append(each.record)
        if each.excluded:
            records.append(ImportExcluded(number=number, reason=each.excluded))
    return records


def _refusal(problems: Sequence[str]) -> str:
    shown = "\n".join(problems[:_MOST_SHOWN])
    more = f"\nand {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
    rows = "1 row" if len(problems) == 1 else f"{len(problems)} rows"
    return f"Nothing was imported; {rows} cannot be used:\n{shown}{more}"


def _listed(places: Sequence[str]) -> str:
    shown = ", ".join(places[:5])
    return f"{shown} and {len(places) - 5} more" if len(places) > 5 else shown
