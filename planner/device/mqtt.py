"""The device as a client of an MQTT 5 broker.

A delivered message proves nothing: what counts is the answer, which the planner asks for until it
has it. News, heartbeats and readings are pushed besides.
"""

from __future__ import annotations

import hmac
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from planner.device.agent import Agent
from planner.device.contract import Adjustment, Rejected
from planner.device.line import GoodLine, Line
from planner.device.rate import Bucket
from planner.device.readings import Readings
from planner.errors import MissingPackage
from planner.trials import (
    HEARTBEATS,
    ORDERS,
    REJECTIONS,
    Answer,
    Heartbeat,
    Rejection,
    Setting,
)

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.reasoncodes import ReasonCode

MOST_BYTES = 2**20
MOST_KEYS = 1_000
TAKER = "mqtt"
_BEAT_S = 2.0
_SESSION_S = 3_600
_ANSWER_EXPIRES_S = 60
_UNACKNOWLEDGED = 10
_MOST_NEWS = 1_000  # that have not left; they are hints, and the newest say most
_MOST_ACKS = 10_000
_FORWARDED_WITHIN_S = 30.0  # or the same readings are sent once more, which does no harm
_LISTS: TypeAdapter[list[Answer]] = TypeAdapter(list[Answer])
_ADJUSTMENTS: TypeAdapter[Adjustment] = TypeAdapter(Adjustment)
_SETTINGS: TypeAdapter[dict[str, Setting]] = TypeAdapter(dict[str, Setting])


@dataclass(frozen=True, slots=True)
class _Forwarding:
    """Readings that the broker has not acknowledged.

    Args:
        mid: number of the message that brings them.
        last: sequence of the last of them.
        again_at: when they are sent once more.
    """

    mid: int
    last: int
    again_at: float


class MqttClient:
    """Hears orders and answers them, tells news, beats, and forwards readings.

    Args:
        agent: does what is asked.
        base: topic of the device, ``PREFIX/DEVICE``.
        readings: of its sensors.
        clear_token: what a person sends to clear or release; None lets nobody do so here.
        rate: most messages a second; a stop always gets through.
        line: what happens to answers on their way.
        hear_link: is told what becomes of the link to the broker.

    Raises:
        MissingPackage: paho-mqtt is not installed.
    """

    def __init__(
        self,
        agent: Agent,
        *,
        base: str,
        readings: Readings,
        clear_token: str | None = None,
        rate: float = 1_000.0,
        line: Line | None = None,
        hear_link: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._agent = agent
        self._base = base
        self._readings = readings
        self._clear_token = clear_token
        self._bucket = Bucket(rate)
        self._line = line or GoodLine()
        self._hear_link = hear_link
        self._link = ""
        self._news: deque[Answer] = deque(maxlen=_MOST_NEWS)
        self._acks: deque[int] = deque(maxlen=_MOST_ACKS)
        self._is_due = threading.Event()
        self._ending = threading.Event()
        self._forwarding: _Forwarding | None = None
        self._is_beat_due = threading.Event()
        self._thread = threading.Thread(target=self._push, name="mqtt", daemon=True)
        self._client = self._make_client()
        agent.listeners.append(self._hear_news)

    def _make_client(self) -> Client:
        try:
            from paho.mqtt.client import Client, MQTTv5
            from paho.mqtt.enums import CallbackAPIVersion
        except ModuleNotFoundError as error:
            raise MissingPackage(
                "MQTT needs the package paho-mqtt. Type: pip install 'experiment-planner[mqtt]'"
            ) from error
        name = f"device-{self._base.replace('/', '-')}"
        client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
        client.max_inflight_messages_set(_UNACKNOWLEDGED)
        client.max_queued_messages_set(1_000)
        client.reconnect_delay_set(1, 5)
        client.on_socket_open = _send_at_once
        client.on_connect = self._hear_connected
        client.on_connect_fail = lambda *_: self._say_link("the broker cannot be reached")
        client.on_disconnect = lambda *_: self._say_link("the link to the broker is down")
        client.on_message = self._hear
        client.on_publish = self._hear_arrived
        client.will_set(self._topic("status"), self._offline(), qos=1, retain=True)
        return client

    def start(
        self,
        *,
        host: str,
        port: int,
        user: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Begins to connect, and goes on trying for as long as it takes."""
        if user is not None:
            self._client.username_pw_set(user, password)
        if tls is not None:
            self._client.tls_set_context(tls)
        properties = _properties("CONNECT")
        properties.SessionExpiryInterval = _SESSION_S
        properties.MaximumPacketSize = 2 * MOST_BYTES
        properties.ReceiveMaximum = 20
        self._client.connect_async(
            host, port, keepalive=10, clean_start=False, properties=properties
        )
        self._client.loop_start()
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        """Whether the broker is reached."""
        return bool(self._client.is_connected())

    def close(self) -> None:
        """Says that the device is offline, and leaves."""
        self._ending.set()
        self._is_due.set()
        if self._thread.is_alive():
            self._thread.join(5)
        if self.is_connected:
            said = self._client.publish(self._topic("status"), self._offline(), qos=1, retain=True)
            said.wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()

    # what comes in, in paho's thread

    def _hear_connected(
        self, client: Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        if code.is_failure:
            self._say_link(f"the broker refuses the device: {code}")
            return
        self._say_link("the broker is reached")
        client.subscribe(self._topic("orders"), qos=1)
        self._is_beat_due.set()
        self._is_due.set()

    def _say_link(self, text: str) -> None:
        """Says each change once; paho tries again every few seconds."""
        if text != self._link and not self._ending.is_set():
            self._link = text
            self._hear_link(text)

    def _hear(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            words = self._obey(bytes(message.payload))
        except Rejected as rejected:
            words = b'{"rejection":%s}' % REJECTIONS.dump_json(rejected.rejection)
        except Exception as error:  # such as a full disk: no answer, so that it is asked again
            sys.stderr.write(f"An order could not be handled: {type(error).__name__}: {error}\n")
            return
        self._answer(message, words)

    def _answer(self, message: MQTTMessage, words: bytes) -> None:
        asked = message.properties
        topic = getattr(asked, "ResponseTopic", None)
        if not topic:
            return
        properties = _properties("PUBLISH")
        properties.MessageExpiryInterval = _ANSWER_EXPIRES_S
        correlation = getattr(asked, "CorrelationData", None)
        if correlation is not None:
            properties.CorrelationData = correlation

        def send() -> None:
            self._client.publish(topic, words, qos=1, properties=properties)

        delivery = self._line.delivery()
        for _ in range(delivery.copies):
            if delivery.delay_s:
                threading.Timer(delivery.delay_s, send).start()
            else:
                send()

    def _obey(self, payload: bytes) -> bytes:
        """Does what a message asks, and returns what is answered."""
        has_room = self._bucket.has_room()
        if not has_room and b"stop" not in payload:  # it is not even read
            raise Rejected(self._bucket.rejection)
        if len(payload) > MOST_BYTES:
            raise _bad(f"It has more than {MOST_BYTES:,} bytes, which is the most that is read.")
        try:
            words = from_json(payload)
            if not isinstance(words, dict):
                raise _bad("It is no JSON object.")
            if not has_room and words.get("kind") != "stop":
                raise Rejected(self._bucket.rejection)
            return self._do(words, payload)
        except (ValueError, KeyError, TypeError) as error:  # pydantic's are ValueErrors
            raise _bad(f"It cannot be read: {_short(error)}") from error

    def _do(self, words: dict[str, Any], payload: bytes) -> bytes:
        agent, kind = self._agent, words.get("kind")
        match kind:
            case "start":
                return _answers([agent.take(ORDERS.validate_json(payload))])
            case "ask":
                keys = [str(each) for each in words["keys"]]
                if len(keys) > MOST_KEYS:
                    raise _bad(f"It asks about {len(keys)} keys; {MOST_KEYS} at most at once.")
                return _answers(agent.answers(keys))
            case "abort":
                sender = _sender(words)
                reason = str(words.get("reason", ""))
                key = str(words["key"])
                return _answers(
                    [agent.abort(key, token=sender[0], ledger=sender[1], reason=reason)]
                )
            case "adjust":
                return self._adjust(words)
            case "status":
                return _beat(agent.heartbeat())
            case "stop":
                return _beat(self._beat_now(agent.stop(**_person(words))))
            case "clear" | "release":
                self._check_person(words)
                do = agent.clear if kind == "clear" else agent.release
                return _beat(self._beat_now(do(**_person(words))))
            case _:
                known = "start, ask, abort, adjust, status, stop, clear, release"
                raise _bad(f"Its kind is {kind!r:.40}; known are {known}.")

    def _adjust(self, words: dict[str, Any]) -> bytes:
        token, ledger = _sender(words)
        word = self._agent.adjust(
            str(words["key"]),
            int(words["number"]),
            digest=str(words["digest"]),
            parameters=_SETTINGS.validate_python(words["parameters"]),
            token=token,
            ledger=ledger,
        )
        return b'{"adjustment":%s}' % _ADJUSTMENTS.dump_json(word)

    def _check_person(self, words: dict[str, Any]) -> None:
        wanted, shown = self._clear_token, str(words.get("clear_token", ""))
        if wanted is None or not hmac.compare_digest(shown.encode(), wanted.encode()):
            text = "Only a person may do this: send this device's clear_token."
            raise Rejected(Rejection(error="not allowed", reason=text))

    def _beat_now(self, beat: Heartbeat) -> Heartbeat:
        self._is_beat_due.set()
        self._is_due.set()
        return beat

    # what goes out by itself, in a thread of its own

    def _push(self) -> None:
        next_beat = 0.0
        while not self._ending.is_set():
            if self._is_beat_due.is_set() or time.monotonic() >= next_beat:
                self._is_beat_due.clear()
                next_beat = time.monotonic() + _BEAT_S
                self._beat()
            self._forward()
            self._tell()
            # readings are committed every tenth of a second
            wait_s = min(next_beat - time.monotonic(), 0.1)
            self._is_due.wait(max(wait_s, 0.001))
            self._is_due.clear()

    def _hear_news(self, answer: Answer) -> None:
        self._news.append(answer)
        self._is_due.set()

    def _hear_arrived(self, _client: Client, _data: Any, mid: int, *_: Any) -> None:
        self._acks.append(mid)
        self._is_due.set()

    def _tell(self) -> None:
        """Says what is new: a hint, for which nobody waits."""
        while self._news:
            answer = self._news.popleft()
            if self.is_connected:
                self._client.publish(self._topic("news"), _answers([answer]), qos=1)

    def _beat(self) -> None:
        if self.is_connected and self._line.has_beat():
            beat = HEARTBEATS.dump_json(self._agent.heartbeat())
            self._client.publish(self._topic("status"), beat, qos=1, retain=True)

    def _forward(self) -> None:
        """Sends the next readings, once those before have been acknowledged."""
        self._note_arrived()
        sent = self._forwarding
        if not self.is_connected or (sent is not None and time.monotonic() < sent.again_at):
            return
        rows = self._readings.after(self._readings.arrived(TAKER))
        if rows:
            said = self._client.publish(self._topic("readings"), to_json({"readings": rows}), qos=1)
            again_at = time.monotonic() + _FORWARDED_WITHIN_S
            self._forwarding = _Forwarding(said.mid, int(str(rows[-1]["sequence"])), again_at)

    def _note_arrived(self) -> None:
        while self._acks:
            mid = self._acks.popleft()
            if self._forwarding is not None and self._forwarding.mid == mid:
                self._readings.acknowledge(TAKER, up_to=self._forwarding.last)
                self._forwarding = None

    def _topic(self, last: str) -> str:
        return f"{self._base}/{last}"

    def _offline(self) -> bytes:
        beat = replace(self._agent.heartbeat(), state="offline", current_key=None, reason="")
        return HEARTBEATS.dump_json(beat)


def _properties(packet: Literal["CONNECT", "PUBLISH"]) -> Any:  # paho's have no types
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    return Properties(getattr(PacketTypes, packet))  # type: ignore[no-untyped-call]


def _send_at_once(_client: Client, _data: Any, opened: Any) -> None:
    """Without this a command and its answer take 91 ms instead of 5."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _answers(answers: list[Answer]) -> bytes:
    return b'{"answers":%s}' % _LISTS.dump_json(answers)


def _beat(beat: Heartbeat) -> bytes:
    return b'{"heartbeat":%s}' % HEARTBEATS.dump_json(beat)


def _sender(words: dict[str, Any]) -> tuple[int, str]:
    return int(words.get("token", 0)), str(words.get("ledger", ""))


def _person(words: dict[str, Any]) -> dict[str, str]:
    return {"by": str(words["by"]), "reason": str(words["reason"])}


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        faults = error.errors()[:5]
        return "; ".join(
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in faults
        )[:900]
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error)[:900]


def _bad(reason: str) -> Rejected:
    return Rejected(Rejection(error="bad message", reason=reason))
