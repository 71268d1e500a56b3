"""A real mosquitto on a free port of this machine."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.free_ports import free_port

PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
UP_WITHIN_S = 10.0


class Broker:
    """Starts, is killed, and starts again on the same port.

    Args:
        folder: for its configuration and, where it keeps one, its database.
        is_persistent: whether it keeps sessions and messages over a restart, as the how-to says.
        more: further lines of its configuration.
    """

    def __init__(self, folder: Path, *, is_persistent: bool = False, more: str = "") -> None:
        self.port = free_port()
        kept = f"persistence true\npersistence_location {folder}/\nautosave_interval 1\n"
        # started by root it would become another user, who reads nothing of ours
        who = getpass.getuser()
        text = f"user {who}\nlistener {self.port} 127.0.0.1\nset_tcp_nodelay true\n"
        text += kept * is_persistent + more
        self._file = folder / "mosquitto.conf"
        self._file.write_text(text if more else f"{text}allow_anonymous true\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(self._file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + UP_WITHIN_S
        while True:
            assert self._process.poll() is None, self._file.read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.01)

    def stop(self) -> None:
        """Asks it to end; it writes what it keeps."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(UP_WITHIN_S)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(UP_WITHIN_S)
