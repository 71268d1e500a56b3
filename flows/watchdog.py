"""A run's thread that keeps its server alive and its registration in place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from flows import home as homes
from flows.starting import start
from planner.errors import LabUnavailable

POLL_S = 0.5
LONGEST_PAUSE_S = 60.0


class Watchdog:
    """Starts the server again, on the same port, whenever it is gone inside the block.

    Prefect's clients try again for half a minute, and find it there.

    Args:
        home: Prefect's home.
        user: this run's registration, written again should somebody delete it.
        port: where the run's clients look for the server.
        on_message: is told when the server is started again, and when that fails.
    """

    def __init__(
        self, home: Path, user: Path, *, port: int, on_message: Callable[[str], None]
    ) -> None:
        self._home = home
        self._user = user
        self._port = port
        self._on_message = on_message
        self._is_leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="prefect-watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_leaving.set()
        self._thread.join()

    def _watch(self) -> None:
        pause = POLL_S
        while not self._is_leaving.wait(pause):
            try:
                self._look()
                pause = POLL_S
            except (LabUnavailable, OSError) as error:
                # the ledger is the truth, so the campaign goes on without its window
                self._on_message(f"{error} Trying again in {pause * 4:.0f} s.")
                pause = min(pause * 4, LONGEST_PAUSE_S)

    def _look(self) -> None:
        if not self._user.exists():
            homes.write_user(self._user)
        if homes.read_address(self._home) is not None:
            return
        with homes.locked(self._home / "door.lock"):
            # another run's watchdog may have been faster
            if homes.read_address(self._home) is not None or self._is_leaving.is_set():
                return
            self._on_message("Prefect's server was gone; starting it again ...")
            address = start(self._home, port=self._port)
        if address.port != self._port:
            self._on_message(f"Prefect's pages moved: {address.ui_url}")
