"""The admissible part of a space: how it is filled, and what lies next to a point of it.

What is found is always checked as a whole configuration, in decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from planner.space.admissible.cells import Cell, make_cell
from planner.space.admissible.lattice import Axis, make_axis
from planner.space.admissible.listing import list_all
from planner.space.admissible.presence import CaseSource, as_states, find_cases
from planner.space.admissible.programme import solve
from planner.space.admissible.rules import Rules, compile_rules
from planner.space.base import Floats, Value
from planner.space.constraints import AnyConstraint
from planner.space.parameters import AnyParameter

# A region of at most so many configurations is listed; a larger one is drawn from.
MOST_LISTED = 4096
# So many cases of which components are present are filled in one sample.
_MOST_CELLS = 128
# So many points are drawn in each attempt to fill the region by walks.
_BATCH = 1024


@dataclass(frozen=True, eq=False)
class Region:
    """The configurations that keep all constraints.

    Args:
        parameters: in order, ``p`` of them.
        constraints: that are kept.
        held: parameters held at a value.
    """

    parameters: tuple[AnyParameter, ...]
    constraints: tuple[AnyConstraint, ...]
    held: Mapping[str, Value] = field(default_factory=dict)
    _cells: dict[tuple[int, ...], Cell | None] = field(default_factory=dict, repr=False)

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """What each parameter may be."""
        return tuple(make_axis(each, held=self.held.get(each.name)) for each in self.parameters)

    @cached_property
    def rules(self) -> Rules:
        """The constraints on whole numbers."""
        return compile_rules(self.axes, self.constraints)

    @cached_property
    def cases(self) -> CaseSource:
        """Which components may be present together."""
        return find_cases(self.rules)

    @cached_property
    def listed(self) -> Floats | None:
        """All raw configurations, ``n p``, where they are few; else None."""
        return list_all(self.rules, at_most=MOST_LISTED)

    def configuration(self, raw: Floats) -> dict[str, Value]:
        """Returns one raw row as a configuration."""
        return {
            axis.parameter.name: axis.value(float(each))
            for axis, each in zip(self.axes, raw, strict=True)
        }

    def raw(self, configurations: Sequence[Mapping[str, Value]]) -> Floats:
        """Returns configurations as raw rows, ``n p``."""
        rows = [
            [axis.raw(each[axis.parameter.name]) for axis in self.axes] for each in configurations
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.axes))

    def keeps_rules(self, configuration: Mapping[str, Value]) -> bool:
        """Tells whether all constraints are met, in decimal."""
        return all(constraint.is_met(configuration) for constraint in self.constraints)

    def admissible(self, raw: Floats) -> Iterator[dict[str, Value]]:
        """Yields those raw rows that are admissible, as configurations."""
        for row in raw[self.rules.are_kept(raw)] if self.constraints else raw:
            configuration = self.configuration(row)
            if not self.rules.formulas or self.keeps_rules(configuration):
                yield configuration

    def spread(self, u: Floats) -> Floats:
        """Returns what points of the unit cube, ``n p``, stand for, as raw rows."""
        columns = [axis.spread(u[:, i]) for i, axis in enumerate(self.axes)]
        return np.stack(columns, axis=1)

    def fill(self, u: Floats, *, generator: np.random.Generator) -> Floats:
        """Returns raw rows that keep sums, counts and exclusions, as many of each case.

        Args:
            u: points of the unit cube, ``n p``; parameters that stand in no rule are spread so.
            generator: of the cases and walks.
        """
        raw = self.spread(u)
        cells = self.find_cells(generator)
        if not cells:
            return raw[:0]
        for part, chosen in enumerate(np.array_split(generator.permutation(len(raw)), len(cells))):
            drawn = cells[part].draw(len(chosen), generator=generator)
            for index, wholes in drawn.items():
                raw[chosen, index] = self.axes[index].raws(wholes)
        self._leave_exclusions(raw, generator)
        return raw[self.rules.are_sums_kept(raw) & self.rules.are_exclusions_kept(raw)]

    def _leave_exclusions(self, raw: Floats, generator: np.random.Generator) -> None:
        """Draws one parameter of each excluded combination anew, where no sum names it."""
        free = set(range(len(self.axes))) - set(self.cases.indices)
        for exclusion in self.rules.exclusions:
            options = [i for i in exclusion if i in free and not self.axes[i].is_constant]
            if not options:
                continue
            inside = np.logical_and.reduce([test(raw[:, i]) for i, test in exclusion.items()])
            rows = np.flatnonzero(inside)
            for index in options:
                mine = rows[generator.integers(len(options), size=len(rows)) == 0]
                fresh = self.axes[index].spread(generator.random(_BATCH))
                outside = fresh[~exclusion[index](fresh)]
                if len(outside):
                    raw[mine, index] = generator.choice(outside, size=len(mine))

    def find_cells(self, generator: np.random.Generator) -> list[Cell]:
        """Returns the cells of cases drawn at random; each is worked out once."""
        cells: list[Cell] = []
        for case in self.cases.draw(generator=generator)[: 4 * _MOST_CELLS]:
            cell = self._cell(tuple(int(each) for each in case))
            if cell is not None:
                cells.append(cell)
            if len(cells) == _MOST_CELLS:
                break
        return cells

    def cell_at(self, raw: Floats) -> Cell | None:
        """Returns the cell of the case that a raw row belongs to; None for none."""
        case = []
        for index, states in zip(self.cases.indices, self.cases.states, strict=True):
            whole = int(self.axes[index].wholes(raw[index : index + 1])[0])
            inside = [i for i, state in enumerate(states) if state.low <= whole <= state.high]
            if not inside:
                return None
            case.append(inside[0])
        return self._cell(tuple(case))

    def _cell(self, case: tuple[int, ...]) -> Cell | None:
        if case not in self._cells:
            self._cells[case] = make_cell(self.rules, as_states(self.cases, case))
        return self._cells[case]

    def nearest(
        self,
        wanted: Mapping[str, Value],
        *,
        near: Mapping[int, float],
        costs: Mapping[int, Floats],
    ) -> Floats | None:
        """Returns the nearest raw row that keeps sums, counts and exclusions; None for none.

        Args:
            wanted: values of what stands in no such rule.
            near: for grids the number to be near to.
            costs: for parameters with a list of values what each costs.
        """
        found = solve(self.rules, near=near, costs=costs)
        if found.raw is None:
            return None
        raw: Floats = self.raw([{**wanted, **self.held}])[0]
        is_ruled = ~np.isnan(found.raw)
        raw[is_ruled] = found.raw[is_ruled]
        return raw
