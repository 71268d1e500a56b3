"""Campaigns that may repeat a setting, and campaigns that may not, on small courses.

What a run answers follows from the course, the seed, the setting and how often it was run before,
so a race is kept as its rows alone and what it came to is computed from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from planner.acquisition import Repeatable, Settings, Situation, choose, fit_for
from planner.acquisition.forecasts import best_so_far
from planner.bench.pools import Pool
from planner.bench.racing import Asks, Race, Rules, shared_start
from planner.bench.references import regret_scale
from planner.bench.storing import DECIDING, fingerprint, play_or_read, stored_file
from planner.models import FitFailure
from planner.rng import derive_seed
from planner.space import Floats
from tests.cost.small_courses import Course

OFF, AUTO = "never", "auto"


@dataclass(frozen=True, slots=True)
class Scores:
    """What one campaign came to.

    Args:
        error: by how much the outcome predicted for the setting that is told as the best differs
            from the mean of its repeats, in deviations of the table.
        told: what that setting lacks to the best of the table, in units of best minus median.
        regret: mean over the budget of what the best setting so far lacks, in the same units.
        found: share of the best 5 % that was found.
        repeated: share of the trials that were repeats.
    """

    error: float
    told: float
    regret: float
    found: float
    repeated: float


def race(folder: Path, course: Course, *, family: str, repeats: str, seed: int) -> Race:
    """Plays a race, or reads it if it was played before."""
    settings = Settings(family=family)
    code = [repeats, asdict(settings), course.replay, course.noise, fingerprint(DECIDING)]
    rules = Rules(n_trials=course.pool.n_trials)
    name = f"repeats_{repeats}"
    file = stored_file(folder, course.pool, rules, seed=seed, name=name, code=code)
    return play_or_read(file, partial(play, course, settings, repeats=repeats, seed=seed))


def play(course: Course, settings: Settings, *, repeats: str, seed: int) -> Race:
    """Plays one race from the shared start, one trial at a time."""
    pool = course.pool
    rows = shared_start(pool, seed=seed)
    kinds = ["start"] * len(rows)
    asks = Asks(choose)
    while len(rows) < pool.n_trials:
        told = outcomes(course, rows, seed=seed)
        now = situation(pool, rows, told, settings)
        if repeats == AUTO:
            now = replace(now, repeatable=repeatable(course, rows))
        pick = asks.ask(now, seed=derive_seed(seed, "ask", len(rows)))
        assert pick.row is not None
        rows.append(pick.row)
        kinds.append(pick.kind)
        asks.hear(pick, float(outcomes(course, rows, seed=seed)[-1]))
    return Race.model_validate(
        {"pool": pool.name, "seed": seed, "rows": tuple(rows), "kinds": tuple(kinds)}
    )


def outcomes(course: Course, rows: Sequence[int], *, seed: int) -> Floats:
    """Returns what the runs answered, each time a setting is run the next answer."""
    so_far: Counter[int] = Counter()
    told = []
    for row in rows:
        told.append(course.answer(row, nth=so_far[row], seed=seed))
        so_far[row] += 1
    return np.array(told)


def situation(pool: Pool, rows: Sequence[int], told: Floats, settings: Settings) -> Situation:
    """Returns what is known after some trials."""
    return Situation(
        space=pool.space,
        objective=pool.objective,
        x=pool.space.encoded_rows[list(rows)],
        y=told,
        blocked=frozenset(rows),
        settings=settings,
    )


def repeatable(course: Course, rows: Sequence[int]) -> tuple[Repeatable, ...]:
    """Returns the settings that were tried and of which another run is left."""
    assert course.pool.space.rows is not None
    trials: dict[int, list[int]] = {}
    for number, row in enumerate(rows, start=1):
        trials.setdefault(row, []).append(number)
    return tuple(
        Repeatable(configuration=course.pool.space.rows[row], trials=tuple(numbers), row=row)
        for row, numbers in trials.items()
        if course.has_more(row, n=len(numbers))
    )


def judge(course: Course, race: Race, *, family: str) -> Scores:
    """Returns what a race came to at its end."""
    pool, rows = course.pool, list(race.rows)
    told = outcomes(course, rows, seed=race.seed)
    now = situation(pool, rows, told, Settings(family=family))
    surrogate = fit_for(now)
    assert not isinstance(surrogate, FitFailure)
    best = best_so_far(now, surrogate)
    assert best is not None
    # the surrogate's observations have an order of their own
    at = surrogate.observations.x[best.index].numpy()
    said = next(row for row in rows if np.allclose(pool.space.encoded_rows[row], at))
    scale, top = regret_scale(pool), pool.utilities.max()
    reached = np.maximum.accumulate(pool.utilities[rows])
    return Scores(
        error=abs(best.mean - float(pool.means[said])) / float(pool.means.std()),
        told=float(top - pool.utilities[said]) / scale,
        regret=float(np.mean(top - reached)) / scale,
        found=float(pool.is_winner[sorted(set(rows))].sum()) / pool.n_winners,
        repeated=1 - len(set(rows)) / len(rows),
    )
