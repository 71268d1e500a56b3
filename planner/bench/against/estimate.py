"""What a race will cost: processor hours, from the races that are there.

An entrant that has none runs its first, on a course of middle size; that race is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from planner.bench.against.entrants import Entrant, On, length
from planner.bench.against.race import DEAR_S, N_DEAR, Field, cpu_s_of
from planner.bench.pools import Pool
from planner.bench.racing import N_SHARED_STARTS, Race, Replay, Rules
from planner.bench.storing import play_or_read


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What is left for one entrant.

    Args:
        entrant: its name.
        n_races: that are not there.
        cpu_h: they will take; None where it cannot race.
        basis: where that comes from.
    """

    entrant: str
    n_races: int
    cpu_h: float | None
    basis: str


def estimate(lineup: Field) -> list[Estimate]:
    """Returns what is left for each entrant; one that has no race runs its first.

    Raises:
        LedgerUnavailable: that race cannot be written.
    """
    return [_estimate(lineup, entrant) for entrant in lineup.entrants if lineup.plays(entrant)]


def _estimate(lineup: Field, entrant: Entrant) -> Estimate:
    there = {
        (replay, on.name): lineup.stored(replay, entrant, on)
        for replay in lineup.replays
        for on in lineup.courses_of(replay)
    }
    wanted = {replay: _n_to_run(lineup, replay, entrant) for replay in lineup.replays}
    missing = {
        (replay, on.name): (on, n)
        for replay in lineup.replays
        for on in lineup.courses_of(replay)
        if (n := wanted[replay] - len(there[replay, on.name])) > 0
    }
    if not missing:
        return Estimate(entrant=entrant.name, n_races=0, cpu_h=0.0, basis="all are there")
    if not (races := [race for stored in there.values() for race in stored.values()]):
        _race_first(lineup, entrant)
        return _estimate(lineup, entrant)
    n_there = len(races)
    basis = f"{n_there} races that are there" if n_there > 1 else f"its race on {races[0].pool}"
    if not any(race.ask_cpu_s for race in races):
        why = races[0].failure or "it was not asked"
        n_races = sum(n for _, n in missing.values())
        return Estimate(entrant=entrant.name, n_races=n_races, cpu_h=None, basis=why)
    ask_s, start_s = _costs(races)
    most = N_DEAR if ask_s > DEAR_S and not entrant.is_own else None
    left = [
        (on, n if most is None else max(0, min(n, most - len(there[key]))))
        for key, (on, n) in missing.items()
    ]
    cpu_s = sum(n * (start_s + ask_s * (length(on) - N_SHARED_STARTS)) for on, n in left)
    n_races = sum(n for _, n in left)
    return Estimate(entrant=entrant.name, n_races=n_races, cpu_h=cpu_s / 3600, basis=basis)


def _n_to_run(lineup: Field, replay: Replay, entrant: Entrant) -> int:
    n = lineup.n_starts(entrant)
    return min(n, N_DEAR) if lineup.is_dear(replay, entrant) else n


def _race_first(lineup: Field, entrant: Entrant) -> None:
    """Runs the first race of an entrant, on the course of middle size, and keeps it."""
    replay = next(each for each in lineup.replays if lineup.courses_of(each))
    courses = sorted(lineup.courses_of(replay), key=_size)
    on = courses[len(courses) // 2]
    rules = Rules(replay=replay, n_trials=length(on))
    file = entrant.race_file(lineup.folder, on, replay, seed=0)
    play_or_read(file, partial(entrant.play, on, rules, seed=0))


def _size(on: On) -> tuple[int, int]:
    """Returns what an ask's cost grows with: the trials, and of a pool the settings."""
    return length(on), on.n_settings if isinstance(on, Pool) else 0


def _costs(races: Sequence[Race]) -> tuple[float, float]:
    """Returns the processor seconds of an ask, and of starting a race."""
    asks = [cpu_s_of(race) / len(race.ask_cpu_s) for race in races if race.ask_cpu_s]
    starts = [race.process_cpu_s - cpu_s_of(race) for race in races if race.process_cpu_s]
    return float(np.mean(asks or [0.0])), float(np.mean(starts or [0.0]))
