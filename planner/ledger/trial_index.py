"""The trials of a campaign by number, and what is counted of them, kept up with every change.

A step of the loop looks at trials by their state, and at sums over all of them. Going through all
trials for that would make a step dearer the longer a campaign has run. Trials that ended long ago
are looked at seldom and lie packed: a tenth of the memory, for some 20 microseconds a look.
"""

from __future__ import annotations

import pickle
import zlib
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

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
    """Trials by number, in the order in which they were proposed.

    Args:
        trials: to begin with, by number.
    """

    def __init__(self, trials: Mapping[int, Trial] | None = None) -> None:
        self._all: dict[int, Trial | bytes] = {}
        self._ended: deque[int] = deque()
        self._packing = Packing()
        self._numbers: dict[TrialState, set[int]] = {state: set() for state in TrialState}
        self._views: dict[Hashable, tuple[View, dict[int, Trial | None]]] = {}
        self.last = 0
        for number, trial in (trials or {}).items():
            self[number] = trial

    def __repr__(self) -> str:
        return f"Trials({dict(self)!r})"

    def __getitem__(self, number: int) -> Trial:
        trial = self._all[number]
        return self._packing.unpack(trial) if isinstance(trial, bytes) else trial

    def __contains__(self, number: object) -> bool:
        return number in self._all

    def __iter__(self) -> Iterator[int]:
        return iter(self._all)

    def __reversed__(self) -> Iterator[int]:
        return reversed(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __setitem__(self, number: int, trial: Trial) -> None:
        before = self.get(number)
        if before is None or before.state is not trial.state:
            self._leave(before)
            self._numbers[trial.state].add(number)
        self._all[number] = trial
        self.last = max(self.last, number)
        self._note(number, before)
        if trial.state in TERMINAL_TRIALS:
            self._ended.append(number)
            self._pack_earlier()

    def __delitem__(self, number: int) -> None:
        before = self[number]
        del self._all[number]
        self._leave(before)
        self.last = max(self._all, default=0)
        self._note(number, before)

    def copy(self) -> Trials:
        """Returns the same trials, to be changed apart from these."""
        return Trials(self)

    def in_state(self, *states: TrialState) -> list[Trial]:
        """Returns the trials in any of these states, by number."""
        numbers = [number for state in set(states) for number in self._numbers[state]]
        return [self[number] for number in sorted(numbers)]

    def count(self, *states: TrialState) -> int:
        """Returns how many trials are in any of these states."""
        return sum(len(self._numbers[state]) for state in set(states))

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
            number = self._ended.popleft()
            trial = self._all.get(number)
            if isinstance(trial, Trial) and trial.state in TERMINAL_TRIALS:
                self._all[number] = self._packing.pack(trial)


class Packing:
    """Packs trials for this process alone; what most have in common is written once."""

    def __init__(self) -> None:
        self._common = b""

    def pack(self, trial: Trial) -> bytes:
        """Returns a trial as bytes."""
        content = pickle.dumps(trial, protocol=5)
        self._common = self._common or content
        packer = zlib.compressobj(level=1, wbits=-15, zdict=self._common)
        return packer.compress(content) + packer.flush()

    def unpack(self, packed: bytes) -> Trial:
        """Returns the trial that was packed here."""
        content = zlib.decompressobj(wbits=-15, zdict=self._common).decompress(packed)
        trial: Trial = pickle.loads(content)  # noqa: S301  our own bytes, which never leave memory
        return trial


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
