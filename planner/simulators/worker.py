"""A worker with its run: what the messages of one process mean, and what its silence means."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from planner.simulators.contract import Given, SimulatorResult, Status, no_result
from planner.simulators.wire import read_result, written_input
from planner.simulators.worker_process import WorkerProcess

# Time to start Python and import the simulator; generous, as a disk may be cold and a user's
# simulator may import much. The limit of a run counts from when the simulator is loaded.
START_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run to be made; see `SimulatorPool.submit` for what the fields mean."""

    job_id: str
    simulator: str
    inputs: Mapping[str, Given]
    theta: Mapping[str, float] | None
    seed: int
    limit_s: float

    def message(self) -> dict[str, Any]:
        """The job as a worker process reads it, in Python's own number types."""
        return {
            "job_id": self.job_id,
            "simulator": self.simulator,
            "inputs": {name: written_input(given) for name, given in self.inputs.items()},
            "theta": None if self.theta is None else _plain(self.theta),
            "seed": int(self.seed),
            "limit_s": float(self.limit_s),
        }


def _plain(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run that is over, whatever came of it.

    Args:
        job_id: the id it was submitted under.
        result: its values, or the reason why there are none.
        run_s: seconds in the simulator itself; for a worker that ended, until it did.
        worker_died: whether the worker process ended during the run, by no act of ours.
    """

    job_id: str
    result: SimulatorResult
    run_s: float
    worker_died: bool = False


class Worker:
    """A process and the run that it has in hand, if any."""

    def __init__(self) -> None:
        self.process = WorkerProcess()
        self.job: Job | None = None
        self._is_loaded = False
        self._has_served = False
        self._since_s = 0.0

    def fileno(self) -> int:
        """Where its messages arrive, for a selector to wait on."""
        return self.process.fileno()

    def begin(self, job: Job) -> bool:
        """Hand it a run; False where the process is gone."""
        self.job, self._is_loaded, self._since_s = job, False, time.monotonic()
        return self.process.send(job.message())

    def hear(self) -> tuple[FinishedRun, ...] | None:
        """The run that it says is finished, if it says so; None where the process is gone."""
        messages = self.process.read()
        if messages is None:
            return None
        return tuple(run for message in messages for run in self._take(message))

    def _take(self, message: Mapping[str, Any]) -> tuple[FinishedRun, ...]:
        if "started" in message:
            self._is_loaded, self._since_s = True, time.monotonic()
            return ()
        self.job, self._has_served = None, True
        result = read_result(message["result"])
        return (FinishedRun(job_id=message["job_id"], result=result, run_s=message["run_s"]),)

    @property
    def untouched_job(self) -> Job | None:
        """A run that was handed to it as it died idle: it had served before, and began nothing.

        A new worker that dies before it begins may have died of what it was to load.
        """
        return self.job if self._has_served and not self._is_loaded else None

    def due_s(self) -> float:
        """When its run has taken too long, on the monotonic clock; never where it has none."""
        if self.job is None:
            return float("inf")
        return self._since_s + (self.job.limit_s if self._is_loaded else START_LIMIT_S)

    def time_out(self) -> FinishedRun:
        """End it because its run is overdue."""
        assert self.job is not None
        self.process.kill()
        what, limit_s = ("run", self.job.limit_s) if self._is_loaded else ("start", START_LIMIT_S)
        message = (
            f"Simulator {self.job.simulator!r} was ended: its {what} took longer than {limit_s:g} "
            "s. Raise the limit, or look for inputs at which it does not converge."
        )
        return self._without_result(Status.TIMED_OUT, message, worker_died=False)

    def bury(self) -> tuple[FinishedRun, ...]:
        """Clear away a process that is gone; its run, if it had one, has failed."""
        ending = self.process.kill()
        if self.job is None:
            return ()
        message = f"The worker process of simulator {self.job.simulator!r} {ending}"
        return (self._without_result(Status.FAILED, message, worker_died=True),)

    def _without_result(self, status: Status, message: str, *, worker_died: bool) -> FinishedRun:
        assert self.job is not None
        return FinishedRun(
            job_id=self.job.job_id,
            result=no_result(status, message),
            run_s=time.monotonic() - self._since_s,
            worker_died=worker_died,
        )
