"""Readings over MQTT 5: what devices publish on PREFIX/DEVICE/readings.

The broker is told that a message has arrived when its readings are in the database, not before: if
this process is killed, the broker sends them again, and what had been written is dropped as a
repeat. For that it must keep our session (clean start false), and must not drop what waits in it
(mosquitto: ``max_queued_messages 0``). It is asked for ``_IN_FLIGHT`` messages at once, and what
comes beyond the recorder's queue waits: a database that is slow or away slows the broker down.
"""

from __future__ import annotations

import queue
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from planner.clock import Clock
from planner.errors import InputError, MissingPackage
from planner.readings.feeds import Pace, refuse_plain
from planner.readings.recorder import Recorder
from planner.readings.wire import MOST_BYTES, read_message

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

_IN_FLIGHT = 100  # mosquitto gives 20 unless max_inflight_messages says more
_SESSION_S = 7 * 86_400  # how long the broker keeps our session
_HEADER_BYTES = 4_096  # topic and properties of a message
_KEEPALIVE_S = 30
_CONNECT_S = 10.0
_POLL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where readings are published.

    Args:
        prefix: of all topics: devices publish on PREFIX/NAME/readings.
        bases: what the topics of a device begin with instead, and the device's name.
        client_id: under which the broker keeps our session; one a ledger and broker.
        user, password: where the broker wants them.
        tls: verifies the broker; None for a plain connection.
        insecure: whether plain is meant where it is not to this machine.
    """

    host: str
    port: int
    prefix: str = "planner"
    bases: Mapping[str, str] = field(default_factory=dict)
    client_id: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class _Heard:
    message: MQTTMessage
    connection: int  # a message is acknowledged on the connection on which it came, or again later


class Subscriber:
    """Feeds a recorder from a broker, until it is closed; reconnects by itself.

    Args:
        broker: where.
        recorder: takes the readings.
        clock: paces them.

    Raises:
        MissingPackage: paho-mqtt is not installed.
        InputError: the connection would be plain.
    """

    def __init__(self, broker: Broker, recorder: Recorder, *, clock: Clock) -> None:
        if find_spec("paho") is None:
            raise MissingPackage(
                "Readings over MQTT need the package paho-mqtt. Install it with "
                "pip install 'experiment-planner[mqtt]'."
            )
        refuse_plain(broker.host, broker.tls, insecure=broker.insecure, what="The MQTT broker")
        self._broker = broker
        self._recorder = recorder
        self._pace = Pace(clock)
        self._heard: queue.Queue[_Heard] = queue.Queue(maxsize=4 * _IN_FLIGHT)
        self._connection = 0
        self._closing = threading.Event()
        self._subscribed = threading.Event()
        self.trouble = "The MQTT broker has not answered yet."
        self._client = self._make_client()
        self._worker = threading.Thread(target=self._work, name="readings-mqtt", daemon=True)
        self._worker.start()
        self._client.loop_start()

    def wait_until_subscribed(self, timeout_s: float) -> bool:
        """Returns whether the broker has us as subscriber, after waiting for it."""
        return self._subscribed.wait(timeout_s)

    def close(self) -> None:
        """Ends; what is not yet in the database is sent again by the broker."""
        self._closing.set()
        self._client.disconnect()
        self._client.loop_stop()
        self._worker.join(timeout=10)

    def _make_client(self) -> Client:
        from paho.mqtt.client import Client, MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wanted.SessionExpiryInterval = _SESSION_S
        wanted.ReceiveMaximum = _IN_FLIGHT
        wanted.MaximumPacketSize = MOST_BYTES + _HEADER_BYTES
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            protocol=MQTTv5,
            manual_ack=True,
        )
        client.connect_timeout = _CONNECT_S
        client.reconnect_delay_set(1, 30)
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.connect_async(
            self._broker.host,
            self._broker.port,
            keepalive=_KEEPALIVE_S,
            clean_start=False,
            properties=wanted,
        )
        return client

    @property
    def _topics(self) -> list[str]:
        """All devices below the prefix, so that strangers are counted; and those elsewhere."""
        inside = f"{self._broker.prefix}/"
        elsewhere = [
            base
            for base in self._broker.bases
            if not base.startswith(inside) or "/" in base.removeprefix(inside)
        ]
        return [f"{base}/readings" for base in (f"{inside}+", *elsewhere)]

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _p: Any) -> None:
        from paho.mqtt.subscribeoptions import SubscribeOptions

        self._connection += 1
        if reason.is_failure:
            self.trouble = f"The MQTT broker refuses us: {reason}."
            return
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._topics])

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self.trouble = f"The MQTT broker at {self._broker.host}:{self._broker.port} is not there."

    def _on_disconnect(self, *_: Any) -> None:
        self._connection += 1
        self._subscribed.clear()
        self.trouble = "The connection to the MQTT broker is lost; it is made again."

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, codes: Any, _p: Any) -> None:
        if any(code.is_failure for code in codes):
            topics = " and ".join(self._topics)
            self.trouble = f"The MQTT broker does not let us read {topics}: {codes[0]}."
            return
        self.trouble = ""
        self._subscribed.set()

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        """Waits for room, and the broker with it: no message is dropped here."""
        while not self._closing.is_set():
            try:
                self._heard.put(_Heard(message, self._connection), timeout=_POLL_S)
            except queue.Full:
                continue
            return

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                heard = self._heard.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            self._hand_on(heard)

    def _hand_on(self, heard: _Heard) -> None:
        base = heard.message.topic.removesuffix("/readings")
        source = self._broker.bases.get(base) or base.rpartition("/")[2]
        try:
            message = read_message(bytes(heard.message.payload))
        except InputError as error:
            self._recorder.refuse(source, 1, str(error))
            self._acknowledge(heard)
            return
        if message.n_unreadable:
            self._recorder.refuse(source, message.n_unreadable, message.why)
        self._pace.wait_for(len(message.readings))
        while not self._closing.is_set():
            if self._recorder.take(
                source, message.readings, wait_s=_POLL_S, done=lambda: self._acknowledge(heard)
            ):
                return

    def _acknowledge(self, heard: _Heard) -> None:
        if heard.connection == self._connection:
            self._client.ack(heard.message.mid, heard.message.qos)
