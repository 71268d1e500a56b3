"""Scores: of one race, and of the races of many seeds with their bootstrap intervals.

Half is the number of trials until found / size of the success set is at least 1/2; a race that
does not get there counts as infinite. Regret is the utility that the best setting so far lacks to
the best of the pool, both by their means over all repeats, in units of best minus median.
The acceleration factor is random choice's median half over the planner's; its ceiling is random
choice's over the oracle's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.bench.bootstrap import Interval, bootstrap
from planner.bench.pools import Pool
from planner.bench.racing import Race, Rules
from planner.bench.references import (
    oracle_found,
    random_half,
    random_mean_regret,
    random_share,
    regret_scale,
)
from planner.errors import InputError
from planner.rng import derive_seed
from planner.space import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score:
    """What one race came to.

    Args:
        found: winners found after 1, 2, ... trials, shape ``t``.
        half: trials until half of them were found; infinite where they were not.
        regret: scaled, after 1, 2, ... trials, shape ``t``.
        best: mean outcome of the best setting that was tried.
    """

    found: Floats
    half: float
    regret: Floats
    best: float

    def first(self, n_trials: int) -> Score:
        """Returns what it had come to after this many trials; the best stays that of the end."""
        return replace(
            self,
            found=self.found[:n_trials],
            half=self.half if self.half <= n_trials else np.inf,
            regret=self.regret[:n_trials],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Standing:
    """What the races of one planner on one pool came to.

    Args:
        pool: the table.
        rules: of the races.
        scores: one a seed.
        half: median trials to half.
        share: mean share found after 1, 2, ... trials, shape ``t``, and its intervals ``t 2``.
        share_interval: of the mean.
        mean_regret: mean over the trials of the budget, and over seeds.
        n_found: median number of winners found at the end.
        random_half: median of random choice.
        random_regret: mean regret of random choice.
        random_share: expected, shape ``t``.
        oracle_half: median over the same starts.
        oracle_share: mean over the same starts, shape ``t``.
        ask_cpu_s: median processor time of an ask of the model; None where not measured.
        ask_wall_s: median time that passed meanwhile.
        n_fallback: asks at which the fit failed.
    """

    pool: Pool
    rules: Rules
    scores: tuple[Score, ...]
    half: Interval
    share: Floats
    share_interval: Floats
    mean_regret: Interval
    n_found: Interval
    random_half: int
    random_regret: float
    random_share: Floats
    oracle_half: float
    oracle_share: Floats
    ask_cpu_s: float | None
    ask_wall_s: float | None
    n_fallback: int

    @property
    def n_not_half(self) -> int:
        """Number of races that did not reach half."""
        return sum(not np.isfinite(score.half) for score in self.scores)

    @property
    def acceleration(self) -> Interval:
        """Random choice's median half over the planner's; 0 where its median is infinite."""
        return Interval(
            value=self.random_half / self.half.value,
            low=self.random_half / self.half.high,
            high=self.random_half / self.half.low,
        )

    @property
    def ceiling(self) -> float:
        """The acceleration factor of the oracle."""
        return self.random_half / self.oracle_half

    @property
    def share_of_ceiling(self) -> float:
        """The acceleration factor as a share of the oracle's."""
        return self.oracle_half / self.half.value

    @property
    def keeps_promise(self) -> bool | None:
        """Whether the median half is what the project promises; None where it promises nothing."""
        if self.pool.promise is None or self.rules.replay != "means":
            return None
        return self.half.value <= self.pool.promise


def score(pool: Pool, race: Race) -> Score:
    """Returns what a race came to."""
    rows = list(race.rows)
    found = np.cumsum(pool.is_winner[rows]).astype(np.float64)
    reached = np.maximum.accumulate(pool.utilities[rows])
    return Score(
        found=found,
        half=trials_to(found, pool.n_half),
        regret=(pool.utilities.max() - reached) / regret_scale(pool),
        best=float(pool.means[rows][np.argmax(pool.utilities[rows])]),
    )


def trials_to(found: Floats, wanted: int) -> float:
    """Returns the first trial at which this many were found; infinity where they were not."""
    at = np.flatnonzero(found >= wanted)
    return float(at[0] + 1) if len(at) else np.inf


def stand(pool: Pool, rules: Rules, races: Sequence[Race]) -> Standing:
    """Returns what the races of one planner on one pool came to.

    Raises:
        InputError: there is no race.
    """
    if not races:
        raise InputError(f"There is no race on table {pool.name!r} to sum up: give a seed.")
    n_trials, budget = rules.reach(pool), rules.budget(pool)
    scores = tuple(score(pool, race).first(n_trials) for race in races)
    # the oracle is followed to its half, also beyond the end of the race
    oracle = [oracle_found(pool, race.rows[: race.n_start], pool.n_settings) for race in races]
    seed = derive_seed(0, "bootstrap", pool.name)
    shares = np.stack([lasting(each.found, n_trials) for each in scores]) / pool.n_winners
    share = bootstrap(shares, _mean, seed=seed)
    halves = np.array([each.half for each in scores])
    regrets = np.array([lasting(each.regret, budget).mean() for each in scores])
    ends = np.array([each.found[-1] for each in scores])
    return Standing(
        pool=pool,
        rules=rules,
        scores=scores,
        half=Interval.of(bootstrap(halves, _median, seed=seed)),
        share=share[0],
        share_interval=share[1:].T,
        mean_regret=Interval.of(bootstrap(regrets, _mean, seed=seed)),
        n_found=Interval.of(bootstrap(ends, _median, seed=seed)),
        random_half=random_half(pool),
        random_regret=random_mean_regret(pool, budget),
        random_share=random_share(pool, n_trials),
        oracle_half=float(np.median([trials_to(each, pool.n_half) for each in oracle])),
        oracle_share=np.mean(oracle, axis=0)[:n_trials] / pool.n_winners,
        ask_cpu_s=_median_ask([race.ask_cpu_s for race in races]),
        ask_wall_s=_median_ask([race.ask_wall_s for race in races]),
        n_fallback=sum(race.kinds.count("fallback") for race in races),
    )


def lasting(values: Floats, n_trials: int) -> Floats:
    """Returns this many values: a race that stopped early keeps what it had."""
    missing = max(0, n_trials - len(values))
    return np.concatenate([values, np.full(missing, values[-1])])[:n_trials]


def _mean(values: Floats) -> Floats:
    return np.asarray(values.mean(axis=0), dtype=np.float64)


def _median(values: Floats) -> Floats:
    return np.asarray(np.median(values, axis=0), dtype=np.float64)


def _median_ask(seconds: Sequence[Sequence[float]]) -> float | None:
    asks = [each for race in seconds for each in race]
    return float(np.median(asks)) if asks else None
