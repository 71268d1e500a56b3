"""The gateway: readings stream in from feeds, and what is old is thinned, until it is left."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from planner.campaign import CampaignSpec
from planner.clock import Clock
from planner.ledger import Ledger
from planner.loop.sensing import senders
from planner.readings import Archive, Recorder, sweep
from planner.readings.http import Address, Puller
from planner.readings.mqtt import Broker, Subscriber

_SWEEP_EVERY_S = 3_600.0
_CLOSE_S = 30.0


@dataclass(slots=True)
class Gateway:
    """What gathers the readings of a campaign.

    Args:
        recorder: takes readings from whoever has some.
        feeds: that bring them by themselves.
    """

    recorder: Recorder
    feeds: list[Subscriber | Puller] = field(default_factory=list)
    sweeping: str = ""

    def troubles(self) -> list[str]:
        """Returns what is wrong now, a sentence each; nothing where all is well."""
        said = [self.recorder.trouble, self.sweeping, *(each.trouble for each in self.feeds)]
        return [each for each in said if each]


@contextmanager
def gathering(
    ledger: Ledger,
    spec: CampaignSpec,
    *,
    clock: Clock,
    brokers: Sequence[Broker] = (),
    addresses: Sequence[Address] = (),
    also: Collection[str] = (),
) -> Iterator[Gateway]:
    """Gathers the readings of a campaign's sensors in threads of its own.

    It may be killed at any time: brokers and devices give again what was not yet kept.

    Args:
        ledger: whose database keeps them.
        spec: the campaign, with its sensors.
        clock: time.
        brokers: to be heard.
        addresses: of devices to be asked.
        also: names of others that may send, beside sources, devices and what sensors name.

    Raises:
        Conflict: the ledger keeps a sensor's readings in another unit.
        InputError: a connection would be plain, or a package is not installed.
    """
    names = {*senders(spec), *also, *(each.source for each in addresses)}
    archive = Archive(ledger.engine, spec.sensors)
    leaving = threading.Event()
    with ExitStack() as held:
        recorder = Recorder(ledger.engine, spec.sensors, sources=names, clock=clock)
        held.callback(recorder.close, _CLOSE_S)
        gateway = Gateway(recorder)
        sweeper = threading.Thread(
            target=_sweep_now_and_then,
            args=(ledger, spec, clock, gateway, leaving),
            name="readings-sweep",
            daemon=True,
        )
        sweeper.start()
        held.callback(sweeper.join, _CLOSE_S)
        held.callback(leaving.set)
        for broker in brokers:
            gateway.feeds.append(Subscriber(broker, recorder, clock=clock))
            held.callback(gateway.feeds[-1].close)
        for address in addresses:
            gateway.feeds.append(Puller(address, recorder, archive, clock=clock))
            held.callback(gateway.feeds[-1].close)
        yield gateway


def _sweep_now_and_then(
    ledger: Ledger,
    spec: CampaignSpec,
    clock: Clock,
    gateway: Gateway,
    leaving: threading.Event,
) -> None:
    if not any(each.keep for each in spec.sensors.values()):
        return
    while not leaving.is_set():
        try:
            sweep(ledger.engine, spec.sensors, now=clock.now())
            gateway.sweeping = ""
        except Exception as error:  # the next sweep does what this one could not
            gateway.sweeping = f"Old readings cannot be thinned: {error}"
        leaving.wait(_SWEEP_EVERY_S)
