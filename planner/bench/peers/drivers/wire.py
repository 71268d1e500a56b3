"""The conversation between the benchmark and a planner that it starts, one JSON object a line.

From the benchmark, and what is answered:

- ``{"pool": {seed, is_maximised, parameters, rows}}``: ``{"ready": {planner, cpu_s}}``
- ``{"told": {"place": 3, "outcome": 1.2}}``: nothing
- ``{"ask": true}``: ``{"place": 7, "kind": "model", "cpu_s": 0.1, "wall_s": 0.1}``
- the end of input: the program ends

A parameter is ``{name, low, high}`` or ``{name, choices}``. ``rows`` are the candidates, and a
place is the number of one, each to be chosen once; where ``rows`` is null the space is open, and a
place is a list of values. A planner that cannot go on answers ``{"failed": "its own words"}``.
The seconds of an ask count everything since the ask before it, what it does when it is told
included. Before the first message a planner has been made and asked once on a space of its own
making: what libraries load and compile when they are first used is the price of no ask. Standard
library only: each driver runs in an environment that holds its planner alone.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Value = float | str
Row = list[Value]

N_WARM = 5  # outcomes that are told before the ask that warms up


@dataclass(frozen=True)
class Parameter:
    """A number between two bounds, or one of several names."""

    name: str
    low: float = 0.0
    high: float = 1.0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pool:
    """What to choose from.

    Args:
        seed: of whatever the planner draws.
        is_maximised: whether the outcome is wanted high.
        parameters: in the order of the values of a row.
        rows: the candidates; None where the space is open.
        taken: numbers of the rows that were tried.
    """

    seed: int
    is_maximised: bool
    parameters: tuple[Parameter, ...]
    rows: list[Row] | None
    taken: set[int] = field(default_factory=set)

    @property
    def names(self) -> list[str]:
        """Names of the parameters."""
        return [parameter.name for parameter in self.parameters]

    def values(self, place: Any) -> Row:
        """Returns the values of a place."""
        return list(place) if self.rows is None else self.rows[place]

    def nearest_place(self, values: Sequence[Value]) -> Any:
        """Returns the free row nearest to these values; in an open space the values themselves.

        A number counts as a share of its range, another name as the whole of one.
        """
        if self.rows is None:
            return list(values)
        free = [place for place in range(len(self.rows)) if place not in self.taken]
        return min(free, key=lambda place: self._distance(self.rows[place], values))  # type: ignore[index]

    def free_place(self, values: Sequence[Value]) -> int:
        """Returns the free row that has exactly these values."""
        assert self.rows is not None
        for place, row in enumerate(self.rows):
            if place not in self.taken and row == list(values):
                return place
        raise LookupError(f"{list(values)} is no row that is free")

    def _distance(self, row: Row, values: Sequence[Value]) -> float:
        total = 0.0
        for parameter, a, b in zip(self.parameters, row, values, strict=True):
            if parameter.choices:
                total += a != b
            else:
                total += ((float(a) - float(b)) / (parameter.high - parameter.low)) ** 2
        return total


class Planner(Protocol):
    """What a driver wraps.

    Args:
        planner: its name and version.
        kind: ``model`` where the last answer came from its model, ``start`` from its own start.
    """

    planner: str
    kind: str

    def tell(self, values: Row, outcome: float) -> None:
        """Takes the outcome of a setting."""

    def ask(self) -> Any:
        """Returns the place that it wants next."""


def serve(make: Callable[[Pool], Planner]) -> None:
    """Answers until the input ends; only answers go to standard output."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a planner prints is no answer

    def say(**words: object) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    try:
        _warm_up(make)
        _converse(make, say)
    except Exception as error:
        traceback.print_exc()
        say(failed=f"{type(error).__name__}: {error}")
        sys.exit(1)


def _warm_up(make: Callable[[Pool], Planner]) -> None:
    rows: list[Row] = [[float(i), float(i * i % 7), "ab"[i % 2]] for i in range(8)]
    parameters = (
        Parameter("a", 0.0, 7.0), Parameter("b", 0.0, 4.0), Parameter("c", choices=("a", "b")),
    )  # fmt: skip
    pool = Pool(0, True, parameters, rows)
    planner = make(pool)
    for place in range(N_WARM):
        pool.taken.add(place)
        planner.tell(rows[place], float(place % 3))
    planner.ask()


def _converse(make: Callable[[Pool], Planner], say: Callable[..., None]) -> None:
    pool, planner = None, None
    cpu_s, wall_s = _cpu_s(), time.perf_counter()
    for line in sys.stdin:
        message = json.loads(line)
        if "pool" in message:
            pool = _read_pool(message["pool"])
            cpu_s = _cpu_s()
            planner = make(pool)
            say(ready={"planner": planner.planner, "cpu_s": _cpu_s() - cpu_s})
            cpu_s, wall_s = _cpu_s(), time.perf_counter()
            continue
        assert pool is not None
        assert planner is not None
        if "told" in message:
            place = message["told"]["place"]
            wall_s = time.perf_counter()
            if pool.rows is not None:
                pool.taken.add(place)
            planner.tell(pool.values(place), message["told"]["outcome"])
        else:
            place = planner.ask()
            spent = {"cpu_s": _cpu_s() - cpu_s, "wall_s": time.perf_counter() - wall_s}
            say(place=place, kind=planner.kind, **spent)
            cpu_s, wall_s = _cpu_s(), time.perf_counter()


def _read_pool(told: dict[str, Any]) -> Pool:
    parameters = tuple(
        Parameter(**{**each, "choices": tuple(each.get("choices", ()))})
        for each in told["parameters"]
    )
    return Pool(told["seed"], told["is_maximised"], parameters, told["rows"])


def _cpu_s() -> float:
    """Returns the processor time of this process, all its threads, and the processes it ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
