"""Eight devices that each break one promise: small changes to the reference agent.

Each is a process of its own, forked from a clean one so that a restart takes a moment, and killed
with kill -9.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from planner.device import Agent, running
from planner.device.authority import Authority, reject
from planner.device.config import read_device
from planner.device.contract import Control, Job
from planner.device.journal import Entry, Journal
from planner.trials import Answer, DeviceState, Order, Reported, Result, Setting
from tests.clean_processes import CLEAN

UP_WITHIN_S = 60.0


class ForgetsKeys(Agent):
    """Keeps its keys in memory, so to say: at boot they are gone."""

    def _boot(self) -> str:
        with self._journal.transaction():
            self._journal._write("DELETE FROM jobs")
        return super()._boot()


class ActsBeforeItCommits(Agent):
    """Moves first, and commits ``started`` together with the end."""

    def _begin(self, entry: Entry) -> tuple[Job, Control]:
        keep, self._journal.begin = self._journal.begin, lambda *_, **__: None  # type: ignore[method-assign]
        try:
            return super()._begin(entry)
        finally:
            self._journal.begin = keep  # type: ignore[method-assign]

    def _answer(self, job: Entry) -> Answer:
        answer = super()._answer(job)
        is_at_work = job.key == self._current and answer.state is DeviceState.ACCEPTED
        return replace(answer, state=DeviceState.STARTED) if is_at_work else answer


class AcknowledgesBeforeItKeeps(Agent):
    """Says ``done`` with the result, and commits it a while later."""

    told: Answer | None = None

    def _keep_end(self, key: str, ended: Answer) -> None:
        self.told = ended
        threading.Event().wait(3.0)
        self.told = None
        super()._keep_end(key, ended)

    def _answer(self, job: Entry) -> Answer:
        told = self.told
        answer = super()._answer(job)
        return replace(told, boot_id=self.boot_id) if told and told.key == job.key else answer


class _TakesAnyToken(Authority):
    def check(self, key: str, token: int, ledger: str) -> None:
        if self.ledger and ledger != self.ledger:
            reject(key, "other ledger", f"it obeys {self.ledger}")


class AcceptsStaleTokens(Agent):
    """Does not look at tokens."""

    def __init__(self, journal: Journal, act: Any, **more: Any) -> None:
        super().__init__(journal, act, **more)
        self._authority = _TakesAnyToken(journal)


class RunsWhatHasExpired(Agent):
    """Does not look at the clock."""

    def _find_fault(self, order: Order) -> str:
        return super()._find_fault(replace(order, not_after=None))


class SwapsUnits(Agent):
    """Takes the number of a setting and drops its unit."""

    def _begin(self, entry: Entry) -> tuple[Job, Control]:
        job, control = super()._begin(entry)
        read = {
            name: Setting(value=entry.order.parameters[name].value, unit=each.unit)
            for name, each in job.parameters.items()
        }
        return replace(job, parameters=read), control


class LiesAfterAReboot(Agent):
    """Makes up an end of what was under way."""

    def _end(self, key: str, state: DeviceState, **how: Any) -> None:
        if state is DeviceState.UNKNOWN:
            made_up = Result(outcomes={"yield": Reported(value=50.0, unit="percent")})
            state, how = DeviceState.DONE, {"reason": "", "result": made_up}
        super()._end(key, state, **how)


class DeliversOtherValues(Agent):
    """Measures again whenever it is asked."""

    times = 0

    def _answer(self, job: Entry) -> Answer:
        answer = super()._answer(job)
        if answer.result is None:
            return answer
        self.times += 1
        outcomes = {
            name: replace(each, value=float(each.value) + 0.01 * self.times)  # type: ignore[arg-type]
            for name, each in answer.result.outcomes.items()
        }
        return replace(answer, result=replace(answer.result, outcomes=outcomes))


# by what is wrong with it: the device, and the one promise that it breaks
BROKEN: Mapping[str, tuple[type[Agent], str]] = {
    "forgets keys": (ForgetsKeys, "keeps keys"),
    "acts before it commits": (ActsBeforeItCommits, "commits first"),
    "acknowledges before the result is kept": (AcknowledgesBeforeItKeeps, "keeps results"),
    "accepts a stale token": (AcceptsStaleTokens, "refuses stale tokens"),
    "runs what has expired": (RunsWhatHasExpired, "refuses the past"),
    "swaps units": (SwapsUnits, "keeps units"),
    "lies after a reboot": (LiesAfterAReboot, "tells the truth"),
    "delivers results twice with other values": (DeliversOtherValues, "one result"),
}


def _serve(kind: type[Agent], file: str, up: Any) -> None:
    running.Agent = kind  # type: ignore[misc]
    path = Path(file)
    device = running.Device(read_device(path), folder=path.parent)
    device.start()
    up.set()
    threading.Event().wait()


class Process:
    """A device's program: starts, is killed, and starts again."""

    def __init__(self, kind: type[Agent], file: Path) -> None:
        self._kind, self._file = kind, file
        self._process: ForkServerProcess | None = None

    def start(self) -> None:
        up = CLEAN.Event()
        self._process = CLEAN.Process(target=_serve, args=(self._kind, str(self._file), up))
        self._process.start()
        assert up.wait(UP_WITHIN_S)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()

    def restart(self) -> None:
        self.kill()
        self.start()


@contextmanager
def device_process(kind: type[Agent], file: Path) -> Iterator[Process]:
    process = Process(kind, file)
    process.start()
    try:
        yield process
    finally:
        process.kill()
