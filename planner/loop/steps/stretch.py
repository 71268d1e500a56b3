"""A stretch of a campaign: steps, one after the other, until it would only wait."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from planner.errors import StaleWrite
from planner.loop.dispatch.riding import ride_out
from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Perform, Step, Waiting, advance, perform_plainly

FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 2.0
MOST_STALE_STEPS = 20  # in a row: people do not act that fast, so something else is wrong


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a stretch ends although the campaign could go on.

    Args:
        steps: that moved something.
        still_s: how long nothing may move while a machine is at work.
    """

    steps: float = math.inf
    still_s: float = math.inf


def run_stretch(
    session: Session,
    *,
    limits: Limits = Limits(),
    perform: Perform = perform_plainly,
    is_asked_to_leave: Callable[[], bool] = lambda: False,
    after_step: Callable[[], None] = lambda: None,
) -> Step:
    """Advances until the campaign has stopped, would only wait, or a limit is reached.

    Waiting for people and for the source to open ends it at once; waiting for a machine only where
    the limits say so.

    Args:
        session: under a lease.
        limits: of this stretch.
        perform: wraps the parts of a step that do something.
        is_asked_to_leave: read between steps; true ends the stretch where it is, for a later one
            to go on from.
        after_step: is called between steps.

    Returns:
        The last step.

    Raises:
        StaleWrite: another process has taken the campaign, or its file was amended: open it again.
        LabUnavailable: the source was out of reach for a minute.
        LedgerUnavailable: the ledger was, or cannot be written.
    """
    n_moves, still_since, pause_s = 0, session.elapsed_s, FIRST_PAUSE_S
    advance_once = _Stepper(session, perform, is_asked_to_leave)
    while True:
        step = advance_once()
        after_step()
        if step.waiting in (Waiting.END, Waiting.PERSON, Waiting.TIME) or is_asked_to_leave():
            return step
        if step.waiting is Waiting.MACHINE:
            if session.elapsed_s - still_since >= limits.still_s:
                return step
            session.wait_s(pause_s)
            pause_s = min(LONGEST_PAUSE_S, 1.5 * pause_s)
            continue
        n_moves += 1
        if n_moves >= limits.steps:
            return step
        still_since, pause_s = session.elapsed_s, FIRST_PAUSE_S


class _Stepper:
    """Advances, and looks again where people have changed something while a step was decided."""

    def __init__(
        self, session: Session, perform: Perform, is_asked_to_leave: Callable[[], bool]
    ) -> None:
        self._session = session
        self._is_asked_to_leave = is_asked_to_leave
        self._perform = perform
        self._spec_digest = session.state.spec_digest
        self._n_stale = 0

    def __call__(self) -> Step:
        session = self._session
        try:
            step = ride_out(
                lambda: advance(session, perform=self._perform),
                elapsed_s=session.clock.elapsed_s,
                wait_s=session.clock.wait_s,
                is_asked_to_leave=self._is_asked_to_leave,
            )
        except StaleWrite:
            self._n_stale += 1
            if self._n_stale > MOST_STALE_STEPS:
                raise
            self._check_lease()
            step = Step(Waiting.NOTHING)
        else:
            self._n_stale = 0
        if self._session.state.spec_digest != self._spec_digest:
            raise StaleWrite(
                f"The file of campaign {self._session.campaign!r} was amended while it ran. "
                f"Run it again: it goes on with the file as it is now."
            )
        return step

    def _check_lease(self) -> None:
        """Raises StaleWrite, with the new holder's name, where the lease is lost."""
        if self._session.lease is not None:
            self._session.ledger.renew(self._session.lease)
        self._session.refresh()
