"""Courses small enough to play a policy on many times: tables, and functions on a grid.

What a setting answers follows from the course, the seed, the setting, and how often it was run
before; so whoever tries it at the same time is told the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.stats import qmc

from planner.bench.catalogue import known_pools, read_pools
from planner.bench.functions import Problem, named_problems
from planner.bench.pools import Pool
from planner.campaign import Minimise
from planner.rng import derive_seed, make_generator
from planner.space import Configuration, Floats

Replay = Literal["means", "repeats", "noise"]
MOST_SETTINGS = 1100
FEWEST_REPEATED = 25  # settings; with fewer a table hardly differs from its means
_LEVELS = {
    2: 22,
    3: 8,
}  # of each parameter of a function; with more parameters a grid is too coarse
_N_DRAWN = 512
_N_TRIALS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A pool, and how it answers.

    Args:
        pool: what may be tried.
        replay: ``means`` of the repeats; ``repeats``, as they were measured, in random order;
            ``noise``, the means with normal noise.
        noise: its deviation, in deviations of the means.
    """

    pool: Pool
    replay: Replay
    noise: float = 0.0

    @property
    def name(self) -> str:
        """What to call it."""
        return f"{self.pool.name}, {self.replay}"

    def answer(self, row: int, *, nth: int, seed: int) -> float:
        """Returns the outcome of the run of a setting that comes after ``nth`` others there."""
        mean = float(self.pool.means[row])
        if self.replay == "means":
            return mean
        if self.replay == "repeats":
            generator = make_generator(derive_seed(seed, "repeats", self.pool.name, row))
            return float(generator.permutation(self.pool.repeats[row])[nth])
        generator = make_generator(derive_seed(seed, "noise", self.pool.name, row, nth))
        sd = self.noise * float(self.pool.means.std())
        return mean + sd * float(generator.standard_normal())

    def has_more(self, row: int, *, n: int) -> bool:
        """Tells whether a setting can be run again after ``n`` runs: a table ends somewhere."""
        return self.replay != "repeats" or n < len(self.pool.repeats[row])


def small_pools(names: Sequence[str], *, tables: Path) -> list[Pool]:
    """Reads the tables of no more than 1,100 settings; those of these names, if any are given."""
    wanted = [name for name in names if name in known_pools(tables)]
    if names and not wanted:
        return []
    return [each for each in read_pools(wanted, tables=tables) if each.n_settings <= MOST_SETTINGS]


def is_repeated(pool: Pool) -> bool:
    """Tells whether enough settings were measured more than once."""
    return pool.n_repeated >= FEWEST_REPEATED


def grids(names: Sequence[str]) -> list[Pool]:
    """Returns test functions as tables."""
    return [_grid(problem) for problem in named_problems(names)]


def _grid(problem: Problem) -> Pool:
    unit = _unit_grid(problem.d)
    low, high = problem.bounds
    names = problem.space.names
    rows: tuple[Configuration, ...] = tuple(
        dict(zip(names, map(float, point), strict=True)) for point in low + unit * (high - low)
    )
    values = problem.values(np.array([list(row.values()) for row in rows]))
    return Pool(
        name=f"{problem.name}_grid",
        space=type(problem.space)(problem.space.parameters, rows=rows),
        objective=Minimise(outcome="value"),
        repeats=tuple(np.array([value]) for value in values),
        n_trials=_N_TRIALS,
    )


def _unit_grid(d: int) -> Floats:
    if d in _LEVELS:
        steps = np.linspace(0.0, 1.0, _LEVELS[d])
        return np.array(list(product(steps, repeat=d)))
    return np.asarray(qmc.Sobol(d, seed=0).random(_N_DRAWN), dtype=np.float64)
