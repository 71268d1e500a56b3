"""The device's jobs as others hear of them: what is committed, and then told.

The agent's lock is held by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from planner.clock import Clock
from planner.device.authority import reject
from planner.device.journal import Entry, Journal
from planner.trials import Answer, DeviceState, Result


class Jobs:
    """Ends jobs, and answers with the word that is committed of them.

    Args:
        journal: the device's memory.
        clock: tells the time.
        boot_id: of the program's present start.
    """

    def __init__(self, journal: Journal, *, clock: Clock, boot_id: str) -> None:
        self._journal = journal
        self._clock = clock
        self._boot_id = boot_id
        self.listeners: list[Callable[[Answer], None]] = []

    def find(self, key: str) -> Entry:
        """Returns a job.

        Raises:
            Rejected: the device never took it.
        """
        job = self._journal.find(key)
        if job is None:
            reject(key, "unknown key", f"This device never took a job {key}.")
        return job

    def end(
        self,
        key: str,
        state: DeviceState,
        *,
        reason: str,
        result: Result | None = None,
        failure: Literal["machine", "process"] = "machine",
    ) -> None:
        """Commits how a job ended; nobody is told yet."""
        at = self._clock.now()
        self._journal.end(key, state=state, at=at, result=result, reason=reason, failure=failure)

    def answer(self, job: Entry) -> Answer:
        """Returns the device's word for a job."""
        return Answer(
            key=job.key,
            state=job.state,
            result=job.result,
            reason=job.reason,
            failure=job.failure,
            boot_id=self._boot_id,
            began=job.began,
            ended=job.ended,
        )

    def tell(self, key: str) -> Answer:
        """Returns what is committed of a job, and tells it to all who listen."""
        answer = self.answer(self.find(key))
        for listener in self.listeners:
            listener(answer)
        return answer
