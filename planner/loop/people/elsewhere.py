"""What somebody asked elsewhere, such as in Prefect's pages, where people have no names.

There anybody may stop a campaign; to let it go on takes a person with a name, by ``planner go``.
"""

from __future__ import annotations

from datetime import datetime

from planner.errors import StaleWrite
from planner.ledger.entries import Record, WantedSet
from planner.loop.sessions.session import Session
from planner.trials import DISPATCHING, Wanted


def enter_drain(
    session: Session, act: str, *, at: datetime, author: str, reason: str, go: str = ""
) -> bool:
    """Enters, once, that somebody asked elsewhere for nothing more to be proposed.

    No role is asked for, since stopping is safe. What must not be dispatched stays so.

    Args:
        session: with or without a lease.
        act: what names it; of several processes that see it, one enters it.
        at: when it was done; before the campaign was opened it was done to an earlier one.
        author: where it was done.
        reason: what was done, in words.
        go: why the campaign goes on all the same; empty: it does not.

    Returns:
        Whether this call entered it.
    """
    state = session.refresh()
    if act in state.acts or at < state.opened_at:
        return False
    wanted = Wanted.DRAIN if state.wanted in DISPATCHING else Wanted.PAUSE
    records: list[Record] = [WantedSet(wanted=wanted, reason=reason, act=act)]
    try:
        session.ledger.append(session.campaign, records, author=author)
    except StaleWrite:
        session.refresh()
        return False
    session.refresh()
    if go:
        session.write([WantedSet(wanted=Wanted.RUN, reason=go)])
    return True
