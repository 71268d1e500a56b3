"""A program as a lab: it reads an order as JSON and writes its result as JSON.

Of class fire and observe: a program knows no keys, and what was started is not started again. Each
run has a folder under its key, made before the program starts; what is in it is the evidence after
a crash of the planner: how the run ended, or a keeper that lives, or neither.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from planner.campaign import CampaignSpec, CommandDevice
from planner.clock import Clock, SystemClock
from planner.errors import Conflict, InputError, LabUnavailable, Refused, Unanswered
from planner.labs.command_ends import read_end
from planner.labs.contract import Adjustment, DeliveryClass
from planner.labs.message import Message, write_body
from planner.labs.replies import check_size
from planner.labs.translation import Translation
from planner.trials import Answer, DeviceState, Heartbeat, Order, Setting

MOST_OUTPUT_BYTES = 16 << 20
_LOOK_S = 0.02
_KEEPER = Path(__file__).with_name("command_keeper.py")


class CommandLab:
    """Runs a program for each order, and reads what became of it from its folder.

    Args:
        source: the program, its limits, names and units.
        spec: the campaign, for the names and units of parameters and outcomes.
        folder: of the campaign file, where the program runs.
        home: where the folders of runs lie.
        clock: tells the time.

    Raises:
        InputError: there is no such program, or the map loses something.
    """

    delivery = DeliveryClass.FIRE_AND_OBSERVE
    is_person = False

    def __init__(
        self,
        source: CommandDevice,
        spec: CampaignSpec,
        *,
        folder: Path,
        home: Path,
        clock: Clock | None = None,
    ) -> None:
        self.devices: tuple[str | None, ...] = (None,)
        self.is_repeatable = source.repeatable
        self._source = source
        self._clock = clock or SystemClock()
        self._translation = Translation(source, spec)
        self._program = find_program(source, folder=folder)
        self._folder, self._home = folder.resolve(), home.resolve()
        self._keepers: dict[str, subprocess.Popen[bytes]] = {}
        self._boot_id = f"{os.getpid()}-{time.time_ns()}"
        self._sequence = 0
        self._closed = threading.Event()

    def __repr__(self) -> str:
        return f"CommandLab({self._source.name!r})"

    def submit(self, order: Order) -> Answer:
        """Starts the program, unless this key was started before: then says what is known."""
        self._check_clear()
        if order.not_after is not None and self._clock.now() > order.not_after:
            reason = f"it was not to be started after {order.not_after.isoformat()}"
            return Answer(key=order.key, state=DeviceState.REFUSED, reason=reason)
        body = write_body(self._translation.write_order(order))
        check_size(body)
        run = self._run_folder(order.key)
        if run.is_dir():
            return self._known_before(order)
        with self._draft(run) as draft, (draft / "alive").open("wb") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX)  # the keeper inherits it, and nobody else
            self._write_job(draft, order, body)
            try:
                draft.rename(run)  # with its lock, or not there: another process may look
            except FileExistsError:
                return self._known_before(order)
            except OSError as error:
                if error.errno == errno.ENOTEMPTY:
                    return self._known_before(order)
                raise
            _sync_folder(run.parent)
            try:
                self._check_clear()  # from here on a stop finds the folder
            except LabUnavailable:
                shutil.rmtree(run, ignore_errors=True)
                raise
            self._start_keeper(run, order.key, alive=alive.fileno())
        reason = f"see {run}"
        started = DeviceState.STARTED
        return Answer(key=order.key, state=started, reason=reason, ledger=order.ledger)

    @contextlib.contextmanager
    def _draft(self, run: Path) -> Iterator[Path]:
        """Makes a folder that becomes a run's by a new name, and removes it if it does not.

        Raises:
            LabUnavailable: the disk does not take it; nothing was started.
        """
        try:
            run.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".new-", dir=run.parent))
            draft.chmod(0o755)
            try:
                yield draft
            finally:
                shutil.rmtree(draft, ignore_errors=True)
        except OSError as error:
            raise LabUnavailable(
                f"The folder {run} of the run cannot be made: {error.strerror}. Nothing was "
                f"started. Make room, or mend its permissions."
            ) from error

    def poll(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Reads what became of runs; one that never had a folder is left out."""
        found = {key: self._look(key) for key in keys}
        return {key: answer for key, answer in found.items() if answer is not None}

    def abort(self, key: str, *, token: int = 0, ledger: str = "") -> Answer:
        """Asks a program to end, by force after its grace; waits until it has."""
        run = self._run_folder(key)
        if not run.is_dir():
            return Answer(key=key, state=DeviceState.ABORTED, reason="it was never started")
        (run / "abort").touch()
        until = time.monotonic() + 2 * self._source.grace + 1.0
        while (answer := self._look(key)) is not None:
            if answer.state is not DeviceState.STARTED or time.monotonic() > until:
                return answer
            time.sleep(_LOOK_S)
        raise AssertionError("its folder is there")

    def heartbeat(self, device: str | None = None) -> Heartbeat:
        """Says whether programs run; it is this adapter's own word."""
        self._sequence += 1
        running = self._running()
        stopped = self._stopped()
        return Heartbeat(
            boot_id=self._boot_id,
            sequence=self._sequence,
            at=self._clock.now(),
            state="stopped"
            if stopped is not None
            else "busy"
            if len(running) >= self._source.capacity
            else "ready",
            current_key=running[0] if running else None,
            reason=stopped or "",
            simulated=self._source.simulated,
        )

    def adjust(
        self,
        key: str,
        *,
        number: int,
        digest: str,
        parameters: Mapping[str, Setting],
        token: int,
        ledger: str,
        device: str | None = None,
    ) -> Adjustment:
        """Refuses: a program has read its order when it starts."""
        reason = "a program reads its order once, when it starts"
        return Adjustment(number=number, state="refused", reason=reason)

    def stop(self, *, by: str, reason: str, device: str | None = None) -> Heartbeat:
        """Asks all programs to end, and starts none until this is cleared.

        It waits for none: as long as its heartbeat names a run, a program still has its grace.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        _latch_in(self._home).write_text(f"{reason} ({by})", encoding="utf-8")
        for key in self._running():
            with contextlib.suppress(FileNotFoundError):  # it was not started after all
                (self._run_folder(key) / "abort").touch()
        return self.heartbeat()

    def clear(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        """Lets programs be started again; who may say so, the planner has checked."""
        clear_programs(self._home)
        return self.heartbeat()

    def release(
        self, *, clear_token: str, by: str, reason: str, device: str | None = None
    ) -> Heartbeat:
        """Does nothing: a program obeys no ledger."""
        return self.heartbeat()

    def wait_for_news(self, timeout_s: float) -> bool:
        """Waits until a program of ours ends, at most this long."""
        until = time.monotonic() + timeout_s
        while not self._closed.is_set():
            if any(each.poll() is not None for each in list(self._keepers.values())):
                return True
            left = until - time.monotonic()
            if left <= 0:
                break
            self._closed.wait(min(left, _LOOK_S))
        return False

    def close(self) -> None:
        """Lets go of the programs; they run on."""
        self._closed.set()
        for keeper in self._keepers.values():
            keeper.returncode = keeper.poll() or 0  # it is not waited for, and that is meant
        self._keepers.clear()

    def _stopped(self) -> str | None:
        try:
            return _latch_in(self._home).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _check_clear(self) -> None:
        """Accepts that a program is started now.

        Raises:
            LabUnavailable: all are stopped.
        """
        why = self._stopped()
        if why is not None:
            raise LabUnavailable(
                f"Source {self._source.name!r} is stopped: {why}. Nothing was started. 'planner "
                f"clear' lets it go on."
            )

    def _run_folder(self, key: str) -> Path:
        return self._home / quote(key, safe="")

    def _running(self) -> list[str]:
        return sorted(
            unquote(each.name)
            for each in self._home.glob("*%2F*")
            if each.is_dir() and not (each / "ended.json").exists() and _is_kept(each)
        )

    def _known_before(self, order: Order) -> Answer:
        """Returns what is known of a key that has its folder."""
        run = self._run_folder(order.key)
        told = _read_json(run / "job.json")
        if told is not None and told.get("ledger", "") != order.ledger:
            raise Refused(
                f"The key {order.key} was started before for another ledger, see {run}: a campaign "
                f"of this name ran here and was begun anew. Nothing was started. Give the campaign "
                f"another name, or move {self._home} away, which is the record of what was run."
            )
        if told is not None and told.get("digest") != order.digest:
            raise Conflict(
                f"The key {order.key} was started before for another order, see {run}. Nothing was "
                f"started."
            )
        answer = self._look(order.key)
        if answer is None:  # stopped while another process was about to start it
            raise LabUnavailable(f"{run} is gone again. Nothing was started.")
        return answer

    def _write_job(self, run: Path, order: Order, body: bytes) -> None:
        job = {
            "key": order.key,
            "digest": order.digest,
            "ledger": order.ledger,
            "program": self._program,
            "folder": str(self._folder),
            "limit_s": self._source.time_limit,
            "grace_s": self._source.grace,
            "most_bytes": MOST_OUTPUT_BYTES,
        }
        for name, content in (("order.json", body), ("job.json", json.dumps(job).encode())):
            with (run / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync_folder(run)

    def _start_keeper(self, run: Path, key: str, *, alive: int) -> None:
        try:
            with (run / "keeper.log").open("wb") as log:
                self._keepers[key] = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_KEEPER), str(run)],
                    pass_fds=[alive],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:  # no process was made, so nothing has run
            shutil.rmtree(run)
            raise LabUnavailable(
                f"The program of source {self._source.name!r} cannot be started: "
                f"{error.strerror}. Nothing was started."
            ) from error

    def _look(self, key: str) -> Answer | None:
        """Returns what the folder of a run says: its end, that it is kept, or that nobody knows."""
        run = self._run_folder(key)
        if not run.is_dir():
            return None
        keeper = self._keepers.get(key)
        is_alive = _is_kept(run) or (keeper is not None and keeper.poll() is None)
        ended = _read_json(run / "ended.json")  # after the look at who lives: it is written before
        if ended is not None:
            self._keepers.pop(key, None)
            answer = self._translation.read_answer(read_end(key, run, ended))
        elif is_alive:
            answer = Answer(key=key, state=DeviceState.STARTED, reason=f"see {run}")
        else:
            reason = f"it was started and its end was not seen; look at {run}{_program_of(run)}"
            answer = Answer(key=key, state=DeviceState.UNKNOWN, reason=reason)
        return replace(answer, ledger=(_read_json(run / "job.json") or {}).get("ledger", ""))


def home_of(spec: CampaignSpec, *, folder: Path) -> Path:
    """Returns where the folders of a campaign's runs lie."""
    return folder / f"{spec.campaign}.planner" / "runs"


def clear_programs(home: Path) -> bool:
    """Lets the programs of a campaign be started again, and tells whether they were stopped."""
    latch = _latch_in(home)
    was_stopped = latch.exists()
    latch.unlink(missing_ok=True)
    return was_stopped


def _latch_in(home: Path) -> Path:
    return home / "stopped"


def find_program(source: CommandDevice, *, folder: Path) -> list[str]:
    """Returns the program with its whole path, and its arguments.

    Raises:
        InputError: there is no such program.
    """
    name = source.program[0]
    beside = folder / name
    found = str(beside.resolve()) if "/" in name and beside.is_file() else shutil.which(name)
    if found is None or not os.access(found, os.X_OK):
        what = "is no program that may be run" if found else "is not there"
        raise InputError(
            f"The program {name!r} of source {source.name!r} {what}. Write its path from the "
            f"campaign file's folder, or put it on the PATH"
            + (f"; or type: chmod +x {found}" if found else ".")
        )
    return [found, *source.program[1:]]


def describe_message(source: CommandDevice, spec: CampaignSpec, order: Order) -> Message:
    """Returns what a program would read; nothing is started."""
    return Message(
        action="run",
        to=" ".join(source.program),
        headers={"stdin": "application/json"},
        body=write_body(Translation(source, spec).write_order(order)),
    )


def _is_kept(run: Path) -> bool:
    """Tells whether a keeper lives: it holds its lock until it ends, however that is."""
    try:
        with (run / "alive").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _program_of(run: Path) -> str:
    with contextlib.suppress(OSError):
        return f", and whether process {(run / 'program.pid').read_text()} still runs"
    return ""


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Unanswered(f"{path} cannot be read: {error}. Look what it holds.") from error
    return content if isinstance(content, dict) else None


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
