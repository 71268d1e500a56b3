"""The inline engine: the whole loop in one process, with no server."""

from __future__ import annotations

from collections.abc import Callable

from planner.loop.advance import Step
from planner.loop.session import Session
from planner.loop.stretch import run_stretch


def run_inline(session: Session, *, is_asked_to_leave: Callable[[], bool] = lambda: False) -> Step:
    """Advances until the campaign has stopped or only people can move it.

    Args:
        session: under a lease.
        is_asked_to_leave: read between steps; true ends the run where it is, for a later one to
            go on from.

    Returns:
        The last step.
    """
    return run_stretch(session, is_asked_to_leave=is_asked_to_leave)
