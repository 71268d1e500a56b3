"""The Prefect server that the runs of one folder share: nobody starts it, nobody stops it by hand.

The first run starts it, later ones use the same, and the last to leave waits until it is gone.
It is a process of its own in a session of its own, so Ctrl-C in the terminal does not reach it.
A run that is killed says nothing; the server notices within a second and ends by itself.
While a run uses the server, a thread of it starts the server again should that be killed.
"""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from flows import home as homes
from flows.database import database_path
from flows.home import ServerAddress, read_address
from flows.process import is_alive
from flows.starting import start
from flows.watchdog import Watchdog
from planner.errors import LabUnavailable

__all__ = ["ServerAddress", "read_address", "server"]

LEAVING_S = 35.0  # the server writes for 20 s at most, then closes within 5 s
SENDING_S = 10.0  # for the events that this process has not sent yet


@contextmanager
def server(home: Path, *, on_message: Callable[[str], None]) -> Iterator[ServerAddress]:
    """Let Prefect's server be there inside the block.

    Where ``PREFECT_API_URL`` is set, that server is used; it is never started or stopped.

    Args:
        home: Prefect's home, ``.prefect`` in the folder of the campaigns.
        on_message: is told, in a sentence, what takes time and where the pages are.

    Yields:
        Where the server answers. Put ``flows.quiet.settings`` with this address into force
        before a flow is called.

    Raises:
        LabUnavailable: the server named by ``PREFECT_API_URL`` does not answer, or ours does not
            start.
    """
    given = os.environ.get("PREFECT_API_URL")
    if given:
        yield _given_address(given.rstrip("/"))
        _send_events()
        return
    home = home.resolve()
    user = homes.new_user(home)
    try:
        address = _enter(home, user, on_message=on_message)
        on_message(f"Prefect's pages: {address.ui_url}")
        with Watchdog(home, user, port=address.port, on_message=on_message):
            try:
                yield address
            finally:
                _send_events()
    finally:
        _leave(home, user)


def _enter(home: Path, user: Path, *, on_message: Callable[[str], None]) -> ServerAddress:
    """Register, and return the address of the server that runs or that this starts."""
    with homes.locked(home / "door.lock"):
        homes.write_user(user)
        address = read_address(home)
        if address is not None:
            return address  # published only once it served
        hint = "" if database_path(home).exists() else " (the first time takes up to 30 s)"
        on_message(f"Starting Prefect's server{hint} ...")
        return start(home)


def _leave(home: Path, user: Path) -> None:
    """Take the registration back; the last to do so waits until the server has gone."""
    address = read_address(home)
    user.unlink(missing_ok=True)
    if address is None or address.process is None:
        return
    deadline = time.monotonic() + LEAVING_S
    while is_alive(address.process) and not homes.has_users(home):
        if time.monotonic() > deadline:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(address.process.pid).kill()
            deadline = float("inf")
        time.sleep(0.05)


def _send_events() -> None:
    """Send what this process still has to tell the server, so that the last tasks are recorded."""
    if "prefect.events.worker" in sys.modules:
        from prefect.events.worker import EventsWorker

        EventsWorker.drain_all(timeout=SENDING_S)
    if "prefect.logging.handlers" in sys.modules:
        from prefect.logging.handlers import APILogWorker

        APILogWorker.drain_all(timeout=SENDING_S)


def _given_address(api_url: str) -> ServerAddress:
    if not _answers(api_url):
        raise LabUnavailable(
            f"PREFECT_API_URL is set to {api_url}, and no Prefect server answers there. "
            "Start that server (prefect server start), correct the address (it ends in /api), "
            "or unset PREFECT_API_URL: then the planner starts a server of its own."
        )
    return ServerAddress(api_url=api_url, ui_url=api_url.removesuffix("/api"), port=0, process=None)


def _answers(api_url: str) -> bool:
    """Tell whether a Prefect server is at an address; asks three times, a server may be busy."""
    # a proxy named in the environment cannot reach our loopback
    direct = [urllib.request.ProxyHandler({})] if "//127.0.0.1" in api_url else []
    opener = urllib.request.build_opener(*direct)
    for _ in range(3):
        try:
            with opener.open(f"{api_url}/health", timeout=5) as answer:
                return bool(answer.read().strip() == b"true")
        except (urllib.error.URLError, OSError, ValueError):
            time.sleep(0.2)
    return False
