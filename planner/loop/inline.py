"""The inline engine: the whole loop in one process, with no server."""

from __future__ import annotations

from collections.abc import Callable

from planner.loop.advance import Step, Waiting, advance
from planner.loop.session import Session

FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 2.0


def run_inline(session: Session, *, is_asked_to_leave: Callable[[], bool] = lambda: False) -> Step:
    """Advances until the campaign has stopped or only people can move it.

    Args:
        session: under a lease.
        is_asked_to_leave: read between steps; true ends the run where it is, for a later one to
            go on from.

    Returns:
        The last step.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        step = advance(session)
        if step.waiting in (Waiting.END, Waiting.PERSON) or is_asked_to_leave():
            return step
        if step.waiting is Waiting.MACHINE:
            session.clock.wait_s(pause_s)
            pause_s = min(LONGEST_PAUSE_S, 1.5 * pause_s)
        else:
            pause_s = FIRST_PAUSE_S
