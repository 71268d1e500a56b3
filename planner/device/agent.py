"""The agent: keeps the device's side of the dispatch contract, whatever crashes.

- An order is kept under its key before it is acknowledged, and acted on at most once.
- ``started`` is committed before anything moves, the result before it is told.
- What was moving when the program died is ``unknown`` afterwards: only a person can tell.
- It obeys one ledger, and of that ledger's drivers the one with the highest token.
- A stop works at once, from anybody who may speak at all, and holds until a person clears it.
"""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from planner.clock import Clock, SystemClock
from planner.device.authority import Authority, reject
from planner.device.contract import (
    Act,
    Adjustment,
    Control,
    Job,
    Reading,
    Rejected,
)
from planner.device.journal import Entry, Journal
from planner.device.limits import Field, fit_order, fit_settings
from planner.device.local_control import LocalControl
from planner.device.performing import perform
from planner.errors import InputError, UnitError, UnknownName, ValueOutOfRange
from planner.trials import Answer, DeviceState, Heartbeat, Order, Result, Setting

AT_MOST_OPEN = 1_000
_TRY_AGAIN_S = 1.0
_SETTINGS: TypeAdapter[dict[str, Setting]] = TypeAdapter(dict[str, Setting])

# Where the program passes while it works on a job; the virtual lab crashes at these.
Point = Literal["before accept", "accepted", "started", "acted", "ended"]
State = Literal["ready", "busy", "locked", "stopped"]


def _pass(_point: Point, _key: str) -> None:
    return


class Agent:
    """Takes orders, performs them one after the other in a thread, and tells what became of them.

    Args:
        journal: the device's memory.
        act: moves the device.
        fields: what can be set, within which limits; without any, orders go through unchecked.
        keep_reading: takes what sensors say while an act moves.
        clock: tells the time.
        is_simulated: whether no real device stands behind it.
        passing: is told where the program passes.
    """

    def __init__(
        self,
        journal: Journal,
        act: Act,
        *,
        fields: Mapping[str, Field] | None = None,
        keep_reading: Callable[[Reading], None] = lambda _: None,
        clock: Clock | None = None,
        is_simulated: bool = False,
        passing: Callable[[Point, str], None] = _pass,
    ) -> None:
        self._journal = journal
        self._authority = Authority(journal)
        self._act = act
        self._fields = fields or {}
        self._keep_reading = keep_reading
        self._clock = clock or SystemClock()
        self._is_simulated = is_simulated
        self._passing = passing
        self._changed = threading.Condition(threading.RLock())
        self._worker = threading.Thread(target=self._work, name="act", daemon=True)
        self._control: Control | None = None
        self._current: str | None = None
        self._is_ending = False
        self._local = LocalControl(journal.path)
        self._beats = 0
        self.listeners: list[Callable[[Answer], None]] = []
        self.boot_id = self._boot()
        self._latch = journal.fact("latch")

    def _boot(self) -> str:
        with self._journal.transaction():
            boot = int(self._journal.fact("boot") or 0) + 1
            self._journal.set_fact("boot", str(boot))
            for job in self._journal.open_jobs():
                if job.state is not DeviceState.ACCEPTED:
                    reason = "the device's program ended while it was at work on this"
                    self._end(job.key, DeviceState.UNKNOWN, reason=reason)
        return f"{boot}-{uuid.uuid4().hex[:12]}"

    def start(self) -> None:
        """Begins to perform what was accepted."""
        self._worker.start()

    def close(self, *, wait_s: float | None = None) -> bool:
        """Begins no further job, and waits for the one that is under way.

        Returns:
            Whether nothing is under way any more.
        """
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        if self._worker.is_alive():
            self._worker.join(wait_s)
        return not self._worker.is_alive()

    # what a planner may ask

    def take(self, order: Order) -> Answer:
        """Keeps an order and acknowledges it; a known one is answered with what became of it.

        Raises:
            Rejected: it is not taken, for the reason that it names.
        """
        with self._changed:
            self._authority.check(order.key, order.token, order.ledger)
            known = self._journal.find(order.key)
            if known is not None:
                if known.order.ledger != order.ledger:
                    whose = known.order.ledger or "without a name"
                    text = f"Job {order.key} was done here for ledger {whose}, and this is another."
                    reject(order.key, "other ledger", text)
                if known.digest != order.digest:
                    text = f"Job {order.key} is known here with other contents. Use another key."
                    reject(order.key, "other order", text)
                self._authority.obey(order.token, order.ledger)
                return self._answer(known)
            fault = self._find_fault(order)
            self._authority.obey(order.token, order.ledger)
            self._check_unlocked(order.key)
            self._passing("before accept", order.key)
            state = DeviceState.REFUSED if fault else DeviceState.ACCEPTED
            self._journal.insert(order, state=state, reason=fault, at=self._clock.now())
            self._passing("accepted", order.key)
            self._changed.notify_all()
            return self._tell(order.key)

    def answers(self, keys: Iterable[str]) -> list[Answer]:
        """Returns what became of these; unknown ones are left out."""
        known = (self._journal.find(key) for key in keys)
        return [self._answer(each) for each in known if each is not None]

    def abort(self, key: str, *, token: int, ledger: str, reason: str) -> Answer:
        """Takes a job back: at once where it has not begun, otherwise its act is asked to stop.

        Raises:
            Rejected: the sender may not, or the key is unknown.
        """
        with self._changed:
            self._authority.check(key, token, ledger)
            self._authority.obey(token, ledger)  # an older order for the key comes too late now
            job = self._find(key, ledger)
            if job.state is DeviceState.ACCEPTED:
                self._end(key, DeviceState.ABORTED, reason=f"never begun: {reason}")
            elif key == self._current and self._control is not None:
                self._control.ask_to_abort(reason)
            return self._tell(key)

    def adjust(
        self,
        key: str,
        number: int,
        *,
        digest: str,
        parameters: Mapping[str, Setting],
        token: int,
        ledger: str,
    ) -> Adjustment:
        """Changes settings of the job that is under way, at most once under each number.

        Raises:
            Rejected: the sender may not, the key is unknown, or the number is another change's.
        """
        with self._changed:
            self._authority.check(key, token, ledger)
            job = self._find(key, ledger)
            self._authority.obey(token, ledger)
            known = self._journal.find_adjustment(key, number)
            if known is not None:
                if known[0] != digest:
                    text = f"Adjustment {number} of job {key} is known here with other contents."
                    reject(key, "other order", text)
                return known[1]
            self._check_unlocked(key)
            settings, fault = self._fit_change(job, parameters)
            change = Adjustment(number=number, state="refused" if fault else "taken", reason=fault)
            content = _SETTINGS.dump_json(dict(parameters)).decode()
            self._journal.insert_adjustment(
                key, change, digest=digest, content=content, at=self._clock.now()
            )
            if not fault and self._control is not None:
                self._control.ask_to_adjust(settings)
            return change

    def stop(self, *, by: str, reason: str) -> Heartbeat:
        """Stops all at once, empties the queue, and takes nothing until a person clears it."""
        text = f"stopped by {by}: {reason}"
        self._latch = self._latch or text  # before anything that can wait or fail
        control = self._control
        if control is not None:
            control.ask_to_abort(text)
        with self._changed:
            self._latch = self._latch or text  # cleared in between
            if self._control is not None:  # begun in between
                self._control.ask_to_abort(text)
            self._journal.set_fact("latch", self._latch)
            waiting = [each.key for each in self._journal.open_jobs() if each.key != self._current]
            for key in waiting:
                self._end(key, DeviceState.ABORTED, reason=f"never begun: {text}")
                self._tell(key)
        return self.heartbeat()

    def clear(self, *, by: str, reason: str) -> Heartbeat:
        """Lets a stopped device take orders again; only a person may ask for this."""
        with self._changed:
            self._journal.set_fact("latch", "")
            self._journal.set_fact("cleared", f"{self._clock.now().isoformat()} {by}: {reason}")
            self._latch = ""
            self._changed.notify_all()
        return self.heartbeat()

    def release(self, *, by: str, reason: str) -> Heartbeat:
        """Forgets which ledger it obeys; only a person may ask for this.

        Raises:
            Rejected: a job is open.
        """
        with self._changed:
            for job in self._journal.open_jobs():
                text = f"Job {job.key} is {job.state}. Abort it or wait for its end, then release."
                reject(job.key, "locked", text)
            self._authority.release()
            self._journal.set_fact("released", f"{self._clock.now().isoformat()} {by}: {reason}")
        return self.heartbeat()

    def lock(self, reason: str) -> None:
        """Takes no orders and begins none until unlocked: local control, maintenance."""
        with self._changed:
            self._local.lock(reason)

    def unlock(self) -> None:
        """Takes orders again."""
        with self._changed:
            self._local.unlock()
            self._changed.notify_all()

    def heartbeat(self) -> Heartbeat:
        """Returns the device's word about itself."""
        with self._changed:
            self._beats += 1
            locked = self._local.reason or ("its program is ending" if self._is_ending else "")
            state: State = "ready" if self._current is None else "busy"
            state = "stopped" if self._latch else "locked" if locked else state
            return Heartbeat(
                boot_id=self.boot_id,
                sequence=self._beats,
                at=self._clock.now(),
                state=state,
                current_key=self._current,
                reason=self._latch or locked,
                simulated=self._is_simulated,
                ledger=self._authority.ledger,
            )

    # who may ask, and for what

    def _check_unlocked(self, key: str) -> None:
        reason = self._latch or self._local.reason
        if self._is_ending:
            reason = "its program is ending"
        elif not reason and self._journal.count_open() >= AT_MOST_OPEN:
            reason = f"{AT_MOST_OPEN} jobs are waiting"
        if reason:
            reject(key, "locked", f"This device takes no orders: {reason}.")

    def _find_fault(self, order: Order) -> str:
        """Returns why an order is refused for good, or nothing."""
        if order.not_after is not None:
            if order.not_after.tzinfo is None:
                reject(order.key, "bad message", "not_after has no time zone. Write it in UTC.")
            if self._clock.now() > order.not_after:
                return f"it was to begin by {order.not_after.isoformat()}, which has passed"
        try:
            fit_order(order, self._fields)
        except ValueOutOfRange as error:
            return str(error)
        except (UnknownName, UnitError) as error:
            reject(order.key, "bad message", str(error))
        return ""

    def _fit_change(
        self, job: Entry, parameters: Mapping[str, Setting]
    ) -> tuple[dict[str, Setting], str]:
        if job.key != self._current or self._control is None:
            return {}, f"the job is {job.state}, not under way"
        if not self._act.is_adjustable:
            return {}, "this device cannot be adjusted while it is at work"
        try:
            return fit_settings(parameters, self._fields), ""
        except InputError as error:
            return {}, str(error)

    def _find(self, key: str, ledger: str) -> Entry:
        job = self._journal.find(key)
        if job is None or job.order.ledger != ledger:
            reject(key, "unknown key", f"This device never took a job {key}.")
        return job

    # performing

    def _work(self) -> None:
        while (begun := self._begin_next()) is not None:
            job, control = begun
            self._passing("started", job.key)
            ended = perform(self._act, job, control)
            self._passing("acted", job.key)
            self._keep_end(job.key, ended)
            self._passing("ended", job.key)
            self._tell(job.key)

    def _begin_next(self) -> tuple[Job, Control] | None:
        """Waits for an accepted job and commits that it has started."""
        with self._changed:
            while not self._is_ending:
                locked = self._local.reason
                job = None if self._latch or locked else self._journal.next_job()
                if job is None:  # who unlocks it may be another program, which wakes nobody
                    self._changed.wait(_TRY_AGAIN_S if locked else None)
                elif fault := self._find_fault_again(job.order):
                    self._end(job.key, DeviceState.REFUSED, reason=fault)
                    self._tell(job.key)
                else:
                    return self._begin(job)
        return None

    def _find_fault_again(self, order: Order) -> str:
        """As before: it may have waited too long, or the limits are other ones since."""
        try:
            return self._find_fault(order)
        except Rejected as rejected:
            return rejected.rejection.reason

    def _begin(self, entry: Entry) -> tuple[Job, Control]:
        key = entry.key
        job = Job(
            key=key,
            parameters=fit_order(entry.order, self._fields),
            profiles=entry.order.profiles,
        )
        control = Control(
            keep_reading=self._keep_reading,
            keep_pause=lambda is_paused, reason: self._pause(key, is_paused, reason),
            now=self._clock.now,
        )
        self._journal.begin(key, at=self._clock.now())
        self._control, self._current = control, key
        self._tell(key)
        return job, control

    def _keep_end(self, key: str, ended: Answer) -> None:
        """Commits how a job ended; as long as the disk refuses, nothing else begins."""
        with self._changed:
            while True:
                try:
                    self._end(
                        key,
                        ended.state,
                        reason=ended.reason,
                        result=ended.result,
                        failure=ended.failure,
                    )
                    break
                except Exception as error:
                    sys.stderr.write(f"The end of {key} cannot be kept: {error}. Trying again.\n")
                    self._changed.wait(_TRY_AGAIN_S)
            self._control, self._current = None, None

    def _end(
        self,
        key: str,
        state: DeviceState,
        *,
        reason: str,
        result: Result | None = None,
        failure: Literal["machine", "process"] = "machine",
    ) -> None:
        at: datetime = self._clock.now()
        self._journal.end(key, state=state, at=at, result=result, reason=reason, failure=failure)

    def _pause(self, key: str, is_paused: bool, reason: str) -> None:
        with self._changed:
            self._journal.pause(key, is_paused=is_paused, reason=reason)
            self._tell(key)

    # telling

    def _answer(self, job: Entry) -> Answer:
        return Answer(
            key=job.key,
            state=job.state,
            result=job.result,
            reason=job.reason,
            failure=job.failure,
            boot_id=self.boot_id,
            began=job.began,
            ended=job.ended,
            ledger=job.order.ledger,
        )

    def _tell(self, key: str) -> Answer:
        """Returns what is committed of a job, and tells it to all who listen."""
        job = self._journal.find(key)
        assert job is not None  # it is told of what was kept
        answer = self._answer(job)
        for listener in self.listeners:
            listener(answer)
        return answer
