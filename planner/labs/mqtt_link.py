"""One connection to an MQTT broker at a time, made anew by itself, on a thread of its own.

A client of paho's that has lost its connection keeps what it has not delivered and sends it when
the connection is back, long after we have said that nobody knows; so a client is used for one
connection and thrown away with all that it still holds. What matters is sent again from the ledger.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from planner.errors import LabUnavailable, MissingPackage, PlannerError, Refused, Unanswered
from planner.labs.replies import MOST_REPLY_BYTES, NO_TLS

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

QOS = 1
MOST_UNACKNOWLEDGED = 10
_KEEP_ALIVE_S = 15
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_SOON_AGAIN_S = 0.5  # for a connection that was cut: who waits longer is told so
_NOBODY_LISTENS = 0x10  # the broker's word that no session has subscribed to the topic
_FAILURE = 0x80
_ASKS = "; one that asks for a certificate does so: give 'certificate' and 'key'"
_BAD_CREDENTIALS = (0x86, 0x87, 0x8C)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a broker is reached.

    Args:
        url: of the broker.
        user: under which we are known to it.
        password: of the user.
        trust: decides about the broker's certificate; None for a plain connection.
        connect_s: longest time to wait for a connection, in seconds.
    """

    url: str
    user: str | None = None
    password: SecretStr | None = None
    trust: ssl.SSLContext | None = None
    connect_s: float = 5.0


@dataclass(frozen=True, slots=True)
class _Question:
    """What waits for an answer, and where that is to come."""

    topic: str
    answer: Future[bytes]


class MqttLink:
    """Subscribes, asks and listens; after a cut it connects and subscribes again by itself.

    Args:
        access: how the broker is reached.
        client_id: under which the broker knows us; answers come to topics that end in it.
        topics: that are subscribed to.
        hear: called with topic and payload of what answers no question of ours, on the link's own
            thread.

    Raises:
        MissingPackage: paho-mqtt is not installed.
    """

    def __init__(
        self,
        access: Access,
        *,
        client_id: str,
        topics: list[str],
        hear: Callable[[str, bytes], None],
    ) -> None:
        _check_installed()
        self._access = access
        self._client_id = client_id
        self._topics = topics
        self._hear = hear
        self._client: Client | None = None
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._tried = threading.Event()
        self._problem: PlannerError = LabUnavailable("the broker has not answered yet.")
        self._waiting: dict[bytes, _Question] = {}
        self._sent: dict[tuple[int, int], bytes] = {}  # by client and its number of the message
        self._acks: dict[tuple[int, int], int] = {}
        self._is_answered = False  # by the broker, on this connection
        self._thread = threading.Thread(target=self._keep_up, name=client_id, daemon=True)
        self._thread.start()

    @property
    def is_up(self) -> bool:
        """Whether there is a connection."""
        return self._ready.is_set()

    def request(
        self, topic: str, payload: bytes, *, answer_topic: str, expiry_s: float, answer_s: float
    ) -> bytes:
        """Publishes a message and returns the answer to it.

        Args:
            topic: where the device listens.
            payload: what is said.
            answer_topic: where it is to answer.
            expiry_s: the broker drops the message after this time.
            answer_s: longest time to wait for the answer, in seconds.

        Raises:
            LabUnavailable: it provably did not reach anybody.
            Unanswered: it may have arrived.
            Refused: the broker does not let us speak.
        """
        client = self._connected()
        token = uuid.uuid4().bytes
        future: Future[bytes] = Future()
        self._waiting[token] = _Question(answer_topic, future)
        try:
            self._publish(client, topic, payload, token, answer_topic, expiry_s)
            return future.result(timeout=answer_s)
        except NotInTime as error:
            raise Unanswered(f"nothing came within {answer_s:g} s. It may have arrived.") from error
        finally:
            self._waiting.pop(token, None)

    def close(self) -> None:
        """Ends the connection and the thread."""
        self._closing.set()
        client = self._client
        if client is not None:
            client.disconnect()
        self._thread.join(timeout=self._access.connect_s + 1.0)

    def _connected(self) -> Client:
        """Returns the client of a connection that is up and subscribed.

        Raises:
            LabUnavailable: there is none in time.
            Refused: the broker does not know us.
        """
        self._tried.wait(self._access.connect_s)
        is_ready = self._ready.wait(min(_SOON_AGAIN_S, self._access.connect_s))
        client = self._client
        if not is_ready or client is None:
            raise _again(self._problem)
        return client

    def _publish(
        self,
        client: Client,
        topic: str,
        payload: bytes,
        token: bytes,
        answer_topic: str,
        expiry_s: float,
    ) -> None:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ResponseTopic = answer_topic
        properties.CorrelationData = token
        properties.MessageExpiryInterval = max(1, int(expiry_s))
        info = client.publish(topic, payload, qos=QOS, properties=properties)
        if info.rc != 0:
            raise LabUnavailable("the connection to the broker is cut. Nothing was sent.")
        number = (id(client), info.mid)
        self._sent[number] = token
        code = self._acks.pop(number, None)
        if code is not None:  # the broker was faster than we are
            self._take_ack(number, code)

    def _take_ack(self, number: tuple[int, int], code: int) -> None:
        """Ends the wait for an answer that will not come: nobody was given the message."""
        self._acks[number] = code
        token = self._sent.pop(number, None)
        if token is None:
            return
        self._acks.pop(number, None)
        question = self._waiting.get(token)
        if question is None or code == 0:
            return
        future = question.answer
        if code == _NOBODY_LISTENS:
            _fail(future, LabUnavailable("no device listens on its topic. Nothing was done."))
        elif code in _BAD_CREDENTIALS:
            _fail(future, Refused("the broker does not let us speak on the topic; see its ACL."))
        elif code >= _FAILURE:
            _fail(future, LabUnavailable(f"the broker did not take the message ({code:#04x})."))

    def _keep_up(self) -> None:
        """Connects, serves the connection until it ends, and connects again."""
        pause = _FIRST_PAUSE_S
        while not self._closing.is_set():
            client = self._make_client()
            try:
                parts = urlsplit(self._access.url)
                client.connect(
                    str(parts.hostname),
                    parts.port or (8883 if self._access.trust else 1883),
                    keepalive=_KEEP_ALIVE_S,
                    clean_start=True,
                    properties=_on_connect_properties(),
                )
                self._client = client
                self._is_answered = False
                client.loop_forever(retry_first_connection=False)
                if not self._is_answered:
                    self._problem = LabUnavailable(_why_cut(self._access))
            except Exception as error:  # nothing that a peer sends may end this thread
                self._problem = LabUnavailable(f"{_say(error)}. Nothing was sent.")
            self._tried.set()
            was_ready = self._ready.is_set()
            self._end_connection(client)
            pause = _FIRST_PAUSE_S if was_ready else min(2 * pause, _LONGEST_PAUSE_S)
            self._closing.wait(pause)

    def _end_connection(self, client: Client) -> None:
        """Forgets a connection: what waits for answers on it is not known to have arrived."""
        self._ready.clear()
        self._client = None
        for table in (self._sent, self._acks):
            for number in [each for each in table if each[0] == id(client)]:
                table.pop(number, None)
        for question in list(self._waiting.values()):
            _fail(
                question.answer,
                Unanswered("the connection to the broker was cut. It may have arrived."),
            )

    def _make_client(self) -> Client:
        from paho.mqtt.client import Client, MQTTv5
        from paho.mqtt.enums import CallbackAPIVersion

        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._access.connect_s
        client.max_inflight_messages_set(MOST_UNACKNOWLEDGED)
        if self._access.user is not None:
            password = self._access.password
            client.username_pw_set(
                self._access.user, password.get_secret_value() if password is not None else None
            )
        if self._access.trust is not None:
            client.tls_set_context(self._access.trust)
        client.on_socket_open = _send_at_once
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        return client

    def _on_connect(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._is_answered = True
        if code.is_failure:
            says = f"the broker says {str(code).lower()}"
            if code.value in _BAD_CREDENTIALS:
                self._problem = Refused(f"{says}. Check the user and the password.")
            else:
                self._problem = LabUnavailable(f"{says}. Nothing was sent.")
            return
        client.subscribe([(topic, _options()) for topic in self._topics])

    def _on_subscribe(
        self,
        client: Client,
        userdata: Any,
        mid: int,
        codes: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        refused = [t for t, code in zip(self._topics, codes, strict=False) if code.is_failure]
        if refused:
            self._problem = Refused(
                f"the broker does not let us listen to {refused[0]}; see its ACL."
            )
            client.disconnect()
            return
        self._problem = LabUnavailable("the connection to the broker is cut. Nothing was sent.")
        self._ready.set()
        self._tried.set()

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        token = getattr(message.properties, "CorrelationData", None)
        if token is None:
            self._hear(message.topic, bytes(message.payload))
            return
        question = self._waiting.get(bytes(token))
        if question is None:  # an answer that came twice, or too late, is heard no more
            return
        if message.topic == question.topic:
            _resolve(question.answer, bytes(message.payload))
        else:  # somebody else's, who has seen the question
            self._hear(message.topic, bytes(message.payload))

    def _on_publish(
        self, client: Client, userdata: Any, mid: int, code: ReasonCode, properties: Properties
    ) -> None:
        self._take_ack((id(client), mid), code.value)

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._ready.clear()


def _check_installed() -> None:
    try:
        import paho.mqtt.client  # noqa: F401  only whether it is there
    except ImportError as error:
        raise MissingPackage(
            "A source of kind mqtt needs the package paho-mqtt. Type: pip install "
            "'experiment-planner[mqtt]'"
        ) from error


def _on_connect_properties() -> Properties:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0
    properties.MaximumPacketSize = MOST_REPLY_BYTES
    return properties


def _options() -> Any:
    from paho.mqtt.subscribeoptions import SubscribeOptions

    return SubscribeOptions(qos=QOS)


def _send_at_once(_: Client, __: Any, opened: Any) -> None:
    """A small message is not kept back to be sent with the next: that took 90 ms."""
    import socket

    with contextlib.suppress(OSError, AttributeError):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _say(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the broker's certificate is not trusted ({error.verify_message}); give the authority "
            f"that signed it as 'ca'"
        )
    if isinstance(error, ssl.SSLError) and error.reason in NO_TLS:
        return (
            "the broker does not speak TLS there; check the port, or write mqtt:// for a plain one"
        )
    words = str(getattr(error, "strerror", None) or error or "no connection in time").rstrip(".")
    return words[:1].lower() + words[1:]


def _why_cut(access: Access) -> str:
    """Says what it means that a broker ends a connection without a word."""
    hint = "" if access.trust is None else _ASKS
    return f"the broker ended the connection without an answer{hint}. Nothing was sent."


def _again(error: PlannerError) -> PlannerError:
    """Returns the same error anew: one that was raised before carries where that was."""
    return type(error)(str(error))


def _resolve(future: Future[bytes], payload: bytes) -> None:
    with contextlib.suppress(Exception):  # it was resolved already
        future.set_result(payload)


def _fail(future: Future[bytes], error: PlannerError) -> None:
    with contextlib.suppress(Exception):  # it was resolved already
        future.set_exception(error)
