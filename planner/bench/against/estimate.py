"""What a race will cost: processor hours, from races that are there or from three asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.bench.against.entrants import Entrant, On, length
from planner.bench.against.race import DEAR_S, N_DEAR, Field, cpu_s_of
from planner.bench.racing import N_SHARED_STARTS, Race, Replay, Rules

N_PROBED = 3  # asks


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
    """Returns what is left for each entrant, asking those that have no race three times."""
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
    races = [race for stored in there.values() for race in stored.values()]
    basis = f"{len(races)} races that are there"
    if not races:
        race = _probe(entrant, [on for on, _ in missing.values()])
        if not race.ask_cpu_s:
            why = race.failure or "it was not asked"
            n_races = sum(n for _, n in missing.values())
            return Estimate(entrant=entrant.name, n_races=n_races, cpu_h=None, basis=why)
        races, basis = [race], f"{len(race.ask_cpu_s)} asks on {race.pool}"
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


def _probe(entrant: Entrant, courses: Sequence[On]) -> Race:
    """Returns a race of three asks on the course of middle length."""
    on = sorted(courses, key=length)[len(courses) // 2]
    return entrant.play(on, Rules(n_trials=N_SHARED_STARTS + N_PROBED), seed=0)


def _costs(races: Sequence[Race]) -> tuple[float, float]:
    """Returns the processor seconds of an ask, and of starting a race."""
    asks = [cpu_s_of(race) / len(race.ask_cpu_s) for race in races if race.ask_cpu_s]
    starts = [race.process_cpu_s - cpu_s_of(race) for race in races if race.process_cpu_s]
    return float(np.mean(asks or [0.0])), float(np.mean(starts or [0.0]))
