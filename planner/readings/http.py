"""Readings over HTTP: asked for at the device, ``GET /readings?after=N``."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from planner.clock import Clock
from planner.errors import InputError, LabUnavailable
from planner.readings.archive import Archive
from planner.readings.feeds import Pace, refuse_plain
from planner.readings.recorder import Recorder
from planner.readings.wire import MOST_BYTES, Message, read_message

if TYPE_CHECKING:
    import httpx

_TIMEOUT_S = 10.0
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
_POLL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a device tells its readings.

    Args:
        source: the device's name.
        url: of the device.
        token: shown to it.
        tls: verifies it; None for what the system trusts.
        insecure: whether plain http is meant where it is not to this machine.
        every_s: how often to ask while nothing new comes.
    """

    source: str
    url: str
    token: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    insecure: bool = False
    every_s: float = 1.0


class Puller:
    """Feeds a recorder from a device, until it is closed; goes on where it was after any crash.

    What it asked for counts as read when it is in the database: a device may forget readings only
    when it is asked for those after them.

    Args:
        address: of the device.
        recorder: takes the readings.
        archive: knows what is kept already.
        clock: paces them.

    Raises:
        InputError: the connection would be plain.
    """

    def __init__(
        self, address: Address, recorder: Recorder, archive: Archive, *, clock: Clock
    ) -> None:
        import httpx

        url = httpx.URL(address.url)
        if url.scheme != "https":
            refuse_plain(url.host, None, insecure=address.insecure, what="A device")
        self._address = address
        self._recorder = recorder
        self._archive = archive
        self._pace = Pace(clock)
        self._closing = threading.Event()
        self.trouble = ""
        headers = {"Authorization": f"Bearer {address.token}"} if address.token else {}
        self._client = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=_TIMEOUT_S,
            verify=True if address.tls is None else address.tls,
            trust_env=False,
        )
        self._thread = threading.Thread(target=self._run, name="readings-http", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends; what is not yet in the database is asked for again."""
        self._closing.set()
        self._thread.join(timeout=_TIMEOUT_S + 1)
        self._client.close()

    def _run(self) -> None:
        after, failures = -1, 0
        while not self._closing.is_set():
            try:
                if after < 0:
                    after = self._archive.last_sequence(self._address.source)
                reached = self._pull(after)
            except Exception as error:  # whatever failed, the next attempt may not
                self.trouble = f"{self._address.source}: {error}"
                self._closing.wait(_PAUSES_S[min(failures, len(_PAUSES_S) - 1)])
                failures += 1
                continue
            self.trouble, failures = "", 0
            if reached == after:
                self._closing.wait(self._address.every_s)
            after = reached

    def _pull(self, after: int) -> int:
        """Reads what is new; returns the sequence to go on from."""
        message = self._fetch(after)
        source = self._address.source
        if message.n_unreadable:
            self._recorder.refuse(source, message.n_unreadable, message.why)
        numbers = [each.sequence for each in message.readings if each.sequence is not None]
        last = max([*numbers, *([] if message.last is None else [message.last])], default=after)
        if message.readings:
            self._pace.wait_for(len(message.readings))
            if not self._is_kept(message, last):
                return after
        # a device that has lost its count begins anew; what had come is dropped as a repeat
        return 0 if last < after else last

    def _is_kept(self, message: Message, last: int) -> bool:
        """Waits until the readings are in the database; false where we are to end before."""
        kept = threading.Event()
        while not self._recorder.take(
            self._address.source, message.readings, last=last, wait_s=_POLL_S, done=kept.set
        ):
            if self._closing.is_set():
                return False
        while not kept.wait(_POLL_S):
            if self._closing.is_set():
                return False
        return True

    def _fetch(self, after: int) -> Message:
        with self._client.stream("GET", "/readings", params={"after": after}) as answer:
            if answer.status_code != 200:
                raise LabUnavailable(f"it answers {_say_status(answer)}.")
            content = bytearray()
            for part in answer.iter_bytes():
                content += part
                if len(content) > MOST_BYTES:
                    raise InputError(f"its answer is larger than {MOST_BYTES:,} bytes.")
        return read_message(bytes(content))


def _say_status(answer: httpx.Response) -> str:
    told = {401: "that it does not know us: check the token", 404: "that it keeps no readings"}
    return told.get(answer.status_code, f"with status {answer.status_code}")
