"""The search space: all admissible configurations, and their encoding in the unit cube."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.stats import qmc

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space.constraints import LinearConstraint
from planner.space.parameters import (
    Categorical,
    Continuous,
    Discrete,
    Floats,
    Integer,
    Value,
)

Configuration = Mapping[str, Value]
AnyParameter = Continuous | Integer | Discrete | Categorical

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
            The nearest configuration at the lab's resolution that meets all constraints among the
            neighbours that rounding can reach; None where there is none.
        """
        nearest = self._decode(x)
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
            At most ``n`` distinct configurations; fewer where the space holds fewer.

        Raises:
            InputError: none of 65,536 points is admissible.
        """
        engine = qmc.Sobol(len(self.parameters), rng=np.random.default_rng(seed))
        found: dict[tuple[Value, ...], dict[str, Value]] = {}
        drawn = 0
        while len(found) < n and drawn < max(1 << 16, 4 * n):
            batch = engine.random(1 << max(4, (n - 1).bit_length()))
            drawn += len(batch)
            for point in batch:
                configuration = self._decode(self._spread(point))
                if self._is_admissible(configuration):
                    found.setdefault(tuple(configuration.values()), configuration)
        if not found:
            rules = "; ".join(str(constraint) for constraint in self.constraints)
            raise InputError(
                f"None of {drawn:,} points spread over the space meets the constraints ({rules}). "
                f"Loosen them or widen the bounds."
            )
        return tuple(itertools.islice(found.values(), n))

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

    def _decode(self, x: Floats) -> dict[str, Value]:
        values: dict[str, Value] = {}
        start = 0
        for parameter in self.parameters:
            stop = start + parameter.n_columns
            values[parameter.name] = parameter.decode(x[start:stop])
            start = stop
        return values

    def _spread(self, point: Floats) -> Floats:
        """Maps one number in [0, 1) a parameter to the columns of the unit cube."""
        parts = []
        for parameter, at in zip(self.parameters, point, strict=True):
            if isinstance(parameter, Categorical):
                part = np.zeros(parameter.n_columns)
                part[min(int(at * parameter.n_columns), parameter.n_columns - 1)] = 1.0
            elif isinstance(parameter, Integer | Discrete):
                part = _level(parameter, at)
            else:
                part = np.array([at])
            parts.append(part)
        return np.concatenate(parts)

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
        return (value,)


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


def _level(parameter: Integer | Discrete, at: float) -> Floats:
    """Returns the code of one of equally likely levels."""
    if isinstance(parameter, Integer):
        levels: Sequence[float] = range(int(parameter.low), int(parameter.high) + 1)
    else:
        levels = parameter.values
    chosen = levels[min(int(at * len(levels)), len(levels) - 1)]
    return parameter.encode([chosen]).ravel()
