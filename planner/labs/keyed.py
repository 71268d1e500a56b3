"""Devices that know keys, whatever wire leads to them.

The lab speaks the planner's words; a *wire* carries the device's, and tells what provably did not
leave from what may have arrived.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from planner.campaign import CampaignSpec, HttpDevice, MqttDevice
from planner.errors import InputError, LabUnavailable, PlannerError, Refused, Unanswered
from planner.labs.contract import Adjustment, DeliveryClass
from planner.labs.replies import NotTaken, explain, in_parts, shorten
from planner.labs.strays import Stray, Strays
from planner.labs.translation import Translation
from planner.trials import Answer, DeviceState, Heartbeat, Order, Setting

# what a device never says anything else after
_ENDED = frozenset({DeviceState.DONE, DeviceState.FAILED, DeviceState.ABORTED, DeviceState.REFUSED})


@dataclass(frozen=True, slots=True)
class News:
    """What a device says by itself of a run.

    Args:
        device: which one, by where it says it.
        answer: its word.
    """

    device: str | None
    answer: Answer


class Wire(Protocol):
    """What carries messages to the devices of one source and back, in the devices' words.

    Every call raises ``LabUnavailable`` where it provably did not leave, ``Unanswered`` where it
    may have arrived, and ``NotTaken`` where the device rejected it. ``strays`` counts what comes
    from who has no business with it.
    """

    strays: Strays

    def start(self, order: Order) -> Answer:
        """Hands an order over."""
        ...

    def ask(self, keys: Sequence[str], *, device: str | None) -> Collection[Answer]:
        """Asks about keys; those that the device does not know are left out."""
        ...

    def abort(self, key: str, *, token: int, ledger: str, device: str | None) -> Answer:
        """Asks to end a run."""
        ...

    def adjust(
        self,
        key: str,
        *,
        number: int,
        content: Mapping[str, object],
        device: str | None,
    ) -> Adjustment:
        """Asks to change a run; ``content`` has digest, parameters, token and ledger."""
        ...

    def status(self, *, device: str | None) -> Heartbeat:
        """Asks for a heartbeat."""
        ...

    def latch(
        self,
        verb: str,
        *,
        by: str,
        reason: str,
        device: str | None,
        clear_token: str | None = None,
    ) -> Heartbeat:
        """Sends ``stop``, ``clear`` or ``release``; the latter two need a person's token."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Waits until a device says something by itself."""
        ...

    def take_news(self) -> Collection[News]:
        """Returns what devices have said by themselves since it was taken last."""
        ...

    def close(self) -> None:
        """Ends the connections."""
        ...


class KeyedLab:
    """A lab of devices that know keys: what is not answered may be sent again.

    Args:
        source: addresses, names and units.
        spec: the campaign, for the names and units of parameters and outcomes.
        wire: that leads to the devices.
        addresses: of the devices, as people read them; under None that of the only one.

    Raises:
        InputError: the map of the source loses something.
    """

    delivery = DeliveryClass.KEYED
    is_repeatable = False
    is_person = False

    def __init__(
        self,
        source: HttpDevice | MqttDevice,
        spec: CampaignSpec,
        *,
        wire: Wire,
        addresses: Mapping[str | None, str],
    ) -> None:
        self.devices = tuple(addresses)
        self._source = source
        self._wire = wire
        self._addresses = addresses
        self._translation = Translation(source, spec)
        self._homes: dict[str, str | None] = {}  # which device has which key, as far as known

    def __repr__(self) -> str:
        return f"KeyedLab({self._source.name!r}, {self._source.kind})"

    def submit(self, order: Order) -> Answer:
        """Hands an order to its device; the same key again is the same run."""
        device = order.device
        with self._words(device):
            self._homes[order.key] = device
            answer = self._wire.start(self._translation.write_order(order))
            return self._read(answer, order.key, device)

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Asks every device about its keys, whatever it may have told by itself."""
        found: dict[str, Answer] = {}
        errors: list[PlannerError] = []
        for device in self.devices:
            theirs = [key for key in keys if self._homes.get(key, device) == device]
            try:
                with self._words(device):
                    found.update(self._ask(theirs, device))
            except (LabUnavailable, Unanswered) as error:
                errors.append(error)
        if errors and not found:
            raise LabUnavailable(str(errors[0])) from errors[0]
        return found

    def learn(self, homes: Mapping[str, str | None]) -> None:
        """Learns which device has which run, as the ledger knows it."""
        self._homes |= {key: device for key, device in homes.items() if device in self.devices}

    def told(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Returns the ends of these runs that their devices told by themselves."""
        open_, ended = set(keys), {}
        for news in self._wire.take_news():
            answer = news.answer
            home = self._homes.get(answer.key, news.device)
            if home != news.device or answer.key not in open_:
                self._wire.strays.add(news.device, "news", key=answer.key)
            elif answer.key in self._homes and answer.state in _ENDED:
                ended[answer.key] = self._translation.read_answer(answer)
        for key in [each for each in self._homes if each not in open_]:
            del self._homes[key]  # who asks about it again asks every device
        return ended

    def strays(self) -> tuple[Stray, ...]:
        """Returns what came from devices that had no business with it."""
        return self._wire.strays.take()

    def abort(self, key: str, *, token: int, ledger: str) -> Answer:
        """Asks the device that has the key to end it; where that is not known, each of them."""
        known = (self._homes[key],) if key in self._homes else self.devices
        for device in known:
            with self._words(device):
                try:
                    answer = self._wire.abort(key, token=token, ledger=ledger, device=device)
                except NotTaken as error:
                    if error.rejection.error == "unknown key" and device != known[-1]:
                        continue
                    raise
                return self._read(answer, key, device)
        raise AssertionError("the last device answers or raises")

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        """Asks a device for its word about itself."""
        try:
            with self._words(device):
                return self._wire.status(device=device)
        except Unanswered as error:
            raise LabUnavailable(str(error).removesuffix(" It may have arrived.")) from error

    def adjust(
        self,
        key: str,
        *,
        number: int,
        digest: str,
        parameters: Mapping[str, Setting],
        token: int,
        ledger: str,
        device: str | None = None,
    ) -> Adjustment:
        """Changes a run that is under way, at most once a number."""
        settings = self._translation.write_settings(parameters)
        content = {
            "digest": digest,
            "parameters": {
                name: {"value": each.value, "unit": each.unit} for name, each in settings.items()
            },
            "token": token,
            "ledger": ledger,
        }
        with self._words(device):
            return self._wire.adjust(key, number=number, content=content, device=device)

    def stop(self, *, by: str, reason: str, device: str | None = None) -> Heartbeat:
        """Stops all at once; the device takes no order until a person clears it there."""
        with self._words(device):
            return self._wire.latch("stop", by=by, reason=reason, device=device)

    def clear(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        """Lets a stopped device take orders again."""
        return self._by_a_person("clear", clear_token, by=by, reason=reason, device=device)

    def release(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        """Makes a device forget the ledger that it obeys."""
        return self._by_a_person("release", clear_token, by=by, reason=reason, device=device)

    def wait_for_news(self, timeout_s: float) -> bool:
        """Waits until a device says something by itself, at most this long."""
        return self._wire.wait(timeout_s)

    def close(self) -> None:
        """Ends the connections; what runs at a device runs on."""
        self._wire.close()

    def _by_a_person(
        self, verb: str, clear_token: str, *, by: str, reason: str, device: str | None
    ) -> Heartbeat:
        with self._words(device):
            return self._wire.latch(
                verb, by=by, reason=reason, device=device, clear_token=clear_token
            )

    def _ask(self, keys: Sequence[str], device: str | None) -> dict[str, Answer]:
        found = {}
        for part in in_parts(keys):
            for answer in self._wire.ask(part, device=device):
                if answer.key in part:
                    found[answer.key] = self._translation.read_answer(answer)
                else:
                    self._wire.strays.add(device, "answers", key=answer.key)
        self._homes.update(dict.fromkeys(found, device))
        return found

    def _read(self, answer: Answer, key: str, device: str | None) -> Answer:
        if answer.key != key:
            self._wire.strays.add(device, "answers", key=answer.key)
            raise Unanswered(
                f"it was asked about {key} and answered about "
                f"{shorten(answer.key)}. Nobody knows what it does; look there."
            )
        return self._translation.read_answer(answer)

    @contextmanager
    def _words(self, device: str | None) -> Iterator[None]:
        """Says which device a problem is with.

        Raises:
            InputError: the source has no such device.
        """
        who = self._who(device)
        try:
            yield
        except NotTaken as error:
            raise explain(error.rejection, who=who) from error
        except LabUnavailable as error:
            raise LabUnavailable(f"{who} cannot be reached: {error}") from error
        except Unanswered as error:
            raise Unanswered(f"{who} gave no answer: {error}") from error
        except Refused as error:  # by the broker, or as too large
            raise Refused(f"{who}: {error}") from error

    def _who(self, device: str | None) -> str:
        if device not in self._addresses:
            known = ", ".join(each for each in self.devices if each is not None)
            raise InputError(
                f"Source {self._source.name!r} has no device {device!r}, only {known}."
                if known
                else f"Source {self._source.name!r} is one device without a name, not {device!r}."
            )
        name = self._source.name if device is None else f"{self._source.name} ({device})"
        return f"{name} at {self._addresses[device]}"
