"""The driver: speaks to a source's devices beside the loop, under their lease.

The loop writes what is to be done into the ledger; the driver reads it there, does it, and writes
what the devices said. So a slow device does not hold up the thinking, nor a long fit the device,
and either may die at any moment. Two drivers of one source are harmless: one has the lease, and a
device refuses the other's token.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from planner.errors import PlannerError, StaleToken, StaleWrite
from planner.labs import DeviceLab
from planner.ledger.replay import replay
from planner.loop.adjusting import send_adjustments
from planner.loop.collect import end_overdue, open_runs, poll_source, record_answers
from planner.loop.hearing import Hearing, check_reality
from planner.loop.interlocks import why_locked
from planner.loop.keeper import let_devices_go, needs_hold
from planner.loop.session import Session
from planner.trials import RunState

FIRST_PAUSE_S = 0.01
LONGEST_PAUSE_S = 2.0
HEARTBEAT_S = 5.0
_LISTENING_S = 1.0


class Driver:
    """Drives the source of one campaign.

    Args:
        session: of its own, without the campaign's lease; nobody else uses it.
        on_news: is called after something was written.
    """

    def __init__(self, session: Session, *, on_news: Callable[[], None] = lambda: None) -> None:
        self.session = session
        self._on_news = on_news
        self._wake = threading.Event()
        self._heard_at = -HEARTBEAT_S
        self.error: PlannerError | None = None
        self.locked = ""
        self.closed: frozenset[str | None] = frozenset()
        self._hearing = Hearing(session.lab)

    def step(self) -> bool:
        """Sends what waits, asks about what is open, and writes what was said.

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
            record_answers(session, poll_source(session))
            send_adjustments(session)
            end_overdue(session)
        except StaleToken:
            let_devices_go(session)
            raise
        except StaleWrite:
            pass  # a person or another driver was faster: look again
        if not any(run.state is not RunState.IN_DOUBT for _, run in open_runs(session)):
            let_devices_go(session)
        return session.refresh().sequence > before or is_other

    def _hear(self) -> bool:
        """Asks the devices about themselves, now and then; tells whether a lock came or went."""
        session = self.session
        if session.now_s - self._heard_at < HEARTBEAT_S:
            return False
        self._heard_at = session.now_s
        hearing, source = self._hearing, session.state.spec.source
        for device, beat in hearing.listen().items():
            check_reality(source, device, beat)
            session.known_as_said.add(device)
            session.ledger.note_heartbeat(source.name, beat, device=device)
            if len(source.devices) > 1:
                session.unreachable_since = None  # the source is not, as long as one answers
        session.left_alone = hearing.left_alone
        was = self.locked, self.closed
        self.locked, self.closed = why_locked(hearing.heard), hearing.closed
        return was != (self.locked, self.closed)

    def drive(self, *, is_asked_to_leave: Callable[[], bool]) -> None:
        """Steps until asked to leave; what goes wrong for good stays in ``error``."""
        pause_s = FIRST_PAUSE_S
        try:
            while not is_asked_to_leave():
                if self.step():
                    pause_s = FIRST_PAUSE_S
                    self._on_news()
                if self._wake.wait(pause_s):
                    self._wake.clear()
                    pause_s = FIRST_PAUSE_S
                else:
                    pause_s = min(LONGEST_PAUSE_S, 1.5 * pause_s)
        except PlannerError as error:
            self.error = error
            self._on_news()
        finally:
            let_devices_go(self.session)

    @property
    def unreachable_since(self) -> float | None:
        """When the source was first out of reach, in seconds of the clock; None where it is not."""
        return self.session.unreachable_since

    def wake(self) -> None:
        """Lets it look at the ledger now."""
        self._wake.set()


@contextmanager
def driving(session: Session) -> Iterator[None]:
    """Drives the session's source in a thread beside it, where it has devices to speak to."""
    if not needs_hold(session):
        yield
        return
    driver = Driver(_beside(session), on_news=session.news.set)
    leave = threading.Event()
    thread = threading.Thread(
        target=driver.drive,
        kwargs={"is_asked_to_leave": leave.is_set},
        name=f"driver {session.state.spec.source.name}",
        daemon=True,
    )
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
    state = replay(session.ledger.read(session.campaign))
    assert state is not None
    return replace(
        session,
        state=state,
        lease=None,
        listener=lambda _entry, _state: None,
        resend_at={},
        attempts={},
        unsent={},
        aborts_sent=set(),
        known_as_said=set(),
        hold=None,
        news=threading.Event(),
        driver=None,
    )
