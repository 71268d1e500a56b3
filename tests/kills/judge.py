"""The judge of a chaos run: compares the device's record of physical acts with the ledger.

Of each doubt it wants to know what it came from: of a device that knows keys only its own death is
a ground; of any other, that an order or its answer may have been lost on the way is one, too.
"""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blows import Blow

from planner.clock import SystemClock
from planner.device.virtual.record import read_record
from planner.ledger import open_ledger
from planner.ledger.entries import Entry, RunMoved, RunOpened, VerdictGiven
from planner.ledger.replay import CampaignState, replay
from planner.trials import TERMINAL_TRIALS, Run, RunState, Trial, TrialState

_KEYED = ("http", "mqtt")
# what is left of a number that went through JSON and a typed command: all but the last digits
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Doubt:
    """A run that was in doubt.

    Args:
        why: as the ledger says it.
        since: sequence of the entry.
        opened: sequence of the entry by which the run began.
        after: the blows that fell in between.
    """

    key: str
    why: str
    since: int
    opened: int
    after: tuple[str, ...]
    is_founded: bool


@dataclass(slots=True)
class Findings:
    """What a chaos run came to.

    Args:
        faults: each promise that was broken, in words.
        doubts: each time that a run was in doubt.
        n_verdicts: doubts that a person ended; evidence ended the others.
        states: of trials at the end.
        runs: states of runs at the end.
        n_acts: begun, by the device's record.
        n_keys: of these acts.
    """

    faults: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    n_verdicts: int = 0
    states: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    n_acts: int = 0
    n_keys: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """Which entry was the ledger's last, and when: no clock of the ledger's is believed.

    Args:
        seen: pairs of monotonic time and sequence, rising.
    """

    seen: list[tuple[float, int]]

    def between(self, blow: Blow) -> tuple[int, float]:
        """Return the last entry before a blow, and the first one after it."""
        times = [each[0] for each in self.seen]
        before = bisect.bisect_left(times, blow.began) - 1
        after = bisect.bisect_right(times, blow.ended)
        first = self.seen[before][1] if before >= 0 else 0
        return first, self.seen[after][1] if after < len(times) else math.inf


def judge(record: Path, *, place: str, face: str, blows: Sequence[Blow], watch: Watch) -> Findings:
    """Compare a record of physical acts with a ledger."""
    ledger = open_ledger(place, clock=SystemClock(), create=False)
    try:
        entries = list(ledger.read("bench"))
    finally:
        ledger.close()
    state = replay(entries)
    assert state is not None
    acts = _Acts(read_record(record))
    found = Findings(n_acts=acts.begun.total(), n_keys=len(acts.begun))
    found.states = Counter(str(trial.state) for trial in state.trials.values())
    found.runs = Counter(str(run.state) for trial in state.trials.values() for run in trial.runs)
    found.n_verdicts = sum(isinstance(each.record, VerdictGiven) for each in entries)
    found.doubts = list(_doubts(entries, face=face, blows=blows, watch=watch))
    found.faults = [*_of_acts(acts, state), *_of_trials(state), *_of_doubts(found.doubts)]
    found.faults += [
        fault
        for trial in state.trials.values()
        for run in trial.runs
        for fault in _of_run(acts, trial, run, found.doubts)
    ]
    return found


class _Acts:
    """The record, by key."""

    def __init__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        self.begun = Counter(each["key"] for each in lines if each["event"] == "begun")
        self.settings = {each["key"]: each["parameters"] for each in lines}
        self.done = {each["key"]: each["outcomes"] for each in lines if each.get("how") == "done"}


def _of_acts(acts: _Acts, state: CampaignState) -> Iterator[str]:
    known = {run.key for trial in state.trials.values() for run in trial.runs}
    for key, n in acts.begun.items():
        if n > 1:
            yield f"{key} was acted on {n} times"
        if key not in known:
            yield f"{key} was acted on, and no run of the ledger asked for it"


def _of_trials(state: CampaignState) -> Iterator[str]:
    for trial in state.trials.values():
        if trial.state not in TERMINAL_TRIALS | {TrialState.IN_DOUBT}:
            yield f"trial {trial.number} is {trial.state} at the end"


def _of_doubts(doubts: Sequence[Doubt]) -> Iterator[str]:
    for each in doubts:
        if not each.is_founded:
            yield f"{each.key} was in doubt without a ground ({each.why}); blows: {each.after}"


def _of_run(acts: _Acts, trial: Trial, run: Run, doubts: Sequence[Doubt]) -> Iterator[str]:
    """Say where ledger and record do not agree about a run."""
    key, is_done = run.key, run.key in acts.done
    if key in acts.begun and not _is_same(acts.settings[key], trial.configuration):
        yield f"{key} was performed at {acts.settings[key]}, and asked for {trial.configuration}"
    if run.state in (RunState.REFUSED, RunState.VOID) and key in acts.begun:
        yield f"{key} is {run.state} in the ledger, and the device acted on it"
    if run.state is RunState.COMPLETED and not is_done:
        yield f"{key} is completed in the ledger, and the device did not end it"
    was_in_doubt = any(each.key == key for each in doubts)
    is_lost = is_done and run.state not in (RunState.COMPLETED, RunState.IN_DOUBT)
    if is_lost and not was_in_doubt and "code -9" not in run.evidence:
        yield f"{key} was done by the device, and is {run.state} in the ledger ({run.evidence})"
    if run.state is RunState.COMPLETED and is_done and trial.observation is not None:
        told = {name: each.value for name, each in trial.observation.outcomes.items()}
        if not _is_same(acts.done[key], told):
            yield f"{key} brought {acts.done[key]}, and the ledger has {told}"


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        math.isclose(float(one[name]), float(other[name]), rel_tol=_ROUNDING) for name in one
    )


def _doubts(
    entries: Sequence[Entry], *, face: str, blows: Sequence[Blow], watch: Watch
) -> Iterator[Doubt]:
    opened = {e.record.key: e.sequence for e in entries if isinstance(e.record, RunOpened)}
    ground = "device" if face in _KEYED else "way"
    spans = [(blow, *watch.between(blow)) for blow in blows]
    for entry in entries:
        record = entry.record
        if not isinstance(record, RunMoved) or record.to is not RunState.IN_DOUBT:
            continue
        began = opened[record.key]
        fell = [blow for blow, first, last in spans if began <= last and entry.sequence >= first]
        yield Doubt(
            key=record.key,
            why=record.evidence,
            since=entry.sequence,
            opened=began,
            after=tuple(blow.what for blow in fell),
            is_founded=any(ground in blow.hits for blow in fell),
        )
