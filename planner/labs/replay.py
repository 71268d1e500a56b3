"""A lab that replays a table of measurements that were really made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from planner.campaign import (
    CampaignSpec,
    ClassOutcome,
    NumberOutcome,
    ReplayedTable,
    read_numbers,
    read_rows,
)
from planner.errors import InputError, TableError
from planner.labs.contract import DeliveryClass
from planner.rng import derive_seed, make_generator
from planner.space import Contextual, Floats, Value
from planner.tables import TableRef, Values, read_table
from planner.trials import Answer, DeviceState, Measured, Order, Reported, Result

_Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    """One real measurement: what came of it, and what was measured of its conditions."""

    outcomes: dict[str, float | str]
    context: dict[str, float]


class ReplayLab:
    """Answers each condition of a table with one of its real repeats.

    The repeat is drawn by the hash of the run's key, so the same key gives the same draw. What is
    measured of the conditions, and not set, is told as achieved where the table has its column.

    Args:
        source: names the table.
        spec: the campaign, for the names and units of parameters and outcomes.
        folder: of the campaign file.

    Raises:
        InputError: an outcome is of a kind that no cell of a table holds.
        MissingPackage: the table's package is not installed.
        TableError: the table cannot be read.
    """

    delivery = DeliveryClass.KEYED
    is_repeatable = True
    is_person = False

    def __init__(self, source: ReplayedTable, spec: CampaignSpec, *, folder: Path) -> None:
        self._spec = spec
        self._set = tuple(
            name for name, each in spec.scalars.items() if not isinstance(each, Contextual)
        )
        self._title = source.table.title
        self._repeats: dict[_Row, list[_Repeat]] = {}
        text = read_table(source.table, folder=folder)
        columns = {name: _read(text, name, source.table, spec) for name in spec.measured_at_once}
        context = [name for name in spec.scalars if name not in self._set and name in text]
        rows = read_rows(source.table, tuple(spec.scalars.values()), folder=folder)
        for index, row in enumerate(rows):
            repeat = _Repeat(
                outcomes={name: column[index] for name, column in columns.items()},
                context={name: float(row[name]) for name in context},
            )
            self._repeats.setdefault(self._place(row), []).append(repeat)

    def submit(self, order: Order) -> Answer:
        """Answers at once with one real repeat."""
        row = tuple(order.parameters[name].value for name in self._set)
        repeats = self._repeats.get(row)
        if repeats is None:
            reason = f"{self._title} holds no measurement at {row}: only its rows can be run"
            return Answer(key=order.key, state=DeviceState.REFUSED, reason=reason)
        generator = make_generator(derive_seed(0, "replay", order.key))
        drawn = repeats[int(generator.integers(len(repeats)))]
        result = Result(
            outcomes={
                name: Reported(value=value, unit=self._unit(name))
                for name, value in drawn.outcomes.items()
            },
            achieved={
                name: Reported(value=value, unit=self._spec.units[name])
                for name, value in drawn.context.items()
            },
        )
        return Answer(key=order.key, state=DeviceState.DONE, result=result)

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Knows no key: an order that was not answered is sent again."""
        return {}

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        """Says that nothing runs."""
        return Answer(key=key, state=DeviceState.ABORTED, reason="a replay runs nothing")

    def close(self) -> None:
        """Holds nothing open."""

    def goal_means(self) -> Floats | None:
        """Returns for each distinct condition the mean of what is modelled, shape ``n``.

        Of a class it is the share of repeats in a wanted one. None where the table does not hold
        the objective's outcome.
        """
        if self._spec.objective.outcome not in self._spec.measured_at_once:
            return None
        return np.array(
            [np.mean([self._goal(each) for each in repeats]) for repeats in self._repeats.values()]
        )

    def _goal(self, repeat: _Repeat) -> float:
        measured = {name: Measured(value=value) for name, value in repeat.outcomes.items()}
        value = self._spec.goal_value(measured)
        assert value is not None  # the table holds the objective's outcome
        return value

    def _place(self, row: Mapping[str, Value]) -> _Row:
        return tuple(row[name] for name in self._set)

    def _unit(self, name: str) -> str | None:
        outcome = self._spec.outcomes[name]
        return outcome.unit if isinstance(outcome, NumberOutcome) else None


def _read(
    text: Mapping[str, Values], name: str, table: TableRef, spec: CampaignSpec
) -> Sequence[float | str]:
    """Returns the column of an outcome."""
    outcome = spec.outcomes[name]
    match outcome:
        case NumberOutcome():
            return read_numbers(text[name], name=name, table=table, unit=outcome.unit)
        case ClassOutcome():
            return _read_classes(text[name], outcome, table)
    raise InputError(
        f"Outcome {name!r} is of kind {outcome.kind}, which no cell of {table.title} holds: a "
        f"table replays numbers and classes. Leave the outcome out, or reduce it to a number first."
    )


def _read_classes(column: Values, outcome: ClassOutcome, table: TableRef) -> list[str]:
    names = [cell.strip() for cell in column]
    for place, name in zip(column.places, names, strict=True):
        if name not in outcome.classes:
            raise TableError(
                f"{place} of {table.title}: {name!r} is no class of outcome {outcome.name!r}, "
                f"only {', '.join(outcome.classes)}. Add it to the classes, or delete the row."
            )
    return names
