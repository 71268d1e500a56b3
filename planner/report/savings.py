"""What was saved against choosing at random: trials, and the money and hours that they cost.

| symbol | meaning                                                                     |
|--------|-----------------------------------------------------------------------------|
| N      | configurations: the rows of the table, or samples of the space              |
| G      | how many of them are at least as good as the best conditions that were found |

Drawn in random order without replacement, the first of G among N is expected at draw
``(N + 1) / (G + 1)``. Where a table is replayed G is counted, so the number is exact. Elsewhere it
is an estimate: G is counted in draws of the model, with its median and a 90 % interval over them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from planner.acquisition.utility import utility_of
from planner.ledger.replay import CampaignState
from planner.loop.deciding.best import find_best
from planner.loop.rules.budget import cost_so_far
from planner.loop.timetable.bench import hours_used
from planner.models import FitFailure, Surrogate
from planner.rng import derive_seed
from planner.space import Configuration, Expression, Floats, SearchSpace

LEVEL = 0.9
_SAMPLES = 500
_DRAWS = 256
_WIDEST = 10.0  # upper end over lower; beyond, the number says nothing about what was saved
_MOST_COSTED = 2000  # rows of a table whose costs are averaged; of more these many at random


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """What random choice would take for conditions as good, and what this campaign took.

    Args:
        random_trials: how many random trials it would take, expected.
        low: lower end of the interval of that number; None where it is exact.
        high: its upper end.
        most: more than this the model cannot tell apart: it is this many, or more.
        level: of the interval.
        trials: that this campaign has taken.
        random_cost: money that those random trials would cost; None where nothing costs any.
        cost: money that this campaign has spent or reserved.
        random_hours: hours that they would run; None where the file states no duration.
        hours: that this campaign's trials have run, or will.
    """

    random_trials: float
    low: float | None
    high: float | None
    most: int | None
    level: float
    trials: int
    random_cost: float | None
    cost: float
    random_hours: float | None
    hours: float

    @property
    def is_known(self) -> bool:
        """Whether the number is known within a factor of ten, or is surely too large to tell."""
        if self.low is None or self.high is None or self.most is None or self.low > self.most:
            return True
        return self.high <= min(self.most, _WIDEST * self.low)


def estimate_savings(
    state: CampaignState,
    space: SearchSpace,
    fitted: Surrogate | FitFailure,
    *,
    exactly: float | None,
) -> Savings | None:
    """Returns what was saved; None where trials cost nothing, or nothing can be said.

    Args:
        state: of the campaign.
        space: what may be tried.
        fitted: the model.
        exactly: how many random draws of a replayed table match the best conditions on average,
            where that is known.
    """
    source = state.spec.source
    costs = [each.cost for each in state.spec.sources.values()]
    has_costs = any(isinstance(each, str) or each > 0 for each in costs)
    if not (has_costs or source.duration is not None):
        return None
    seed = derive_seed(state.seed, "savings")
    pool = _pool(space, seed=seed)
    if exactly is not None:
        expected = np.array([exactly])
    elif isinstance(fitted, Surrogate) and len(fitted.observations.y):
        found = _draws_to_match(state, space, fitted, pool, seed=seed)
        if found is None:
            return None
        expected = found
    else:
        return None
    n = float(np.median(expected))
    tails = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    low, high = (float(each) for each in np.quantile(expected, tails))
    return Savings(
        random_trials=n,
        low=None if exactly is not None else low,
        high=None if exactly is not None else high,
        most=len(pool) if exactly is None else None,
        level=LEVEL,
        trials=state.n_committed,
        random_cost=n * _mean_cost(costs, pool) if has_costs else None,
        cost=float(cost_so_far(state)),
        random_hours=n * source.duration / 3600 if source.duration is not None else None,
        hours=hours_used(state),
    )


def _pool(space: SearchSpace, *, seed: int) -> list[Configuration]:
    """Returns configurations that stand for all: the rows of a table, or samples."""
    if space.rows is not None and len(space.rows) <= _MOST_COSTED:
        return list(space.rows)
    n = _MOST_COSTED if space.rows is not None else _SAMPLES
    return list(space.sample(n, seed=seed))


def _draws_to_match(
    state: CampaignState,
    space: SearchSpace,
    surrogate: Surrogate,
    pool: list[Configuration],
    *,
    seed: int,
) -> Floats | None:
    """Returns the expected number of random trials in each draw of the model, shape ``s``."""
    best = find_best(state, space, surrogate)
    if best is None:
        return None
    x = torch.from_numpy(space.encode([best.configuration, *pool[:_MOST_COSTED]]))
    utility = utility_of(state.spec.stated_objective, surrogate.draw(x, _DRAWS, seed=seed))
    as_good = (utility[:, 1:] >= utility[:, :1]).sum(dim=1).numpy()
    return np.asarray((len(pool) + 1) / (as_good + 1), dtype=np.float64)


def _mean_cost(costs: list[float | str], pool: list[Configuration]) -> float:
    """Returns what a random trial costs on average, with the analyses of its sample."""
    total = np.zeros(len(pool))
    for cost in costs:
        if not isinstance(cost, str):
            total += max(0.0, cost)
            continue
        formula = Expression.parse(cost)
        columns = {name: np.array([each[name] for each in pool]) for name in formula.names}
        total += np.maximum(0.0, formula.values(columns))
    return float(np.nanmean(total))
