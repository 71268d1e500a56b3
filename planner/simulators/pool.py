"""Runs simulators in worker processes: a time limit, and no crash that reaches the planner."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import Self

from planner.errors import Conflict, InputError, ValueOutOfRange
from planner.simulators.contract import Given
from planner.simulators.worker import FinishedRun, Job, Worker


class SimulatorPool:
    """Up to ``capacity`` worker processes, each used for many runs, replaced when it dies.

    Nothing happens between calls: jobs move on in `submit` and `poll`, which one thread calls.

    Args:
        capacity: processes at work at once.
        limit_s: seconds that one run may take; a run beyond it is ended and comes back timed out.

    Raises:
        ValueOutOfRange: a capacity below 1, or a limit that is not a finite time above 0.
    """

    def __init__(self, *, capacity: int, limit_s: float) -> None:
        if capacity < 1 or not (limit_s > 0 and math.isfinite(limit_s)):
            raise ValueOutOfRange(
                f"A pool of {capacity} workers with a limit of {limit_s} s cannot run anything. "
                "Give at least 1 worker and a finite limit above 0 s."
            )
        self.capacity = capacity
        self.limit_s = limit_s
        self._waiting: deque[Job] = deque()
        self._workers: list[Worker] = []
        self._selector = DefaultSelector()
        self._is_closed = False

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Ids of the runs that were submitted and not yet handed back by `poll`."""
        at_work = [worker.job.job_id for worker in self._workers if worker.job]
        return (*at_work, *(job.job_id for job in self._waiting))

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers that were started and not yet missed."""
        return tuple(worker.process.pid for worker in self._workers)

    def submit(
        self,
        job_id: str,
        simulator: str,
        *,
        inputs: Mapping[str, Given],
        theta: Mapping[str, float] | None = None,
        seed: int,
    ) -> None:
        """Queue one run; it starts at once where a worker is free.

        Args:
            job_id: the caller's key for the run.
            simulator: the name that `catalogue.find` knows. An unknown one, or inputs that the
                simulator refuses, come back from `poll` as rejected: only the worker loads it.
            inputs: value or course by input name, in the simulator's units.
            theta: value by calibration parameter, or None for the priors' nominals.
            seed: of all randomness in the run.

        Raises:
            Conflict: a run with this id is open.
            InputError: the pool was closed.
        """
        if self._is_closed:
            raise InputError(f"Run {job_id!r} was submitted to a closed pool. Open another.")
        if job_id in self.open_ids:
            raise Conflict(f"Run {job_id!r} is open already. Poll it first, or give another id.")
        job = Job(
            job_id=job_id,
            simulator=simulator,
            inputs=dict(inputs),
            theta=None if theta is None else dict(theta),
            seed=seed,
            limit_s=self.limit_s,
        )
        self._waiting.append(job)
        self._assign()

    def poll(self, *, wait_s: float = 0.0) -> tuple[FinishedRun, ...]:
        """The runs that have finished since the last call, in the order in which they ended.

        Args:
            wait_s: seconds to wait for at least one; 0 asks and returns.
        """
        until_s = time.monotonic() + wait_s
        while True:
            self._assign()
            finished = (*self._hear_until(until_s), *self._end_overdue())
            if finished or not self.open_ids or time.monotonic() >= until_s:
                self._assign()
                return finished

    def close(self) -> None:
        """End all workers; runs that are still open are dropped. A second call does nothing."""
        self._is_closed = True
        self._waiting.clear()
        for worker in tuple(self._workers):
            self._drop(worker)
            worker.process.kill()
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _assign(self) -> None:
        """Give waiting jobs to idle workers, and to new ones up to the capacity."""
        while self._waiting:
            worker = next((one for one in self._workers if one.job is None), None)
            if worker is None and len(self._workers) >= self.capacity:
                return
            worker = worker or self._start()
            if worker.begin(self._waiting[0]):
                self._waiting.popleft()
            else:  # it died idle, so nothing was run: the job goes to the next one
                self._drop(worker)
                worker.process.kill()

    def _start(self) -> Worker:
        worker = Worker()
        self._workers.append(worker)
        self._selector.register(worker, EVENT_READ, data=worker)
        return worker

    def _drop(self, worker: Worker) -> None:
        self._selector.unregister(worker)
        self._workers.remove(worker)

    def _hear_until(self, until_s: float) -> tuple[FinishedRun, ...]:
        """What the workers say, waiting until then or until the next run is overdue."""
        wake_s = min(until_s, *(worker.due_s() for worker in self._workers), math.inf)
        ready = self._selector.select(max(0.0, wake_s - time.monotonic()))
        return tuple(run for key, _ in ready for run in self._hear(key.data))

    def _hear(self, worker: Worker) -> tuple[FinishedRun, ...]:
        finished = worker.hear()
        if finished is not None:
            return finished
        self._drop(worker)
        if worker.untouched_job is not None:
            self._waiting.appendleft(worker.untouched_job)
            worker.process.kill()
            return ()
        return worker.bury()

    def _end_overdue(self) -> tuple[FinishedRun, ...]:
        now_s = time.monotonic()
        overdue = [worker for worker in self._workers if worker.due_s() <= now_s]
        for worker in overdue:
            self._drop(worker)
        return tuple(worker.time_out() for worker in overdue)
