"""Acts that users bring: a Python function, or a program that reads and writes JSON."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from planner.device.contract import (
    Aborted,
    Control,
    Job,
    MachineFailed,
    ProcessFailed,
    as_result,
)
from planner.errors import InputError
from planner.trials import RESULTS, Result

MOST_BYTES = 32 * 2**20
_GRACE_S = 10.0
_JOBS: TypeAdapter[Job] = TypeAdapter(Job)


class FunctionAct:
    """Calls a function with the job and its control, in the agent's process.

    Args:
        function: returns a Result, or outcomes by name.
        is_adjustable: whether it asks its control for adjustments.
    """

    def __init__(self, function: Callable[[Job, Control], Any], *, is_adjustable: bool) -> None:
        self._function = function
        self.is_adjustable = is_adjustable

    def perform(self, job: Job, control: Control) -> Result:
        """Calls the function."""
        return as_result(self._function(job, control))


def find_function(name: str, *, folder: Path) -> Callable[[Job, Control], Any]:
    """Imports ``MODULE:FUNCTION``, from this folder or from what is installed.

    Raises:
        InputError: there is no such function, or its module cannot be imported.
    """
    module, _, attribute = name.partition(":")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        function = getattr(importlib.import_module(module), attribute, None)
    except Exception as error:
        raise InputError(
            f"The act {name!r} cannot be imported: {type(error).__name__}: {error}. "
            f"Its module is looked for in {folder} and among what is installed."
        ) from error
    if not callable(function):
        raise InputError(f"The module {module!r} has no function {attribute!r}. Check the name.")
    found: Callable[[Job, Control], Any] = function
    return found


class ProgramAct:
    """Starts a program for each job: the job as JSON on its stdin, the result on its stdout.

    It says ``{"outcomes": {"yield": {"value": 71.2, "unit": "percent"}}}``, or
    ``{"failed": "process", "reason": "..."}``. An exit code other than 0 means that the machine
    failed. To abort, it gets SIGTERM, and ten seconds later SIGKILL; its children too.

    Args:
        arguments: the program and what it is given; no shell reads them.
        folder: where it runs.
        limit_s: how long it may take; None means as long as it likes.
    """

    is_adjustable = False

    def __init__(self, arguments: Sequence[str], *, folder: Path, limit_s: float | None) -> None:
        self._arguments = list(arguments)
        self._folder = folder
        self._limit_s = limit_s

    def perform(self, job: Job, control: Control) -> Result:
        """Runs the program."""
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complained:
            code = self._run(job, control, said=said, complained=complained)
            if code == 0:
                return _read_result(_content(said))
            if control.is_aborting:
                raise Aborted(control.reason)
            words = _content(complained)[-500:].decode(errors="replace").strip()
            raise MachineFailed(f"{self._arguments[0]} ended with exit code {code}: {words}")

    def _run(self, job: Job, control: Control, *, said: IO[bytes], complained: IO[bytes]) -> int:
        try:
            process = subprocess.Popen(
                self._arguments,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=complained,
                start_new_session=True,  # so that its children can be ended with it
                close_fds=False,  # it holds the journal's lock as long as it moves the device
            )
        except OSError as error:
            raise MachineFailed(f"{self._arguments[0]} cannot be started: {error}") from error
        control.on_abort(lambda: _end(process))
        assert process.stdin is not None  # asked for above
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(_JOBS.dump_json(job))
        try:
            return process.wait(self._limit_s)
        except subprocess.TimeoutExpired as error:
            _end(process)
            process.wait()
            text = f"{self._arguments[0]} took longer than its limit of {self._limit_s:g} s"
            raise MachineFailed(f"{text} and was ended.") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks a program and its children to end, and ends those that do not."""

    def send(number: signal.Signals) -> None:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    send(signal.SIGTERM)
    force = threading.Timer(_GRACE_S, send, [signal.SIGKILL])
    force.daemon = True
    force.start()


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise MachineFailed(f"The program wrote more than {MOST_BYTES:,} bytes.")
    return content


def _read_result(content: bytes) -> Result:
    try:
        said = from_json(content)
        if isinstance(said, dict) and "failed" in said:
            failure = ProcessFailed if said["failed"] == "process" else MachineFailed
            raise failure(str(said.get("reason", "the program gave no reason")))
        return RESULTS.validate_json(content)
    except (ValidationError, ValueError) as error:
        text = content[:80].decode(errors="replace")
        raise MachineFailed(
            f"The program wrote {text!r}, which is no result. It writes JSON such as "
            f'{{"outcomes": {{"yield": {{"value": 71.2, "unit": "percent"}}}}}}.'
        ) from error
