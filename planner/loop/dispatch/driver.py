"""The driver: speaks to a source's devices beside the loop, under their lease.

The loop writes what is to be done into the ledger; the driver reads it there, does it, and writes
what the devices said. So a slow device does not hold up the thinking, nor a long fit the device,
and either may die at any moment. Two drivers of one source are harmless: one has the lease, and a
device refuses the other's token.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from planner.errors import PlannerError, StaleToken, StaleWrite
from planner.labs import DeviceLab, TellingLab
from planner.loop.dispatch.adjusting import send_adjustments
from planner.loop.dispatch.collect import end_overdue, open_runs, poll_source, record_answers
from planner.loop.dispatch.handing_over import may_be_there
from planner.loop.dispatch.hearing import Hearing, check_reality
from planner.loop.dispatch.keeper import let_devices_go, needs_hold
from planner.loop.dispatch.refusing import Refusals, record_refused
from planner.loop.dispatch.restarts import doubt_restarted
from planner.loop.dispatch.riding import ride_out
from planner.loop.dispatch.taking_back import take_back
from planner.loop.sessions.session import Session
from planner.loop.sessions.sharing import check_ledger
from planner.trials import Run, RunState

FIRST_PAUSE_S = 0.01
LONGEST_PAUSE_S = 2.0
HEARTBEAT_S = 5.0
LINGERS_S = 0.25
YIELDS_S = 0.3  # to campaigns that wait for the same devices, and try this often
HINT_PAUSE_S = 0.05  # until a device is asked that told something by itself
_LISTENING_S = 1.0


class Driver:
    """Drives the source of one campaign.

    Args:
        session: of its own, without the campaign's lease; nobody else uses it.
        on_news: is called after something was written.
        lingers_s: how long the lease is kept with nothing open, where nobody else waits for it.
    """

    def __init__(
        self,
        session: Session,
        *,
        on_news: Callable[[], None] = lambda: None,
        lingers_s: float = 0.0,
    ) -> None:
        self.session = session
        self._lingers_s = lingers_s
        self._busy_at = session.elapsed_s
        self._asked_at = session.elapsed_s
        self._on_news = on_news
        self._wake = threading.Event()
        self._heard_at = -math.inf
        self.error: PlannerError | None = None
        self.locked = ""
        self.closed: frozenset[str | None] = frozenset()
        source = session.state.spec.source
        self._refusals = Refusals()
        self._hearing = Hearing(session.lab, source=source, clock=session.clock)

    def step(self, *, asks: bool = True) -> bool:
        """Sends what waits, asks about what is open, and writes what was said.

        Args:
            asks: whether to ask now, or to go by what the devices told by themselves.

        Returns:
            Whether anything was written.

        Raises:
            PlannerError: the adapter does not do what it should, or the device obeys another
                ledger; nothing more can be done here.
        """
        session = self.session
        before = session.refresh().sequence
        is_other = self._hear()
        try:
            take_back(session, self.closed)
            record_answers(session, poll_source(session, asks=asks))
            send_adjustments(session)
            end_overdue(session)
            record_refused(session, self._refusals)
        except StaleToken:
            let_devices_go(session)
            raise
        except StaleWrite:
            # a person or another driver was faster: look again
            session.refresh()
        self._let_go_if_idle()
        return session.state.sequence > before or is_other

    def look(self) -> None:
        """Asks the devices how they are; what they say of themselves is written with a step."""
        self._hearing.listen()
        self.locked, self.closed = self._hearing.locked, self._hearing.closed

    def _let_go_if_idle(self) -> None:
        """Lets the next campaign speak to the devices once nothing is open there.

        To take a lease for each of many short runs would take longer than the runs, so it is kept
        for a moment where no other campaign has an order for the same devices.
        """
        session = self.session
        if any(self._is_busy_with(run) for _, run in open_runs(session)):
            self._busy_at = session.elapsed_s
        elif session.hold is not None and not self._may_linger():
            let_devices_go(session)

    def _is_busy_with(self, run: Run) -> bool:
        """Tells whether a run needs the devices; not one whose order is not to leave for now."""
        if run.state is RunState.DISPATCHING and run.kept_by not in (None, "busy", "locked"):
            return may_be_there(self.session, run)
        return run.state is not RunState.IN_DOUBT

    def _may_linger(self) -> bool:
        session = self.session
        if session.elapsed_s - self._busy_at >= self._lingers_s:
            return False
        waiting = session.ledger.outbox(source=session.state.spec.source.name)
        is_wanted = any(order.campaign != session.campaign for order in waiting)
        if is_wanted:
            session.yields_until = session.elapsed_s + YIELDS_S
        return not is_wanted

    def _hear(self) -> bool:
        """Asks the devices about themselves, now and then; tells whether a lock came or went."""
        session = self.session
        if session.elapsed_s - self._heard_at < HEARTBEAT_S:
            return False
        self._heard_at = session.elapsed_s
        hearing, source = self._hearing, session.state.spec.source
        for device, beat in hearing.listen().items():
            check_reality(source, device, beat)
            if device in hearing.shut:
                session.known_as_said.discard(device)  # before its next order it is asked anew
            else:
                session.known_as_said.add(device)
            doubt_restarted(session, device, beat)
            session.ledger.note_heartbeat(source.name, beat, device=device)
            if len(source.devices) > 1:
                session.unreachable_since = None  # the source is not, as long as one answers
        session.known_as_said -= hearing.silent  # nothing is sent there before it is heard again
        session.left_alone = hearing.left_alone
        was = self.locked, self.closed
        self.locked, self.closed = hearing.locked, hearing.closed
        return was != (self.locked, self.closed)

    def drive(self, *, is_asked_to_leave: Callable[[], bool]) -> None:
        """Steps until asked to leave; what goes wrong for good stays in ``error``."""
        is_telling = isinstance(self.session.lab, TellingLab)
        first_s = HINT_PAUSE_S if is_telling else FIRST_PAUSE_S
        pause_s, is_woken = first_s, False
        try:
            while not is_asked_to_leave():
                now_s = self.session.elapsed_s
                asks = not is_woken or now_s - self._asked_at >= pause_s
                if asks:
                    self._asked_at = now_s
                if self._step_on(asks, is_asked_to_leave):
                    pause_s = first_s
                    self._on_news()
                longest_s = LONGEST_PAUSE_S if not self.session.held_elsewhere else YIELDS_S / 2
                is_woken = self._wake.wait(min(pause_s, longest_s))
                if is_woken:
                    self._wake.clear()
                    pause_s = first_s
                else:
                    pause_s = min(LONGEST_PAUSE_S, 1.5 * pause_s)
        except PlannerError as error:
            self.error = error
            self._on_news()
        finally:
            let_devices_go(self.session)

    def _step_on(self, asks: bool, is_asked_to_leave: Callable[[], bool]) -> bool:
        clock = self.session.clock
        return ride_out(
            lambda: self.step(asks=asks),
            elapsed_s=clock.elapsed_s,
            wait_s=clock.wait_s,
            is_asked_to_leave=is_asked_to_leave,
        )

    @property
    def unreachable_since(self) -> float | None:
        """When the source was first out of reach, in ``elapsed_s``; None where it is not."""
        return self.session.unreachable_since

    def wake(self) -> None:
        """Lets it look at the ledger now."""
        self._wake.set()


@contextmanager
def driving(session: Session) -> Iterator[None]:
    """Drives the session's source in a thread beside it, where it has devices to speak to.

    Its devices are asked first how they are, so that nothing is prepared for one that is shut.

    Raises:
        Refused: they are real, and the ledger is the campaign's own.
    """
    if not needs_hold(session):
        yield
        return
    check_ledger(session.state.spec.source, is_shared=session.is_shared)
    driver = Driver(_beside(session), on_news=session.news.set, lingers_s=LINGERS_S)
    leave = threading.Event()
    thread = threading.Thread(
        target=driver.drive,
        kwargs={"is_asked_to_leave": leave.is_set},
        name=f"driver {session.state.spec.source.name}",
        daemon=True,
    )
    driver.look()
    session.driver = driver
    thread.start()
    if isinstance(session.lab, DeviceLab):
        listening = (session.lab, driver, leave)
        threading.Thread(target=_listen, args=listening, name="device news", daemon=True).start()
    try:
        yield
    finally:
        leave.set()
        driver.wake()
        thread.join()
        session.driver = None


def _listen(lab: DeviceLab, driver: Driver, leave: threading.Event) -> None:
    """Wakes the driver when a device says something by itself; a hint, for it asks anyway."""
    while not leave.is_set():
        if lab.wait_for_news(_LISTENING_S):
            driver.wake()


def _beside(session: Session) -> Session:
    """Returns a session on the same campaign with a state of its own."""
    return replace(
        session,
        state=session.state.copy(),
        lease=None,
        listener=lambda _entry, _state: None,
        resend_at={},
        began_at={},
        attempts={},
        unsent={},
        sent_here={},
        sent_elsewhere={},
        recalled={},
        left=set(),
        missed=set(),
        word_at={},
        boots={},
        asked_late={},
        late_words={},
        ends={},
        aborts_sent=set(),
        never_taken=set(),
        known_as_said=set(),
        hold=None,
        news=threading.Event(),
        driver=None,
    )
