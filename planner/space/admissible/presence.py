"""Which components are present: the cases into which rules on sums and counts fall apart.

A *state* is a part of one parameter's values on which rules are plain: absent, all present values,
or one listed number. A *case* takes one state for each parameter that such a rule names; within a
case the sums are those of a polytope, and the counts are settled.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.space.admissible.lattice import Axis
from planner.space.admissible.rules import Rules, Truths

# So many cases are all looked at; of more, so many are drawn.
MOST_CASES = 4096
_MOST_ROUNDS = 16

Cases = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class State:
    """Whole values from ``low`` to ``high``; one value only where they are equal."""

    low: int
    high: int
    is_present: bool


def list_states(axis: Axis, *, is_counted: bool) -> tuple[State, ...]:
    """Returns the states of one parameter; what is counted is split into absent and present."""
    if axis.levels is not None:
        return tuple(State(each, each, each != 0) for each in sorted(set(axis.whole_levels)))
    low, high = axis.first, axis.first + axis.step * (axis.count - 1)
    if axis.is_optional:
        return State(0, 0, is_present=False), State(low, high, is_present=True)
    if not is_counted or not low <= 0 <= high:
        return (State(low, high, is_present=True),)
    at_zero = -low // axis.step
    states = []
    if low < 0:
        last_below = at_zero - (-low % axis.step == 0)
        states.append(State(low, low + axis.step * last_below, is_present=True))
    if -low % axis.step == 0:
        states.append(State(0, 0, is_present=False))
    if low + axis.step * (at_zero + 1) <= high:
        states.append(State(low + axis.step * (at_zero + 1), high, is_present=True))
    return tuple(states)


@dataclass(frozen=True, eq=False)
class CaseSource:
    """The cases of a space.

    Args:
        rules: of the space.
        indices: of the parameters that sums or counts name, ``c``.
        states: of each of them.
    """

    rules: Rules
    indices: tuple[int, ...]
    states: tuple[tuple[State, ...], ...]

    @property
    def n_cases(self) -> int:
        """Number of combinations of states, possible or not."""
        return math.prod(len(each) for each in self.states)

    def draw(self, *, generator: np.random.Generator) -> Cases:
        """Returns distinct cases in random order, ``m c``: all that may be possible where few.

        What no value of the states can meet is left out. Where there are too many cases,
        numbers of components that are present are drawn evenly, and so is which they are.
        """
        if self.n_cases <= MOST_CASES:
            counts = [range(len(each)) for each in self.states]
            cases = np.array(list(itertools.product(*counts)), dtype=np.intp)
            cases = cases.reshape(self.n_cases, len(self.indices))
        else:
            cases = self._drawn_until_enough(generator)
        cases = cases[self.are_possible(cases)]
        return cases[generator.permutation(len(cases))]

    def _drawn_until_enough(self, generator: np.random.Generator) -> Cases:
        found = np.empty((0, len(self.indices)), dtype=np.intp)
        for _ in range(_MOST_ROUNDS):
            drawn = self._drawn(generator)
            found = np.unique(np.vstack([found, drawn[self.are_possible(drawn)]]), axis=0)
            if len(found) >= MOST_CASES // 2:
                break
        return found

    def are_possible(self, cases: Cases) -> Truths:
        """Tells which cases keep the counts, and each sum by itself for some values."""
        possible = np.ones(len(cases), dtype=np.bool_)
        places = {index: c for c, index in enumerate(self.indices)}
        for rule in self.rules.counts:
            columns = [places[index] for index in rule.indices]
            present = sum(
                (np.array([each.is_present for each in self.states[c]])[cases[:, c]]).astype(int)
                for c in columns
            )
            possible &= np.asarray((present >= rule.low) & (present <= rule.high))
        for sums in self.rules.linear:
            least: NDArray[np.object_] = np.zeros(len(cases), dtype=object)
            most: NDArray[np.object_] = np.zeros(len(cases), dtype=object)
            for index in sums.indices:
                factor, c = sums.coefficients[index], places[index]
                ends = [sorted((factor * s.low, factor * s.high)) for s in self.states[c]]
                least = least + np.array([low for low, _ in ends], dtype=object)[cases[:, c]]
                most = most + np.array([high for _, high in ends], dtype=object)[cases[:, c]]
            possible &= np.asarray(sums.low is None or most >= sums.low, dtype=np.bool_)
            possible &= np.asarray(sums.high is None or least <= sums.high, dtype=np.bool_)
        return possible

    def _drawn(self, generator: np.random.Generator) -> Cases:
        """Draws cases whose numbers of present components differ as much as they can."""
        chance = self._chances(generator)
        wanted = generator.random(chance.shape) < chance
        columns = []
        for c, states in enumerate(self.states):
            present = [i for i, state in enumerate(states) if state.is_present]
            absent = [i for i, state in enumerate(states) if not state.is_present]
            options = (present or absent, absent or present)
            chosen = [generator.choice(each, MOST_CASES) for each in options]
            columns.append(np.where(wanted[:, c], *chosen))
        return np.stack(columns, axis=1)

    def _chances(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Returns for each drawn case how probable presence is: evenly what the counts allow."""
        shape = (MOST_CASES, len(self.indices))
        chance = np.broadcast_to(generator.random((MOST_CASES, 1)), shape).copy()
        for rule in self.rules.counts:
            columns = [self.indices.index(index) for index in rule.indices]
            low, high = rule.low / len(columns), rule.high / len(columns)
            chance[:, columns] = low + (high - low) * generator.random((MOST_CASES, 1))
        return chance


def find_cases(rules: Rules) -> CaseSource:
    """Returns the cases of rules; with neither sums nor counts there is one, of no parameters."""
    counted = {index for rule in rules.counts for index in rule.indices}
    summed = {index for rule in rules.linear for index in rule.indices}
    indices = tuple(
        i
        for i in sorted(counted | summed)
        # a free logarithm is never 0 and stands in no sum
        if rules.axes[i].is_grid or rules.axes[i].levels is not None
    )
    states = tuple(list_states(rules.axes[i], is_counted=i in counted) for i in indices)
    return CaseSource(_without_free(rules), indices, states)


def _without_free(rules: Rules) -> Rules:
    """Returns the rules with free logarithms, which are always present, counted beforehand."""
    from dataclasses import replace

    counts = []
    for rule in rules.counts:
        free = [i for i in rule.indices if rules.axes[i].n_levels is None]
        rest = tuple(i for i in rule.indices if i not in free)
        counts.append(
            replace(rule, indices=rest, low=rule.low - len(free), high=rule.high - len(free))
        )
    return replace(rules, counts=tuple(counts))


def as_states(source: CaseSource, case: Sequence[int]) -> dict[int, State]:
    """Returns the state of each parameter that a case names."""
    return {
        index: states[chosen]
        for index, states, chosen in zip(source.indices, source.states, case, strict=True)
    }
