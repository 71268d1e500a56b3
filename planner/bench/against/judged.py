"""What the races of one entrant on one course came to, on a pool and on a test function alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.bench.against.entrants import On
from planner.bench.against.race import cpu_s_of
from planner.bench.pools import Pool
from planner.bench.racing import N_LEFT, Race, Replay, Rules
from planner.bench.references import oracle_found, random_half
from planner.bench.scoring import lasting, score, trials_to
from planner.space import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """An entrant's races on a course.

    Args:
        curve: mean scaled regret after 1, 2, ... trials, over its starts, to the longest race.
        regrets: mean over the budget, by start.
        floors: the same of an oracle, by start: it lacks something in the trials of the start only.
        n_starts: how many of its starts are different.
        lefts: regret after 40 trials, by start.
        halves: trials to half of the best 5 % by start, within the long race where there is one;
            infinite where it was not reached; empty on a test function.
        late_half: median trials to half wherever it was reached, also beyond the budget; NaN on a
            test function.
        random_half: random choice's median; NaN on a test function.
        oracle_half: the oracle's median from the same starts; NaN on a test function.
        ask_cpu_s: processor seconds of whole races over their asks; NaN where none was asked.
        bare_ask_cpu_s: the same without being shown what may be tried.
        cpu_h: processor hours of all races: of another planner its whole program.
        failures: what was said by each race that failed, by start.
        n_fallback: asks at which the model could not be fitted.
    """

    curve: Floats
    regrets: Mapping[int, float]
    floors: Mapping[int, float]
    n_starts: int
    lefts: Mapping[int, float]
    halves: Mapping[int, float]
    late_half: float
    random_half: float
    oracle_half: float
    ask_cpu_s: float
    bare_ask_cpu_s: float
    cpu_h: float
    failures: Mapping[int, str]
    n_fallback: int

    @property
    def left(self) -> float:
        """Mean regret after 40 trials."""
        return float(np.mean(list(self.lefts.values())))

    @property
    def half(self) -> float:
        """Median trials to half; infinite where half of the races did not reach it."""
        return float(np.median(list(self.halves.values()))) if self.halves else np.nan

    @property
    def n_not_half(self) -> int:
        """Races that did not reach half."""
        return sum(not np.isfinite(half) for half in self.halves.values())

    @property
    def acceleration(self) -> float:
        """Random choice's median half over this one; 0 where this is infinite."""
        return self.random_half / self.half

    @property
    def share_of_ceiling(self) -> float:
        """The acceleration factor as a share of the oracle's."""
        return self.oracle_half / self.half


def judge(on: On, replay: Replay, races: Sequence[Race]) -> Judged:
    """Returns what races came to.

    Args:
        on: the course on which they were run.
        replay: what a setting answered.
        races: at least one.
    """
    budget, n_trials = _budget(on), max(len(race.kinds) for race in races)
    curves = {race.seed: lasting(regret_of(on, race), n_trials) for race in races}
    asks = sum(len(race.ask_cpu_s) for race in races)
    oracle = (
        [trials_to(oracle_found(on, race.rows[: race.n_start], on.n_settings), on.n_half)
         for race in races]
        if isinstance(on, Pool)
        else [np.nan]
    )  # fmt: skip
    return Judged(
        curve=np.mean(list(curves.values()), axis=0),
        regrets={seed: float(curve[:budget].mean()) for seed, curve in curves.items()},
        floors={
            race.seed: float(curves[race.seed][: min(race.n_start, budget)].sum()) / budget
            for race in races
        },
        n_starts=len({_start(race) for race in races}),
        lefts={seed: float(lasting(curve, N_LEFT)[-1]) for seed, curve in curves.items()},
        halves=_halves(on, replay, races),
        late_half=(
            float(np.median([score(on, race).half for race in races]))
            if isinstance(on, Pool)
            else np.nan
        ),
        random_half=random_half(on) if isinstance(on, Pool) else np.nan,
        oracle_half=float(np.median(oracle)),
        ask_cpu_s=sum(cpu_s_of(race) for race in races) / asks if asks else np.nan,
        bare_ask_cpu_s=sum(sum(race.ask_cpu_s) for race in races) / asks if asks else np.nan,
        cpu_h=sum(race.process_cpu_s or cpu_s_of(race) for race in races) / 3600,
        failures={race.seed: race.failure for race in races if race.failure is not None},
        n_fallback=sum(race.kinds.count("fallback") for race in races),
    )


def _start(race: Race) -> tuple[object, ...]:
    """Returns the settings of a race's start, in any order."""
    return tuple(sorted((race.rows or race.points)[: race.n_start]))


def regret_of(on: On, race: Race) -> Floats:
    """Returns the scaled regret of a race after 1, 2, ... trials."""
    if isinstance(on, Pool):
        return score(on, race).regret
    best = np.minimum.accumulate(on.values(np.array(race.points)))
    return np.asarray((best - on.optimum) / on.regret_scale, dtype=np.float64)


def _budget(on: On) -> int:
    return Rules().budget(on) if isinstance(on, Pool) else on.n_trials


def _halves(on: On, replay: Replay, races: Sequence[Race]) -> dict[int, float]:
    if not isinstance(on, Pool):
        return {}
    reach = Rules(replay=replay).reach(on)
    halves = {race.seed: score(on, race).half for race in races}
    return {seed: half if half <= reach else np.inf for seed, half in halves.items()}
