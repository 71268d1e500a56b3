"""Sleeping until the source opens: by the clock, with an ear for people and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from planner.loop.sessions.session import Session
from planner.loop.steps.outlook import has_work

SLICE_S = 0.5  # a person who asks to leave does not wait longer
LOOK_EVERY_S = 60.0  # at the ledger: people may have changed something


def sleep_until(
    session: Session,
    until: datetime,
    *,
    is_asked_to_leave: Callable[[], bool] = lambda: False,
) -> None:
    """Returns when the time has come, when something is to be done sooner, or asked to leave.

    Args:
        session: with or without a lease.
        until: the time.
        is_asked_to_leave: read twice a second.
    """
    looked_s, known = session.elapsed_s, session.state.sequence
    while not is_asked_to_leave():
        left_s = until.timestamp() - session.now_s
        if left_s <= 0:
            return
        session.clock.wait_s(min(SLICE_S, left_s))
        if session.elapsed_s - looked_s >= LOOK_EVERY_S:
            if session.refresh().sequence > known and has_work(session):
                return
            looked_s, known = session.elapsed_s, session.state.sequence
