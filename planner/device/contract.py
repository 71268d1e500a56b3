"""What the agent and an act promise each other.

An *act* is what a user writes: it moves the device for one job. The agent does the rest: it keeps
the job, refuses what must not run, and tells what became of it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from planner.errors import PlannerError, Refused
from planner.space import ProfileTable, Value
from planner.trials import Rejection, Reported, Result, Setting

Quality = Literal["good", "uncertain", "bad"]


class ProcessFailed(PlannerError):
    """The chemistry refused: an observation that these settings do not work."""


class MachineFailed(PlannerError):
    """The machine failed: nothing is learned, and it may be tried again."""


class Aborted(PlannerError):
    """The act stopped because it was asked to."""


class Rejected(Refused):
    """A command was not taken; nothing was kept and nothing will be done.

    Args:
        rejection: which rule it broke, in words for a person.
    """

    def __init__(self, rejection: Rejection) -> None:
        self.rejection = rejection
        super().__init__(rejection.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What an act is to do.

    Args:
        key: of the run.
        parameters: by the device's own names, in its own units where the file states them.
        profiles: programmes in time, by name.
    """

    key: str
    parameters: Mapping[str, Setting]
    profiles: Mapping[str, ProfileTable] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Value:
        """Returns the value that is asked for, in the device's own unit."""
        return self.parameters[name].value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of a sensor, word for word as it travels.

    Args:
        name: of what was read.
        unit: of the value.
        value: None where the sensor gave none.
        quality: what the sensor thinks of it.
        at: when it was read, by the device's clock.
        sequence: counts a device's readings, over its restarts too; 0 until it is kept.
    """

    name: str
    unit: str
    value: float | None
    quality: Quality
    at: datetime
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A change of a running job, and the device's word on it."""

    number: int
    state: Literal["taken", "refused"]
    reason: str = ""


class Control:
    """What an act hears and says while it moves.

    Args:
        keep_reading: takes what a sensor says.
        keep_pause: takes whether the job is paused, and why.
        now: tells the time.
    """

    def __init__(
        self,
        *,
        keep_reading: Callable[[Reading], None],
        keep_pause: Callable[[bool, str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._keep_reading = keep_reading
        self._keep_pause = keep_pause
        self._now = now
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._on_abort: Callable[[], None] | None = None
        self._changes: list[Mapping[str, Setting]] = []
        self.reason = ""
        self.achieved: dict[str, Reported] = {}

    @property
    def is_aborting(self) -> bool:
        """Whether the act should stop as soon as that is safe."""
        return self._asked.is_set()

    def check(self) -> None:
        """Goes on, unless the act should stop.

        Raises:
            Aborted: it should; let it through, once the device is safe.
        """
        if self.is_aborting:
            raise Aborted(self.reason)

    def wait_s(self, seconds: float) -> None:
        """Waits, and no longer than until the act should stop.

        Raises:
            Aborted: it should.
        """
        self._asked.wait(seconds)
        self.check()

    def on_abort(self, call: Callable[[], None]) -> None:
        """Has ``call`` called at once when the act should stop, from another thread."""
        with self._lock:
            self._on_abort = call
            is_late = self.is_aborting
        if is_late:
            call()

    def adjustments(self) -> list[Mapping[str, Setting]]:
        """Returns the changes of settings that came since this was last asked, each once."""
        with self._lock:
            changes, self._changes = self._changes, []
        return changes

    def read(self, name: str, value: float | None, *, unit: str, quality: Quality = "good") -> None:
        """Reports what a sensor says; what is no number is no value, and bad."""
        if value is None or not math.isfinite(value):
            value, quality = None, "bad"
        reading = Reading(name=name, unit=unit, value=value, quality=quality, at=self._now())
        self._keep_reading(reading)

    def achieve(self, name: str, value: float | str, *, unit: str | None = None) -> None:
        """Reports what a setting really was."""
        self.achieved[name] = Reported(value=value, unit=unit)

    def pause(self, reason: str) -> None:
        """Says that the job stands still for now."""
        self._keep_pause(True, reason)

    def resume(self) -> None:
        """Says that the job goes on."""
        self._keep_pause(False, "")

    def ask_to_abort(self, reason: str) -> None:
        """Asks the act to stop; the agent calls this."""
        with self._lock:
            self.reason = self.reason or reason
            self._asked.set()
            call = self._on_abort
        if call is not None:
            call()

    def ask_to_adjust(self, settings: Mapping[str, Setting]) -> None:
        """Hands a change of settings to the act; the agent calls this."""
        with self._lock:
            self._changes.append(settings)


class Act(Protocol):
    """Moves the device for one job at a time."""

    @property
    def is_adjustable(self) -> bool:
        """Whether it asks its control for adjustments while it moves."""
        ...

    def perform(self, job: Job, control: Control) -> Result:
        """Does what is asked and returns what it brought.

        Raises:
            ProcessFailed: these settings do not work.
            MachineFailed: the machine failed.
            Aborted: it was asked to stop and has.
        """
        ...


def as_result(said: Any) -> Result:
    """Reads what an act returned: a Result, or outcomes by name.

    An outcome is a number, a text, a ``Reported``, or a pair of a number and its unit.

    Raises:
        MachineFailed: it is none of these.
    """
    if isinstance(said, Result):
        return said
    if isinstance(said, Mapping) and said:
        return Result(outcomes={str(name): _as_reported(name, each) for name, each in said.items()})
    raise MachineFailed(
        f"The act returned {said!r:.60}: return outcomes by name, such as {{'yield': 71.2}}."
    )


def _as_reported(name: object, said: Any) -> Reported:
    match said:
        case Reported():
            return said
        case bool():
            pass
        case int() | float() | str():
            return Reported(value=said)
        case (int() | float() as value, str() as unit):
            return Reported(value=float(value), unit=unit)
    raise MachineFailed(
        f"The act returned {said!r:.60} for {name!r}: return a number, a text, "
        f"or a number with its unit, such as (71.2, 'percent')."
    )
