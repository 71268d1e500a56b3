"""Keeps one program from its start to its end, as a process of its own that survives the planner.

``python -I -S command_keeper.py FOLDER``: the folder holds ``job.json`` (program, folder, limits)
and ``order.json``, which the program reads. The keeper has inherited an open file with a lock on
``alive``, which therefore lasts exactly as long as it lives. It keeps the program's output within
its bounds, ends it when its time is over or a file ``abort`` appears, and writes ``ended.json``
last. It imports nothing but Python's own modules, since one is started for each run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

_LOOK_S = 0.02
_LAST_WORDS_S = 1.0  # for what a program that has ended still has in its pipes
_CHUNK = 65_536


class Output:
    """What a program writes, up to a size; the rest is counted and dropped.

    Args:
        pipe: where it comes from.
        path: of the file that it goes to.
        most: bytes that are kept.
    """

    def __init__(self, pipe: IO[bytes], path: Path, *, most: int) -> None:
        self._pipe, self._path, self._most = pipe, path, most
        self.n_bytes = 0
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    @property
    def is_too_long(self) -> bool:
        """Whether more came than is kept."""
        return self.n_bytes > self._most

    def finish(self) -> None:
        """Waits for the last words; who holds the pipe longer is not waited for."""
        self._thread.join(timeout=_LAST_WORDS_S)

    def _copy(self) -> None:
        with self._path.open("wb") as file:
            while chunk := os.read(self._pipe.fileno(), _CHUNK):
                left = self._most - self.n_bytes
                self.n_bytes += len(chunk)
                if left > 0:
                    file.write(chunk[:left])
                    file.flush()


def main() -> None:
    """Runs the program of a folder."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    write_ended(folder, keep(folder, job))


def keep(folder: Path, job: dict[str, object]) -> dict[str, object]:
    """Runs a program to its end and says how it ended."""
    if (folder / "abort").exists():
        return {"how": "aborted", "code": None}
    program = [str(word) for word in job["program"]]  # type: ignore[attr-defined]
    try:
        with (folder / "order.json").open("rb") as order:
            process = subprocess.Popen(
                program,
                cwd=str(job["folder"]),
                stdin=order,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,
            )
    except OSError as error:
        return {"how": "not started", "reason": f"{error.strerror}: {program[0]}"}
    (folder / "program.pid").write_text(str(process.pid))
    assert process.stdout is not None
    assert process.stderr is not None
    said = Output(process.stdout, folder / "stdout", most=int(str(job["most_bytes"])))
    told = Output(process.stderr, folder / "stderr", most=_CHUNK)
    reason = watch(process, said, folder, limit_s=job["limit_s"])  # type: ignore[arg-type]
    if reason is not None:
        end(process, grace_s=float(str(job["grace_s"])))
    said.finish()
    told.finish()
    if said.is_too_long:
        reason = "wrote too much"
    return {"how": reason or "by itself", "code": process.returncode}


def watch(
    process: subprocess.Popen[bytes], said: Output, folder: Path, *, limit_s: float | None
) -> str | None:
    """Waits for the end of a program, and returns why it is to be ended before, if so."""
    started = time.monotonic()
    while process.poll() is None:
        if (folder / "abort").exists():
            return "aborted"
        if limit_s is not None and time.monotonic() - started > limit_s:
            return "took too long"
        if said.is_too_long:
            return "wrote too much"
        time.sleep(_LOOK_S)
    return None


def end(process: subprocess.Popen[bytes], *, grace_s: float) -> None:
    """Ends a program and what it started: asked first, then by force."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace_s)
            # what it started may live on in its group
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            return


def write_ended(folder: Path, ended: dict[str, object]) -> None:
    """Writes how it ended: on the disk before it has its name, so that it is whole or not there."""
    for name in ("stdout", "stderr"):
        with contextlib.suppress(OSError), (folder / name).open("rb") as file:
            os.fsync(file.fileno())
    beside = folder / "ended.new"
    with beside.open("w") as file:
        json.dump(ended, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / "ended.json")
    opened = os.open(folder, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


def _environment() -> dict[str, str]:
    """Returns the environment without what is the planner's own: its token, its database."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PLANNER_")}


if __name__ == "__main__":
    main()
