"""The post: what is still to be sent by each way, and what was; at least once, never in a flood.

All that must survive a crash is in the ledger: an alert is found there again until an entry says
that it was sent. A kill between sending and that entry sends it twice, and never not at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from planner.campaign.alerts import AlertKind, Alerts, AnyWay
from planner.clock import Clock
from planner.errors import NotSent
from planner.ledger import Ledger
from planner.ledger.beats import read_last_beats
from planner.ledger.entries import AlertSent, Entry
from planner.ledger.replay import CampaignState, replay
from planner.loop.alerts.finding import Alert, find_in_entry, find_standing
from planner.loop.alerts.ways import Message, send

AUTHOR = "planner"
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 900.0
_HOUR = timedelta(hours=1)

Send = Callable[[AnyWay, Message], None]


@dataclass(slots=True)
class _Tray:
    """One way's share.

    Args:
        pending: by name, in the order in which they were found.
        told: names of what still stands and was sent.
        sent_at: by kind, when messages went within the last hour.
        n_failed: attempts in a row that failed.
        again_at: when to try again after a failure.
    """

    pending: dict[str, Alert] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    sent_at: dict[str, deque[datetime]] = field(default_factory=dict)
    n_failed: int = 0
    again_at: datetime | None = None


class Post:
    """Sends a campaign's alerts.

    Args:
        ledger: in which they are found and recorded.
        campaign: its name.
        folder: of the campaign file.
        clock: time.
        on_message: hears what could not be sent, in a sentence.
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: str,
        *,
        folder: Path,
        clock: Clock,
        on_message: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._campaign = campaign
        self._folder = folder
        self._clock = clock
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
        settings, now = self._state.spec.alerts, self._clock.now()
        if settings is None:
            return 0
        self._find_standing(self._state, settings, now=now)
        for name, way in settings.ways.items():
            tray = self._trays.setdefault(name, _Tray())
            if is_last or tray.again_at is None or tray.again_at <= now:
                self._empty(name, way, tray, at_most=settings.at_most, now=now)
        return sum(len(self._trays[name].pending) for name in settings.ways)

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
        tray.sent_at.setdefault(record.about, deque()).append(at)
        _forget(tray.sent_at[record.about], now=at)

    def _find_standing(self, state: CampaignState, settings: Alerts, *, now: datetime) -> None:
        beats = read_last_beats(self._ledger) if "heartbeat lost" in settings.kinds else {}
        standing = {
            alert.name: alert
            for alert in find_standing(state, settings, now=now, beats=beats)
            if alert.about in settings.kinds
        }
        for name in settings.ways:
            tray = self._trays.setdefault(name, _Tray())
            tray.told &= standing.keys()
            for each in standing.keys() - tray.told - tray.pending.keys():
                tray.pending[each] = standing[each]

    def _empty(self, name: str, way: AnyWay, tray: _Tray, *, at_most: int, now: datetime) -> None:
        """Sends what a way has to send, until it fails or its hour is full."""
        by_kind: dict[AlertKind, list[Alert]] = {}
        for alert in tray.pending.values():
            by_kind.setdefault(alert.about, []).append(alert)
        for about, alerts in by_kind.items():
            sent_at = tray.sent_at.setdefault(about, deque())
            _forget(sent_at, now=now)
            while alerts and len(sent_at) < at_most:
                # the last message of the hour takes all that is left
                n = 1 if len(sent_at) + 1 < at_most else len(alerts)
                now_sent, alerts = alerts[:n], alerts[n:]
                if not self._send(name, way, tray, now_sent, now=now):
                    return

    def _send(
        self, name: str, way: AnyWay, tray: _Tray, alerts: list[Alert], *, now: datetime
    ) -> bool:
        message = Message(campaign=self._campaign, way=name, alerts=alerts, sent_at=now)
        try:
            send(way, message, folder=self._folder)
        except NotSent as error:
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**tray.n_failed)
            tray.n_failed += 1
            tray.again_at = now + timedelta(seconds=pause_s)
            self._on_message(
                f"An alert of {self._campaign} was not sent by {name!r}: {error} It is kept and "
                f"tried again."
            )
            return False
        tray.n_failed, tray.again_at = 0, None
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


def _forget(times: deque[datetime], *, now: datetime) -> None:
    while times and now - times[0] >= _HOUR:
        times.popleft()
