"""Keeping leases: of a campaign while the loop thinks, of a source's devices while they work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from planner.campaign.addresses import addresses_of
from planner.campaign.people import Act
from planner.errors import HeldByAnother, PlannerError
from planner.ledger import Lease, this_process
from planner.loop.sessions.hold import Hold
from planner.loop.sessions.permission import permit
from planner.loop.sessions.session import Session


@contextmanager
def holding(session: Session) -> Iterator[Lease]:
    """Takes the campaign's lease for a session, renews it in a thread, and gives it back.

    A lease that is lost meanwhile needs no message from the thread: the next write of the session
    carries the old epoch and is refused as stale.

    Raises:
        HeldByAnother: a live process holds it; the message says which.
        NotAllowed: the session's author may not run campaigns.
    """
    permit(session.ledger, session.author, {Act.RUN})
    lease = session.ledger.take(session.campaign, holder=this_process())
    session.lease = lease
    session.refresh()
    hold = Hold(session.ledger, lease)
    try:
        yield lease
    finally:
        session.lease = None
        hold.let_go()
        let_devices_go(session)


def needs_hold(session: Session) -> bool:
    """Tells whether the source may be spoken to by one process at a time only.

    What costs nothing to repeat, and what a person does, may be asked by anyone.
    """
    return not (session.lab.is_repeatable or session.lab.is_person)


def hold_devices(session: Session) -> bool:
    """Takes the lease of the source's devices, if it is not held already.

    Returns:
        Whether something may be sent; if not, ``session.held_elsewhere`` says who holds it.

    Raises:
        Refused: another campaign means other devices by the source's name.
    """
    if not needs_hold(session):
        return True
    if session.hold is not None and session.hold.is_lost:
        session.hold = None
    if session.hold is None:
        if session.elapsed_s < session.yields_until:
            return False
        try:
            lease = session.ledger.take_device(session.state.spec.source.name)
        except HeldByAnother as error:
            session.held_elsewhere = _whose_turn(session, error)
            return False
        session.hold = Hold(session.ledger, lease)
        try:
            _note_devices(session)
        except PlannerError:
            let_devices_go(session)
            raise
    session.held_elsewhere = ""
    return True


def _whose_turn(session: Session, held: HeldByAnother) -> str:
    """Says for which campaign a source's devices are at work."""
    source = session.state.spec.source.name
    other = next((each.campaign for each in session.ledger.devices() if each.name == source), None)
    if other is None or other == session.campaign:
        return str(held)
    return f"{source!r} is at work for campaign {other!r}, and this one waits its turn. {held}"


def _note_devices(session: Session) -> None:
    """Writes down how the devices are reached, before anything is sent to them.

    Raises:
        Refused: another campaign means other devices by the source's name.
    """
    session.ledger.note_device(
        session.state.spec.source.name,
        delivery=session.lab.delivery,
        simulated=session.state.simulated,
        campaign=session.campaign,
        folder=session.folder,
        devices=session.state.spec.source.devices,
        addresses=addresses_of(session.state.spec.source),
    )


def let_devices_go(session: Session) -> None:
    """Lets another campaign, or another process, speak to the source's devices."""
    if session.hold is not None:
        session.hold.let_go()
        session.hold = None
