"""One worker process as its parent sees it: start, send, read, kill, last words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from planner.simulators.wire import to_line

THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
LAST_WORDS_BYTES = 1500


class WorkerProcess:
    """A Python process that runs `worker_main`, in a process group of its own.

    The group keeps the terminal's Ctrl-C from it and lets `kill` reach what a simulator started.
    It is a new interpreter, not a fork: it works whatever threads or ``__main__`` the parent has.
    """

    def __init__(self) -> None:
        # a file, not a pipe: nobody has to drain it, and it is still there after the process
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed by kill
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "planner.simulators.worker_main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            bufsize=0,
            process_group=0,
            # the modules that the parent finds, the worker finds
            env={
                **os.environ,
                **dict.fromkeys(THREAD_SETTINGS, "1"),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._partial = b""

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._process.pid

    def fileno(self) -> int:
        """Where replies arrive, for a selector to wait on."""
        return self._stdout.fileno()

    def send(self, message: Mapping[str, Any]) -> bool:
        """Hand it a message; False where the process is gone. Its last words start anew."""
        os.ftruncate(self._stderr.fileno(), 0)
        os.lseek(self._stderr.fileno(), 0, os.SEEK_SET)  # a position that both processes share
        line = memoryview(to_line(message))
        try:
            while line:
                line = line[self._stdin.write(line) :]
        except BrokenPipeError:
            return False
        return True

    def read(self) -> list[dict[str, Any]] | None:
        """The messages that have arrived, waiting for the first bytes; None where it is gone."""
        received = os.read(self._stdout.fileno(), 1 << 16)
        if not received:
            return None
        *lines, self._partial = (self._partial + received).split(b"\n")
        return [json.loads(line) for line in lines]

    def kill(self) -> str:
        """End it and all that it started; returns how it ended and the last of what it printed."""
        # a process that ended by itself keeps its own exit code: it is not reaped yet
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._stdin.close()
        self._stdout.close()
        ending = _ending(self._process.returncode)
        words = self._last_words()
        self._stderr.close()
        return f"{ending}; it last printed: {words}" if words else ending

    def _last_words(self) -> str:
        size = os.fstat(self._stderr.fileno()).st_size
        start = max(0, size - LAST_WORDS_BYTES)
        return (
            os.pread(self._stderr.fileno(), LAST_WORDS_BYTES, start)
            .decode(errors="replace")
            .strip()
        )


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    number = -returncode
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    hint = ", as the system does when memory runs out" if number == signal.SIGKILL else ""
    return f"was killed by {name}{hint}"
