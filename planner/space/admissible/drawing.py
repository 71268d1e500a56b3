"""Configurations drawn evenly over a region, each independently of the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.space.admissible.region import Region
from planner.space.admissible.sampling import draw_configurations, is_small
from planner.space.base import Value

# So many points are drawn before a search for one that will do is given up.
_MOST_DRAWN = 2**17
_FIRST, _LARGEST = 16, 4096  # points drawn at once
# Where fewer points than this share of the cube are admissible, others are made so.
_FEW, _ENOUGH_TO_TELL = 1 / 64, 1024
_SPREAD = 64


def draw_evenly(region: Region, *, generator: np.random.Generator) -> Iterator[dict[str, Value]]:
    """Yields admissible configurations at random; comes to an end.

    A small region is gone through in random order, each configuration once. Of a larger one points
    are drawn evenly, on a log scale where the parameter has one, and those are yielded that keep
    the rules; so they are even over what is admissible, and some may come again. Where the rules
    let fewer than one point in 64 through, points are drawn within the rules, about as many for
    each set of components that may be present together.
    """
    if is_small(region) and region.listed is not None:
        yield from region.admissible(generator.permutation(region.listed))
        return
    n, n_drawn, n_kept = _FIRST, 0, 0
    while n_drawn < _MOST_DRAWN:
        for configuration in region.admissible(
            region.spread(generator.random((n, len(region.axes))))
        ):
            n_kept += 1
            yield configuration
        n_drawn, n = n_drawn + n, min(2 * n, _LARGEST)
        if n_drawn >= _ENOUGH_TO_TELL and n_kept < _FEW * n_drawn:
            yield from draw_configurations(region, _SPREAD, generator=generator)
            return
