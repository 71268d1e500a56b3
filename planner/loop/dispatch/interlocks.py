"""Interlocks: while nothing may begin at any device, what is approved is held, with the reason.

A device that is locked or stopped has said so itself, or its clock is too far from ours; a sensor
may say that a precondition is not met, or nobody may know. The order never leaves. What is under
way is asked about as before.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.ledger.entries import TrialMoved
from planner.ledger.replay import CampaignState
from planner.loop.dispatch.hearing import Hearing
from planner.loop.sensors.preconditions import unmet_by_device
from planner.loop.sessions.session import Session
from planner.trials import Trial, TrialState

_BEGINNING = "interlock: "
_OPEN = "no interlock is open any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interlock:
    """Where nothing may begin now.

    Args:
        everywhere: why nothing may begin at any device; empty where it may at one.
        closed: the devices at which nothing may begin although it may at others.
    """

    everywhere: str = ""
    closed: frozenset[str | None] = frozenset()


def interlock_now(session: Session) -> Interlock:
    """Returns where what waits to be dispatched may not begin; nowhere, where nothing waits."""
    waits = session.state.in_state(TrialState.APPROVED, TrialState.HELD)
    if not any(not each.handed for each in waits):
        return Interlock()
    driver = session.driver or _hear(session)
    if driver.locked:
        return Interlock(everywhere=_BEGINNING + driver.locked)
    devices: tuple[str | None, ...] = tuple(session.state.spec.source.devices) or (None,)
    unmet = {name: why for name, why in unmet_by_device(session, devices).items() if why}
    closed = frozenset(unmet) | driver.closed
    if len(closed) < len(devices):
        return Interlock(closed=closed)
    return Interlock(everywhere=_BEGINNING + "; ".join(dict.fromkeys(unmet.values())))


def _hear(session: Session) -> Hearing:
    """Asks the devices, where nobody does so beside the loop."""
    hearing = Hearing(session.lab, source=session.state.spec.source, clock=session.clock)
    hearing.listen(is_patient=True)
    return hearing


def is_interlocked(trial: Trial) -> bool:
    """Tells whether a trial is held because it may begin nowhere."""
    return trial.state is TrialState.HELD and trial.held_by == "interlock"


def interlock_moves(state: CampaignState, interlock: Interlock) -> list[TrialMoved]:
    """Returns which trials are to be held by an interlock, and which may go on."""
    if interlock.everywhere:
        approved = (each for each in state.in_state(TrialState.APPROVED) if not each.handed)
        return [
            TrialMoved(
                trial=each.number,
                to=TrialState.HELD,
                reason=interlock.everywhere,
                held_by="interlock",
            )
            for each in approved
        ]
    held = (each for each in state.in_state(TrialState.HELD) if is_interlocked(each))
    return [TrialMoved(trial=each.number, to=TrialState.APPROVED, reason=_OPEN) for each in held]
