"""The process behind ``flows.server``: Prefect's API, pages and services on one loopback port.

``python -m flows.server_main HOME [PORT]``. It belongs to the runs registered in its home: when
none of them lives any more, it writes what Prefect still has in memory, and ends.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flows import home as homes
from flows import quiet
from flows.database import DatabaseWatch, clear_locks, clear_remains
from flows.process import this_process

if TYPE_CHECKING:
    import uvicorn

    from flows.backlog import Backlog

POLL_S = 0.25
WRITING_S = 20.0  # for what Prefect still has to write; the promise is to be gone within 30 s
CLOSING_S = 5.0  # for the shutdown after that
LOG_BYTES = 2_000_000


def main(arguments: list[str]) -> int:
    """Serve until nobody uses the server; return the exit status.

    Args:
        arguments: the home, and the port to take if it is free.
    """
    home = Path(arguments[0])
    wanted_port = int(arguments[1]) if len(arguments) > 1 else 0
    if not _becomes_the_server(home):
        sys.stderr.write(f"Another server has {home}; this one ends.\n")
        return homes.TAKEN
    clear_remains(home)
    clear_locks(home)
    listener = _bound(wanted_port)
    port: int = listener.getsockname()[1]
    quiet.apply(quiet.server_settings(home=home, url=f"http://127.0.0.1:{port}"))
    os.environ.pop("PREFECT_API_URL", None)
    asyncio.run(_serve(home, listener))
    return 0


async def _serve(home: Path, listener: socket.socket) -> None:
    """Run Prefect's server in this process and end it when nobody uses it."""
    import uvicorn
    from prefect.server.api.server import create_app

    from flows.backlog import Backlog

    backlog = Backlog(create_app(final=True))
    _stay_inside()
    server = uvicorn.Server(
        uvicorn.Config(
            backlog,
            interface="asgi3",
            log_config=None,
            lifespan="on",
            access_log=False,
            timeout_graceful_shutdown=1,  # open pages in a browser do not hold it up
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        port: int = listener.getsockname()[1]
        homes.write_address(home, homes.address_at(port, this_process()))
        await _until_unused(home, server, backlog)
        threading.Timer(CLOSING_S, os._exit, args=(1,)).start()
        server.should_exit = True
    await serving
    # what else Prefect left running in threads has nothing to say any more
    sys.stderr.flush()
    os._exit(0)


def _becomes_the_server(home: Path) -> bool:
    """Take the lock that the home's one server holds; a predecessor is given time to end."""
    deadline = time.monotonic() + CLOSING_S
    while homes.take_lock(home / "serving.lock") is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


async def _until_unused(home: Path, server: uvicorn.Server, backlog: Backlog) -> None:
    """Return when the last user is gone and everything is written, with the door closed."""
    database = DatabaseWatch(home)
    unused_since: float | None = None
    while not server.should_exit:
        await asyncio.sleep(POLL_S)
        _keep_log_short(homes.log_path(home))
        if database.is_lost() or not _is_ours(home):
            # nothing that we could still write would be read: make room for a fresh server
            os._exit(1)
        is_written = backlog.is_written()  # asked each time, for it knows by watching
        if homes.has_users(home):
            unused_since = None
            continue
        unused_since = unused_since or time.monotonic()
        if not is_written and time.monotonic() - unused_since < WRITING_S:
            continue
        if _closes_door(home):
            return


def _closes_door(home: Path) -> bool:
    """Tell whether the server may end now: nobody is at the door, and nobody can come in.

    The lock is kept until the process ends, so that a newcomer waits and then starts afresh.
    """
    door = homes.take_lock(home / "door.lock")
    if door is None:
        return False
    if homes.has_users(home):
        os.close(door)
        return False
    return True


def _is_ours(home: Path) -> bool:
    address = homes.read_last_address(home)
    return address is not None and address.process == this_process()


def _bound(port: int) -> socket.socket:
    """Return a socket bound to the wanted port, or to a free one where that stays taken.

    A predecessor whose home was deleted may hold the port for a moment more; the clients of the
    runs know no other.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # the connections of a killed predecessor linger for a minute and would keep the port taken
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + CLOSING_S
    while time.monotonic() < deadline:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            time.sleep(0.05)
        else:
            return listener
    listener.bind(("127.0.0.1", 0))
    return listener


def _stay_inside() -> None:
    """Let Prefect's list of integrations come from its own package instead of from GitHub.

    No setting turns that off; an address that refuses at once makes it use the copy it ships.
    """
    from prefect.server.api import collections

    for view in collections.KNOWN_VIEWS:
        collections.KNOWN_VIEWS[view] = "http://127.0.0.1:9/"


def _keep_log_short(log: Path) -> None:
    """Start the log file again when it is long; the last full one is kept beside it."""
    try:
        if log.stat().st_size < LOG_BYTES:
            return
        log.with_suffix(".log.1").write_bytes(log.read_bytes())
        # standard output is opened for appending, so writing goes on at the new end
        os.truncate(log, 0)
    except FileNotFoundError:
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
