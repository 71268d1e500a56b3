"""Configurations spread over a region, however small it is and however tight its constraints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.space.admissible.region import MOST_LISTED, Region
from planner.space.admissible.search import search_formulas
from planner.space.base import Floats, Value

# So many batches of points are drawn before a search for more is given up.
_MOST_BATCHES = 64
# Where fewer points than this share of the cube are admissible, others are made so.
_FEW = 1 / 32
# So many points are moved to the nearest configuration one by one, where all else fails.
_MOST_MOVED = 64


def draw_configurations(
    region: Region, n: int, *, generator: np.random.Generator
) -> Iterator[dict[str, Value]]:
    """Yields distinct admissible configurations spread over the region; comes to an end.

    First the Sobol points that are admissible; a small region is then listed, so that none is
    missed; where constraints let few points through, points are drawn within them.
    """
    seen: set[tuple[Value, ...]] = set()
    for batch in _batches(region, n, generator):
        n_before = len(seen)
        for configuration in region.admissible(batch.raw):
            key = tuple(configuration.values())
            if key not in seen:
                seen.add(key)
                yield configuration
        batch.n_new = len(seen) - n_before


@dataclass(slots=True)
class _Batch:
    """Raw rows, and how many of them turned out to be new and admissible."""

    raw: Floats
    n_new: int = 0

    @property
    def is_poor(self) -> bool:
        return self.n_new < _FEW * len(self.raw)


def _batches(region: Region, n: int, generator: np.random.Generator) -> Iterator[_Batch]:
    from scipy.stats import qmc  # takes most of a second, so only who draws waits for it

    n_found = 0
    engine = qmc.Sobol(len(region.axes), rng=generator)
    for _ in range(1 if is_small(region) else _MOST_BATCHES):
        batch = _Batch(region.spread(engine.random(_power_of_two(n))))
        yield batch
        n_found += batch.n_new
        if batch.is_poor:
            break
    if region.listed is not None:
        yield _Batch(generator.permutation(region.listed))
        return
    if not region.constraints:
        return
    size = _power_of_two(n + n // 8)  # some are lost to rounding, and some are the same
    for _ in range(_MOST_BATCHES):
        batch = _Batch(region.fill(engine.random(size), generator=generator))
        yield batch
        n_found += batch.n_new
        if batch.n_new < _FEW * size:
            break
    if region.rules.formulas:
        batch = _Batch(search_formulas(region, n, generator=generator))
        yield batch
        n_found += batch.n_new
    for u in generator.random((max(0, min(n, _MOST_MOVED) - n_found), len(region.axes))):
        raw = _moved(region, u, generator)
        if raw is None:
            return
        yield _Batch(raw[None, :])


def _moved(region: Region, u: Floats, generator: np.random.Generator) -> Floats | None:
    raw = region.spread(u[None, :])[0]
    near = {i: float(raw[i]) for i, axis in enumerate(region.axes) if axis.is_grid}
    costs = {
        i: generator.random(len(axis.levels))
        for i, axis in enumerate(region.axes)
        if axis.levels is not None
    }
    return region.nearest(region.configuration(raw), near=near, costs=costs)


def is_small(region: Region) -> bool:
    """Tells whether all combinations of values, constraints aside, are few enough to list."""
    total = 1
    for axis in region.axes:
        if axis.n_levels is None:
            return False
        total *= axis.n_levels
        if total > MOST_LISTED:
            return False
    return True


def _power_of_two(n: int) -> int:
    """Returns how many points to draw at once, as Sobol's sequence wants it."""
    return 1 << max(4, (n - 1).bit_length())
