"""Processes that start at once: forked from one that has imported everything and runs nothing.

Each is a process of its own, in a session of its own, and can be killed like any other. Importing
what they need takes longer than what a chaos run does between two blows.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Literal

from stepped_clock import VARIABLE

HERE = Path(__file__).parent
_ON_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG
What = Literal["planner", "device", "driver", "plain device"]
_FIRST = [
    "planner.loop.deciding.propose",
    "planner.loop.dispatch.driver",
    "planner.cli.running",
    "planner.cli.people",
    "planner.device.running",
    "planner.device.http_server",
    "planner.device.http",
    "planner.device.mqtt",
    "planner.labs.http",
    "planner.labs.mqtt",
    "planner.report",
    "psycopg",
    "planner_under_fire",
]


class Forked:
    """A process that was started so; it reads the time by its ``clock``.

    Args:
        what: which program.
        words: of its command line.
        folder: where it runs.
        environment: all of it.
        output: file to which it says what it says.
    """

    def __init__(
        self,
        what: What,
        words: list[str],
        *,
        folder: Path,
        environment: dict[str, str],
        output: Path,
    ) -> None:
        self._process: ForkServerProcess = _context().Process(
            target=_begin, args=(what, words, str(folder), environment, str(output)), daemon=True
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid
        self.clock = Path(environment[VARIABLE])

    def poll(self) -> int | None:
        """Return how it ended: its exit status, or the signal with a minus; None while it runs."""
        return self._process.exitcode

    def send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it and return when it is gone."""
        self.send(signal.SIGKILL)
        self._process.join()

    def wait(self, timeout_s: float) -> int | None:
        self._process.join(timeout_s)
        return self.poll()


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_FIRST)
    return context


def _begin(
    what: What, words: list[str], folder: str, environment: dict[str, str], output: str
) -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(_ON_PARENTS_DEATH, signal.SIGKILL)  # nothing is left of a broken run
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    said = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number in (1, 2):
        os.dup2(said, number)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    sys.argv = [what, *words]
    if what == "driver":
        from driver_alone import drive

        drive(Path(words[0]))
    elif what == "plain device":
        from plain_device import serve

        serve(*words)
    else:
        from planner_under_fire import run

        run()
