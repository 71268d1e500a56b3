"""Pools and races small enough to be worked out by hand."""

from __future__ import annotations

import numpy as np

from planner.acquisition import Choice, Pick
from planner.bench import Pool, Race
from planner.campaign import Maximise
from planner.space import Continuous, SearchSpace


def make_pool(outcomes, *, name="hand_made", objective=None, n_trials=20, promise=None):
    """Returns a pool along one parameter; an outcome that is a list stands for repeats."""
    repeats = tuple(np.atleast_1d(np.array(each, dtype=np.float64)) for each in outcomes)
    last = max(len(repeats) - 1, 1)
    rows = tuple({"place": float(place)} for place in range(len(repeats)))
    return Pool(
        name=name,
        space=SearchSpace((Continuous(name="place", low=0.0, high=float(last)),), rows=rows),
        objective=objective or Maximise(outcome="yield"),
        repeats=repeats,
        n_trials=n_trials,
        promise=promise,
    )


def make_race(pool, rows, *, n_start=5, seed=0):
    """Returns the race that chose these rows, of which the first ones were its start."""
    kinds = ["start"] * min(n_start, len(rows)) + ["model"] * (len(rows) - n_start)
    return Race(
        pool=pool.name,
        seed=seed,
        rows=tuple(rows),
        kinds=tuple(kinds),
        ask_cpu_s=(0.25,) * (len(rows) - n_start),
        ask_wall_s=(0.5,) * (len(rows) - n_start),
    )


def chooser_by(rank):
    """Returns a policy that tries, of the rows that are left, the one of highest rank."""

    def choose_by_rank(situation, *, q, seed):
        left = [row for row in range(len(situation.space.rows)) if row not in situation.blocked]
        row = max(left, key=lambda each: rank(each, seed))
        pick = Pick(
            configuration=dict(situation.space.rows[row]),
            row=row,
            x=situation.space.encoded_rows[row],
            kind="model",
            forecast=None,
            acquisition_value=None,
            reason="by rank",
        )
        return Choice(
            picks=(pick,) * q, surrogate=None, failure=None, is_exhausted=False, seed=seed
        )

    return choose_by_rank
