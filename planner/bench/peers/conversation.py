"""One conversation with a driver program: a line of JSON there, a line back, with a deadline.

A program that hangs, dies or answers what is no JSON has failed; ``PeerFailed`` says so with its
own last words. The program and all that it started are ended with the conversation.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any

_LIBRARIES = ("OMP", "MKL", "OPENBLAS", "NUMEXPR")
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in _LIBRARIES}
_MOST_BYTES = 1 << 20  # of an answer: a place and some seconds
_LAST_WORDS = 600  # letters of what it printed that are repeated
_CHUNK = 1 << 16
_END_S = 10.0  # a program that closed its pipes has to end


class PeerFailed(Exception):
    """A driver cannot go on; the text is its own."""


@dataclass(slots=True)
class Conversation:
    """A running driver.

    Args:
        process: the program.
        printed: what it prints that is no answer.
        limit_s: how long an answer may take.
        heard: bytes that came after the last whole line.
    """

    process: subprocess.Popen[bytes]
    printed: IO[bytes]
    limit_s: float
    heard: bytes = field(default=b"")

    def tell(self, **message: object) -> None:
        """Sends a message.

        Raises:
            PeerFailed: the program has ended, or does not read.
        """
        rest = memoryview(json.dumps(message).encode() + b"\n")
        assert self.process.stdin is not None
        deadline = time.monotonic() + self.limit_s
        while rest:
            _, ready, _ = select.select([], [self.process.stdin], [], _left(deadline))
            if not ready:
                raise PeerFailed(f"It read nothing for {self.limit_s:g} s. {self._last_words()}")
            try:
                rest = rest[os.write(self.process.stdin.fileno(), rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._ended() from error

    def hear(self) -> Mapping[str, Any]:
        """Returns the next answer.

        Raises:
            PeerFailed: there is none in time, it is no JSON object, or it says that it failed.
        """
        line = self._line(time.monotonic() + self.limit_s)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise PeerFailed(f"It answered {line[:200]!r}, which is no JSON object.")
        if "failed" in answer:
            raise PeerFailed(str(answer["failed"]))
        return answer

    def _line(self, deadline: float) -> str:
        assert self.process.stdout is not None
        while b"\n" not in self.heard:
            ready, _, _ = select.select([self.process.stdout], [], [], _left(deadline))
            if not ready:
                raise PeerFailed(
                    f"It gave no answer within {self.limit_s:g} s. {self._last_words()}"
                )
            chunk = os.read(self.process.stdout.fileno(), _CHUNK)
            if not chunk:
                raise self._ended()
            self.heard += chunk
            if len(self.heard) > _MOST_BYTES:
                raise PeerFailed(f"It answered {self.heard[:200]!r} and so on without an end.")
        line, _, self.heard = self.heard.partition(b"\n")
        return line.decode(errors="replace")

    def _ended(self) -> PeerFailed:
        status = self._status()
        how = "closed its answers" if status is None else f"ended with exit status {status}"
        return PeerFailed(f"It {how}. {self._last_words()}")

    def _status(self) -> int | None:
        """Returns how the program ended, and leaves it to be waited for; None where it lives on."""
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline:
            found = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if found is not None:
                return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
            time.sleep(0.01)
        return None

    def _last_words(self) -> str:
        self.printed.seek(0)
        said = self.printed.read().decode(errors="replace").strip()
        return f"Its last words: {said[-_LAST_WORDS:]}" if said else "It printed nothing."


@contextmanager
def conversing(command: Sequence[str], *, limit_s: float) -> Iterator[Conversation]:
    """Starts a driver, and ends it and all that it started afterwards.

    Args:
        command: the program and its arguments; it is given none of our paths and one thread.
        limit_s: how long it may take to read a message, and to answer one.

    Raises:
        PeerFailed: it cannot be started.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with TemporaryFile() as printed:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed,
                env={**environment, **ONE_THREAD, "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise PeerFailed(f"{command[0]} cannot be started ({error.strerror}).") from error
        with process:
            assert process.stdin is not None
            os.set_blocking(process.stdin.fileno(), False)
            try:
                yield Conversation(process=process, printed=printed, limit_s=limit_s)
            finally:
                _end(process)


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program's whole group; one that has ended already is no error.

    The program is not waited for before: until then nobody else is given the number of its group.
    """
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
