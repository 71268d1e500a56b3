"""The search space: all admissible configurations, and their encoding in the unit cube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space.admissible import (
    Region,
    draw_configurations,
    draw_evenly,
    find_emptiness,
    list_neighbours,
)
from planner.space.base import Floats, Value
from planner.space.categories import Categorical
from planner.space.checking import (
    check_lock,
    refuse_between_steps,
    refuse_logarithms,
    why_nothing_is_left,
)
from planner.space.combinations import Exclusion
from planner.space.constraint_base import listed, shown
from planner.space.constraints import AnyConstraint
from planner.space.encoded import EncodedRules, encode_rules
from planner.space.fitting import fit_constraint
from planner.space.given import Contextual
from planner.space.parameters import AnyParameter, count_levels

Configuration = Mapping[str, Value]


@dataclass(frozen=True)
class SearchSpace:
    """All configurations that may be tried.

    Args:
        parameters: in the order of the campaign file.
        constraints: rules that every configuration keeps.
        rows: where a candidate table is given, its distinct configurations; only these may be
            tried, taken as given.
        tolerance: by how much rows of the table may miss a constraint's limits; what is not of a
            table keeps them exactly.
        held: parameters that are held at a value, such as the humidity of today.
        row_numbers: where rows were left out, the number of each in the whole table.
    """

    parameters: tuple[AnyParameter, ...]
    constraints: tuple[AnyConstraint, ...] = ()
    rows: tuple[Configuration, ...] | None = field(default=None, repr=False)
    tolerance: float = 0.0
    held: Mapping[str, Value] = field(default_factory=dict)
    row_numbers: tuple[int, ...] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuses what cannot be a space.

        Raises:
            InputError: no parameters, two of one name, or a constraint that cannot be computed.
            UnknownName: a constraint names no parameter.
        """
        if not self.parameters or len(set(self.names)) < len(self.parameters):
            raise InputError(
                f"A search space needs parameters of different names, not {list(self.names)}."
            )
        known = {parameter.name: parameter for parameter in self.parameters}
        fitted = tuple(fit_constraint(each, known) for each in self.constraints)
        for constraint in fitted:
            refuse_logarithms(constraint, known)
        object.__setattr__(self, "constraints", fitted)  # values with units are converted

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(parameter.name for parameter in self.parameters)

    @cached_property
    def contextual(self) -> tuple[str, ...]:
        """Names of the parameters that are measured, not chosen."""
        return tuple(each.name for each in self.parameters if isinstance(each, Contextual))

    @property
    def constraint_kinds(self) -> tuple[str, ...]:
        """Which kinds of constraint there are, each once, in order."""
        return tuple(dict.fromkeys(constraint.kind for constraint in self.constraints))

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """For each column of the unit cube the index of the parameter it belongs to."""
        return tuple(
            index
            for index, parameter in enumerate(self.parameters)
            for _ in range(parameter.n_columns)
        )

    @cached_property
    def groups(self) -> tuple[int, ...]:
        """For each column of the unit cube the group whose columns a model scales as one.

        A group is a parameter and has its index; but descriptors of a choice are scaled each by
        itself, so that one which does nothing can be ignored, and every further one is a group
        after those of the parameters.
        """
        groups = list(self.columns)
        further = itertools.count(len(self.parameters))
        for at in range(1, len(groups)):
            parameter = self.parameters[self.columns[at]]
            is_described = isinstance(parameter, Categorical) and parameter.descriptors is not None
            if is_described and self.columns[at] == self.columns[at - 1]:
                groups[at] = next(further)
        return tuple(groups)

    @property
    def n_columns(self) -> int:
        """Number of encoded dimensions, ``d``."""
        return len(self.columns)

    @cached_property
    def n_settings(self) -> int | None:
        """Number of rows or of combinations of levels, before constraints; None where endless."""
        if self.rows is not None:
            return len(self.rows)
        counts = [
            1 if parameter.name in self.held else count_levels(parameter)
            for parameter in self.parameters
        ]
        return None if None in counts else math.prod(count for count in counts if count)

    @cached_property
    def region(self) -> Region:
        """The admissible part, where there is no candidate table."""
        return Region(self.parameters, self.constraints, self.held)

    def parameter(self, name: str) -> AnyParameter:
        """Returns the parameter of this name.

        Raises:
            UnknownName: there is none.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise UnknownName(f"There is no parameter {name!r}. Known are {', '.join(self.names)}.")

    def encode(self, configurations: Sequence[Configuration]) -> Floats:
        """Writes configurations as rows of the unit cube, shape ``n d``."""
        if not configurations:
            return np.empty((0, self.n_columns))
        return np.hstack(
            [
                parameter.encode(
                    [configuration[parameter.name] for configuration in configurations]
                )
                for parameter in self.parameters
            ]
        )

    @cached_property
    def encoded_rows(self) -> Floats:
        """The candidate table in the unit cube, shape ``n d``; empty where there is none.

        A row need not say what will be measured: that is then in the middle of its range.
        """
        middle = {
            each.name: each.decode(np.array([0.5]))
            for each in self.parameters
            if isinstance(each, Contextual)
        }
        return self.encode(
            [{**middle, **row} for row in self.rows or ()] if middle else self.rows or ()
        )

    def check(self, configuration: Configuration, *, exact: bool = True) -> dict[str, Value]:
        """Returns the configuration in the parameters' own types, in their order.

        Args:
            configuration: to check.
            exact: whether bounds and constraints must be kept; not so by what was achieved, which
                only has to be of the right types, finite, and of known names.

        Raises:
            UnknownName: a name belongs to no parameter.
            ValueOutOfRange: a value is missing or outside its domain, or a constraint is broken.
        """
        for name in configuration:
            self.parameter(name)
        checked = {}
        for parameter in self.parameters:
            if parameter.name not in configuration:
                raise ValueOutOfRange(f"Parameter {parameter.name!r} has no value. Give one.")
            # what is measured is as it is, also beyond the bounds between which it is expected
            is_set = exact and not isinstance(parameter, Contextual)
            verb = parameter.check if is_set else parameter.read
            checked[parameter.name] = verb(configuration[parameter.name])
        for constraint in self.constraints if exact else ():
            breach = constraint.find_breach(checked, tolerance=self._tolerance)
            if breach is not None:
                parts = self._in_words(checked, constraint.names)
                raise ValueOutOfRange(f"A constraint is broken by {parts}. {breach}")
        return checked

    def _in_words(self, configuration: Configuration, names: Collection[str]) -> str:
        """Lists the values of some parameters with their units."""
        return listed(
            f"{each.name} {_shown(configuration[each.name])}{each.unit_words}"
            for each in self.parameters
            if each.name in names
        )

    @property
    def _tolerance(self) -> float:
        return self.tolerance if self.rows is not None else 0.0

    def is_admissible(self, configuration: Configuration) -> bool:
        """Tells whether a configuration may be tried: in its domain, its rules, and the table."""
        try:
            checked = self.check(configuration)
        except InputError:
            return False
        if any(checked[name] != value for name, value in self.held.items()):
            return False
        return self.rows is None or tuple(checked.values()) in self._listed_values

    @cached_property
    def _listed_values(self) -> frozenset[tuple[Value, ...]]:
        return frozenset(tuple(row[name] for name in self.names) for row in self.rows or ())

    def restricted(
        self, locks: Mapping[str, Value] | None = None, avoid: Sequence[Mapping[str, Value]] = ()
    ) -> SearchSpace:
        """Returns the part of the space in which parameters have given values.

        The encoding is that of the whole space; the rows of a candidate table are filtered.

        Args:
            locks: parameter to the value at which it is held; for what is measured, what it is.
            avoid: combinations that may not appear.

        Raises:
            UnknownName: a name belongs to no parameter.
            InputError: a value is outside its domain or between two steps, or nothing is left.
        """
        held = dict(self.held)
        for name, value in (locks or {}).items():
            held[name] = check_lock(self.parameter(name), value, held=held.get(name))
            if self.rows is None:  # rows are taken as given
                refuse_between_steps(self.parameter(name), held[name])
        combinations = [
            {name: self.parameter(name).check(value) for name, value in each.items()}
            for each in avoid
        ]
        if not held and not combinations:
            return self
        avoided = tuple(Exclusion(exclude=each) for each in combinations)
        if self.rows is not None:
            return self._with_fewer_rows(held, combinations)
        part = replace(self, constraints=(*self.constraints, *avoided), held=held)
        why = part.find_emptiness()
        if why is not None:
            raise InputError(why_nothing_is_left(held, combinations, why))
        return part

    def _with_fewer_rows(
        self, held: Mapping[str, Value], avoid: Sequence[Mapping[str, Value]]
    ) -> SearchSpace:
        assert self.rows is not None
        chosen = {name: value for name, value in held.items() if name not in self.contextual}
        measured = {name: held[name] for name in self.contextual if name in held}
        # only now is known what these say of a row
        open_rules = [each for each in self.constraints if each.names & set(measured)]
        kept = [
            index
            for index, row in enumerate(self.rows)
            if all(row[name] == value for name, value in chosen.items())
            and not any(all(row[name] == value for name, value in each.items()) for each in avoid)
            and all(
                rule.is_met({**row, **measured}, tolerance=self.tolerance) for rule in open_rules
            )
        ]
        if not kept:
            why = f"None of the {len(self.rows)} candidates is left."
            raise InputError(why_nothing_is_left(held, avoid, why))
        numbers = self.row_numbers or range(len(self.rows))
        part = replace(
            self,
            rows=tuple(self._row(index, measured) for index in kept),
            held=held,
            row_numbers=tuple(numbers[index] for index in kept),
        )
        if not measured:
            part.__dict__["encoded_rows"] = self.encoded_rows[kept]  # encoding many takes long
        return part

    def _row(self, index: int, measured: Mapping[str, Value]) -> Configuration:
        assert self.rows is not None
        row = {**self.rows[index], **measured}
        return {name: row[name] for name in self.names if name in row}

    def find_emptiness(self) -> str | None:
        """Returns why no configuration is admissible, and how sure that is; None where one is."""
        if self.rows is None:
            return find_emptiness(self.region)
        return None if self.rows else "The candidate table has no rows."

    def snap(self, x: Floats) -> dict[str, Value] | None:
        """Returns the admissible configuration next to a point of the unit cube.

        Args:
            x: shape ``d``.

        Returns:
            The nearest row of the candidate table; without one the nearest configuration at the
            lab's resolution where that keeps all constraints, else the nearest that keeps the sums,
            counts and exclusions, each parameter's way counted as a share of its range; None where
            there is none, or where it breaks a formula.
        """
        if self.rows is not None:
            return dict(self.rows[int(np.argmin(np.linalg.norm(self.encoded_rows - x, axis=1)))])
        nearest = {**self.decode(x), **self.held}
        if self.region.keeps_rules(nearest):
            return nearest
        near, costs = {}, {}
        columns = np.array(self.columns)
        for index, axis in enumerate(self.region.axes):
            own = x[columns == index]
            if axis.is_grid:
                near[index] = axis.number_at(float(own[0]))
            elif axis.levels is not None:
                costs[index] = np.abs(axis.parameter.encode(axis.levels) - own).sum(axis=1)
        raw = self.region.nearest(nearest, near=near, costs=costs)
        return None if raw is None else next(self.region.admissible(raw[None, :]), None)

    def sample(self, n: int, *, seed: int) -> tuple[dict[str, Value], ...]:
        """Draws admissible configurations that fill the space evenly.

        Scrambled Sobol points where most of them are admissible; else points drawn within the
        rules, about as many for each set of components that may be present together.

        Args:
            n: how many.
            seed: of the scrambling and of all draws.

        Returns:
            ``n`` distinct configurations; fewer where the space holds fewer, or where a search
            found no more. From a candidate table rows are drawn at random.

        Raises:
            InputError: no admissible configuration was found.
        """
        generator = np.random.default_rng(seed)
        if self.rows is not None:
            chosen = generator.permutation(len(self.rows))[:n]
            return tuple(dict(self.rows[index]) for index in chosen)
        drawn = draw_configurations(self.region, n, generator=generator)
        found = tuple(itertools.islice(drawn, n))
        if not found and n > 0:
            why = self.find_emptiness() or "No admissible configuration was found."
            raise InputError(f"{why} Loosen the constraints or widen the bounds.")
        return found

    def draw(self, *, generator: np.random.Generator) -> Iterator[dict[str, Value]]:
        """Yields admissible configurations at random, evenly over the space; comes to an end.

        From a candidate table, and of a small space, each comes once, in random order.
        """
        if self.rows is None:
            yield from draw_evenly(self.region, generator=generator)
            return
        for index in generator.permutation(len(self.rows)):
            yield dict(self.rows[index])

    def neighbours(self, configuration: Configuration) -> list[dict[str, Value]]:
        """Returns admissible configurations a small change away.

        Another choice, the next level, amounts exchanged between two components of a sum, or
        another component in the place of one that is present.
        """
        return list_neighbours(self.region, configuration)

    def linear_rules(self) -> list[tuple[Floats, float]]:
        """Returns linear limits as ``a @ x >= b`` over the unit cube, with ``a`` of shape d."""
        return self.encoded_rules.limits

    @cached_property
    def encoded_rules(self) -> EncodedRules:
        """The linear constraints over the unit cube."""
        return encode_rules(self.parameters, self.columns, self.constraints, self.held)

    def decode(self, x: Floats) -> dict[str, Value]:
        """Returns the nearest value of each parameter; constraints are not looked at."""
        values: dict[str, Value] = {}
        start = 0
        for parameter in self.parameters:
            stop = start + parameter.n_columns
            values[parameter.name] = parameter.decode(x[start:stop])
            start = stop
        return values


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else shown(value)
