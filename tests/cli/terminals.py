"""A command in a real terminal: what is on the screen, and what a person types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from types import TracebackType

import psutil

from tests.cli.desks import Desk

_PATIENCE_S = 60.0


class Terminal:
    """Runs a command whose three streams are a terminal; for use in a ``with`` statement."""

    def __init__(self, desk: Desk, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.screen = ""
        self._seen = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "planner.cli", *arguments],
            cwd=desk.folder,
            env=desk.environment(TERM="dumb"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_the_terminal,
        )
        os.close(theirs)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        """Reads until the text stands on the screen, below where it was found the last time."""
        deadline = time.monotonic() + _PATIENCE_S
        while (found := self.screen.find(text, self._seen)) < 0:
            assert time.monotonic() < deadline, f"{text!r} did not come in:\n{self.screen}"
            assert self._read() is not None, f"it ended before {text!r}:\n{self.screen}"
        self._seen = found + len(text)

    def type(self, line: str) -> None:
        """Types a line and return."""
        os.write(self._ours, f"{line}\n".encode())

    def interrupt(self) -> None:
        """Presses Ctrl-C once the command waits for what is typed.

        In the microseconds between its prompt and its wait Python would note it and wait all the
        same, until the next key.
        """
        deadline = time.monotonic() + _PATIENCE_S
        before, now = None, self._doing()
        while now[0] != psutil.STATUS_SLEEPING or now != before:
            assert time.monotonic() < deadline, f"it does not wait:\n{self.screen}"
            time.sleep(0.05)
            before, now = now, self._doing()
        os.write(self._ours, b"\x03")

    def _doing(self) -> tuple[str, object]:
        """The state of the main thread, and how often it has been at work."""
        process = psutil.Process(self.process.pid)
        return process.status(), process.num_ctx_switches()

    def end(self) -> int:
        """Reads to the end and returns the exit code."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._read() is not None:
            assert time.monotonic() < deadline, f"it did not end:\n{self.screen}"
        return self.process.wait(timeout=_PATIENCE_S)

    def _read(self) -> str | None:
        """Returns what came, perhaps nothing yet; None at the end."""
        ready, _, _ = select.select([self._ours], [], [], 1.0)
        if not ready:
            return "" if self.process.poll() is None else None
        try:
            part = os.read(self._ours, 65536).decode(errors="replace").replace("\r\n", "\n")
        except OSError:  # Linux says so when the other side is closed
            return None
        self.screen += part
        return part or None


def _own_the_terminal() -> None:
    """Makes the terminal the one whose Ctrl-C reaches this process."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
