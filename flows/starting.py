"""Starting the server's process and waiting until it serves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import flows
from flows import home as homes
from flows.home import ServerAddress
from planner.errors import LabUnavailable

STARTING_S = 180.0  # 10 s on an idle machine of two cores; a loaded one is given time
MOST_KILLED = 3  # what is killed while it starts, by memory running out or by hand, is tried again


def start(home: Path, *, port: int | None = None) -> ServerAddress:
    """Start the home's server and return its address; the caller holds the door's lock.

    Args:
        home: Prefect's home.
        port: the port to take if it is free; by default the one that this home had last, so that
            a page open in a browser stays good.

    Raises:
        LabUnavailable: the server ended or was not ready in time; the message names its log.
    """
    if port is None:
        last = homes.read_last_address(home)
        port = last.port if last is not None else 0
    killed = 0
    deadline = time.monotonic() + STARTING_S
    process: subprocess.Popen[bytes] | None = None
    try:
        with _ctrl_c_held_back():
            process = _spawn(home, port)
        while time.monotonic() < deadline:
            # not always our own: a killed run may have left one that was just starting
            address = homes.read_address(home)
            if address is not None:
                # reaps it when it ends, so that no zombie stays while this run goes on
                threading.Thread(target=process.wait, daemon=True).start()
                return address
            status = process.poll()
            was_killed = status is not None and status < 0
            killed += was_killed
            if status == homes.TAKEN or (was_killed and killed < MOST_KILLED):
                with _ctrl_c_held_back():
                    process = _spawn(home, port)
            elif status is not None:
                break
            time.sleep(0.05)
        raise LabUnavailable(_why_not(home, status=process.poll()))
    except BaseException:
        # nobody else can use it yet, and nobody would stop it
        if process is not None:
            process.kill()
            process.wait()
        raise


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Let Ctrl-C act after the block: within Popen it would lose the process just made."""
    if threading.current_thread() is not threading.main_thread():
        yield  # it never reaches another thread
        return
    pressed = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True

    former = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if pressed:
            signal.raise_signal(signal.SIGINT)


def _spawn(home: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, so that a terminal's signals do not reach it."""
    root = str(Path(flows.__file__).parents[1])
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    with homes.log_path(home).open("ab") as log:
        return subprocess.Popen(
            # -P: a file named like a module, beside the campaigns, is not imported in its place
            [sys.executable, "-P", "-m", "flows.server_main", str(home), str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,  # Prefect reads settings from a prefect.toml where it runs
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )


def _why_not(home: Path, *, status: int | None) -> str:
    log = homes.log_path(home)
    what = (
        f"was not ready within {STARTING_S:.0f} s"
        if status is None
        else f"ended with status {status} while it started"
    )
    said = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
    last = f' Its last words: "{said[0]}".' if said else ""
    return (
        f"Prefect's server {what}.{last} Its log is {log}. Deleting the folder {home} is safe: "
        "no trial is in it. To go on without Prefect, use --engine inline."
    )
