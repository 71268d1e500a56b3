"""Devices that speak MQTT 5 through a broker.

That the broker took a message is no evidence; only the device's own answer, matched by its
correlation data, counts. What a device says by itself (``news``) is a hint: every key is asked
about anyway.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from planner.campaign import CampaignSpec, MqttDevice
from planner.campaign.secret import MASK, read_secret, where_it_is
from planner.clock import SystemClock
from planner.errors import LabUnavailable, Unanswered
from planner.labs.contract import Adjustment
from planner.labs.credentials import make_trust
from planner.labs.keyed import KeyedLab, News
from planner.labs.message import Message
from planner.labs.mqtt_link import Access, MqttLink
from planner.labs.replies import NotTaken, check_size, find_fault
from planner.labs.strays import Strays
from planner.labs.translation import Translation
from planner.trials import HEARTBEATS, ORDERS, Answer, Heartbeat, Order, Rejection

_START_EXPIRY_S = 60.0
_EXPIRY_S = 30.0
_NEWS_KEPT = 1_000  # that nobody has taken yet


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a device can say; one of these is there."""

    answers: tuple[Answer, ...] | None = None
    rejection: Rejection | None = None
    heartbeat: Heartbeat | None = None
    adjustment: Adjustment | None = None


_SAID: TypeAdapter[_Said] = TypeAdapter(_Said)


def open_mqtt(source: MqttDevice, spec: CampaignSpec, *, folder: Path) -> KeyedLab:
    """Returns the lab of a source behind MQTT; it connects by itself.

    Raises:
        InputError: the password or the certificate's authority cannot be read, or the map loses
            something.
        MissingPackage: paho-mqtt is not installed.
    """
    Translation(source, spec)  # a mistake in the map is said before anything is connected
    wire = MqttWire(source, folder=folder)
    return KeyedLab(source, spec, wire=wire, addresses=addresses_of(source))


def addresses_of(source: MqttDevice) -> dict[str | None, str]:
    """Returns broker and topic of each device, as people read them."""
    return {name: f"{source.url}, topic {base}" for name, base in source.bases.items()}


class MqttWire:
    """Carries messages as publications and their answers.

    Args:
        source: broker, topics, time limits, user, and where the password is.
        folder: of the campaign file.

    Raises:
        InputError: the password or the certificate's authority cannot be read.
        MissingPackage: paho-mqtt is not installed.
    """

    def __init__(self, source: MqttDevice, *, folder: Path) -> None:
        self._bases = source.bases
        self._devices = {base: name for name, base in source.bases.items()}
        self.strays = Strays()
        self._answer_s = source.answer_timeout
        self._client_id = (
            f"planner-{re.sub('[^A-Za-z0-9]', '', source.name)}-{uuid.uuid4().hex[:8]}"
        )
        self._lock = threading.Lock()
        self._news: dict[tuple[str, str], News] = {}  # by topic and key
        self._is_news = threading.Event()
        self._beats: dict[str, Heartbeat] = {}
        self._link = MqttLink(
            _access(source, folder),
            client_id=self._client_id,
            topics=[
                f"{base}/{part}"
                for base in self._bases.values()
                for part in ("status", "news", f"answers/{self._client_id}")
            ],
            hear=self._hear,
        )

    def start(self, order: Order) -> Answer:
        """Publishes an order; the broker drops it where it is too old to be started."""
        expiry_s = _START_EXPIRY_S
        if order.not_after is not None:
            expiry_s = (order.not_after - SystemClock().now()).total_seconds()
        said = self._request("start", _start_content(order), order.device, expiry_s=expiry_s)
        return _only(said.answers)

    def ask(self, keys: Sequence[str], *, device: str | None) -> Collection[Answer]:
        """Asks about keys in one message."""
        said = self._request("ask", {"keys": list(keys)}, device)
        if said.answers is None:
            raise Unanswered("its answer holds no answers to what was asked.")
        return said.answers

    def abort(self, key: str, *, token: int, ledger: str, device: str | None) -> Answer:
        """Asks to end a run."""
        content = {"key": key, "token": token, "ledger": ledger, "reason": "aborted by the planner"}
        return _only(self._request("abort", content, device).answers)

    def adjust(
        self, key: str, *, number: int, content: Mapping[str, object], device: str | None
    ) -> Adjustment:
        """Asks to change a run."""
        said = self._request("adjust", {"key": key, "number": number, **content}, device)
        if said.adjustment is None:
            raise Unanswered("its answer does not say what became of the change.")
        return said.adjustment

    def status(self, *, device: str | None) -> Heartbeat:
        """Asks for a heartbeat; of a device that the broker knows to be gone, its last word."""
        last = self._last_word(self._bases[device])
        if last is not None and last.state == "offline":
            return last
        return _heartbeat(self._request("status", {}, device))

    def latch(
        self, verb: str, *, by: str, reason: str, device: str | None, clear_token: str | None = None
    ) -> Heartbeat:
        """Sends ``stop``, ``clear`` or ``release``."""
        content = {"by": by, "reason": reason}
        if clear_token is not None:
            content["clear_token"] = clear_token
        return _heartbeat(self._request(verb, content, device))

    def wait(self, timeout_s: float) -> bool:
        """Waits until a device tells something by itself; each news ends one wait."""
        is_news = self._is_news.wait(timeout_s)
        self._is_news.clear()  # what comes before it is taken is taken with it
        return is_news

    def take_news(self) -> Collection[News]:
        """Returns what devices have told since it was taken last."""
        with self._lock:
            taken = list(self._news.values())
            self._news.clear()
            self._is_news.clear()
        return taken

    def close(self) -> None:
        """Ends the connection."""
        self._link.close()

    def _request(
        self,
        kind: str,
        content: Mapping[str, object],
        device: str | None,
        *,
        expiry_s: float = _EXPIRY_S,
    ) -> _Said:
        base = self._bases[device]
        last = self._last_word(base)
        if last is not None and last.state == "offline" and kind != "stop":
            raise LabUnavailable("the broker says that it is offline. Nothing was sent.")
        payload = json.dumps({"kind": kind, **content}, separators=(",", ":")).encode()
        check_size(payload)
        said = _read(
            self._link.request(
                f"{base}/orders",
                payload,
                answer_topic=f"{base}/answers/{self._client_id}",
                expiry_s=expiry_s,
                answer_s=self._answer_s,
            )
        )
        self._is_back(base)
        if said.rejection is not None:
            raise NotTaken(said.rejection)
        return said

    def _is_back(self, base: str) -> None:
        """Forgets a last will that came while the device was asked: it has answered since."""
        last = self._beats.get(base)
        if last is not None and last.state == "offline":
            self._beats.pop(base, None)

    def _last_word(self, base: str) -> Heartbeat | None:
        """Returns what the broker has of a device; nothing where the broker is gone itself."""
        return self._beats.get(base) if self._link.is_up else None

    def _hear(self, topic: str, payload: bytes) -> None:
        """Keeps what a device says by itself; what cannot be read is as if nothing came.

        The topic says which device it is: the broker's rights let each speak on its own alone.
        """
        base, _, part = topic.removesuffix(f"/{self._client_id}").rpartition("/")
        if base not in self._devices:
            self.strays.add(base, "status" if part == "status" else "news")
            return
        try:
            if part == "status":
                self._beats[base] = HEARTBEATS.validate_json(payload)
            elif part == "news":
                self._keep(base, _SAID.validate_json(payload).answers or ())
            elif part == "answers":  # to what another device was asked
                self.strays.add(self._devices[base], "answers")
        except ValidationError:
            return

    def _keep(self, base: str, answers: Collection[Answer]) -> None:
        with self._lock:
            for answer in answers:
                self._news.pop((base, answer.key), None)
                self._news[base, answer.key] = News(self._devices[base], answer)
            while len(self._news) > _NEWS_KEPT:
                self._news.pop(next(iter(self._news)))
            self._is_news.set()


def describe_message(source: MqttDevice, spec: CampaignSpec, order: Order) -> Message:
    """Returns the message that an order becomes; nothing is sent, and no secret is read."""
    base = source.bases[order.device]
    headers = {
        "broker": source.url,
        "QoS": "1",
        "ResponseTopic": f"{base}/answers/CLIENT",
        "CorrelationData": "16 bytes, another for each message",
        "MessageExpiryInterval": f"{source.not_after or _START_EXPIRY_S:g} s",
    }
    if source.user is not None:
        headers["user"] = source.user
    if source.password is not None:
        headers["password"] = f"{MASK} ({where_it_is(source.password)})"
    content = {"kind": "start", **_start_content(Translation(source, spec).write_order(order))}
    return Message(
        action="publish", to=f"{base}/orders", headers=headers, body=json.dumps(content).encode()
    )


def _start_content(order: Order) -> dict[str, object]:
    content: dict[str, object] = ORDERS.dump_python(order, mode="json")
    return content


def _access(source: MqttDevice, folder: Path) -> Access:
    password = None
    if source.password is not None:
        what = f"the password of source {source.name!r}"
        password = read_secret(source.password, what=what, folder=folder)
    is_secure = source.url.startswith("mqtts:")
    return Access(
        url=source.url,
        user=source.user,
        password=password,
        trust=make_trust(source, folder=folder) if is_secure else None,
        connect_s=source.connect_timeout,
    )


def _read(payload: bytes) -> _Said:
    try:
        return _SAID.validate_json(payload)
    except ValidationError as error:
        raise Unanswered(f"{find_fault(error)}. It may do what it was asked.") from error


def _only(answers: tuple[Answer, ...] | None) -> Answer:
    if answers is None or len(answers) != 1:
        raise Unanswered(
            "its answer is not about the one run that it was asked about. It may do what it was "
            "asked."
        )
    return answers[0]


def _heartbeat(said: _Said) -> Heartbeat:
    if said.heartbeat is None:
        raise Unanswered("its answer holds no heartbeat.")
    return said.heartbeat
