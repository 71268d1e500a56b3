"""The inline engine: the whole loop in one process, with no server."""

from __future__ import annotations

from collections.abc import Callable

from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Step, Waiting
from planner.loop.steps.sleeping import sleep_until
from planner.loop.steps.stretch import run_stretch


def run_inline(
    session: Session,
    *,
    is_asked_to_leave: Callable[[], bool] = lambda: False,
    on_message: Callable[[str], None] = lambda _: None,
) -> Step:
    """Advances until the campaign has stopped or only people can move it.

    While the source is closed it sleeps.

    Args:
        session: under a lease.
        is_asked_to_leave: read between steps; true ends the run where it is, for a later one to
            go on from.
        on_message: hears until when it sleeps, and why.

    Returns:
        The last step.
    """
    said = ""
    while True:
        step = run_stretch(session, is_asked_to_leave=is_asked_to_leave)
        if step.waiting is not Waiting.TIME or step.until is None or is_asked_to_leave():
            return step
        if step.why != said:
            on_message(f"{session.campaign} {step.why}.")
            said = step.why
        sleep_until(session, step.until, is_asked_to_leave=is_asked_to_leave)
