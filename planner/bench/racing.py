"""One race: the policy chooses from a pool until its trials are used up.

Every planner gets the same five random starts and, where a repeat is drawn, the same one of each
setting: both follow from the pool and the seed alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from planner.acquisition import Choice, Pick, Settings, Situation, choose
from planner.bench.pools import Pool
from planner.models import evidence_of
from planner.rng import derive_seed, make_generator
from planner.trials import Spread

Replay = Literal["means", "repeat"]
Start = Literal["random", "own"]

N_SHARED_STARTS = 5
N_LEFT = 40  # trials after which the regret that is left is read off, on every pool
Chooser = Callable[..., Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a race is run.

    Args:
        replay: ``means``, noise-free: each setting answers with the mean of its repeats;
            ``repeat``: with one real repeat drawn.
        start: ``random``, the same five settings for every planner; ``own``, the policy's.
        n_trials: how many settings are chosen, the start among them; None for the pool's own
            budget, and as many more as the long race and the regret left are read off at.
        settings: of the policy.
    """

    replay: Replay = "means"
    start: Start = "random"
    n_trials: int | None = None
    settings: Settings = field(default_factory=Settings)

    def budget(self, pool: Pool) -> int:
        """Returns the number of trials over which regret is averaged, at most one a setting."""
        return min(self.n_trials or pool.n_trials, pool.n_settings)

    def reach(self, pool: Pool) -> int:
        """Returns the number of trials within which half counts: those of the long race."""
        return min(self.n_trials or pool.n_long or pool.n_trials, pool.n_settings)

    def length(self, pool: Pool) -> int:
        """Returns the number of trials that are played; no planner is told, so all nest."""
        if self.n_trials is not None:
            return self.budget(pool)
        return min(max(self.budget(pool), self.reach(pool), N_LEFT), pool.n_settings)


class Race(BaseModel):
    """What was chosen in one race, in order.

    What the settings answered is not kept: it follows from the pool, the replay and the seed
    (``answer``), and the tables are not ours to copy.

    Args:
        pool: its name.
        seed: of the race.
        rows: chosen settings, by their place in the pool; the start comes first.
        points: chosen configurations where the space is open, and then there are no rows.
        kinds: why each was chosen: ``start``, ``model``, or ``fallback`` where a fit failed.
        ask_cpu_s: processor time of each ask of the policy.
        ask_wall_s: time that passed meanwhile.
        set_up_cpu_s: processor time between being shown the pool and the first ask.
        process_cpu_s: of the whole program, its start included; None where it was not another.
        failure: why the race ended before its time, in the planner's own words; None where it did
            not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pool: str
    seed: int
    rows: tuple[int, ...]
    points: tuple[tuple[float, ...], ...] = ()
    kinds: tuple[Literal["start", "model", "fallback"], ...]
    ask_cpu_s: tuple[float, ...] = ()
    ask_wall_s: tuple[float, ...] = ()
    set_up_cpu_s: float = 0.0
    process_cpu_s: float | None = None
    failure: str | None = None

    @property
    def n_start(self) -> int:
        """Number of trials before the model decided."""
        return next((i for i, kind in enumerate(self.kinds) if kind != "start"), len(self.kinds))


def play(pool: Pool, rules: Rules, *, seed: int, chooser: Chooser = choose) -> Race:
    """Plays one race.

    Args:
        pool: to choose from.
        rules: of the race.
        seed: of its start, its repeats and its choices.
        chooser: the policy.
    """
    rows = shared_start(pool, seed=seed) if rules.start == "random" else []
    kinds = ["start"] * len(rows)
    asks = Asks(chooser)
    while len(rows) < rules.length(pool):
        situation = Situation(
            space=pool.space,
            objective=pool.objective,
            x=pool.space.encoded_rows[rows],
            y=np.array([answer(pool, row, rules.replay, seed=seed) for row in rows]),
            blocked=frozenset(rows),
            settings=rules.settings,
        )
        pick = asks.ask(situation, seed=derive_seed(seed, "ask", len(rows)))
        assert pick.row is not None
        rows.append(pick.row)
        kinds.append(pick.kind)
        asks.hear(pick, answer(pool, pick.row, rules.replay, seed=seed))
    return Race.model_validate(
        {
            "pool": pool.name,
            "seed": seed,
            "rows": tuple(rows),
            "kinds": tuple(kinds),
            "ask_cpu_s": tuple(asks.cpu_s),
            "ask_wall_s": tuple(asks.wall_s),
        }
    )


@dataclass(slots=True)
class Asks:
    """The asks of one race: what each took, and what it had forecast before its result was known.

    Args:
        chooser: the policy.
    """

    chooser: Chooser
    cpu_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)
    stated: list[tuple[Spread, float]] = field(default_factory=list)
    _memo: Mapping[str, object] | None = None

    def ask(self, situation: Situation, *, seed: int) -> Pick:
        """Returns what the policy chooses, which goes on from its last fit and its forecasts."""
        situation = replace(situation, memo=self._memo, forecasts=evidence_of(self.stated))
        cpu, wall = time.process_time(), time.perf_counter()
        choice = self.chooser(situation, q=1, seed=seed)
        self.cpu_s.append(time.process_time() - cpu)
        self.wall_s.append(time.perf_counter() - wall)
        self._memo = choice.memo
        return choice.picks[0]

    def hear(self, pick: Pick, outcome: float) -> None:
        """Takes the result of what was chosen."""
        if pick.forecast is not None and pick.forecast.spread is not None:
            self.stated.append((pick.forecast.spread, outcome))


def shared_start(pool: Pool, *, seed: int) -> list[int]:
    """Returns the five random settings that every planner starts from."""
    generator = make_generator(derive_seed(seed, "start", pool.name))
    n_starts = min(N_SHARED_STARTS, pool.n_settings)
    return [int(row) for row in generator.choice(pool.n_settings, n_starts, replace=False)]


def answer(pool: Pool, row: int, replay: Replay, *, seed: int) -> float:
    """Returns what a setting answers in the race of this seed."""
    if replay == "means":
        return float(pool.means[row])
    repeats = pool.repeats[row]
    generator = make_generator(derive_seed(seed, "repeat", pool.name, row))
    return float(repeats[generator.integers(len(repeats))])
