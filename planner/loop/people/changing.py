"""Asking for other settings of a trial that is under way.

A change keeps to the limits in force, and as many people want it as the campaign asks of a trial at
those settings; who asks is one of them. A precondition keeps a trial from beginning and none from
being changed: a change may be what brings the device back. It is written down that it was not met.
"""

from __future__ import annotations

from collections.abc import Mapping

from planner.campaign import Adapter, HttpDevice, MqttDevice
from planner.errors import InputError, Refused
from planner.labs import Reported
from planner.ledger.entries import AdjustmentApproved, AdjustmentAsked, Record, RunMoved
from planner.loop.dispatch.adjusting import settings_now
from planner.loop.people.deciding import Decided, decide_and_write
from planner.loop.people.settings import read_settings
from planner.loop.rules.limits import find_breach
from planner.loop.sensors.preconditions import unmet_at
from planner.loop.sessions.session import Session
from planner.space import Contextual, Fixed, Value
from planner.trials import Adjusted, Run, RunState, Trial, TrialState, digest_order

_UNDER_WAY = (RunState.STARTED, RunState.PAUSED)


def adjust(
    session: Session, number: int, changes: Mapping[str, Reported], *, reason: str
) -> Adjusted:
    """Asks for other settings of a trial that is under way; a second person's same wish approves.

    Raises:
        InputError: a name or value cannot be used, or the reason is missing.
        Refused: it is not under way, its source offers no changes, the emergency stop is on, or
            the same person has asked for it.
    """
    if not reason.strip():
        raise InputError("Changing a running trial needs a reason (--reason).")
    decide_and_write(session, lambda: _decide(session, number, changes, reason=reason))
    run = session.state.trial(number).run
    assert run is not None  # it was found under way
    return run.adjustments[-1]


def _decide(
    session: Session, number: int, changes: Mapping[str, Reported], *, reason: str
) -> Decided:
    trial = session.state.trial(number)
    run = _run_under_way(session, trial)
    settings = _read(session, changes)
    whole = {**settings_now(trial), **settings}
    breach = find_breach(session.state.spec, whole)
    if breach is not None:
        raise InputError(f"Trial {number} cannot be changed to that: {breach}")
    digest = digest_order(settings, units=session.state.spec.units)
    records: list[Record]
    waiting = _waiting(run)
    if waiting is not None and waiting.digest == digest:
        if session.author in (waiting.asked_by, *waiting.approved_by):
            raise Refused(
                f"{session.author} wants this change of trial {number} already; it needs another "
                f"person, who types the same."
            )
        records = [AdjustmentApproved(key=run.key, number=waiting.number, reason=reason)]
        is_approved = True
    else:
        is_approved = session.state.spec.policy.approval.people_needed(whole) <= 1
        records = [
            AdjustmentAsked(
                key=run.key,
                number=len(run.adjustments) + 1,
                digest=digest,
                parameters=settings,
                reason=reason,
                approved=is_approved,
            )
        ]
    if is_approved:
        unmet = unmet_at(session, run.device)
        evidence = f"{reason} (while {unmet})" if unmet else reason
        records.append(RunMoved(key=run.key, to=RunState.ADJUSTING, evidence=evidence))
    return Decided(says="", records=tuple(records), trials={number: trial.state})


def _run_under_way(session: Session, trial: Trial) -> Run:
    """Returns the run that is to be changed.

    Raises:
        Refused: there is none, or nothing may be changed now.
    """
    run, state = trial.run, session.state
    if trial.state is not TrialState.RUNNING or run is None or trial.handed:
        raise Refused(
            f"Trial {trial.number} is {trial.state}; only one that runs at a device can be changed."
        )
    if not isinstance(state.spec.source, HttpDevice | MqttDevice | Adapter):
        raise Refused(
            f"Source {run.source!r} is of kind {state.spec.source.kind}, which cannot be changed "
            f"while it is at work. planner abort ends the trial."
        )
    if run.state is RunState.ADJUSTING:
        raise Refused(f"Trial {trial.number} is being changed already; wait for the device's word.")
    if run.state not in _UNDER_WAY:
        raise Refused(
            f"Run {run.key} is {run.state}; it can be changed once the device has begun it."
        )
    if state.latched is not None:
        raise Refused(
            f"The emergency stop is on ({state.latched.reason}): nothing is changed. When all is "
            f"safe: planner clear."
        )
    return run


def _waiting(run: Run) -> Adjusted | None:
    last = run.adjustments[-1] if run.adjustments else None
    return last if last is not None and last.state == "awaiting approval" else None


def _read(session: Session, changes: Mapping[str, Reported]) -> dict[str, Value]:
    if not changes:
        raise InputError("Say what is to be changed: NAME=VALUE.")
    space, spec = session.space, session.state.spec
    settings = read_settings(changes, space)
    for name in settings:
        parameter = space.parameter(name)
        if isinstance(parameter, Contextual | Fixed) or name not in spec.parameters:
            what = {Contextual: "is measured, not set", Fixed: "is fixed"}.get(
                type(parameter), "is part of a course in time, which runs as it was sent"
            )
            raise InputError(f"{name!r} {what}, so it cannot be changed.")
        settings[name] = parameter.check(settings[name])
    return settings
