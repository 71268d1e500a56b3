"""Threads beside the work that gather readings; whatever happens to them, the campaign goes on.

Of all processes at work in a ledger one gathers from a source's devices at a time: it holds a lease
for that, and takes what any campaign of the ledger records of them. The others look again every few
seconds, and one of them takes over where it has died or left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from planner.campaign import CampaignSpec, HttpDevice, MqttDevice, Sensor
from planner.clock import Clock, SystemClock
from planner.errors import HeldByAnother, PlannerError, UnknownName
from planner.ledger import Ledger
from planner.ledger.entries import CampaignAmended, CampaignOpened
from planner.loop.sensors.gateway import Gateway, feeds_of, gathering
from planner.loop.sensors.sensing import senders
from planner.loop.sessions.desk import Place, open_the_ledger, read_spec
from planner.loop.sessions.hold import Hold

LOOK_S = 2.0  # how often the gateway, its lease and the ledger's campaigns are looked at
_ANSWER_S = 0.02  # between looks whether a broker has answered
_LAST_S = 40.0  # for what is written when the work has ended

Say = Callable[[str], None]


@contextmanager
def gathering_for(
    places: Sequence[Place], *, on_message: Say = lambda _: None, look_s: float = LOOK_S
) -> Iterator[None]:
    """Gathers the readings of campaigns while something else is done.

    Args:
        places: of the campaigns; those that record no sensors, or whose source tells no readings
            by itself, are left alone.
        on_message: hears what is gathered from where, and what is in the way.
        look_s: how often it is looked at.
    """
    leave = threading.Event()
    threads = [
        threading.Thread(
            target=_Gatherer(place, leave, on_message, look_s).run, name="gatherer", daemon=True
        )
        for place in places
        if _has_feed(read_spec(place))
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        leave.set()
        for thread in threads:
            thread.join(_LAST_S)


def _has_feed(spec: CampaignSpec) -> bool:
    return bool(spec.sensors) and isinstance(spec.source, HttpDevice | MqttDevice)


class _Gatherer:
    """Gathers for one campaign, as long as nobody else does."""

    def __init__(
        self, place: Place, leave: threading.Event, on_message: Say, look_s: float
    ) -> None:
        self._place = place
        self._leave = leave
        self._on_message = on_message
        self._look_s = look_s
        self._clock: Clock = SystemClock()
        self._said: set[str] = set()

    def run(self) -> None:
        """Tries until it is to leave; what goes wrong is said once."""
        while not self._leave.is_set():
            try:
                self._open()
            except UnknownName:
                pass  # the campaign has not begun
            except HeldByAnother:
                self._say_once(self._others_words())
                self._leave.wait(4 * self._look_s)  # trying for a lease is a write
            except PlannerError as error:
                self._say_once(f"Readings are not gathered: {' '.join(str(error).split())}")
            except Exception as error:  # whatever failed, the campaign goes on
                self._say_once(f"Readings are not gathered ({type(error).__name__}: {error}).")
            self._leave.wait(self._look_s)

    def _open(self) -> None:
        spec = read_spec(self._place)
        ledger = open_the_ledger(self._place, clock=self._clock, create=False)
        try:
            ledger.campaign_row(spec.campaign)
            hold = Hold(ledger, ledger.take_device(f"readings of {spec.source.name}"))
            try:
                while not self._leave.is_set() and not hold.is_lost:
                    self._gather(ledger, spec, hold)
            finally:
                hold.let_go()
        finally:
            ledger.close()

    def _gather(self, ledger: Ledger, own: CampaignSpec, hold: Hold) -> None:
        """Gathers until it is to leave, or other campaigns want other sensors."""
        known = _digests(ledger)
        spec, also = _with_those_of_others(ledger, own)
        brokers, addresses = feeds_of(own, folder=self._place.folder, ledger=ledger.id)
        with gathering(
            ledger, spec, clock=self._clock, brokers=brokers, addresses=addresses, also=also
        ) as gateway:
            self._wait_for_feeds(gateway)
            self._say_once(_words(spec, own))
            self._watch(ledger, gateway, hold, known)

    def _wait_for_feeds(self, gateway: Gateway) -> None:
        """Waits a moment for brokers to answer, so that what is said is so."""
        give_up = time.monotonic() + LOOK_S
        while gateway.troubles() and time.monotonic() < give_up:
            if self._leave.wait(_ANSWER_S):
                return

    def _watch(
        self, ledger: Ledger, gateway: Gateway, hold: Hold, known: Mapping[str, str]
    ) -> None:
        before: list[str] = []
        while not (self._leave.wait(self._look_s) or hold.is_lost):
            troubles = gateway.troubles()
            for each in troubles:
                if each in before:  # what is there for a moment only mends itself
                    self._say_once(f"Readings: {each}")
            if not troubles and before:
                self._said.clear()
            before = troubles
            if _digests(ledger) != known:
                return

    def _others_words(self) -> str:
        return (
            f"Readings of {read_spec(self._place).source.name} are gathered by another process "
            f"at work in this ledger."
        )

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._on_message(text)


def _words(spec: CampaignSpec, own: CampaignSpec) -> str:
    """Says what is gathered from where, and which of the campaign's own sensors are not."""
    source = spec.source
    assert isinstance(source, HttpDevice | MqttDevice)  # who asks has looked
    where = source.url or "its devices"
    here = {name for name, each in spec.sensors.items() if _is_told(own, each)}
    said = f"Gathering readings of {', '.join(sorted(here))} from {source.name} ({where})."
    missing = [
        f"{name} (from {each.source})" for name, each in own.sensors.items() if name not in here
    ]
    if missing:
        said += f" Nothing here brings {', '.join(missing)}."
    return said


def _is_told(spec: CampaignSpec, sensor: Sensor) -> bool:
    """Tells whether the source's feed can bring a sensor; a broker brings all below its prefix."""
    is_ours = sensor.source is None or sensor.source in senders(spec)
    return is_ours or isinstance(spec.source, MqttDevice)


def _digests(ledger: Ledger) -> dict[str, str]:
    return {each.name: each.spec_digest for each in ledger.campaigns()}


def _with_those_of_others(ledger: Ledger, own: CampaignSpec) -> tuple[CampaignSpec, frozenset[str]]:
    """Returns the campaign with the sensors of all that share its source, and their senders.

    Where two state a sensor differently, the campaign's own statement counts.
    """
    sensors, also = dict(own.sensors), set(senders(own))
    for row in ledger.campaigns():
        spec = _spec_of(ledger, row.name)
        if spec.source.name == own.source.name and row.name != own.campaign:
            sensors = {**spec.sensors, **sensors}
            also.update(senders(spec))
    return own.model_copy(update={"sensors": sensors}), frozenset(also)


def _spec_of(ledger: Ledger, campaign: str) -> CampaignSpec:
    content = None
    for entry in ledger.read(campaign, kinds={"campaign opened", "campaign amended"}):
        assert isinstance(entry.record, CampaignOpened | CampaignAmended)
        content = entry.record.spec
    return CampaignSpec.model_validate(content)
