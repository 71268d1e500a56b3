"""Entrants: who races, the planner itself in one variant or several, and other planners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from planner.acquisition import Settings
from planner.bench.courses import Course, PoolCourse
from planner.bench.functions import Problem, play_problem
from planner.bench.peers import Peer, play_peer
from planner.bench.pools import Pool
from planner.bench.racing import Race, Replay, Rules, Start, play
from planner.bench.storing import DECIDING, fingerprint, race_file, stored_file
from planner.errors import InputError
from planner.models.families import family

OWN = "planner"  # the name of the default settings
# What the planner is measured by besides: its own start, and a simple recipe (one Gaussian process
# with the prior of the default, the highest mean plus one deviation as fitted), from both starts.
_RECIPE = "family:gp,beta:1.0,is_corrected:false"
VARIANTS = {
    "own_start": "start:own",
    "recipe": _RECIPE,
    "recipe_own_start": f"{_RECIPE},start:own",
}
On = Pool | Problem


class Entrant(Protocol):
    """Who races."""

    @property
    def name(self) -> str:
        """As it is shown."""

    @property
    def is_own(self) -> bool:
        """Whether it is the planner itself."""

    @property
    def start(self) -> Start:
        """Where its races start: at the five settings that all share, or at its own."""

    def race_file(self, folder: Path, on: On, replay: Replay, *, seed: int) -> Path:
        """Returns where the race of a seed lies."""

    def play(self, on: On, rules: Rules, *, seed: int) -> Race:
        """Plays it; the settings of the rules are not for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The planner itself.

    Args:
        name: of the variant.
        settings: of the policy.
        start: the shared one, or its own.
    """

    name: str = OWN
    settings: Settings = field(default_factory=Settings)
    start: Start = "random"

    @property
    def is_own(self) -> bool:
        """It is."""
        return True

    def race_file(self, folder: Path, on: On, replay: Replay, *, seed: int) -> Path:
        """Returns where the race of a seed lies: elsewhere for other code or other settings."""
        rules = Rules(replay=replay, start=self.start, n_trials=length(on), settings=self.settings)
        code = fingerprint(DECIDING)
        return race_file(folder, on, rules, seed=seed, name=self.name, code=code)

    def play(self, on: On, rules: Rules, *, seed: int) -> Race:
        """Plays a race."""
        own = Rules(
            replay=rules.replay, start=self.start, n_trials=rules.n_trials, settings=self.settings
        )
        if isinstance(on, Problem):
            return play_problem(on, own, seed=seed)
        return play(on, own, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another planner, from the shared start.

    Args:
        peer: which.
        python: the interpreter of its environment.
    """

    peer: Peer
    python: Callable[[], Path]

    @property
    def name(self) -> str:
        """Its own."""
        return self.peer.name

    @property
    def is_own(self) -> bool:
        """It is not."""
        return False

    @property
    def start(self) -> Start:
        """The shared one."""
        return "random"

    def race_file(self, folder: Path, on: On, replay: Replay, *, seed: int) -> Path:
        """Returns where the race of a seed lies: elsewhere for another driver or other packages."""
        rules = Rules(replay=replay, n_trials=length(on))
        code = self.peer.digest
        return stored_file(folder, on, rules, seed=seed, name=self.name, code=code)

    def play(self, on: On, rules: Rules, *, seed: int) -> Race:
        """Plays a race."""
        course: Course = (
            on.course(rules.replay) if isinstance(on, Problem) else PoolCourse(on, rules.replay)
        )
        n_trials = rules.n_trials or length(on)
        return play_peer(course, self.peer, python=self.python(), n_trials=n_trials, seed=seed)


def length(on: On) -> int:
    """Returns the trials of a race: all that anything is read off at."""
    return on.n_trials if isinstance(on, Problem) else Rules().length(on)


def name_of(rules: Rules) -> str:
    """Returns the name of the variant that races by these rules, else that of its acquisition.

    A race that is kept under it is there for every command that races by them.
    """
    variants = [Own(), *(read_variant(name) for name in VARIANTS)]
    raced = (rules.settings, rules.start)
    names = (each.name for each in variants if (each.settings, each.start) == raced)
    return next(names, rules.settings.acquisition)


def read_variant(text: str) -> Own:
    """Returns a variant of the planner from ``NAME=setting:value,setting:value``, or a known one.

    Known by their names alone are ``VARIANTS``. ``start`` is ``random`` (the shared one) or
    ``own``; all else are settings of the policy.

    Raises:
        InputError: it has no name, a setting is none, or has a value that it cannot have.
    """
    name, equals, rest = text.partition("=")
    if not equals:
        name, rest = (text, VARIANTS[text]) if text in VARIANTS else ("", "")
    words: dict[str, Any] = {}
    for word in filter(None, rest.split(",")):
        key, colon, value = word.partition(":")
        if not colon:
            raise InputError(f"Variant {text!r}: {word!r} is no setting:value.")
        words[key] = value
    start = words.pop("start", "random")
    known = [each.name for each in fields(Settings)]
    unknown = [key for key in words if key not in known]
    if not name or unknown or start not in ("random", "own"):
        raise InputError(
            f"Variant {text!r} cannot be read. Write NAME=setting:value,setting:value with the "
            f"settings start (random or own), {', '.join(known)}. Known by name alone are "
            f"{', '.join(VARIANTS)}."
        )
    try:
        settings = TypeAdapter(Settings).validate_python(words)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{each}: " for each in first["loc"])
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise InputError(f"Variant {text!r}: {where}{said}.") from error
    try:
        family(settings.family)
    except InputError as error:
        raise InputError(f"Variant {text!r}: {error}") from error
    return Own(name=name, settings=settings, start=start)
