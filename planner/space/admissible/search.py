"""Configurations that keep formulas, where drawing at random finds few or none.

First many points that keep all other rules; from those that miss the formulas least, descents;
from what keeps them, walks that fill the rest. A search and no proof: what it finds nothing in may
hold something.

| symbol | meaning | shape |
|---|---|---|
| ``y`` | points of a case's polytope | m d |
| ``u`` | where in [0, 1) the other parameters are | m p |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.space.admissible.cells import Cell
from planner.space.admissible.region import Region
from planner.space.base import Floats

N_POINTS = 65_536
N_DESCENTS = 32
# So many points that keep the formulas are enough to walk from.
_ENOUGH = 256
# Fewer points than this of one case say little of it.
_FEWEST = 512
_BATCH = 4096
_DESCENT_STEPS = 60
_TRIES = 16
_WALK_STEPS = 30
_MOST_SHRUNK = 10
# Steps of a descent, as shares of the chord, are drawn evenly in the logarithm from here to 1.
_SHORTEST = 1e-4
# What misses its limit by no more than this share is left to the check in decimal.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Points of one case.

    Args:
        region: that they lie in.
        cell: the case.
        y: ``m d``.
        u: ``m p``.
    """

    region: Region
    cell: Cell
    y: Floats
    u: Floats

    def raw(self) -> Floats:
        """Returns the raw rows, ``m p``, that the points are rounded to."""
        raw = self.region.spread(self.u)
        for index, value in self.cell.fixed.items():
            raw[:, index] = self.region.axes[index].raws(np.array([value]))[0]
        if self.cell.polytope is not None:
            k = self.cell.round(self.y)
            for j, index in enumerate(self.cell.free):
                wholes = k[:, j].astype(object) * self.cell.steps[j] + self.cell.firsts[j]
                raw[:, index] = self.region.axes[index].raws(wholes)
        return raw

    def breaches(self) -> Floats:
        """Returns by how much each point misses the rules; infinite for what breaks a sum."""
        raw, rules = self.raw(), self.region.rules
        kept = rules.are_sums_kept(raw) & rules.are_exclusions_kept(raw)
        return np.where(kept, rules.breaches(raw), np.inf)

    def take(self, rows: np.ndarray) -> _Places:
        return _Places(self.region, self.cell, self.y[rows], self.u[rows])

    def moved(self, ways: _Ways, share: Floats) -> _Places:
        """Returns the points a share of the way, ``m``, along the chord."""
        y = self.y + share[:, None] * ways.y
        u = np.clip(self.u + share[:, None] * ways.u, 0.0, 1.0 - 1e-12)
        return _Places(self.region, self.cell, y, u)

    def replaced(self, rows: np.ndarray, other: _Places) -> None:
        """Puts other points in the place of some, one for each."""
        self.y[rows], self.u[rows] = other.y, other.u


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Directions, each as long as the polytope and the cube leave room."""

    y: Floats
    u: Floats


def search_formulas(region: Region, n: int, *, generator: np.random.Generator) -> Floats:
    """Returns raw rows that keep all rules, up to rounding; none where none was found.

    Args:
        region: with formulas.
        n: about how many to return.
        generator: of all draws.
    """
    found = []
    for places in _starts(region, generator):
        breaches = places.breaches()
        if breaches.min() > _ROUNDING:
            breaches = _descend(places, breaches, generator)
        good = np.flatnonzero(breaches <= _ROUNDING)
        if len(good):
            found.append(places.take(good))
    if not found:
        return np.empty((0, len(region.axes)))
    # some walks end where others do
    share = -(-5 * n // (4 * len(found)))
    return np.vstack([_walk(places, share, generator) for places in found])


def _starts(region: Region, generator: np.random.Generator) -> list[_Places]:
    """Returns points of each case: those that keep the formulas, or miss them least.

    Where none keeps them, there are as many points as descents in all.
    """
    cells = region.find_cells(generator)[: N_POINTS // _FEWEST]
    best: list[tuple[Floats, _Places]] = []
    n_good = 0
    for cell in cells:
        if n_good >= _ENOUGH:
            break
        places = _least_breaking(region, cell, N_POINTS // len(cells), generator)
        if len(places.u):
            best.append((places.breaches(), places))
            n_good += int((best[-1][0] <= _ROUNDING).sum())
    if not best:
        return []
    every = np.sort(np.concatenate([breaches for breaches, _ in best]))
    limit = _ROUNDING if n_good else every[:N_DESCENTS][-1]
    chosen = [places.take(np.flatnonzero(breaches <= limit)) for breaches, places in best]
    return [places for places in chosen if len(places.u)]


def _least_breaking(region: Region, cell: Cell, n: int, generator: np.random.Generator) -> _Places:
    """Returns of ``n`` points of a case those that keep the formulas, or else the nearest."""
    none = 0 if cell.polytope is None else len(cell.free)
    kept = _Places(region, cell, np.empty((0, none)), np.empty((0, len(region.axes))))
    for start in range(0, n, _BATCH):
        size = min(_BATCH, n - start)
        u = generator.random((size, len(region.axes)))
        y = np.empty((size, 0))
        if cell.polytope is not None:
            y = cell.polytope.draw(size, generator=generator)
        kept = _Places(region, cell, np.vstack([kept.y, y]), np.vstack([kept.u, u]))
        breaches = kept.breaches()
        n_good = int((breaches <= _ROUNDING).sum())
        order = np.argsort(breaches, kind="stable")[: max(N_DESCENTS, min(n_good, _ENOUGH))]
        kept = kept.take(order[np.isfinite(breaches[order])])
        if n_good >= _ENOUGH:
            break
    return kept


def _descend(places: _Places, breaches: Floats, generator: np.random.Generator) -> Floats:
    """Moves each point to the best of several steps, many times; returns what it still misses."""
    m = len(breaches)
    repeated = np.repeat(np.arange(m), _TRIES)
    for _ in range(_DESCENT_STEPS):
        tried = places.take(repeated)
        share = np.exp(np.log(_SHORTEST) * generator.random(m * _TRIES))
        tried = tried.moved(_draw_ways(tried, generator), share)
        after = tried.breaches().reshape(m, _TRIES)
        best = after.argmin(axis=1)
        better = np.flatnonzero(after[np.arange(m), best] < breaches)
        places.replaced(better, tried.take(better * _TRIES + best[better]))
        breaches[better] = after[better, best[better]]
        if (breaches <= _ROUNDING).all():
            break
    return breaches


def _walk(places: _Places, n: int, generator: np.random.Generator) -> Floats:
    """Returns ``n`` rows that walks from points that keep the rules lead to, and these points.

    Source: shrinking of steps until the rules are kept, Neal (Annals of Statistics 31, 705, 2003).
    """
    walkers = places.take(generator.integers(len(places.u), size=n))
    for _ in range(_WALK_STEPS):
        ways = _draw_ways(walkers, generator)
        share = generator.random(n)
        open_rows = np.arange(n)
        for _ in range(_MOST_SHRUNK):
            part = walkers.take(open_rows)
            tried = part.moved(_Ways(ways.y[open_rows], ways.u[open_rows]), share[open_rows])
            kept = tried.breaches() <= _ROUNDING
            walkers.replaced(open_rows[kept], tried.take(np.flatnonzero(kept)))
            open_rows = open_rows[~kept]
            share[open_rows] *= generator.random(len(open_rows))
            if len(open_rows) == 0:
                break
    return np.vstack([places.raw(), walkers.raw()])


def _draw_ways(places: _Places, generator: np.random.Generator) -> _Ways:
    """Returns random directions, each to where it leaves the polytope or the cube."""
    m = len(places.u)
    free = np.array([not axis.is_constant for axis in places.region.axes])
    free[[*places.cell.fixed, *places.cell.free]] = False
    u = np.where(free, generator.standard_normal(places.u.shape), 0.0)
    # one direction in two leaves most parameters as they are
    u[(generator.random(places.u.shape) < 0.5) & (generator.random((m, 1)) < 0.5)] = 0.0
    polytope = places.cell.polytope
    y = np.zeros_like(places.y)
    reach = np.full(m, np.inf)
    if polytope is not None and polytope.directions.shape[1]:
        y = generator.standard_normal((m, polytope.directions.shape[1])) @ polytope.directions.T
        slopes = y @ polytope.a.T
        slack = np.maximum(places.y @ polytope.a.T - polytope.b, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(slopes < -1e-12, -slack / slopes, np.inf).min(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.where(u > 0, (1 - places.u) / u, np.where(u < 0, -places.u / u, np.inf))
    longest = np.minimum(reach, ends.min(axis=1, initial=np.inf))
    longest = np.where(np.isfinite(longest), longest, 0.0)[:, None]
    return _Ways(y * longest, u * longest)
