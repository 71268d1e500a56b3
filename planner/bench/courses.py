"""Courses: what a race is run on, a pool of settings or a space in which everything may be tried.

A *place* is the number of a setting of a pool, or the values of a configuration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from planner.bench.pools import Pool
from planner.bench.racing import Replay, answer, shared_start
from planner.campaign import Maximise
from planner.space import Categorical, Continuous

Place = int | tuple[float, ...]


@runtime_checkable
class Course(Protocol):
    """What a peer is raced on."""

    @property
    def name(self) -> str:
        """Its name."""

    def start(self, *, seed: int) -> Sequence[Place]:
        """Returns the shared start, the same for every planner of a seed."""

    def answer(self, place: Place, *, nth: int, seed: int) -> float:
        """Returns the outcome of a place as the ``nth`` trial of a race."""

    def read_place(self, said: object, *, taken: Sequence[Place]) -> Place:
        """Returns the place that a planner said.

        Raises:
            ValueError: it is none, or none that may be tried.
        """

    def described(self) -> Mapping[str, Any]:
        """Returns what a driver is told of it."""


class PoolCourse:
    """A pool, with one of its two replays."""

    def __init__(self, pool: Pool, replay: Replay) -> None:
        self._pool = pool
        self._replay = replay

    @property
    def name(self) -> str:
        """The pool's."""
        return self._pool.name

    def start(self, *, seed: int) -> Sequence[Place]:
        """Returns five random settings."""
        return shared_start(self._pool, seed=seed)

    def answer(self, place: Place, *, nth: int, seed: int) -> float:
        """Returns what the setting answers, whenever it is tried."""
        assert isinstance(place, int)
        return answer(self._pool, place, self._replay, seed=seed)

    def read_place(self, said: object, *, taken: Sequence[Place]) -> Place:
        """Returns the number of a setting that is free."""
        n = self._pool.n_settings
        if not isinstance(said, int) or isinstance(said, bool) or not 0 <= said < n:
            raise ValueError(f"It chose {said!r}, which is no row from 0 to {n - 1}.")
        if said in taken:
            raise ValueError(f"It chose row {said}, which was tried before.")
        return said

    def described(self) -> Mapping[str, Any]:
        """Returns the parameters and the candidates."""
        space = self._pool.space
        return {
            "is_maximised": isinstance(self._pool.objective, Maximise),
            "parameters": [described_parameter(each) for each in space.parameters],
            "rows": [list(row.values()) for row in space.rows or ()],
        }


def described_parameter(parameter: object) -> dict[str, Any]:
    """Returns what a driver is told of a parameter."""
    if isinstance(parameter, Categorical):
        return {"name": parameter.name, "choices": list(parameter.choices)}
    assert isinstance(parameter, Continuous)
    return {"name": parameter.name, "low": parameter.low, "high": parameter.high}
