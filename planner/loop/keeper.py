"""Keeping a campaign's lease while the loop thinks for longer than the lease runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from planner.errors import PlannerError
from planner.ledger import Lease, Ledger, this_process
from planner.loop.session import Session

_RENEWALS = 3  # within the time that a lease runs


@contextmanager
def holding(session: Session) -> Iterator[Lease]:
    """Takes the campaign's lease for a session, renews it in a thread, and gives it back.

    A lease that is lost meanwhile needs no message from the thread: the next write of the session
    carries the old epoch and is refused as stale.

    Raises:
        HeldByAnother: a live process holds it; the message says which.
    """
    lease = session.ledger.take(session.campaign, holder=this_process())
    session.lease = lease
    session.refresh()
    done = threading.Event()
    thread = threading.Thread(
        target=_renew, args=(session.ledger, lease, done), name="lease", daemon=True
    )
    thread.start()
    try:
        yield lease
    finally:
        done.set()
        thread.join()
        session.lease = None
        _give_back(session.ledger, lease)


def _renew(ledger: Ledger, lease: Lease, done: threading.Event) -> None:
    while not done.wait(lease.lease_s / _RENEWALS):
        try:
            lease = ledger.renew(lease)
        except PlannerError:
            return


def _give_back(ledger: Ledger, lease: Lease) -> None:
    try:
        ledger.release(lease)
    except PlannerError:
        return  # it was taken by another, or the database is gone; it runs out by itself
