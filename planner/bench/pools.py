"""Pools: tables of experiments that were really run, to choose from as if they were still to run.

Each distinct setting can be chosen once. The truth of a setting is the mean of its repeats; the
success set holds the best 5 % of settings, rounded up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.campaign import (
    AnyObjective,
    CampaignSpec,
    Maximise,
    Minimise,
    ReplayedTable,
    read_numbers,
    read_rows,
    read_space,
    utility,
)
from planner.errors import InputError, TableError
from planner.space import Categorical, Configuration, Continuous, Floats, SearchSpace, Value
from planner.tables import TableRef, Values, read_table

ONE_IN = 20  # settings belong to the success set: the best 5 %


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRef:
    """Where a pool is read, and what its columns mean.

    Args:
        name: of the pool.
        table: its file, with a column for each parameter, the outcome, and ``only``.
        outcome: the column that is wanted high or low.
        is_maximised: whether it is wanted high.
        categories: columns that hold names, not numbers.
        only: a column and the text that it holds in the rows of this pool; None for all rows.
        n_long: trials of the long race, where half takes longer than the budget allows.
        promise: median number of trials to half of the success set that the project promises.
    """

    name: str
    table: TableRef
    outcome: str
    is_maximised: bool
    categories: frozenset[str] = frozenset()
    only: tuple[str, str] | None = None
    n_long: int | None = None
    promise: int | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of the table."""
        not_inputs = {self.outcome, self.only[0] if self.only else None}
        return tuple(name for name in self.table.columns if name not in not_inputs)


@dataclass(frozen=True, eq=False)
class Pool:
    """A table to choose from.

    Args:
        name: of the pool.
        space: with one row a distinct setting, ``n`` of them.
        objective: what is wanted.
        repeats: for each setting what was measured, one array each.
        n_trials: the budget of a race, unless said otherwise.
        n_long: trials of the long race; None where there is none.
        promise: see ``PoolRef``.
    """

    name: str
    space: SearchSpace
    objective: AnyObjective
    repeats: tuple[Floats, ...] = field(repr=False)
    n_trials: int
    n_long: int | None = None
    promise: int | None = None

    @property
    def n_settings(self) -> int:
        """Number of distinct settings, ``n``."""
        return len(self.repeats)

    @property
    def n_winners(self) -> int:
        """Size of the success set: a twentieth of the settings, rounded up."""
        return -(-self.n_settings // ONE_IN)

    @property
    def n_half(self) -> int:
        """How many winners are half of the success set: found / size is at least 0.5."""
        return -(-self.n_winners // 2)

    @cached_property
    def means(self) -> Floats:
        """Mean of the repeats of each setting, shape ``n``."""
        return np.array([repeats.mean() for repeats in self.repeats])

    @cached_property
    def utilities(self) -> Floats:
        """How good the mean of each setting is, higher is better, shape ``n``."""
        return np.array([utility(self.objective, float(mean)) for mean in self.means])

    @cached_property
    def is_winner(self) -> NDArray[np.bool_]:
        """Whether each setting is of the success set; of equal ones the first, shape ``n``."""
        best_first = np.argsort(-self.utilities, kind="stable")
        winners = np.zeros(self.n_settings, dtype=np.bool_)
        winners[best_first[: self.n_winners]] = True
        return winners

    @property
    def n_repeated(self) -> int:
        """Number of settings that were measured more than once."""
        return sum(len(repeats) > 1 for repeats in self.repeats)

    @property
    def repeat_sd(self) -> float | None:
        """Deviation of single repeats from their setting's mean, pooled over settings."""
        freedom = sum(len(repeats) - 1 for repeats in self.repeats)
        if freedom == 0:
            return None
        squares = sum(float(np.square(each - each.mean()).sum()) for each in self.repeats)
        return float(np.sqrt(squares / freedom))

    @cached_property
    def digest(self) -> str:
        """Hash of all that the pool holds, so that races on another version are told apart."""
        rows = [list(row.values()) for row in self.space.rows or ()]
        repeats = [each.tolist() for each in self.repeats]
        # what an objective gains later, and these tables do not say, changes no race
        aim = self.objective.model_dump(mode="json", exclude_defaults=True)
        content = [self.name, aim, rows, repeats]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def read_pool(ref: PoolRef, *, folder: Path) -> Pool:
    """Reads a pool.

    Args:
        ref: what to read.
        folder: where relative paths start.

    Raises:
        MissingPackage: the package that ships the table is not installed.
        TableError: the table cannot be read as described.
    """
    text = read_table(ref.table, folder=folder)
    if ref.only is not None:
        column, wanted = ref.only
        is_kept = [value == wanted for value in text[column]]
        text = {name: _kept(values, is_kept) for name, values in text.items()}
    if not text[ref.outcome]:
        raise TableError(f"{ref.table.title} has no row with {ref.only} for pool {ref.name!r}.")
    columns = {name: _values(text[name], name, ref) for name in ref.inputs}
    outcomes = read_numbers(text[ref.outcome], name=ref.outcome, table=ref.table, unit="1")
    settings = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    rows, repeats = _group(settings, outcomes)
    parameters = tuple(_parameter(name, values) for name, values in columns.items())
    objective = (Maximise if ref.is_maximised else Minimise)(outcome=ref.outcome)
    return Pool(
        name=ref.name,
        space=SearchSpace(parameters, rows=rows),
        objective=objective,
        repeats=repeats,
        n_trials=min(default_trials(len(rows)), len(rows)),
        n_long=ref.n_long,
        promise=ref.promise,
    )


def pool_of_campaign(spec: CampaignSpec, *, folder: Path) -> Pool:
    """Returns the table that a campaign replays, as a pool.

    Args:
        spec: a campaign whose source replays the table of its candidates.
        folder: of the campaign file.

    Raises:
        InputError: it replays no table, or has another limit than a number of trials.
        MissingPackage: the package that ships the table is not installed.
        TableError: the table cannot be read as described.
    """
    source, budget = spec.source, spec.budget
    if not isinstance(source, ReplayedTable) or spec.table != source.table:
        raise InputError(
            f"Campaign {spec.campaign!r} replays no table of its candidates, so what it finds "
            f"cannot be judged. Give a campaign with a source of kind table."
        )
    if budget.trials is None:
        raise InputError(f"Campaign {spec.campaign!r} has no budget in trials. Give it one.")
    space = read_space(spec, folder=folder)
    settings = read_rows(source.table, space.parameters, folder=folder)
    name = spec.objective.outcome
    text = read_table(source.table, folder=folder)
    values = read_numbers(text[name], name=name, table=source.table, unit=spec.outcome.unit)
    rows, repeats = _group(settings, values)
    assert rows == space.rows
    return Pool(
        name=spec.campaign,
        space=space,
        objective=spec.objective,
        repeats=repeats,
        n_trials=min(budget.trials, len(rows)),
    )


def default_trials(n_settings: int) -> int:
    """Returns the budget of a race: 20 % of the pool, between 20 and 60 trials."""
    return max(20, min(60, round(0.2 * n_settings)))


def _kept(values: Values, is_kept: Sequence[bool]) -> Values:
    return Values(compress(values, is_kept), compress(values.places, is_kept))


def _values(text: Values, name: str, ref: PoolRef) -> list[Value]:
    if name in ref.categories:
        return list(text)
    return list(read_numbers(text, name=name, table=ref.table, unit="1"))


def _parameter(name: str, values: Sequence[Value]) -> Continuous | Categorical:
    """Returns the parameter that spans the column: the pool says no more of its domain."""
    if isinstance(values[0], str):
        return Categorical(name=name, choices=tuple(sorted({str(value) for value in values})))
    numbers = [float(value) for value in values]
    return Continuous(name=name, low=min(numbers), high=max(numbers))


def _group(
    settings: Sequence[Configuration], outcomes: Sequence[float]
) -> tuple[tuple[Configuration, ...], tuple[Floats, ...]]:
    """Returns the distinct settings, in the order of their first measurement, and their repeats."""
    rows: dict[tuple[Value, ...], Configuration] = {}
    repeats: dict[tuple[Value, ...], list[float]] = {}
    for setting, outcome in zip(settings, outcomes, strict=True):
        key = tuple(setting.values())
        rows.setdefault(key, setting)
        repeats.setdefault(key, []).append(outcome)
    return tuple(rows.values()), tuple(np.array(each) for each in repeats.values())
