"""Riding out a database that is started again: what may be tried again, and for how long.

Every step begins by reading the ledger, so one that broke off is simply done again: what it had
written is read, what it had not is decided anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from planner.errors import LedgerOutOfReach

T = TypeVar("T")

PATIENCE_S = 60.0
_PAUSE_S = 0.5


def ride_out(
    step: Callable[[], T],
    *,
    elapsed_s: Callable[[], float],
    wait_s: Callable[[float], object],
    is_asked_to_leave: Callable[[], bool] = lambda: False,
) -> T:
    """Does a step, again and again while the ledger's server does not answer.

    Args:
        step: reads the ledger first.
        elapsed_s: the time.
        wait_s: waits.
        is_asked_to_leave: ends it.

    Raises:
        LedgerOutOfReach: the server did not answer for a minute, or it was asked to leave.
    """
    began_s: float | None = None
    while True:
        try:
            return step()
        except LedgerOutOfReach:
            began_s = elapsed_s() if began_s is None else began_s
            if elapsed_s() - began_s > PATIENCE_S or is_asked_to_leave():
                raise
            wait_s(_PAUSE_S)
