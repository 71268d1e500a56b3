"""The search space: all admissible configurations, and their encoding in the unit cube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space.base import Floats, Value
from planner.space.constraints import LinearConstraint
from planner.space.numeric import Continuous, Discrete, Integer
from planner.space.parameters import AnyParameter, count_levels, list_levels
from planner.space.sampling import draw_configurations

Configuration = Mapping[str, Value]

# Rounding moves each numeric parameter by at most one step; beyond this many of them not every
# combination of neighbours is tried.
_MOST_ROUNDED_TOGETHER = 8


@dataclass(frozen=True)
class SearchSpace:
    """All configurations that may be tried.

    Args:
        parameters: in the order of the campaign file.
        constraints: rules that every configuration keeps.
        rows: where a candidate table is given, its distinct configurations; only these may be
            tried, taken as given.
    """

    parameters: tuple[AnyParameter, ...]
    constraints: tuple[LinearConstraint, ...] = ()
    rows: tuple[Configuration, ...] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuses what cannot be a space.

        Raises:
            InputError: no parameters, two of one name, or a constraint that cannot be summed.
            UnknownName: a constraint names no parameter.
        """
        if not self.parameters or len(set(self.names)) < len(self.parameters):
            raise InputError(
                f"A search space needs parameters of different names, not {list(self.names)}."
            )
        for constraint in self.constraints:
            self._encoded_weights(constraint)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in order."""
        return tuple(parameter.name for parameter in self.parameters)

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """For each column of the unit cube the index of the parameter it belongs to."""
        return tuple(
            index
            for index, parameter in enumerate(self.parameters)
            for _ in range(parameter.n_columns)
        )

    @property
    def n_columns(self) -> int:
        """Number of encoded dimensions, ``d``."""
        return len(self.columns)

    @cached_property
    def n_settings(self) -> int | None:
        """Number of rows or of combinations of levels, before constraints; None where endless."""
        if self.rows is not None:
            return len(self.rows)
        counts = [count_levels(parameter) for parameter in self.parameters]
        return None if None in counts else math.prod(count for count in counts if count)

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
        """The candidate table in the unit cube, shape ``n d``; empty where there is none."""
        return self.encode(self.rows or ())

    def check(self, configuration: Configuration) -> dict[str, Value]:
        """Returns the configuration in the parameters' own types, in their order.

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
            checked[parameter.name] = parameter.check(configuration[parameter.name])
        for constraint in self.constraints:
            if not constraint.is_met(checked):
                raise ValueOutOfRange(f"The constraint {constraint} is broken by {checked}.")
        return checked

    def snap(self, x: Floats) -> dict[str, Value] | None:
        """Returns an admissible configuration next to a point of the unit cube.

        Args:
            x: shape ``d``.

        Returns:
            The nearest row of the candidate table; without one the nearest configuration at the
            lab's resolution that meets all constraints among the neighbours that rounding can
            reach; None where there is none.
        """
        if self.rows is not None:
            return dict(self.rows[int(np.argmin(np.linalg.norm(self.encoded_rows - x, axis=1)))])
        nearest = self.decode(x)
        if self._is_admissible(nearest):
            return nearest
        for neighbour in self._neighbours(nearest, x):
            if self._is_admissible(neighbour):
                return neighbour
        return None

    def sample(self, n: int, *, seed: int) -> tuple[dict[str, Value], ...]:
        """Draws admissible configurations that fill the space evenly (scrambled Sobol).

        Args:
            n: how many.
            seed: of the scrambling.

        Returns:
            ``n`` distinct configurations; fewer where the space holds fewer, or where rounding
            leaves next to none that meet the constraints. From a candidate table rows are drawn
            at random.

        Raises:
            InputError: no admissible configuration was found.
        """
        generator = np.random.default_rng(seed)
        if self.rows is not None:
            chosen = generator.permutation(len(self.rows))[:n]
            return tuple(dict(self.rows[index]) for index in chosen)
        found: dict[tuple[Value, ...], dict[str, Value]] = {}
        for configuration in draw_configurations(self, n, generator=generator):
            if len(found) >= n:
                break
            if self._is_admissible(configuration):
                found.setdefault(tuple(configuration.values()), configuration)
        if not found and n > 0:
            rules = "; ".join(str(constraint) for constraint in self.constraints)
            raise InputError(
                f"No configuration was found that meets the constraints ({rules}). "
                f"Loosen them or widen the bounds."
            )
        return tuple(found.values())

    def linear_rules(self) -> list[tuple[Floats, float]]:
        """Returns the constraints as ``a @ x >= b`` over the unit cube, with ``a`` of shape d."""
        rules = []
        for constraint in self.constraints:
            weights, offset = self._encoded_weights(constraint)
            if constraint.at_least is not None:
                rules.append((weights, constraint.at_least - offset))
            if constraint.at_most is not None:
                rules.append((-weights, offset - constraint.at_most))
        return rules

    def _encoded_weights(self, constraint: LinearConstraint) -> tuple[Floats, float]:
        weights, offset = np.zeros(self.n_columns), 0.0
        for name, weight in constraint.weights.items():
            parameter = self.parameter(name)
            at_zero, at_one = _ends(parameter)
            weights[self.columns.index(self.names.index(name))] = weight * (at_one - at_zero)
            offset += weight * at_zero
        return weights, offset

    def decode(self, x: Floats) -> dict[str, Value]:
        """Returns the nearest value of each parameter; constraints are not looked at."""
        values: dict[str, Value] = {}
        start = 0
        for parameter in self.parameters:
            stop = start + parameter.n_columns
            values[parameter.name] = parameter.decode(x[start:stop])
            start = stop
        return values

    def _is_admissible(self, configuration: Configuration) -> bool:
        return all(constraint.is_met(configuration) for constraint in self.constraints)

    def _neighbours(self, nearest: dict[str, Value], x: Floats) -> Iterator[dict[str, Value]]:
        """Yields configurations one step away in the constrained parameters, nearest first."""
        constrained = {name for rule in self.constraints for name in rule.weights}
        moved = [name for name in self.names if name in constrained][:_MOST_ROUNDED_TOGETHER]
        options = [self._steps_around(name, nearest[name]) for name in moved]
        neighbours = [
            {**nearest, **dict(zip(moved, chosen, strict=True))}
            for chosen in itertools.product(*options)
        ]
        distances = np.linalg.norm(self.encode(neighbours) - x, axis=1)
        for index in np.argsort(distances, kind="stable"):
            yield neighbours[index]

    def _steps_around(self, name: str, value: Value) -> tuple[Value, ...]:
        parameter = self.parameter(name)
        if isinstance(parameter, Continuous):
            step = float(parameter.step_at(float(value))[0])
            around = (parameter.snap(float(value) + sign * step) for sign in (-1, 0, 1))
            return tuple(dict.fromkeys(around))
        if isinstance(parameter, Integer):
            around_int = (int(value) - 1, int(value), int(value) + 1)
            return tuple(i for i in around_int if parameter.low <= i <= parameter.high)
        levels = list_levels(parameter)
        index = levels.index(value)
        return tuple(levels[max(index - 1, 0) : index + 2])


def _ends(parameter: AnyParameter) -> tuple[float, float]:
    """Returns the values that encode to 0 and to 1."""
    if isinstance(parameter, Discrete):
        return parameter.values[0], parameter.values[-1]
    if isinstance(parameter, Integer) or (
        isinstance(parameter, Continuous) and parameter.scale == "linear"
    ):
        return parameter.low, parameter.high
    raise InputError(
        f"Parameter {parameter.name!r} cannot stand in a linear constraint: it is "
        f"{'on a log scale' if isinstance(parameter, Continuous) else 'a category'}."
    )
