"""Configurations spread over a space, however small it is and however tight its constraints."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from planner.space.base import Floats, Value
from planner.space.numeric import Discrete, Integer
from planner.space.parameters import Categorical, list_levels
from planner.space.polytope import find_centre, pull_inside

if TYPE_CHECKING:
    from planner.space.search_space import SearchSpace

# A space of at most so many configurations can be listed; a larger one is drawn from.
_MOST_LISTED = 4096
# So many batches of points are drawn before a search for more is given up.
_MOST_BATCHES = 64


def draw_configurations(
    space: SearchSpace, n: int, *, generator: np.random.Generator
) -> Iterator[dict[str, Value]]:
    """Yields configurations spread over the space, some twice; comes to an end.

    First the Sobol points as they are; a small space is then listed, so that none is missed;
    where constraints let few points through, others are pulled inside them.
    """
    from scipy.stats import qmc  # takes most of a second, so only who draws waits for it

    engine = qmc.Sobol(len(space.parameters), rng=generator)
    is_small = space.n_settings is not None and space.n_settings <= _MOST_LISTED
    for _ in range(1 if is_small else _MOST_BATCHES):
        yield from (space.decode(_spread(space, point)) for point in engine.random(_batch(n)))
    if is_small:
        yield from _listed(space, generator)
        return
    rules = space.linear_rules()
    a, b = np.array([rule[0] for rule in rules]), np.array([rule[1] for rule in rules])
    centre = find_centre(a, b) if rules else None
    for _ in range(_MOST_BATCHES if centre is not None else 0):
        assert centre is not None
        points = np.array([_spread(space, point) for point in engine.random(_batch(n))])
        inside = pull_inside(points, centre=centre, a=a, b=b, generator=generator)
        yield from filter(None, map(space.snap, inside))


def _listed(space: SearchSpace, generator: np.random.Generator) -> Iterator[dict[str, Value]]:
    """Yields every combination of levels, in random order."""
    levels = [list_levels(parameter) for parameter in space.parameters]
    combinations = list(itertools.product(*levels))
    for index in generator.permutation(len(combinations)):
        yield dict(zip(space.names, combinations[index], strict=True))


def _spread(space: SearchSpace, point: Floats) -> Floats:
    """Maps one number in [0, 1) a parameter to the columns of the unit cube."""
    parts = []
    for parameter, at in zip(space.parameters, point, strict=True):
        if isinstance(parameter, Categorical):
            part = np.zeros(parameter.n_columns)
            part[min(int(at * parameter.n_columns), parameter.n_columns - 1)] = 1.0
        elif isinstance(parameter, Integer | Discrete):
            levels = list_levels(parameter)
            part = parameter.encode([levels[min(int(at * len(levels)), len(levels) - 1)]])[0]
        else:
            part = np.array([at])
        parts.append(part)
    return np.concatenate(parts)


def _batch(n: int) -> int:
    """Returns how many points to draw at once, a power of two as Sobol's sequence wants."""
    return 1 << max(4, (n - 1).bit_length())
