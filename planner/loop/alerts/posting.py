"""The post: what is still to be sent by each way, and what was; at least once, never in a flood.

All that must survive a crash is in the ledger: an alert is found there again until an entry says
that it was sent. A kill between sending and that entry sends it twice, and never not at all.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from planner.campaign.alerts import AlertKind, Alerts, AnyWay
from planner.clock import Clock
from planner.errors import HeldByAnother, NotSent
from planner.ledger import Ledger
from planner.ledger.entries import AlertSent, Entry
from planner.ledger.replay import CampaignState, replay
from planner.loop.alerts.ages import Ages, age_by_clock_s
from planner.loop.alerts.finding import (
    Alert,
    Lost,
    find_in_entry,
    find_standing,
    runs_under_way,
)
from planner.loop.alerts.ways import Message, send
from planner.loop.sessions.hold import Hold

AUTHOR = "planner"
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 900.0
_HOUR_S = 3600.0
_TURN_S = 0.5  # until it is tried again, at the end of a process, whether another one sends
_TURNS = 20

FindLost = Callable[[CampaignState], Mapping[str, Lost]]


@dataclass(slots=True)
class _Tray:
    """One way's share.

    Args:
        pending: by name, in the order in which they were found.
        told: names of what still stands and was sent.
        sent_at: by kind, when messages went within the last hour, in ``elapsed_s``.
        n_failed: attempts in a row that failed.
        again_at: when to try again after a failure, in ``elapsed_s``.
    """

    pending: dict[str, Alert] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    sent_at: dict[str, deque[float]] = field(default_factory=dict)
    n_failed: int = 0
    again_at: float = -math.inf

    def next_message(self, *, at_most: int, now_s: float) -> list[Alert]:
        """Returns what goes into the next message; nothing where none may go now.

        Args:
            at_most: messages an hour of one kind; the last of them takes all that is left.
            now_s: the time, in ``elapsed_s``.
        """
        by_kind: dict[AlertKind, list[Alert]] = {}
        for alert in self.pending.values():
            by_kind.setdefault(alert.about, []).append(alert)
        for about, alerts in by_kind.items():
            times = self.sent_at.get(about, ())
            n_sent = sum(now_s - at < _HOUR_S for at in times)
            if n_sent < at_most:
                return alerts[:1] if n_sent + 1 < at_most else alerts
        return []

    def note_sent(self, about: str, *, at: float, now_s: float) -> None:
        """Notes that a message went; what is more than an hour old is forgotten."""
        times = self.sent_at.setdefault(about, deque())
        times.append(at)
        while now_s - times[0] >= _HOUR_S and len(times) > 1:
            times.popleft()


class Post:
    """Sends a campaign's alerts; of several processes at work on it one at a time.

    Args:
        ledger: in which they are found and recorded.
        campaign: its name.
        folder: of the campaign file.
        clock: time.
        find_lost: says which devices at work do not answer.
        on_message: hears what could not be sent, in a sentence.
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: str,
        *,
        folder: Path,
        clock: Clock,
        find_lost: FindLost,
        on_message: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._campaign = campaign
        self._folder = folder
        self._clock = clock
        self._find_lost = find_lost
        self._ages = Ages(clock)
        self._on_message = on_message
        self._state: CampaignState | None = None
        self._trays: dict[str, _Tray] = {}

    def sweep(self, *, is_last: bool = False) -> int:
        """Reads what is new, finds what stands, and sends what is due.

        Args:
            is_last: whether this process ends now: a way that failed is tried once more.

        Returns:
            How many alerts are still to be sent.
        """
        self._read()
        if self._state is None:
            return 0
        settings = self._state.spec.alerts
        if settings is None:
            return 0
        self._find_standing(self._state, settings)
        due = [name for name in settings.ways if self._is_due(name, settings, is_last=is_last)]
        if due:
            with self._turn(is_last=is_last) as is_ours:
                for name in due if is_ours else ():
                    self._empty(name, settings)
        return sum(len(self._trays[name].pending) for name in settings.ways)

    def _is_due(self, name: str, settings: Alerts, *, is_last: bool) -> bool:
        tray, now_s = self._trays[name], self._clock.elapsed_s()
        if tray.again_at > now_s and not is_last:
            return False
        return bool(tray.next_message(at_most=settings.at_most, now_s=now_s))

    @contextmanager
    def _turn(self, *, is_last: bool) -> Iterator[bool]:
        """Keeps other processes from sending the same; says whether it may be sent here.

        Where another one sends just now, this one looks again later; the last time it waits.
        """
        for n in range(_TURNS if is_last else 1):
            if n:
                self._clock.wait_s(_TURN_S)
            try:
                lease = self._ledger.take_device(f"alerts of {self._campaign}")
                break
            except HeldByAnother:
                continue
        else:
            yield False
            return
        hold = Hold(self._ledger, lease)
        try:
            self._read()  # what another one has sent is not to be sent again
            yield True
        finally:
            hold.let_go()

    def _read(self) -> None:
        after = self._state.sequence if self._state is not None else 0
        for entry in self._ledger.read(self._campaign, after=after):
            self._state = replay([entry], self._state)
            assert self._state is not None  # an entry was folded
            self._hear(entry, self._state)

    def _hear(self, entry: Entry, state: CampaignState) -> None:
        """Notes what an entry gives reason to send, or says was sent."""
        record, settings = entry.record, state.spec.alerts
        if isinstance(record, AlertSent):
            self._note_sent(record, at=entry.at)
        elif settings is not None:
            alert = find_in_entry(entry, state)
            if alert is not None and alert.about in settings.kinds:
                for name in settings.ways:
                    self._trays.setdefault(name, _Tray()).pending[alert.name] = alert

    def _note_sent(self, record: AlertSent, *, at: datetime) -> None:
        tray = self._trays.setdefault(record.way, _Tray())
        for name in record.alerts:
            tray.pending.pop(name, None)
            if not name.startswith("entry "):  # which is found once only
                tray.told.add(name)
        now_s = self._clock.elapsed_s()
        age_s = max(0.0, age_by_clock_s(self._clock, at))
        tray.note_sent(record.about, at=now_s - age_s, now_s=now_s)

    def _find_standing(self, state: CampaignState, settings: Alerts) -> None:
        lost = self._find_lost(state) if "heartbeat lost" in settings.kinds else {}
        ages = self._ages.count(runs_under_way(state))
        now = self._clock.now()
        standing = {
            alert.name: alert
            for alert in find_standing(state, settings, now=now, ages=ages, lost=lost)
            if alert.about in settings.kinds
        }
        for name in settings.ways:
            tray = self._trays.setdefault(name, _Tray())
            tray.told &= standing.keys()
            for each in standing.keys() - tray.told - tray.pending.keys():
                tray.pending[each] = standing[each]

    def _empty(self, name: str, settings: Alerts) -> None:
        """Sends what a way has to send, until it fails or its hour is full."""
        tray = self._trays[name]
        while alerts := tray.next_message(at_most=settings.at_most, now_s=self._clock.elapsed_s()):
            if not self._send(name, settings.ways[name], tray, alerts):
                return

    def _send(self, name: str, way: AnyWay, tray: _Tray, alerts: list[Alert]) -> bool:
        now = self._clock.now()
        message = Message(campaign=self._campaign, way=name, alerts=alerts, sent_at=now)
        try:
            send(way, message, folder=self._folder)
        except NotSent as error:
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**tray.n_failed)
            tray.n_failed += 1
            tray.again_at = self._clock.elapsed_s() + pause_s
            self._on_message(
                f"An alert of {self._campaign} was not sent by {name!r}: {error} It is kept and "
                f"tried again."
            )
            return False
        tray.n_failed, tray.again_at = 0, -math.inf
        record = AlertSent(
            way=name,
            about=alerts[0].about,
            alerts=tuple(each.name for each in alerts),
            text=message.text,
        )
        self._ledger.append(self._campaign, (record,), author=AUTHOR)
        self._read()  # which empties the tray by what the ledger has
        return True


def make_test_message(campaign: str, way: str, *, now: datetime) -> Message:
    """Returns a message that only shows whether a way works."""
    text = "This is only a test: alerts of this campaign arrive by this way."
    alert = Alert(name=f"test {now.isoformat()}", about="in doubt", text=text, at=now)
    return Message(campaign=campaign, way=way, alerts=[alert], sent_at=now, is_test=True)


def send_test(
    campaign: str, ways: Mapping[str, AnyWay], *, folder: Path, now: datetime
) -> dict[str, str]:
    """Sends a test message by every way.

    Returns:
        By way why it was not sent; nothing where it was.
    """
    found = {}
    for name, way in ways.items():
        try:
            send(way, make_test_message(campaign, name, now=now), folder=folder)
            found[name] = ""
        except NotSent as error:
            found[name] = str(error)
    return found
