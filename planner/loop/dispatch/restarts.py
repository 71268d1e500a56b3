"""Restarts: a device that began anew while a run was under way cannot know what became of it.

A device that keeps the contract says so itself. Of one that says that it is still at work nobody
knows more than of one that says nothing, so its run is in doubt until it has ended.
"""

from __future__ import annotations

from planner.labs import DeliveryClass
from planner.ledger.devices import place_of
from planner.ledger.entries import RunMoved, TrialMoved
from planner.loop.dispatch.collect import open_runs
from planner.loop.dispatch.sending import poll
from planner.loop.sessions.session import Session
from planner.trials import DeviceState, Heartbeat, Run, RunState, Trial, TrialState

_UNDER_WAY = (RunState.STARTED, RunState.PAUSED, RunState.ADJUSTING)
_STILL = (DeviceState.STARTED, DeviceState.PAUSED)


def doubt_restarted(session: Session, device: str | None, beat: Heartbeat) -> None:
    """Puts in doubt what was under way at a device whose program has begun anew since.

    Args:
        session: of a driver.
        device: that was heard.
        beat: what it said, before that is noted in the ledger.

    Raises:
        StaleWrite: somebody else was faster with a trial.
    """
    if beat.state == "offline" or session.lab.is_repeatable:
        return  # somebody else spoke for it
    for trial, run in open_runs(session):
        if run.device == device and run.state in _UNDER_WAY:
            if run.key not in session.boots:
                session.boots[run.key] = _noted_since(session, run) or beat.boot_id
            if session.boots[run.key] != beat.boot_id and _says_still_at_work(session, trial, run):
                _doubt(session, trial, run)


def _noted_since(session: Session, run: Run) -> str:
    """Returns the start of the device's program that was heard after the run was, by anyone."""
    if session.lab.delivery is DeliveryClass.FIRE_AND_OBSERVE or run.heard_at is None:
        return ""  # a program's adapter speaks for it, and begins anew with us
    name = place_of(run.source, run.device)
    row = next((each for each in session.ledger.devices() if each.name == name), None)
    if row is None or row.heartbeat_at is None or row.heartbeat_at <= run.heard_at:
        return ""
    return row.boot_id or ""


def _says_still_at_work(session: Session, trial: Trial, run: Run) -> bool:
    """Tells whether the device says that a run goes on; any other word is collected as usual."""
    answers = poll(session, [(trial, run)]) or {}
    return run.key in answers and answers[run.key].state in _STILL


def _doubt(session: Session, trial: Trial, run: Run) -> None:
    who = "the device" if run.device is None else repr(run.device)
    reason = f"{who} began anew while the run was under way, and says that it goes on: look there"
    session.write(
        [
            RunMoved(key=run.key, to=RunState.IN_DOUBT, evidence=reason, has_restarted=True),
            TrialMoved(trial=trial.number, to=TrialState.IN_DOUBT, reason=reason),
        ],
        trials={trial.number: TrialState.RUNNING},
        runs={run.key: run.state},
    )
