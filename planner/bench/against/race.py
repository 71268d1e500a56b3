"""The race: every entrant on every course from every seed, played or read from disk.

It can be ended at any time and goes on where it was: one file a race, moved into its place whole.
Entrants are raced one after the other, each seed by seed over all courses, so that what is there
when it is ended is even.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from planner.bench.against.entrants import OWN, Entrant, On, length
from planner.bench.pools import Pool
from planner.bench.racing import Race, Replay, Rules
from planner.bench.storing import play_or_read, read_race
from planner.errors import InputError

DEAR_S = 1.0  # processor seconds an ask; who takes longer runs fewer starts
N_DEAR = 10  # starts that it runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Who races where, and how often.

    Args:
        entrants: in the order in which they race.
        courses: pools, test functions, or both.
        replays: in the order in which they are raced.
        n_own: starts of the planner itself.
        n_other: starts of another planner; no more than ``N_DEAR`` where it takes more than a
            second an ask.
        folder: where races are kept.
        is_stored: whether only the planner with its defaults plays, and of all others the races
            that are there count.

    Raises:
        InputError: two entrants have the same name.
    """

    entrants: Sequence[Entrant]
    courses: Sequence[On]
    replays: Sequence[Replay]
    n_own: int
    n_other: int
    folder: Path
    is_stored: bool = False

    def __post_init__(self) -> None:
        names = [entrant.name for entrant in self.entrants]
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError(
                f"Two planners of this race are called {twice[0]!r}. Give a variant another name."
            )

    @property
    def own_alike(self) -> list[str]:
        """Names of the planner's variants that start where its first one does, this one first."""
        own = [entrant for entrant in self.entrants if entrant.is_own]
        return [each.name for each in own if each.start == own[0].start]

    def plays(self, entrant: Entrant) -> bool:
        """Tells whether races that are not there are played."""
        return entrant.name == OWN or not self.is_stored

    def n_starts(self, entrant: Entrant) -> int:
        """Returns how many starts an entrant runs, however slow it is."""
        return self.n_own if entrant.is_own else self.n_other

    def legs(self) -> Iterator[tuple[Replay, Entrant]]:
        """Yields what is raced one after the other."""
        for replay in self.replays:
            for entrant in self.entrants:
                yield replay, entrant

    def courses_of(self, replay: Replay) -> list[On]:
        """Returns what is raced on; a pool without repeats answers alike in both replays."""
        return [
            on
            for on in self.courses
            if replay == "means" or not isinstance(on, Pool) or on.n_repeated
        ]

    def stored(self, replay: Replay, entrant: Entrant, on: On) -> dict[int, Race]:
        """Returns the races that are there, by seed."""
        files = {
            seed: entrant.race_file(self.folder, on, replay, seed=seed)
            for seed in range(self.n_starts(entrant))
        }
        races = {seed: read_race(file) for seed, file in files.items()}
        return {seed: race for seed, race in races.items() if race is not None}

    def is_dear(self, replay: Replay, entrant: Entrant) -> bool:
        """Tells whether another planner takes more than a second an ask, by its first races."""
        if entrant.is_own:
            return False
        races = [
            race
            for on in self.courses_of(replay)
            for seed, race in self.stored(replay, entrant, on).items()
            if seed < N_DEAR
        ]
        asks = sum(len(race.ask_cpu_s) for race in races)
        return asks > 0 and sum(cpu_s_of(race) for race in races) > DEAR_S * asks


@dataclass(slots=True)
class Runs:
    """The races that were run.

    Args:
        races: by replay, course and entrant, and by seed.
    """

    races: dict[tuple[Replay, str, str], dict[int, Race]] = field(default_factory=dict)

    def add(self, replay: Replay, on: On, entrant: Entrant, race: Race) -> None:
        """Takes a race."""
        self.races.setdefault((replay, on.name, entrant.name), {})[race.seed] = race

    def of(self, replay: Replay, on: On, entrant: str) -> dict[int, Race]:
        """Returns the races of an entrant on a course by seed; empty where there is none."""
        return self.races.get((replay, on.name, entrant), {})


Heard = Callable[[Entrant, On, Replay, Race], None]


def race(
    lineup: Field,
    *,
    heard: Heard = lambda _entrant, _on, _replay, _race: None,
) -> Runs:
    """Races, or reads what was raced before.

    Args:
        lineup: who, where, how often.
        heard: is called after each race.

    Raises:
        LedgerUnavailable: a race cannot be written.
    """
    runs = Runs()
    for replay, entrant in lineup.legs():
        if not lineup.plays(entrant):
            _read(lineup, replay, entrant, runs)
            continue
        for seed in range(lineup.n_starts(entrant)):
            if seed == N_DEAR and lineup.is_dear(replay, entrant):
                break
            for on in lineup.courses_of(replay):
                rules = Rules(replay=replay, n_trials=length(on))
                file = entrant.race_file(lineup.folder, on, replay, seed=seed)
                run = play_or_read(file, partial(entrant.play, on, rules, seed=seed))
                runs.add(replay, on, entrant, run)
                heard(entrant, on, replay, run)
    return runs


def _read(lineup: Field, replay: Replay, entrant: Entrant, runs: Runs) -> None:
    """Adds the races of an entrant that are there."""
    for on in lineup.courses_of(replay):
        for run in lineup.stored(replay, entrant, on).values():
            runs.add(replay, on, entrant, run)


def cpu_s_of(race: Race) -> float:
    """Returns the processor time of a race's choices, being shown the pool included."""
    return race.set_up_cpu_s + sum(race.ask_cpu_s)
