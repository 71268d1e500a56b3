"""A race of a peer: the same start and the same answers as ours, on the other end of a pipe."""

from __future__ import annotations

import math
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from planner.bench.courses import Course, Place
from planner.bench.peers.catalogue import Peer
from planner.bench.peers.conversation import Conversation, PeerFailed, conversing
from planner.bench.racing import Race
from planner.rng import derive_seed

LIMIT_S = 900.0  # for one answer, on a machine that may be busy with others


def play_peer(
    course: Course,
    peer: Peer,
    *,
    python: Path,
    n_trials: int,
    seed: int,
    limit_s: float = LIMIT_S,
) -> Race:
    """Plays one race of a peer.

    Args:
        course: what is raced on.
        peer: who plays.
        python: interpreter of its environment.
        n_trials: length of the race, the shared start included.
        seed: of the race; the peer's own seed follows from it.
        limit_s: how long one answer may take.

    Returns:
        The race; one that failed holds what was chosen until then, and why it ended.
    """
    log = _Log(course, list(course.start(seed=seed))[:n_trials], seed=seed)
    spent_s = _children_cpu_s()
    try:
        with conversing([str(python), "-u", str(peer.driver)], limit_s=limit_s) as talk:
            log.play(talk, n_trials=n_trials)
    except PeerFailed as error:
        log.failure = str(error) or "It said nothing."
    return log.as_race(process_cpu_s=_children_cpu_s() - spent_s)


class _Log:
    """What happened so far: the start, which is given, and what was chosen after it."""

    def __init__(self, course: Course, start: Sequence[Place], *, seed: int) -> None:
        self._course = course
        self._seed = seed
        self._places = list(start)
        self._kinds = ["start"] * len(start)
        self._cpu_s: list[float] = []
        self._wall_s: list[float] = []
        self._set_up_s = 0.0
        self.failure: str | None = None

    def play(self, talk: Conversation, *, n_trials: int) -> None:
        """Plays to the end.

        Raises:
            PeerFailed: it cannot go on, or chose what may not be chosen.
        """
        course, seed = self._course, self._seed
        own_seed = derive_seed(seed, "peer", course.name) % 2**31
        talk.tell(pool={"seed": own_seed, **course.described()})
        self._set_up_s = _seconds(_part(talk.hear(), "ready"), "cpu_s")
        for nth, place in enumerate(list(self._places)):
            self._tell(talk, place, nth=nth)
        while len(self._places) < n_trials:
            talk.tell(ask=True)
            self._take(talk.hear())
            if len(self._places) < n_trials:
                self._tell(talk, self._places[-1], nth=len(self._places) - 1)

    def _tell(self, talk: Conversation, place: Place, *, nth: int) -> None:
        outcome = self._course.answer(place, nth=nth, seed=self._seed)
        talk.tell(told={"place": place, "outcome": outcome})

    def _take(self, answer: Mapping[str, Any]) -> None:
        try:
            place = self._course.read_place(answer.get("place"), taken=self._places)
        except ValueError as error:
            raise PeerFailed(str(error)) from error
        kind = answer.get("kind")
        if kind not in ("start", "model", "fallback"):
            raise PeerFailed(f"It says that its choice is of kind {kind!r}.")
        cpu_s, wall_s = _seconds(answer, "cpu_s"), _seconds(answer, "wall_s")
        self._places.append(place)
        self._kinds.append(kind)
        self._cpu_s.append(cpu_s)
        self._wall_s.append(wall_s)

    def as_race(self, *, process_cpu_s: float) -> Race:
        """Returns the record of it."""
        return Race.model_validate(
            {
                "pool": self._course.name,
                "seed": self._seed,
                **places_of(self._places),
                "kinds": tuple(self._kinds),
                "ask_cpu_s": tuple(self._cpu_s),
                "ask_wall_s": tuple(self._wall_s),
                "set_up_cpu_s": self._set_up_s,
                "process_cpu_s": process_cpu_s,
                "failure": self.failure,
            }
        )


def places_of(places: Sequence[Place]) -> dict[str, Any]:
    """Returns places as a race keeps them: rows of a pool, or points of an open space."""
    if places and not isinstance(places[0], int):
        return {"rows": (), "points": tuple(places)}
    return {"rows": tuple(places)}


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    if not isinstance(part, dict):
        raise PeerFailed(f"It answered {dict(answer)!r} where {name!r} was expected.")
    return part


def _seconds(answer: Mapping[str, Any], name: str) -> float:
    value = answer.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise PeerFailed(f"It says that it took {value!r} ({name}).")
    return float(value)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
