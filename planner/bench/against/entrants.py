"""Entrants: who races, the planner itself in one variant or several, and other planners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from planner.acquisition import Settings
from planner.bench.functions import Problem, play_problem
from planner.bench.courses import Course, PoolCourse
from planner.bench.peers import Peer, play_peer
from planner.bench.pools import Pool
from planner.bench.racing import Race, Replay, Rules, Start, play
from planner.bench.storing import DECIDING, fingerprint, problem_file, race_file
from planner.errors import InputError

OWN = "planner"  # the name of the default settings


class Entrant(Protocol):
    """Who races."""

    @property
    def name(self) -> str:
        """As it is shown."""

    @property
    def is_own(self) -> bool:
        """Whether it is the planner itself."""

    def race_file(self, folder: Path, on: Pool | Problem, replay: Replay, *, seed: int) -> Path:
        """Returns where the race of a seed lies."""

    def play(self, on: Pool | Problem, replay: Replay, *, seed: int) -> Race:
        """Plays it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The planner itself.

    Args:
        name: of the variant.
        settings: of the policy.
        start: the shared one, or its own.
        n_trials: of a race; None for what the pool says.
    """

    name: str = OWN
    settings: Settings = field(default_factory=Settings)
    start: Start = "random"
    n_trials: int | None = None

    @property
    def is_own(self) -> bool:
        """It is."""
        return True

    def race_file(self, folder: Path, on: Pool | Problem, replay: Replay, *, seed: int) -> Path:
        """Returns where the race of a seed lies: elsewhere for other code or other settings."""
        return race_file(
            folder, on, self._rules(replay), seed=seed, code=fingerprint(DECIDING), name=self.name
        )

    def play(self, on: Pool | Problem, replay: Replay, *, seed: int) -> Race:
        """Plays a race."""
        if isinstance(on, Problem):
            return play_problem(on, self._rules(replay), seed=seed)
        return play(on, self._rules(replay), seed=seed)

    def _rules(self, replay: Replay) -> Rules:
        return Rules(
            replay=replay, start=self.start, n_trials=self.n_trials, settings=self.settings
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another planner, from the shared start.

    Args:
        peer: which.
        python: finds the interpreter of its environment, or makes it.
        n_trials: of a race; None for what the pool says.
    """

    peer: Peer
    python: Callable[[], Path]
    n_trials: int | None = None

    @property
    def name(self) -> str:
        """Its own."""
        return self.peer.name

    @property
    def is_own(self) -> bool:
        """It is not."""
        return False

    def race_file(self, folder: Path, on: Pool | Problem, replay: Replay, *, seed: int) -> Path:
        """Returns where the race of a seed lies: elsewhere for another driver or other packages."""
        return peer_file(
            folder, on, replay=replay, n_trials=self._length(on), seed=seed,
            name=self.name, code=self.peer.digest,
        )  # fmt: skip

    def play(self, on: Pool | Problem, replay: Replay, *, seed: int) -> Race:
        """Plays a race."""
        course: Course = on.course(replay) if isinstance(on, Problem) else PoolCourse(on, replay)
        python = self.python()
        return play_peer(course, self.peer, python=python, n_trials=self._length(on), seed=seed)

    def _length(self, on: Pool | Problem) -> int:
        return Rules(n_trials=self.n_trials).length(on)


