"""In which order to run trials so that little time goes into changing the set-up.

Trials with the same set-up are run one after the other, so what is ordered are the *set-ups*: n
different ones, with a time of change between each two that is symmetric and keeps the triangle
inequality (it is a sum of times, one for each group of parameters that differs). The shortest path
through all of them is found exactly up to ``EXACT`` set-ups, beyond by improving paths until no
piece of one can be reversed or moved to shorten it.

    t[i, j]    time of change from set-up i to set-up j, in microseconds
    s[j]       time of change to set-up j from what is set up now, 0 where that is not known
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from planner.space import Value

EXACT = 10  # set-ups: 2^10 times 10^2 steps take a few hundredths of a second
_BEGINNINGS = 12  # paths to improve; one from each set-up was shorter by 1 % at most
_LONGEST_MOVED = 3  # set-ups of a piece that is moved elsewhere
_MICROSECONDS = 1_000_000  # whole numbers, so that equal sums are equal

Configuration = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class SetUp:
    """What takes time to change.

    Args:
        time_s: of one change, however many of the parameters change in it.
        parameters: those whose change it takes.
    """

    time_s: float
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetUpOrder:
    """An order of trials.

    Args:
        order: positions of the configurations, from 0, in the order to run them.
        time_s: that goes into changing the set-up.
        given_time_s: the same in the order as given.
        is_shortest: whether no order takes less; else none was found.
    """

    order: tuple[int, ...]
    time_s: float
    given_time_s: float
    is_shortest: bool


def order_to_save_set_up(
    configurations: Sequence[Configuration],
    set_up: Sequence[SetUp],
    *,
    now: Configuration | None = None,
) -> SetUpOrder:
    """Returns the order in which changing the set-up takes least time.

    Among orders that take the same time it stays close to the given one, which is that of worth.

    Args:
        configurations: one a trial.
        set_up: what takes time to change; a parameter that is in none changes for nothing.
        now: what is set up before the first trial; None where that is not known, and then the
            first set-up costs nothing.
    """
    if not configurations:
        return SetUpOrder((), 0.0, 0.0, is_shortest=True)
    groups: dict[tuple[tuple[Value | None, ...], ...], list[int]] = {}
    for index, configuration in enumerate(configurations):
        groups.setdefault(_state(configuration, set_up), []).append(index)
    states = list(groups)
    times = [[_change(one, other, set_up) for other in states] for one in states]
    begun = _state(now, set_up) if now is not None else None
    start = [_change(begun, each, set_up) if begun is not None else 0 for each in states]
    is_exact = len(states) <= EXACT
    path = _shortest(times, start) if is_exact else _shortened(times, start)
    order = tuple(index for each in path for index in groups[states[each]])
    given = [states.index(_state(each, set_up)) for each in configurations]
    found, as_given = _time(path, times, start), _time(given, times, start)
    return SetUpOrder(
        order,
        found / _MICROSECONDS,
        as_given / _MICROSECONDS,
        is_shortest=is_exact,
    )


def _state(
    configuration: Configuration, set_up: Sequence[SetUp]
) -> tuple[tuple[Value | None, ...], ...]:
    return tuple(tuple(configuration.get(name) for name in each.parameters) for each in set_up)


def _change(
    one: Sequence[tuple[Value | None, ...]],
    other: Sequence[tuple[Value | None, ...]],
    set_up: Sequence[SetUp],
) -> int:
    differing = (each for each, a, b in zip(set_up, one, other, strict=True) if a != b)
    return sum(round(each.time_s * _MICROSECONDS) for each in differing)


def _time(path: Sequence[int], times: Sequence[Sequence[int]], start: Sequence[int]) -> int:
    between = sum(times[a][b] for a, b in pairwise(path))
    return start[path[0]] + between


def _shortest(times: Sequence[Sequence[int]], start: Sequence[int]) -> list[int]:
    """Returns the shortest path (Held and Karp, 1962), the first of them in the given order."""
    everything = (1 << len(start)) - 1

    @cache
    def rest(visited: int, last: int) -> int:
        """Returns the least time from the last set-up through all that are left."""
        return min((times[last][j] + rest(visited | 1 << j, j) for j in left(visited)), default=0)

    def left(visited: int) -> Iterator[int]:
        return (j for j in range(len(start)) if not visited >> j & 1)

    path = [min(left(0), key=lambda j: (start[j] + rest(1 << j, j), j))]
    visited = 1 << path[0]
    while visited != everything:
        last, so_far = path[-1], visited
        path.append(min(left(so_far), key=lambda j: (times[last][j] + rest(so_far | 1 << j, j), j)))
        visited |= 1 << path[-1]
    return path


def _shortened(times: Sequence[Sequence[int]], start: Sequence[int]) -> list[int]:
    """Returns the best of several paths, each improved as far as it goes."""
    n = len(start)
    firsts = range(0, n, -(-n // _BEGINNINGS))
    beginnings = [list(range(n)), *(_nearest(times, first) for first in firsts)]

    improved = (_improved(path, _with_ends(times, start)) for path in beginnings)
    return min(improved, key=lambda path: _time(path, times, start))


def _nearest(times: Sequence[Sequence[int]], first: int) -> list[int]:
    """Returns the path that goes on to the nearest set-up each time."""
    path, left = [first], [j for j in range(len(times)) if j != first]
    while left:
        path.append(min(left, key=lambda j: times[path[-1]][j]))
        left.remove(path[-1])
    return path


def _with_ends(times: Sequence[Sequence[int]], start: Sequence[int]) -> list[list[int]]:
    """Adds two places: what is set up before the path (n), and after it (n + 1, for nothing)."""
    n = len(start)
    inner = [[*row, start[j], 0] for j, row in enumerate(times)]
    return [*inner, [*start, 0, 0], [0] * (n + 2)]


def _improved(path: list[int], times: Sequence[Sequence[int]]) -> list[int]:
    """Moves and reverses pieces as long as that shortens the path."""
    n, is_better = len(path), True
    best = [n, *path, n + 1]
    while is_better:
        is_better = False
        for piece in _pieces(n):
            if _saving(best, piece, times) > 0:
                best, is_better = _moved(best, piece), True
    return best[1:-1]


# a piece of the path from i up to j, the place among the others where it goes, and whether its
# direction is turned
Piece = tuple[int, int, int, bool]


def _pieces(n: int) -> Iterator[Piece]:
    """Yields what may be changed; the ends, at 0 and n + 1, stay."""
    for i in range(1, n + 1):
        for j in range(i + 2, n + 2):
            yield i, j, i, True
        for j in range(i + 1, min(i + _LONGEST_MOVED, n + 1) + 1):
            for to in range(1, n - (j - i) + 2):
                yield i, j, to, False
                yield i, j, to, True


def _saving(path: list[int], piece: Piece, times: Sequence[Sequence[int]]) -> int:
    """Returns by how much a change shortens the path: only where pieces meet times differ."""
    i, j, to, is_turned = piece
    first, last = (path[j - 1], path[i]) if is_turned else (path[i], path[j - 1])
    before = path[to - 1] if to - 1 < i else path[to - 1 + j - i]
    after = path[to] if to < i else path[to + j - i]
    removed = times[path[i - 1]][path[i]] + times[path[j - 1]][path[j]] + times[before][after]
    added = times[path[i - 1]][path[j]] + times[before][first] + times[last][after]
    return removed - added


def _moved(path: list[int], piece: Piece) -> list[int]:
    i, j, to, is_turned = piece
    others = path[:i] + path[j:]
    return others[:to] + (path[i:j][::-1] if is_turned else path[i:j]) + others[to:]
