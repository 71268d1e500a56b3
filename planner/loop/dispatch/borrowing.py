"""Borrowing a device for a check: in whose name it is spoken to, and with which token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from planner.campaign.people import Act
from planner.errors import Refused
from planner.ledger import Ledger
from planner.loop.sessions.hold import Hold
from planner.loop.sessions.permission import identify, permit
from planner.trials import Heartbeat


@dataclass(slots=True)
class Borrowed:
    """A device that no campaign uses meanwhile.

    Args:
        ledger: id in whose name orders are given.
        is_own: whether that id is the check's own, so that the device is to be released.
        is_bound_afterwards: whether it obeys that id from now on, since nobody can release it.
    """

    ledger: str
    is_own: bool
    is_bound_afterwards: bool
    _shared: Ledger | None
    _source: str
    _held: list[Hold] = field(default_factory=list)
    _token: int = 0

    def raise_token(self) -> int:
        """Returns a higher token each time.

        Raises:
            HeldByAnother: a campaign has taken the device in between.
        """
        if self._shared is None or self.is_own:
            self._token += 1
            return self._token
        self.let_go()
        return self.hold().token

    def hold(self) -> Hold:
        """Takes the lease of the source's devices.

        Raises:
            HeldByAnother: a campaign holds it.
        """
        assert self._shared is not None  # of a ledger that there is
        hold = Hold(self._shared, self._shared.take_device(self._source))
        self._held.append(hold)
        return hold

    def let_go(self) -> None:
        """Lets campaigns have the device."""
        while self._held:
            self._held.pop().let_go()


@contextmanager
def borrow_device(
    shared: Ledger | None,
    *,
    source: str,
    name: str,
    beat: Heartbeat | None,
    can_release: bool,
) -> Iterator[Borrowed]:
    """Keeps a source's devices from all campaigns of their ledger, and gives them back.

    An unbound device is spoken to under an id of the check's own where it can be released
    afterwards; a bound one in the name of its ledger, with that ledger's tokens.

    Args:
        shared: ledger of the campaigns that use the device; None where there is none yet.
        source: its name.
        name: of the check; its own ledger id.
        beat: what the device says of itself; None where it says nothing.
        can_release: whether the device can be made to forget the check's id.

    Raises:
        Refused: the device is at work, or obeys another ledger.
        HeldByAnother: a campaign holds it.
        NotAllowed: who asks may not run campaigns.
    """
    bound = "" if beat is None else beat.ledger
    if beat is not None:
        _refuse_busy(beat, source)
        _refuse_bound(bound, shared, source)
    if shared is not None:
        permit(shared, identify(shared).name, {Act.RUN})
        if shared.latch() is not None:
            raise Refused("The emergency stop is on: 'planner clear' takes it off, then check.")
    is_own = not bound and (can_release or shared is None)
    borrowed = Borrowed(
        ledger=name if is_own or shared is None else shared.id,
        is_own=is_own,
        is_bound_afterwards=is_own and beat is not None and not can_release,
        _shared=shared,
        _source=source,
    )
    try:
        if shared is not None:
            borrowed.hold()
        yield borrowed
    finally:
        borrowed.let_go()


def _refuse_busy(beat: Heartbeat, source: str) -> None:
    if beat.state == "ready" and beat.current_key is None:
        return
    reason = f" ({beat.reason})" if beat.reason else ""
    at_work = f", with run {beat.current_key} under way" if beat.current_key else ""
    raise Refused(
        f"The device of source {source!r} says that it is {beat.state}{reason}{at_work}. A check "
        f"needs one that is ready: wait for its end, or clear it where it stands."
    )


def _refuse_bound(bound: str, shared: Ledger | None, source: str) -> None:
    if not bound or (shared is not None and shared.id == bound):
        return
    ours = "no ledger is here yet" if shared is None else f"this one is {shared.id}"
    raise Refused(
        f"The device of source {source!r} obeys ledger {bound}, and {ours}. Check it with that "
        f"ledger (PLANNER_DATABASE_URL), or have a person release it (planner device FILE "
        f"--release REASON)."
    )
