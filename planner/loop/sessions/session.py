"""A session: one process at work on one campaign, with all that the steps of the loop need."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from planner.clock import Clock
from planner.errors import PlannerError
from planner.labs import Lab
from planner.ledger import Lease, Ledger
from planner.ledger.entries import Entry, Expectation, Record
from planner.ledger.replay import CampaignState, replay
from planner.loop.results.intake import Intake
from planner.loop.sessions.hold import Hold
from planner.loop.sessions.permission import acts_in, permit
from planner.space import SearchSpace
from planner.trials import Answer, RunState, TrialState, Wanted

AUTHOR = "planner"
_MOST_ENDS = 256

Listener = Callable[[Entry, CampaignState], None]


def _ignore(entry: Entry, state: CampaignState) -> None:
    """Hears nothing."""


class Driving(Protocol):
    """What speaks to the source beside the loop.

    ``error`` is why it can do nothing more, if that is so.
    """

    error: PlannerError | None

    @property
    def unreachable_since(self) -> float | None:
        """When the source was first out of reach, in ``elapsed_s``; None where it is not."""

    @property
    def locked(self) -> str:
        """Why no device takes an order; empty where one does."""

    @property
    def closed(self) -> frozenset[str | None]:
        """Devices that take no order while another does."""

    def wake(self) -> None:
        """Lets it look at the ledger now."""


@dataclass(slots=True)
class Session:
    """One process at work on one campaign.

    Args:
        ledger: the record.
        state: replayed from it; refreshed by every step.
        space: what may be tried.
        lab: the campaign's source.
        intake: what a result needs to become data.
        clock: time.
        lease: of the campaign; without one nothing is written that needs an epoch.
        listener: hears every entry of the campaign once, after it was written.
        unreachable_since: when the source was first out of reach, in ``elapsed_s``.
        resend_at: for each key when to send again, in ``elapsed_s``.
        began_at: for each open run when it began, in ``elapsed_s``; before this process did, too.
        attempts: for each key how often this process has sent it.
        unsent: for each key up to which sending it provably did not leave.
        left: keys of orders that this process has sent and that may have arrived.
        sent_here: for each key the number of its last sending by this process.
        sent_elsewhere: for each key the last sending by another process, and when it was first
            seen, in ``elapsed_s``.
        recalled: for each key that the lab was told of, with which handle.
        missed: keys of acknowledged runs that the last reply lacked.
        word_at: for each run that is asked to end when the source last said something of it, in
            ``elapsed_s``.
        boots: for each run that was heard to be under way the start of its device's program.
        asked_late: for each key of a run that ended without its device's word when it was asked
            about last, in ``elapsed_s``.
        late_words: by key what was answered then, until it is written.
        ends: by key the answers that ended the last runs, so that what is told again is known.
        aborts_sent: keys of runs that this process has asked the source to end.
        never_taken: keys of runs that ended before a device had them.
        known_as_said: devices that were heard to be as real as the file says, with a clock near
            ours.
        left_alone: devices that are silent while others are not, and are not waited for.
        hold: the lease of the source's devices, while something is to be sent there.
        held_elsewhere: who else holds it, in words, if that keeps an order from being sent.
        yields_until: before this it is not taken, so that others come to it; in seconds of the
            clock.
        driver: sends to the source and asks it, in a thread beside; None where the loop does.
        news: is set when the driver has written something.
        folder: of the campaign file, where its relative paths start.
        is_shared: whether the ledger is one that campaigns share, not one of this file's own.
    """

    ledger: Ledger
    state: CampaignState
    space: SearchSpace
    lab: Lab
    intake: Intake
    clock: Clock
    lease: Lease | None = None
    author: str = AUTHOR
    listener: Listener = _ignore
    unreachable_since: float | None = None
    resend_at: dict[str, float] = field(default_factory=dict)
    began_at: dict[str, float] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    unsent: dict[str, int] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    sent_here: dict[str, int] = field(default_factory=dict)
    sent_elsewhere: dict[str, tuple[int, float]] = field(default_factory=dict)
    recalled: dict[str, str] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)
    word_at: dict[str, float] = field(default_factory=dict)
    boots: dict[str, str] = field(default_factory=dict)
    asked_late: dict[str, float] = field(default_factory=dict)
    late_words: dict[str, Answer] = field(default_factory=dict)
    ends: dict[str, Answer] = field(default_factory=dict)
    aborts_sent: set[str] = field(default_factory=set)
    never_taken: set[str] = field(default_factory=set)
    known_as_said: set[str | None] = field(default_factory=set)
    left_alone: frozenset[str | None] = frozenset()
    hold: Hold | None = None
    held_elsewhere: str = ""
    yields_until: float = 0.0
    driver: Driving | None = None
    news: threading.Event = field(default_factory=threading.Event)
    folder: Path = Path()
    is_shared: bool = True

    @property
    def campaign(self) -> str:
        """Name of the campaign."""
        return self.state.campaign

    @property
    def now_s(self) -> float:
        """The clock's time in seconds."""
        return self.clock.now().timestamp()

    @property
    def elapsed_s(self) -> float:
        """Seconds that pauses and limits are measured by; no setting of the clock moves them."""
        return self.clock.elapsed_s()

    def wait_s(self, seconds: float) -> None:
        """Waits, at most so long; a driver's news ends it."""
        if self.driver is None:
            self.clock.wait_s(seconds)
        else:
            self.news.wait(seconds)
            self.news.clear()

    def forget(self, key: str) -> None:
        """Forgets how often and when a run that has ended was sent."""
        self.resend_at.pop(key, None)
        self.attempts.pop(key, None)
        self.unsent.pop(key, None)
        self.began_at.pop(key, None)
        self.recalled.pop(key, None)
        self.sent_here.pop(key, None)
        self.sent_elsewhere.pop(key, None)
        self.word_at.pop(key, None)
        self.boots.pop(key, None)
        self.left.discard(key)
        self.missed.discard(key)
        self.never_taken.discard(key)

    def note_end(self, answer: Answer) -> None:
        """Remembers the answer that ended a run, and forgets how it was sent."""
        self.forget(answer.key)
        if _is_small(answer):
            self.ends[answer.key] = answer
        while len(self.ends) > _MOST_ENDS:
            del self.ends[next(iter(self.ends))]

    def refresh(self) -> CampaignState:
        """Folds what was written since, by anyone, and tells the listener."""
        for entry in self.ledger.read(self.campaign, after=self.state.sequence):
            replay([entry], self.state)
            self.listener(entry, self.state)
        return self.state

    def write(
        self,
        records: Iterable[Record],
        *,
        trials: Mapping[int, TrialState] | None = None,
        runs: Mapping[str, RunState] | None = None,
        wanted: frozenset[Wanted] | None = None,
        is_decision: bool = False,
        is_sending: bool = False,
    ) -> None:
        """Appends records that were decided on the present state, and folds them.

        Args:
            records: in order; one transaction.
            trials: the states that the decision rests on.
            runs: likewise, of runs that the records move.
            wanted: the wanted states under which the write still makes sense.
            is_decision: whether it rests on the campaign's file too.
            is_sending: whether it rests on the lease of the source's devices.

        Raises:
            StaleWrite: something that it rests on has changed.
            NotAllowed: the author's role does not include it.
        """
        records = tuple(records)
        if self.lease is None:  # who took the lease was asked then
            permit(self.ledger, self.author, acts_in(records, self.state))
        expect = Expectation(
            epoch=self.lease.epoch if self.lease is not None else None,
            wanted=wanted,
            spec_digest=self.state.spec_digest if is_decision else None,
            trials=trials or {},
            runs=runs or {},
            source=self.hold.source if is_sending and self.hold is not None else None,
            token=self.hold.token if self.hold is not None else 0,
        )
        self.ledger.append(self.campaign, records, author=self.author, expect=expect)
        self.refresh()


def _is_small(answer: Answer) -> bool:
    """Tells whether an answer holds numbers and names alone: curves and files are not kept."""
    outcomes = answer.result.outcomes.values() if answer.result is not None else ()
    return all(isinstance(each.value, int | float | str | None) for each in outcomes)
