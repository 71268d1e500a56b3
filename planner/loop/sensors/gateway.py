"""The gateway: readings stream in from feeds, and what is old is thinned, until it is left."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from planner.campaign import CampaignSpec, HttpDevice, MqttDevice
from planner.campaign.secret import read_secret
from planner.clock import Clock
from planner.labs.credentials import make_trust
from planner.ledger import Ledger
from planner.loop.sensors.sensing import senders
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


def feeds_of(
    spec: CampaignSpec, *, folder: Path, ledger: str
) -> tuple[tuple[Broker, ...], tuple[Address, ...]]:
    """Returns where the campaign's own device tells its readings: a broker, or addresses to ask.

    Args:
        spec: the campaign.
        folder: of its file, where secrets and certificates are looked for.
        ledger: id of the ledger, under which a broker keeps what waits for it.

    Raises:
        InputError: a secret or certificate is not there.
    """
    source = spec.source
    if not spec.sensors or not isinstance(source, HttpDevice | MqttDevice):
        return (), ()
    if isinstance(source, MqttDevice):
        return (_broker(source, folder=folder, ledger=ledger),), ()
    token = None
    if source.token is not None:
        what = f"the token of source {source.name!r}"
        token = read_secret(source.token, what=what, folder=folder).get_secret_value()
    trust = make_trust(source, folder=folder)
    addresses = tuple(
        Address(
            source=name or source.name,
            url=url,
            token=token,
            tls=trust,
            insecure=source.insecure,
        )
        for name, url in source.addresses.items()
    )
    return (), addresses


def _broker(source: MqttDevice, *, folder: Path, ledger: str) -> Broker:
    url, password = urlsplit(source.url), None
    if source.password is not None:
        what = f"the password of source {source.name!r}"
        password = read_secret(source.password, what=what, folder=folder).get_secret_value()
    is_safe = url.scheme == "mqtts"
    return Broker(
        host=url.hostname or "",
        port=url.port or (8883 if is_safe else 1883),
        prefix=source.prefix,
        bases={base: name or source.name for name, base in source.bases.items()},
        client_id=f"readings-{ledger}-{source.name}",
        user=source.user,
        password=password,
        tls=make_trust(source, folder=folder) if is_safe else None,
        insecure=source.insecure,
    )


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
