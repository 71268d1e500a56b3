"""A line between a planner and what it speaks to, which can be cut at any byte, and garbles."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

Trouble = Literal["dropped", "delayed", "doubled"]


@dataclass(slots=True)
class _Pair:
    """Two ends, and what went to the far one since it spoke last."""

    near: socket.socket
    far: socket.socket
    asked: bytearray = field(default_factory=bytearray)


class CutLine:
    """Passes bytes on, both ways, until it is cut or told to make trouble.

    Args:
        to: port of this machine that it leads to.
        dice: for what becomes of each answer while there is trouble.
    """

    def __init__(self, *, to: int, dice: random.Random | None = None) -> None:
        self._to = to
        self._dice = dice or random.Random()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._dead_until = 0.0
        self._bytes_left: int | None = None
        self._trouble: Trouble | None = None
        self._trouble_until = 0.0
        threading.Thread(target=self._accept, name="line", daemon=True).start()

    def cut(self, *, truncate_after: int | None, for_s: float) -> None:
        """Cuts all that is connected, and takes nothing new for a while.

        Args:
            truncate_after: how many bytes still come back from over there before the cut; None
                cuts at once.
            for_s: how long nothing new is taken.
        """
        with self._lock:
            self._dead_until = time.monotonic() + for_s
            self._bytes_left = truncate_after
        if truncate_after is None:
            self._hang_up()

    def trouble(self, what: Trouble, *, for_s: float) -> None:
        """For a while, half of what comes back is dropped, delayed or comes twice.

        Where answers come twice, what was asked may go there twice, too.
        """
        with self._lock:
            self._trouble, self._trouble_until = what, time.monotonic() + for_s

    def close(self) -> None:
        """Ends it."""
        self._server.close()
        self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            self._bytes_left = None
            ends, self._open = list(self._open), set()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        if time.monotonic() < self._dead_until:
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self._to), timeout=5)
        except OSError:
            near.close()
            return
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(None)
        with self._lock:
            self._open |= {near, far}
        pair = _Pair(near, far)
        for work in (self._pass_on, self._pass_back):
            threading.Thread(target=self._until_closed, args=(work, pair), daemon=True).start()

    def _until_closed(self, work: Callable[[_Pair], None], pair: _Pair) -> None:
        with suppress(OSError):
            work(pair)
        for end in (pair.near, pair.far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _pass_on(self, pair: _Pair) -> None:
        while data := pair.near.recv(65536):
            pair.asked += data
            pair.far.sendall(data)

    def _pass_back(self, pair: _Pair) -> None:
        while data := pair.far.recv(65536):
            asked, pair.asked = bytes(pair.asked), bytearray()
            trouble = self._what_now()
            if trouble == "dropped":
                continue
            if trouble == "delayed":
                time.sleep(self._dice.uniform(0.1, 1.5))
            if trouble == "doubled":
                self._ask_again(asked)
            rest, is_last = self._ration(data)
            pair.near.sendall(rest * (2 if trouble == "doubled" else 1))
            if is_last:
                self._hang_up()

    def _what_now(self) -> Trouble | None:
        with self._lock:
            is_quiet = time.monotonic() > self._trouble_until or self._dice.random() < 0.5
            return None if is_quiet else self._trouble

    def _ask_again(self, asked: bytes) -> None:
        """Sends a request a second time; what is said to it nobody hears."""
        if not asked.startswith((b"PUT ", b"POST ")) or b"/begin/" in asked or b"/run" in asked:
            return  # the protocol of a device without keys promises not to do this
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", self._to), timeout=2) as again,
        ):
            again.sendall(asked)
            again.recv(1)

    def _ration(self, data: bytes) -> tuple[bytes, bool]:
        """Returns what may still come back, and whether that was the last of it."""
        with self._lock:
            if self._bytes_left is None:
                return data, False
            rest = data[: self._bytes_left]
            self._bytes_left -= len(rest)
            return rest, self._bytes_left == 0
