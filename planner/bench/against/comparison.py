"""The comparison: of every entrant with every other, on each pool and over the pools.

| symbol | meaning                                                                        |
|--------|--------------------------------------------------------------------------------|
| r_ps   | mean scaled regret over the budget on pool p from start s                      |
| d_p    | mean over the starts that two entrants share of r_ps less the other's r_ps     |
| R_p    | the first entrant's mean of r_ps over all its starts; of another one that less |
|        | d_p of the first and it                                                        |

R_p is what an entrant's regret would be on the starts of the first: starts differ more than
entrants do, and a slow one that has run few of them takes none from the others. What is left after
40 trials is compared likewise. The rank on a pool is that of R_p among the first entrant and the
other planners, equal ones sharing theirs; another variant of the planner has the rank that it
would have in the first's place, so that no rank depends on which variants are there. The mean rank
is over the pools on which the first and all other planners have raced. A race that failed keeps
what it had found until then, on to the end of the budget, and is counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata

from planner.bench.against.entrants import On
from planner.bench.against.judged import Judged, judge
from planner.bench.against.paired import (
    FEWEST,
    difference,
    difference_among,
    difference_over,
    pairs,
)
from planner.bench.against.race import Field, Runs
from planner.bench.bootstrap import Interval, bootstrap
from planner.bench.pools import Pool
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
        lefts: what is left after 40 trials, likewise.
        ranks: by R_p; empty where the first or another planner is missing or shares no start.
        differences: of each entrant, own ones too, what the first entrant's regret is above its;
            None where they share no start.
        lowest: the peer of lowest regret; None where there is no peer.
        lowest_bounded: the lowest of the peers that share starts enough for an interval; the
            lowest of all where none does.
    """

    on: On
    judged: Mapping[str, Judged]
    regrets: Mapping[str, float]
    lefts: Mapping[str, float]
    ranks: Mapping[str, float]
    differences: Mapping[str, Interval | None]
    lowest: str | None
    lowest_bounded: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What became of the entrants in one replay.

    Args:
        replay: what a setting answered.
        first: the entrant with which all are compared: the planner itself where it races.
        rivals: the first and the other planners, which are ranked.
        entrants: all names, other variants of the planner among them.
        pools: each course.
        mean_ranks: over the courses on which all rivals raced, with a bootstrap interval over
            courses, unbounded of fewer than five; an entrant that has not raced on all of them has
            none.
        mean_regrets: over the same courses, of R_p.
        mean_lefts: over the same courses, of what is left after 40 trials.
        mean_floor: over the same courses, the first's share of ``mean_regrets`` that lies in its
            start: what an oracle would lack. NaN without courses.
        own_starts: of the entrants that choose their start themselves, how many different ones
            they had on a course, in the median.
    """

    replay: Replay
    first: str
    rivals: tuple[str, ...]
    entrants: tuple[str, ...]
    pools: tuple[PoolComparison, ...]
    mean_ranks: Mapping[str, Interval]
    mean_regrets: Mapping[str, float]
    mean_lefts: Mapping[str, float]
    mean_floor: float
    own_starts: Mapping[str, float]

    @property
    def ranked(self) -> tuple[PoolComparison, ...]:
        """The courses on which every rival has raced."""
        return tuple(pool for pool in self.pools if pool.ranks)

    @property
    def course(self) -> str:
        """What to call a course: a pool, or a function where there is no pool."""
        return "pool" if any(isinstance(each.on, Pool) for each in self.pools) else "function"

    def less(self, one: str, other: str) -> Interval | None:
        """Returns the mean regret of one entrant less another's, over the courses they share.

        None where they share no start. The interval is that of other starts on these courses;
        where one of them chooses its start itself it is that of other courses, as its starts on a
        course are nearly the same.
        """
        if one in self.own_starts or other in self.own_starts:
            return self.less_among(one, other)
        by_course = self._pairs(one, other)
        return difference_over(by_course) if by_course else None

    def less_among(self, one: str, other: str) -> Interval | None:
        """Returns the same difference with the interval of other courses."""
        by_course = self._pairs(one, other)
        return difference_among(by_course) if by_course else None

    def rank_less(self, one: str, other: str) -> Interval | None:
        """Returns the mean rank of one entrant less another's, with an interval over courses.

        None where one of them has no mean rank.
        """
        if not {one, other} <= set(self.mean_ranks):
            return None
        [found] = _over_courses([[pool.ranks[one] - pool.ranks[other]] for pool in self.ranked])
        return found

    def starts(self, name: str) -> list[int]:
        """Returns how many starts an entrant ran on each course; 0 where it did not race."""
        return [len(pool.judged[name].regrets) if name in pool.judged else 0 for pool in self.pools]

    def _pairs(self, one: str, other: str) -> list[Floats]:
        """Returns the differences on each course on which they share a start."""
        return [
            found
            for pool in self.pools
            if one in pool.judged and other in pool.judged
            if len(found := pairs(pool.judged[one].regrets, pool.judged[other].regrets))
        ]


def compare_all(lineup: Field, runs: Runs) -> list[Comparison]:
    """Returns the comparison of each replay in which anything was raced, of those who raced."""
    compared = []
    for replay in lineup.replays:
        courses = lineup.courses_of(replay)
        raced = [
            each
            for each in lineup.entrants
            if any(runs.of(replay, on, each.name) for on in courses)
        ]
        if raced:
            compared.append(_compare(replace(lineup, entrants=raced), runs, replay))
    return compared


def _compare(lineup: Field, runs: Runs, replay: Replay) -> Comparison:
    names = tuple(entrant.name for entrant in lineup.entrants)
    own = [entrant.name for entrant in lineup.entrants if entrant.is_own]
    first = own[0] if own else names[0]
    others = [entrant.name for entrant in lineup.entrants if not entrant.is_own]
    rivals = tuple(dict.fromkeys([first, *others]))
    pools = []
    for on in lineup.courses_of(replay):
        judged = {
            name: judge(on, replay, list(races.values()))
            for name in names
            if (races := runs.of(replay, on, name))
        }
        if judged:
            pools.append(_compare_on(on, judged, first=first, rivals=rivals))
    ranked = [pool for pool in pools if pool.ranks]
    return Comparison(
        replay=replay,
        first=first,
        rivals=rivals,
        entrants=names,
        pools=tuple(pools),
        mean_ranks=_mean_ranks(ranked, names),
        mean_regrets=_means([pool.regrets for pool in ranked], names),
        mean_lefts=_means([pool.lefts for pool in ranked], names),
        mean_floor=_mean_floor(ranked, first),
        own_starts=_own_starts(
            pools, [each.name for each in lineup.entrants if each.start == "own"]
        ),
    )


def _compare_on(
    on: On, judged: Mapping[str, Judged], *, first: str, rivals: Sequence[str]
) -> PoolComparison:
    base = judged.get(first)
    by_name = {name: each.regrets for name, each in judged.items()}
    regrets = _paired_means(by_name, first)
    racing = {name: regrets[name] for name in rivals if np.isfinite(regrets.get(name, np.nan))}
    others = {name: regret for name, regret in racing.items() if name != first}
    differences = {name: _difference(base, each) for name, each in judged.items() if name != first}
    bounded = [
        name for name in others if (found := differences.get(name)) and math.isfinite(found.high)
    ]
    return PoolComparison(
        on=on,
        judged=judged,
        regrets=regrets,
        lefts=_paired_means({name: each.lefts for name, each in judged.items()}, first),
        ranks=_ranks(regrets, rivals, first) if len(racing) == len(rivals) else {},
        differences=differences,
        lowest=min(others, key=others.__getitem__, default=None),
        lowest_bounded=min(bounded or others, key=others.__getitem__, default=None),
    )


def _paired_means(figures: Mapping[str, Mapping[int, float]], first: str) -> dict[str, float]:
    """Returns the mean of a figure on the starts of the first; without it, on an entrant's own.

    Args:
        figures: by entrant and start.
        first: the entrant whose starts count.
    """
    base = figures.get(first)
    if base is None:
        return {name: float(np.mean(list(each.values()))) for name, each in figures.items()}
    mean = float(np.mean(list(base.values())))
    found = {name: pairs(base, each) for name, each in figures.items()}
    return {
        name: mean - float(each.mean()) if len(each) else np.nan for name, each in found.items()
    }


def _ranks(regrets: Mapping[str, float], rivals: Sequence[str], first: str) -> dict[str, float]:
    """Returns the ranks of the rivals, and of each other entrant in the first's place."""
    ranks = rankdata([regrets[name] for name in rivals])
    found = {name: float(rank) for name, rank in zip(rivals, ranks, strict=True)}
    others = [regrets[name] for name in rivals if name != first]
    for name, regret in regrets.items():
        if name not in found and np.isfinite(regret):
            found[name] = float(rankdata([regret, *others])[0])
    return found


def _difference(base: Judged | None, each: Judged) -> Interval | None:
    found = pairs(base.regrets, each.regrets) if base else np.empty(0)
    return difference(found) if len(found) else None


def _mean_floor(pools: Sequence[PoolComparison], first: str) -> float:
    floors = [np.mean(list(pool.judged[first].floors.values())) for pool in pools]
    return float(np.mean(floors)) if floors else np.nan


def _own_starts(pools: Sequence[PoolComparison], names: Sequence[str]) -> dict[str, float]:
    """Returns in how many different settings each began on a course, in the median."""
    counts = {
        name: [pool.judged[name].n_starts for pool in pools if name in pool.judged]
        for name in names
    }
    return {name: float(np.median(found)) for name, found in counts.items() if found}


def _mean_ranks(pools: Sequence[PoolComparison], names: Sequence[str]) -> dict[str, Interval]:
    everywhere = [name for name in names if pools and all(name in pool.ranks for pool in pools)]
    if not everywhere:
        return {}
    found = _over_courses([[pool.ranks[name] for name in everywhere] for pool in pools])
    return dict(zip(everywhere, found, strict=True))


def _over_courses(rows: Sequence[Sequence[float]]) -> list[Interval]:
    """Returns the mean of each column over courses, with its interval; unbounded of few courses.

    The same courses are drawn for every column and every call.
    """
    values = np.array(rows, dtype=np.float64)
    if len(values) < FEWEST:
        means = values.mean(axis=0)
        return [Interval(value=float(mean), low=-math.inf, high=math.inf) for mean in means]
    found = bootstrap(values, _mean, seed=derive_seed(0, "ranks"))
    return [Interval.of(figures) for figures in found.T]


def _means(pools: Sequence[Mapping[str, float]], names: Sequence[str]) -> dict[str, float]:
    """Returns the mean over pools of each entrant that has a figure on all of them."""
    if not pools:
        return {}
    found = {name: float(np.mean([pool.get(name, np.nan) for pool in pools])) for name in names}
    return {name: mean for name, mean in found.items() if np.isfinite(mean)}


def _mean(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=0), dtype=np.float64)
