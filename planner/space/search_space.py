"""The search space: all admissible configurations, and their encoding in the unit cube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

import numpy as np

from planner.errors import InputError, UnknownName, ValueOutOfRange
from planner.space.base import Floats, Value
from planner.space.constraints import LinearConstraint
from planner.space.numeric import Continuous, Discrete, Integer
from planner.space.parameters import AnyParameter, Categorical
from planner.space.polytope import find_centre, pull_inside

Configuration = Mapping[str, Value]

# Rounding moves each numeric parameter by at most one step; beyond this many of them not every
# combination of neighbours is tried.
_MOST_ROUNDED_TOGETHER = 8
# A space of at most so many configurations can be listed; a larger one is drawn from.
_MOST_LISTED = 4096
# So many batches of points are drawn before a search for more is given up.
_MOST_BATCHES = 64


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
        counts = [_n_levels(parameter) for parameter in self.parameters]
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
        for configuration in self._draw(n, generator):
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

    def _draw(self, n: int, generator: np.random.Generator) -> Iterator[dict[str, Value]]:
        """Yields configurations spread over the space, some twice; comes to an end.

        First the Sobol points as they are; a small space is then listed, so that none is missed;
        where constraints let few points through, others are pulled inside them.
        """
        from scipy.stats import qmc  # takes most of a second, so only who draws waits for it

        engine = qmc.Sobol(len(self.parameters), rng=generator)
        is_small = self.n_settings is not None and self.n_settings <= _MOST_LISTED
        for _ in range(1 if is_small else _MOST_BATCHES):
            yield from (self._decode(self._spread(point)) for point in engine.random(_batch(n)))
        if is_small:
            yield from self._listed(generator)
            return
        rules = self.linear_rules()
        a, b = np.array([rule[0] for rule in rules]), np.array([rule[1] for rule in rules])
        centre = find_centre(a, b) if rules else None
        for _ in range(_MOST_BATCHES if centre is not None else 0):
            assert centre is not None
            points = np.array([self._spread(point) for point in engine.random(_batch(n))])
            inside = pull_inside(points, centre=centre, a=a, b=b, generator=generator)
            yield from filter(None, map(self.snap, inside))

    def _listed(self, generator: np.random.Generator) -> Iterator[dict[str, Value]]:
        """Yields every combination of levels, in random order."""
        levels = [_levels(parameter) for parameter in self.parameters]
        combinations = list(itertools.product(*levels))
        for index in generator.permutation(len(combinations)):
            yield dict(zip(self.names, combinations[index], strict=True))

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
                levels = _levels(parameter)
                part = parameter.encode([levels[min(int(at * len(levels)), len(levels) - 1)]])[0]
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
        levels = _levels(parameter)
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


def _n_levels(parameter: AnyParameter) -> int | None:
    """Returns how many values there are; None where no resolution was stated."""
    if not isinstance(parameter, Continuous):
        return len(_levels(parameter))
    if parameter.resolution is None:
        return None
    step, low = parameter.step_at(parameter.low)
    return int((Decimal(repr(parameter.high)) - low) / step) + 1


def _levels(parameter: AnyParameter) -> Sequence[Value]:
    """Returns all values, in order; for parameters that have a number of them."""
    match parameter:
        case Integer():
            return range(int(parameter.low), int(parameter.high) + 1)
        case Discrete():
            return parameter.values
        case Categorical():
            return parameter.choices
        case Continuous():
            step, low = parameter.step_at(parameter.low)
            return [float(low + step * count) for count in range(_n_levels(parameter) or 0)]


def _batch(n: int) -> int:
    """Returns how many points to draw at once, a power of two as Sobol's sequence wants."""
    return 1 << max(4, (n - 1).bit_length())
