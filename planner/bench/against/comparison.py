"""The comparison: of every entrant with every other, on each pool and over the pools.

| symbol | meaning                                                                        |
|--------|--------------------------------------------------------------------------------|
| r_ps   | mean scaled regret over the budget on pool p from start s                      |
| d_p    | mean over the starts that two entrants share of r_ps less the other's r_ps     |
| R_p    | the first entrant's mean of r_ps over all its starts; of another one that, and |
|        | d_p of it and the first                                                        |

R_p is what an entrant's regret would be on the starts of the first: starts differ more than
entrants do, and a slow one that has run few of them takes none from the others. The rank on a pool
is that of R_p, equal ones sharing theirs; the mean rank is over the pools on which every entrant
has raced. The interval of d_p is a percentile bootstrap over the shared starts,
paired: a start is drawn for both or for none. A race that failed keeps what it had found until
then, on to the end of the budget, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from planner.bench.against.entrants import On
from planner.bench.against.judged import Judged, judge
from planner.bench.against.race import Field, Runs
from planner.bench.bootstrap import Interval, bootstrap
from planner.bench.racing import Replay
from planner.rng import derive_seed
from planner.space import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoolComparison:
    """What became of the entrants on one course.

    Args:
        on: the course.
        judged: each entrant that has raced on it.
        regrets: R_p of each; NaN of one that shares no start with the first.
        ranks: by it; empty where an entrant is missing or shares no start with the first.
        differences: of each entrant, own ones too, what the first entrant's regret is above its;
            None where they share no start.
        lowest: the peer of lowest regret; None where there is no peer.
    """

    on: On
    judged: Mapping[str, Judged]
    regrets: Mapping[str, float]
    ranks: Mapping[str, float]
    differences: Mapping[str, Interval | None]
    lowest: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What became of the entrants in one replay.

    Args:
        replay: what a setting answered.
        first: the entrant with which all are compared: the planner itself where it races.
        entrants: their names.
        pools: each course.
        mean_ranks: over the courses on which all raced, with a bootstrap interval over courses.
        mean_regrets: over the same courses, of R_p.
        differences: of mean regret over the courses that two entrants share, first less other,
            with an interval that draws starts within courses.
    """

    replay: Replay
    first: str
    entrants: tuple[str, ...]
    pools: tuple[PoolComparison, ...]
    mean_ranks: Mapping[str, Interval]
    mean_regrets: Mapping[str, float]
    differences: Mapping[str, Interval]

    @property
    def ranked(self) -> tuple[PoolComparison, ...]:
        """The courses on which every entrant has raced."""
        return tuple(pool for pool in self.pools if pool.ranks)


def compare_all(lineup: Field, runs: Runs) -> list[Comparison]:
    """Returns the comparison of each replay in which anything was raced."""
    compared = [_compare(lineup, runs, replay) for replay in lineup.replays]
    return [each for each in compared if each.pools]


def _compare(lineup: Field, runs: Runs, replay: Replay) -> Comparison:
    names = tuple(entrant.name for entrant in lineup.entrants)
    own = [entrant.name for entrant in lineup.entrants if entrant.is_own]
    first = own[0] if own else names[0]
    others = [entrant.name for entrant in lineup.entrants if not entrant.is_own]
    pools = []
    for on in lineup.courses_of(replay):
        judged = {
            name: judge(on, replay, list(races.values()))
            for name in names
            if (races := runs.of(replay, on, name))
        }
        if judged:
            pools.append(_compare_on(on, judged, names=names, first=first, others=others))
    ranked = [pool for pool in pools if pool.ranks]
    return Comparison(
        replay=replay,
        first=first,
        entrants=names,
        pools=tuple(pools),
        mean_ranks=_mean_ranks(ranked, names),
        mean_regrets=_mean_regrets(ranked, names),
        differences=_over_pools(pools, names, first),
    )


def _compare_on(
    on: On,
    judged: Mapping[str, Judged],
    *,
    names: Sequence[str],
    first: str,
    others: Sequence[str],
) -> PoolComparison:
    base = judged.get(first)
    regrets = {name: _paired_mean(base, each) for name, each in judged.items()}
    is_complete = len(judged) == len(names) and np.isfinite(list(regrets.values())).all()
    racing = {name: regrets[name] for name in others if np.isfinite(regrets.get(name, np.nan))}
    return PoolComparison(
        on=on,
        judged=judged,
        regrets=regrets,
        ranks=_ranks(regrets) if is_complete else {},
        differences={
            name: _difference(on.name, base, each) for name, each in judged.items() if name != first
        },
        lowest=min(racing, key=racing.__getitem__) if racing else None,
    )


def _paired_mean(base: Judged | None, each: Judged) -> float:
    """Returns R_p; where the first has not raced, the mean over the entrant's own starts."""
    if base is None:
        return float(np.mean(list(each.regrets.values())))
    pairs = _pairs(base, each)
    return float(np.mean(list(base.regrets.values())) - pairs.mean()) if len(pairs) else np.nan


def _ranks(regrets: Mapping[str, float]) -> dict[str, float]:
    ranks = rankdata(list(regrets.values()))
    return {name: float(rank) for name, rank in zip(regrets, ranks, strict=True)}


def _difference(name: str, one: Judged | None, other: Judged) -> Interval | None:
    pairs = _pairs(one, other)
    if not len(pairs):
        return None
    return Interval.of(bootstrap(pairs, _mean, seed=derive_seed(0, "paired", name)))


def _pairs(one: Judged | None, other: Judged) -> Floats:
    """Returns the differences of regret at the starts that both have run."""
    if one is None:
        return np.empty(0)
    shared = sorted(set(one.regrets) & set(other.regrets))
    return np.array([one.regrets[seed] - other.regrets[seed] for seed in shared])


def _over_pools(
    pools: Sequence[PoolComparison], names: Sequence[str], first: str
) -> dict[str, Interval]:
    """Returns the difference over all courses: starts are drawn within each, courses are given."""
    found = {}
    for name in names:
        by_pool = [
            pairs
            for pool in pools
            if name != first and name in pool.judged
            if len(pairs := _pairs(pool.judged.get(first), pool.judged[name]))
        ]
        if by_pool:
            drawn = np.stack(
                [
                    bootstrap_means(pairs, seed=derive_seed(0, "over pools", name, place))
                    for place, pairs in enumerate(by_pool)
                ]
            ).mean(axis=0)
            value = float(np.mean([pairs.mean() for pairs in by_pool]))
            low, high = np.quantile(drawn, [0.025, 0.975])
            found[name] = Interval(value=value, low=float(low), high=float(high))
    return found


def bootstrap_means(values: Floats, *, seed: int, n_resamples: int = 2000) -> Floats:
    """Returns means of resampled values, shape ``n_resamples``."""
    generator = np.random.default_rng(seed)
    drawn = generator.integers(len(values), size=(n_resamples, len(values)))
    return np.asarray(values[drawn].mean(axis=1), dtype=np.float64)


def _mean_ranks(pools: Sequence[PoolComparison], names: Sequence[str]) -> dict[str, Interval]:
    if not pools:
        return {}
    ranks = np.array([[pool.ranks[name] for name in names] for pool in pools])
    found = bootstrap(ranks, _mean, seed=derive_seed(0, "ranks"))
    return {name: Interval.of(found[:, place]) for place, name in enumerate(names)}


def _mean_regrets(pools: Sequence[PoolComparison], names: Sequence[str]) -> dict[str, float]:
    if not pools:
        return {}
    return {name: float(np.mean([pool.regrets[name] for pool in pools])) for name in names}


def _mean(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=0), dtype=np.float64)
