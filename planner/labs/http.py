"""Devices behind HTTP: ``PUT /jobs/{key}``.

What provably did not leave (nobody listens, no such host, the certificate is not trusted) is told
apart from what may have arrived (a cut connection, no answer in time, an answer that breaks off).
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError

from planner.campaign import CampaignSpec, HttpDevice
from planner.campaign.secret import MASK, read_secret, where_it_is
from planner.errors import LabUnavailable, Unanswered
from planner.labs.contract import Adjustment
from planner.labs.credentials import make_trust
from planner.labs.keyed import KeyedLab, News
from planner.labs.message import Message, write_body
from planner.labs.replies import MOST_REPLY_BYTES, NO_TLS, NotTaken, check_size, find_fault
from planner.labs.strays import Strays
from planner.labs.translation import Translation
from planner.trials import ANSWERS, HEARTBEATS, REJECTIONS, Answer, Heartbeat, Order, Rejection

T = TypeVar("T")

_KEEP_ALIVE_S = 2.0  # shorter than servers keep idle connections, so that none is cut under us
_CONNECTIONS_EACH = 10  # for each device, so that one that hangs keeps no other waiting
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_JSON = {"content-type": "application/json", "accept": "application/json"}

# What a server says that took nothing, where it does not say it as a rejection.
_REJECTIONS = {
    401: "not allowed",
    403: "not allowed",
    404: "bad message",
    405: "bad message",
    413: "bad message",
    422: "bad message",
    423: "locked",
    429: "too often",
}

# what TLS says of a certificate that was not shown, or that the other side does not trust
_ALERTS = ("CERTIFICATE_REQUIRED", "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED")
_UNKNOWN_THERE = (
    "it lets nobody in without a certificate that it trusts; give 'certificate' and 'key'."
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a device answers to a question about several keys."""

    answers: tuple[Answer, ...]


_ASKED: TypeAdapter[_Asked] = TypeAdapter(_Asked)
_ADJUSTMENTS: TypeAdapter[Adjustment] = TypeAdapter(Adjustment)


def open_http(source: HttpDevice, spec: CampaignSpec, *, folder: Path) -> KeyedLab:
    """Returns the lab of a source behind HTTP; nothing is sent yet.

    Raises:
        InputError: the token or the certificate's authority cannot be read, or the map loses
            something.
    """
    wire = HttpWire(source, folder=folder)
    return KeyedLab(source, spec, wire=wire, addresses=source.addresses)


class HttpWire:
    """Carries messages as requests.

    Args:
        source: addresses, time limits, and where the token is.
        folder: of the campaign file.

    Raises:
        InputError: the token or the certificate's authority cannot be read.
    """

    def __init__(self, source: HttpDevice, *, folder: Path) -> None:
        self._addresses = source.addresses
        self._answer_s = source.answer_timeout
        self._token = _read_token(source, folder)
        self._client = httpx.Client(
            verify=make_trust(source, folder=folder) if _is_secure(source) else True,
            trust_env=False,  # a proxy for web pages does not lead to a lab
            timeout=httpx.Timeout(source.answer_timeout, connect=source.connect_timeout),
            limits=httpx.Limits(
                max_connections=_CONNECTIONS_EACH * len(source.addresses),
                keepalive_expiry=_KEEP_ALIVE_S,
            ),
        )
        self._closed = threading.Event()
        self.strays = Strays()

    def start(self, order: Order) -> Answer:
        """Puts an order at its device."""
        body = write_body(order)
        return self._call("PUT", _path(order.key), ANSWERS, device=order.device, body=body)

    def ask(self, keys: Sequence[str], *, device: str | None) -> Collection[Answer]:
        """Asks about keys in one request."""
        body = _dump({"keys": list(keys)})
        return self._call("POST", "/jobs/ask", _ASKED, device=device, body=body).answers

    def abort(self, key: str, *, token: int, ledger: str, device: str | None) -> Answer:
        """Asks to end a run."""
        body = _dump({"token": token, "ledger": ledger, "reason": "aborted by the planner"})
        return self._call("POST", f"{_path(key)}/abort", ANSWERS, device=device, body=body)

    def adjust(
        self, key: str, *, number: int, content: Mapping[str, object], device: str | None
    ) -> Adjustment:
        """Asks to change a run."""
        path = f"{_path(key)}/adjustments/{number}"
        return self._call("PUT", path, _ADJUSTMENTS, device=device, body=_dump(content))

    def status(self, *, device: str | None) -> Heartbeat:
        """Asks for a heartbeat."""
        return self._call("GET", "/status", HEARTBEATS, device=device)

    def latch(
        self, verb: str, *, by: str, reason: str, device: str | None, clear_token: str | None = None
    ) -> Heartbeat:
        """Sends ``stop``, ``clear`` or ``release``."""
        return self._call(
            "POST",
            f"/{verb}",
            HEARTBEATS,
            device=device,
            body=_dump({"by": by, "reason": reason}),
            token=SecretStr(clear_token) if clear_token is not None else None,
        )

    def wait(self, timeout_s: float) -> bool:
        """Waits; over HTTP a device only answers."""
        self._closed.wait(timeout_s)
        return False

    def take_news(self) -> Collection[News]:
        """Returns nothing; over HTTP a device only answers."""
        return ()

    def close(self) -> None:
        """Closes the connections."""
        self._closed.set()
        self._client.close()

    def _call(
        self,
        method: str,
        path: str,
        adapter: TypeAdapter[T],
        *,
        device: str | None,
        body: bytes = b"",
        token: SecretStr | None = None,
    ) -> T:
        """Sends one request and reads its reply.

        Raises:
            LabUnavailable: it provably did not leave.
            Unanswered: it may have arrived.
            NotTaken: the device rejected it.
            Refused: it is too large.
        """
        check_size(body)
        shown = token or self._token
        headers = dict(_JSON)
        if shown is not None:
            headers["authorization"] = f"Bearer {shown.get_secret_value()}"
        url = f"{self._addresses[device]}{path}"
        try:
            with self._client.stream(
                method, url, headers=headers, content=body or None
            ) as response:
                return _read(response, adapter, until=time.monotonic() + self._answer_s)
        except _NEVER_LEFT as error:
            raise LabUnavailable(f"{_say(error)}. Nothing was sent.") from error
        except httpx.TransportError as error:
            if _is_unknown_there(error):  # it reads nothing before it knows who we are
                raise LabUnavailable(f"{_UNKNOWN_THERE} Nothing was taken.") from error
            raise Unanswered(f"{_say(error)}. It may have arrived.") from error


def describe_message(source: HttpDevice, spec: CampaignSpec, order: Order) -> Message:
    """Returns the request that an order becomes; nothing is sent, and no secret is read."""
    headers = dict(_JSON)
    if source.token is not None:
        headers["authorization"] = f"Bearer {MASK} ({where_it_is(source.token)})"
    return Message(
        action="PUT",
        to=f"{source.addresses[order.device]}{_path(order.key)}",
        headers=headers,
        body=write_body(Translation(source, spec).write_order(order)),
    )


def _read(response: httpx.Response, adapter: TypeAdapter[T], *, until: float) -> T:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if time.monotonic() > until:  # each part came in time, and there is no end of them
            raise Unanswered("its answer did not end in time. It may do what it was asked.")
        if len(body) > MOST_REPLY_BYTES:
            raise Unanswered(f"its answer is longer than {MOST_REPLY_BYTES} bytes.")
    if response.status_code == httpx.codes.OK:
        return _parse(bytes(body), adapter)
    raise NotTaken(_read_rejection(response.status_code, bytes(body)))


def _parse(body: bytes, adapter: TypeAdapter[T]) -> T:
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise Unanswered(f"{find_fault(error)}. It may do what it was asked.") from error


def _read_rejection(status: int, body: bytes) -> Rejection:
    """Returns why a device took nothing.

    Raises:
        Unanswered: it does not say that it took nothing, such as a gateway that gave up.
    """
    try:
        return REJECTIONS.validate_json(body)
    except ValidationError:
        pass
    words = f"HTTP status {status} ({httpx.codes.get_reason_phrase(status) or 'not known'})"
    if status not in _REJECTIONS:
        raise Unanswered(f"it said {words}. It may do what it was asked.")
    hint = " (is it a device, and is its address right?)" if status in (404, 405) else ""
    content = {"error": _REJECTIONS[status], "reason": f"it said {words}{hint}"}
    return REJECTIONS.validate_python(content)


def _say(error: httpx.TransportError) -> str:
    """Returns what went wrong on the way, in words; addresses and headers are not in them."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({cause.verify_message}); give the authority that "
                f"signed it as 'ca'"
            )
        cause = cause.__cause__ or cause.__context__
    if _speaks_no_tls(error):
        return "it does not speak TLS there; check the port, or write http:// if it is to be plain"
    if isinstance(error, httpx.TimeoutException):
        kind = "connection" if isinstance(error, httpx.ConnectTimeout) else "answer"
        return f"no {kind} in time"
    if "without sending complete" in str(error):
        return "its answer breaks off"
    if isinstance(error, httpx.RemoteProtocolError) and error.request.url.scheme == "https":
        return (
            "it ended the connection without an answer; one that asks for a certificate does so: "
            "give 'certificate' and 'key'"
        )
    words = re.sub(r"^\[[^\]]*\] ", "", str(error)).rstrip(".")  # without a number of the system's
    return words[:1].lower() + words[1:] or type(error).__name__


def _speaks_no_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and cause.reason in NO_TLS:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _is_unknown_there(error: BaseException) -> bool:
    """Tells whether the other side ended the connection for the certificate that it asked for."""
    cause: BaseException | None = error
    while cause is not None:
        reason = cause.reason if isinstance(cause, ssl.SSLError) else None
        if reason is not None and "ALERT" in reason and reason.endswith(_ALERTS):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _is_secure(source: HttpDevice) -> bool:
    return any(each.startswith("https:") for each in source.addresses.values())


def _path(key: str) -> str:
    return f"/jobs/{quote(key, safe='')}"


def _dump(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _read_token(source: HttpDevice, folder: Path) -> SecretStr | None:
    if source.token is None:
        return None
    return read_secret(source.token, what=f"the token of source {source.name!r}", folder=folder)
