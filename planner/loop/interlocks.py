"""Interlocks: while no device would take an order, what is approved is held, with the reason.

A device that is locked or stopped has said so itself; the order never leaves. What is under way is
asked about as before.
"""

from __future__ import annotations

from collections.abc import Mapping

from planner.errors import PlannerError
from planner.labs import DeviceLab, Lab
from planner.ledger.entries import TrialMoved
from planner.ledger.replay import CampaignState
from planner.loop.session import Session
from planner.trials import Heartbeat, Trial, TrialState

PREFIX = "interlock: "
_OPEN = "every device that was locked takes orders again"

Heard = Mapping[str | None, Heartbeat]


def hear(lab: Lab) -> dict[str | None, Heartbeat]:
    """Asks every device for its heartbeat; one that does not answer is left out."""
    heard: dict[str | None, Heartbeat] = {}
    if not isinstance(lab, DeviceLab):
        return heard
    for device in lab.devices:
        try:
            heard[device] = lab.heartbeat(device)
        except PlannerError:
            continue
    return heard


def why_locked(heard: Heard) -> str:
    """Returns why no device takes an order; empty where one does, or none has said anything."""
    locked = {device: each for device, each in heard.items() if each.state in ("locked", "stopped")}
    if not heard or len(locked) < len(heard):
        return ""
    said = (
        f"{'the device' if device is None else repr(device)} is {each.state}"
        f"{f' ({each.reason})' if each.reason else ''}"
        for device, each in locked.items()
    )
    return PREFIX + "; ".join(said)


def locked_now(session: Session) -> str:
    """Returns why no device would take what waits; empty where nothing does, or one would."""
    if session.driver is not None:
        return session.driver.locked
    waits = session.state.in_state(TrialState.APPROVED, TrialState.HELD)
    return why_locked(hear(session.lab)) if waits else ""


def is_interlocked(trial: Trial) -> bool:
    """Tells whether a trial is held because no device would take it."""
    return trial.state is TrialState.HELD and trial.reason.startswith(PREFIX)


def interlock_moves(state: CampaignState, *, locked: str) -> list[TrialMoved]:
    """Returns which trials are to be held by an interlock, and which may go on.

    Args:
        state: of the campaign.
        locked: why no device takes an order; empty where one does.
    """
    if locked:
        approved = (each for each in state.in_state(TrialState.APPROVED) if not each.handed)
        return [_move(each, TrialState.HELD, locked) for each in approved]
    held = (each for each in state.in_state(TrialState.HELD) if is_interlocked(each))
    return [_move(each, TrialState.APPROVED, _OPEN) for each in held]


def _move(trial: Trial, to: TrialState, reason: str) -> TrialMoved:
    return TrialMoved(trial=trial.number, to=to, reason=reason)
