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
    starts = _starts(region, generator)
    found = []
    for places in starts:
        breaches = places.breaches()
        if breaches.min() > _ROUNDING:
            breaches = _descend(places, breaches, generator)
        good = np.flatnonzero(breaches <= _ROUNDING)
        if len(good):
            found.append(places.take(good))
    if not found:
        return np.empty((0, len(region.axes)))
    share = -(-n // len(found))
    return np.vstack([_walk(places, share, generator) for places in found])


def _starts(region: Region, generator: np.random.Generator) -> list[_Places]:
    """Returns the points that miss the formulas least, those of each case together."""
    cells = region.find_cells(generator)
    if not cells:
        return []
    per_cell = max(_BATCH // 8, N_POINTS // len(cells))
    best: list[tuple[float, _Places]] = []
    for cell in cells[: N_POINTS // per_cell]:
        left = per_cell
        while left > 0:
            size = min(_BATCH, left)
            left -= size
            u = generator.random((size, len(region.axes)))
            y = (
                cell.polytope.draw(size, generator=generator)
                if cell.polytope is not None
                else np.zeros((size, 0))
            )
            places = _Places(region, cell, y, u)
            breaches = places.breaches()
            order = np.argsort(breaches, kind="stable")[:N_DESCENTS]
            order = order[np.isfinite(breaches[order])]
            if len(order):
                best.append((float(breaches[order[0]]), places.take(order)))
    best.sort(key=lambda each: each[0])
    n_good = sum(breach <= _ROUNDING for breach, _ in best)
    return [places for _, places in best[: max(1, min(n_good, 64))]]


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
