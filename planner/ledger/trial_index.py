"""The trials of a campaign by number, and what is counted of them, kept up with every change.

A step of the loop looks at trials by their state, and at sums over all of them. Going through all
trials for that would make a step dearer the longer a campaign has run. Trials that ended long ago
are looked at seldom and lie packed.
"""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, groupby
from typing import Generic, Protocol, TypeVar

from planner.ledger.packed_trials import Packed, block_of, numbers_of, pack, place_of
from planner.trials import TERMINAL_TRIALS, Trial, TrialState

K = TypeVar("K", bound=Hashable)


_KEPT = 1_000  # trials that have ended and are not packed: the last ones
_MOST_UNREAD = 1_000  # changes that a view has not taken in; it is then rather made anew


class View(Protocol):
    """Something that is known of all trials together, and follows each of their changes."""

    def change(self, before: Trial | None, after: Trial | None) -> None:
        """Takes in that a trial became another; None before it was there, or after it went."""
        ...


V = TypeVar("V", bound=View)


class Trials(MutableMapping[int, Trial]):
    """Trials by number, which is the order in which they were proposed.

    Args:
        trials: to begin with, by number.
    """

    def __init__(self, trials: Mapping[int, Trial] | None = None) -> None:
        self._loose: dict[int, Trial] = {}
        self._packed: dict[int, Packed] = {}  # by block
        self._looked_at: tuple[int, list[Trial]] = (-1, [])  # the block that was unpacked last
        self._ended: deque[int] = deque()
        self._numbers: dict[TrialState, set[int]] = {state: set() for state in TrialState}
        self._blocks: dict[TrialState, set[int]] = {state: set() for state in TrialState}
        self._n_packed: Counter[TrialState] = Counter()
        self._views: dict[Hashable, tuple[View, dict[int, Trial | None]]] = {}
        self.last = 0
        for number, trial in (trials or {}).items():
            self[number] = trial

    def __repr__(self) -> str:
        return f"Trials({dict(self)!r})"

    def __getitem__(self, number: int) -> Trial:
        trial = self._loose.get(number)
        return self._look_at(block_of(number))[place_of(number)] if trial is None else trial

    def __contains__(self, number: object) -> bool:
        is_packed = isinstance(number, int) and block_of(number) in self._packed
        return number in self._loose or is_packed

    def __iter__(self) -> Iterator[int]:
        blocks = map(numbers_of, sorted(self._packed))
        return heapq.merge(chain.from_iterable(blocks), sorted(self._loose))

    def __reversed__(self) -> Iterator[int]:
        blocks = (reversed(numbers_of(each)) for each in sorted(self._packed, reverse=True))
        loose = sorted(self._loose, reverse=True)
        return heapq.merge(chain.from_iterable(blocks), loose, reverse=True)

    def __len__(self) -> int:
        return len(self._loose) + sum(self._n_packed.values())

    def __setitem__(self, number: int, trial: Trial) -> None:
        before = self._take_out(number)
        if before is None or before.state is not trial.state:
            self._leave(before)
            self._numbers[trial.state].add(number)
        self._loose[number] = trial
        self.last = max(self.last, number)
        self._note(number, before)
        if trial.state in TERMINAL_TRIALS:
            self._ended.append(number)
            self._pack_earlier()

    def __delitem__(self, number: int) -> None:
        before = self._take_out(number)
        if before is None:
            raise KeyError(number)
        del self._loose[number]
        self._leave(before)
        self.last = next(reversed(self), 0)
        self._note(number, before)

    def __copy__(self) -> Trials:
        """Returns the same trials, to be changed apart from these; what is packed is shared."""
        other = Trials()
        other._loose, other._packed = dict(self._loose), dict(self._packed)
        other._ended = self._ended.copy()
        other._numbers = {state: set(each) for state, each in self._numbers.items()}
        other._blocks = {state: set(each) for state, each in self._blocks.items()}
        other._n_packed = self._n_packed.copy()
        other.last = self.last
        return other

    def in_state(self, *states: TrialState) -> list[Trial]:
        """Returns the trials in any of these states, by number."""
        wanted = set(states)
        loose = (self._loose[number] for state in wanted for number in self._numbers[state])
        blocks = sorted(block for state in wanted for block in self._blocks[state])
        packed = (
            trial
            for block, _ in groupby(blocks)
            for trial in self._look_at(block)
            if trial.state in wanted
        )
        return sorted((*packed, *loose), key=lambda trial: trial.number)

    def count(self, *states: TrialState) -> int:
        """Returns how many trials are in any of these states."""
        return sum(len(self._numbers[state]) + self._n_packed[state] for state in set(states))

    def view(self, key: Hashable, make: Callable[[], V]) -> V:
        """Returns a view that has taken in all changes; it is made once for each key.

        Args:
            key: tells it from all others, with what it depends on besides the trials.
            make: a view of no trials.
        """
        if key not in self._views:
            view: V = make()
            for trial in self.values():
                view.change(None, trial)
            self._views[key] = view, {}
            return view
        known, changed = self._views[key]
        for number, before in changed.items():
            known.change(before, self.get(number))
        changed.clear()
        return known  # type: ignore[return-value]  # what was made under this key

    def forget_views(self) -> None:
        """Lets every view be made anew, because what they depend on has changed."""
        self._views.clear()

    def _look_at(self, block: int) -> list[Trial]:
        """Returns the trials of a block that is packed.

        Raises:
            KeyError: there is no such block.
        """
        last, trials = self._looked_at
        if last != block:
            trials = self._packed[block].unpack()
            self._looked_at = block, trials
        return trials

    def _take_out(self, number: int) -> Trial | None:
        """Returns a trial that may now be changed, if there is one; its block is packed no more."""
        block = block_of(number)
        if block in self._packed:
            trials = self._look_at(block)
            self._count(self._packed.pop(block), block, sign=-1)
            self._looked_at = (-1, [])
            for trial in trials:
                self._loose[trial.number] = trial
                self._numbers[trial.state].add(trial.number)
        return self._loose.get(number)

    def _leave(self, trial: Trial | None) -> None:
        if trial is not None:
            self._numbers[trial.state].discard(trial.number)

    def _note(self, number: int, before: Trial | None) -> None:
        """Notes for each view what it knows of a trial that has changed since."""
        for key, (_, changed) in list(self._views.items()):
            changed.setdefault(number, before)
            if len(changed) > _MOST_UNREAD:
                del self._views[key]

    def _pack_earlier(self) -> None:
        while len(self._ended) > _KEPT:
            block = block_of(self._ended.popleft())
            if all(self._has_ended(number) for number in numbers_of(block)):
                trials = [self._loose.pop(number) for number in numbers_of(block)]
                for trial in trials:
                    self._leave(trial)
                self._packed[block] = pack(trials)
                self._count(self._packed[block], block, sign=1)

    def _has_ended(self, number: int) -> bool:
        trial = self._loose.get(number)
        return trial is not None and trial.state in TERMINAL_TRIALS

    def _count(self, packed: Packed, block: int, *, sign: int) -> None:
        for state in TERMINAL_TRIALS:
            n = packed.count(state)
            self._n_packed[state] += sign * n
            if n and sign > 0:
                self._blocks[state].add(block)
            else:
                self._blocks[state].discard(block)


@dataclass(slots=True)
class Sums:
    """Sums over all trials, by name; in decimal, so that nothing is lost by adding and removing.

    Args:
        of: what one trial adds to each.
    """

    of: Callable[[Trial], dict[str, Decimal]]
    totals: dict[str, Decimal] = field(default_factory=dict)

    def change(self, before: Trial | None, after: Trial | None) -> None:
        """Takes in that a trial became another."""
        for trial, sign in ((before, -1), (after, 1)):
            for name, amount in self.of(trial).items() if trial is not None else ():
                self.totals[name] = self.totals.get(name, Decimal(0)) + sign * amount


@dataclass(slots=True)
class Members:
    """The numbers of those trials for which something is true.

    Args:
        is_one: what is to be true.
    """

    is_one: Callable[[Trial], bool]
    numbers: set[int] = field(default_factory=set)

    def change(self, before: Trial | None, after: Trial | None) -> None:
        """Takes in that a trial became another."""
        if after is not None and self.is_one(after):
            self.numbers.add(after.number)
        elif (trial := after or before) is not None:
            self.numbers.discard(trial.number)


@dataclass(slots=True)
class Multiset(Generic[K]):
    """How many trials have each key; those without one are not counted.

    Args:
        key_of: a trial's; None for none.
    """

    key_of: Callable[[Trial], K | None]
    counts: dict[K, int] = field(default_factory=dict)

    def change(self, before: Trial | None, after: Trial | None) -> None:
        """Takes in that a trial became another."""
        for trial, sign in ((before, -1), (after, 1)):
            key = None if trial is None else self.key_of(trial)
            if key is None:
                continue
            left = self.counts.get(key, 0) + sign
            if left:
                self.counts[key] = left
            else:
                del self.counts[key]
