"""A lab that replays a table of measurements that were really made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from planner.campaign import CampaignSpec, ReplayedTable, read_numbers, read_rows
from planner.labs.contract import Answer, DeliveryClass, Order, Reported, Result
from planner.rng import derive_seed, make_generator
from planner.space import Floats, Value
from planner.tables import read_table
from planner.trials import DeviceState

_Row = tuple[Value, ...]


class ReplayLab:
    """Answers each condition of a table with one of its real repeats.

    The repeat is drawn by the hash of the run's key, so the same key gives the same draw.

    Args:
        source: names the table.
        spec: the campaign, for the names and units of parameters and outcomes.
        folder: of the campaign file.

    Raises:
        MissingPackage: the table's package is not installed.
        TableError: the table cannot be read.
    """

    delivery = DeliveryClass.KEYED
    is_repeatable = True
    is_person = False

    def __init__(self, source: ReplayedTable, spec: CampaignSpec, *, folder: Path) -> None:
        self._names = tuple(spec.scalars)
        self._outcomes = tuple(spec.outcomes)
        self._title = source.table.title
        text = read_table(source.table, folder=folder)
        measured = [
            read_numbers(text[name], name=name, table=source.table, unit=outcome.unit)
            for name, outcome in spec.outcomes.items()
        ]
        self._units = {name: outcome.unit for name, outcome in spec.outcomes.items()}
        self._repeats: dict[_Row, list[tuple[float, ...]]] = {}
        rows = read_rows(source.table, tuple(spec.scalars.values()), folder=folder)
        for row, values in zip(rows, zip(*measured, strict=True), strict=True):
            self._repeats.setdefault(tuple(row.values()), []).append(values)

    def submit(self, order: Order) -> Answer:
        """Answers at once with one real repeat."""
        row = tuple(order.parameters[name].value for name in self._names)
        repeats = self._repeats.get(row)
        if repeats is None:
            reason = f"{self._title} holds no measurement at {row}: only its rows can be run"
            return Answer(key=order.key, state=DeviceState.REFUSED, reason=reason)
        generator = make_generator(derive_seed(0, "replay", order.key))
        drawn = repeats[int(generator.integers(len(repeats)))]
        outcomes = {
            name: Reported(value=value, unit=self._units[name])
            for name, value in zip(self._outcomes, drawn, strict=True)
        }
        return Answer(key=order.key, state=DeviceState.DONE, result=Result(outcomes=outcomes))

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Knows no key: an order that was not answered is sent again."""
        return {}

    def abort(self, key: str) -> Answer:
        """Says that nothing runs."""
        return Answer(key=key, state=DeviceState.ABORTED, reason="a replay runs nothing")

    def close(self) -> None:
        """Holds nothing open."""

    def mean_of_repeats(self, outcome: str) -> Floats:
        """Returns for each distinct condition the mean of its repeats, shape ``n``."""
        index = self._outcomes.index(outcome)
        return np.array(
            [np.mean([values[index] for values in repeats]) for repeats in self._repeats.values()]
        )
