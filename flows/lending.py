"""What a process that stays lends to the flow runs in it: its session, its ears, its patience.

A flow's parameters are shown in Prefect's pages and must be JSON; a session is neither.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from planner.loop.sessions.session import Session
from planner.loop.steps.advance import Step


@dataclass(slots=True)
class Loan:
    """What a stretch in this process works with, and what became of it.

    Args:
        session: under a lease.
        leave: set when the stretch is to end after its step.
        on_message: hears a sentence for the terminal.
        step: the last one; ``None`` as long as the stretch has not ended by itself.
        error: what the stretch raised.
        has_begun: whether the flow got as far as the work.
    """

    session: Session
    leave: threading.Event
    on_message: Callable[[str], None]
    step: Step | None = None
    error: BaseException | None = None
    has_begun: bool = False


_LOAN: ContextVar[Loan | None] = ContextVar("loan", default=None)


@contextmanager
def lending(loan: Loan) -> Iterator[Loan]:
    """Lets the flow runs called inside the block, in this thread, use a loan."""
    token = _LOAN.set(loan)
    try:
        yield loan
    finally:
        _LOAN.reset(token)


def borrowed() -> Loan | None:
    """Return what this process lends; ``None`` where a flow run is on its own."""
    return _LOAN.get()
