"""A line between a planner and what it speaks to, which can be cut at any byte."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress


class CutLine:
    """Passes bytes on, both ways, until it is cut.

    Args:
        to: port of this machine that it leads to.
    """

    def __init__(self, *, to: int) -> None:
        self._to = to
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._dead_until = 0.0
        self._bytes_left: int | None = None
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
        for one, other, is_back in ((near, far, False), (far, near, True)):
            arguments = (one, other, is_back)
            threading.Thread(target=self._pass, args=arguments, daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, is_back: bool) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                rest, is_last = self._ration(data) if is_back else (data, False)
                other.sendall(rest)
                if is_last:
                    self._hang_up()
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _ration(self, data: bytes) -> tuple[bytes, bool]:
        """Returns what may still come back, and whether that was the last of it."""
        with self._lock:
            if self._bytes_left is None:
                return data, False
            rest = data[: self._bytes_left]
            self._bytes_left -= len(rest)
            return rest, self._bytes_left == 0
