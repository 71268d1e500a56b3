"""Messages of devices that have no business with them: refused, counted, and entered now and then.

Nothing of them was taken. A flood of them must not grow the ledger, so there is one record an hour
at most for each device and kind, with how many there were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from planner.errors import UnknownName
from planner.labs import DeviceLab, Stray, TellingLab
from planner.ledger.entries import MessagesRefused
from planner.ledger.replay import CampaignState
from planner.loop.sessions.session import Session

EVERY_S = 3_600.0
_LOOK_S = 1.0

_Place = tuple[str | None, str]


@dataclass(slots=True)
class Refusals:
    """What this process has refused of a campaign's devices and not entered yet.

    Args:
        waiting: by device and kind, all since the last record as one.
        entered_at: when there was a record last, in seconds that nobody sets.
        looked_at: when it was looked for them, likewise.
    """

    waiting: dict[_Place, MessagesRefused] = field(default_factory=dict)
    entered_at: dict[_Place, float] = field(default_factory=dict)
    looked_at: float = -math.inf


def record_refused(session: Session, refusals: Refusals) -> None:
    """Counts what devices sent that they have no business with, and enters it where it is due.

    Raises:
        StaleWrite: the campaign has another driver.
    """
    lab, now_s = session.lab, session.elapsed_s
    if not isinstance(lab, TellingLab) or now_s - refusals.looked_at < _LOOK_S:
        return
    refusals.looked_at = now_s
    strays = lab.strays()
    campaigns = {row.name for row in session.ledger.campaigns()} if strays else set()
    for stray in strays:
        reason = _find_fault(session, stray, campaigns)
        if reason:
            _count(refusals, session.state.spec.source.name, stray, reason)
    due = [place for place in refusals.waiting if _is_due(session, refusals, place)]
    if due:
        session.write([refusals.waiting[place] for place in due])
        for place in due:
            del refusals.waiting[place]
            refusals.entered_at[place] = now_s


def _count(refusals: Refusals, source: str, stray: Stray, reason: str) -> None:
    place = (stray.device, stray.what)
    before = refusals.waiting.get(place)
    refusals.waiting[place] = MessagesRefused(
        source=source,
        device=stray.device,
        what=stray.what,
        about=stray.key,
        n=stray.n + (before.n if before is not None else 0),
        reason=reason,
    )


def _is_due(session: Session, refusals: Refusals, place: _Place) -> bool:
    if session.elapsed_s - refusals.entered_at.get(place, -math.inf) < EVERY_S:
        return False
    # by another process, perhaps the one before this; a clock may have been set since
    last = session.state.refused.get(place)
    return last is None or abs((session.clock.now() - last.at).total_seconds()) >= EVERY_S


def _find_fault(session: Session, stray: Stray, campaigns: set[str]) -> str:
    """Returns why a message is refused; nothing where it is merely late, or another campaign's."""
    state, lab = session.state, session.lab
    who = repr(stray.device) if stray.device is not None else "the device"
    if isinstance(lab, DeviceLab) and stray.device not in lab.devices:
        return f"{who} is no device of source {state.spec.source.name!r}"
    if not stray.key:
        if stray.what == "answers":
            return f"{who} answered what another device was asked"
        return f"{who} sent {stray.what} of many runs that are not its own"
    said = f"{who} sent {stray.what} of run {stray.key}"
    campaign = stray.key.rsplit("/", 2)[0]
    if campaign == session.campaign:
        return _find_fault_with_run(state, stray, said)
    if campaign in campaigns:
        return "" if stray.what == "news" else f"{said}, of which it was not asked"
    return f"{said}, and no campaign of this ledger is called {campaign!r}"


def _find_fault_with_run(state: CampaignState, stray: Stray, said: str) -> str:
    try:
        _, run = state.run_of(stray.key)
    except (UnknownName, ValueError, IndexError):
        return f"{said}, which this campaign never opened"
    if run.device is not None and run.device != stray.device:
        return f"{said}, which was given to {run.device!r}"
    return "" if stray.what == "news" else f"{said}, of which it was not asked"
