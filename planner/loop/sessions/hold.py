"""The hold on a source's devices: their lease, renewed in a thread as long as it is kept."""

from __future__ import annotations

import threading

from planner.errors import LedgerOutOfReach, PlannerError
from planner.ledger import Lease, Ledger

_RENEWALS = 3  # within the time that a lease runs
_AGAIN_S = 1.0  # while the database is out of reach


class Hold:
    """A lease that is renewed until it is let go.

    One that is lost meanwhile needs no message from the thread: the device refuses the token, and
    the ledger the next write that rests on it.

    Args:
        ledger: that gave it.
        lease: of a campaign, or of a source's devices.
    """

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self._ledger = ledger
        self._lease = lease
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease {lease.name}", daemon=True)
        self._thread.start()

    @property
    def source(self) -> str:
        """Whose devices it is for."""
        return self._lease.name

    @property
    def token(self) -> int:
        """Travels with every command."""
        return self._lease.epoch

    @property
    def is_lost(self) -> bool:
        """Whether it could not be renewed."""
        return not self._thread.is_alive()

    def let_go(self) -> None:
        """Ends it; others may take it at once."""
        self._done.set()
        self._thread.join()
        try:
            self._ledger.release(self._lease)
        except PlannerError:
            return  # it was taken by another, or the database is gone; it runs out by itself

    def _renew(self) -> None:
        lease = self._lease
        pause_s = lease.lease_s / _RENEWALS
        while not self._done.wait(pause_s):
            try:
                lease = self._ledger.renew(lease)
                pause_s = lease.lease_s / _RENEWALS
            except LedgerOutOfReach:
                pause_s = _AGAIN_S  # whoever takes it meanwhile fences this one
            except PlannerError:
                return
