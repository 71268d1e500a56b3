"""Expiring: trials that waited for too long, or that limits in force now rule out, are let go.

What has expired costs nothing and may be proposed again. A result that a person tells of it later
is kept all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from planner.campaign import Person
from planner.campaign.words.phrases import duration
from planner.ledger.entries import Record, RunMoved, TrialMoved
from planner.ledger.replay import CampaignState, is_open
from planner.loop.rules.limits import find_breach
from planner.loop.sessions.session import Session
from planner.trials import RunState, Trial, TrialState


def expire(session: Session) -> int:
    """Lets go of trials that have waited for too long, or that no one may approve any more.

    Returns:
        How many.
    """
    found = expired(session.state, now=session.clock.now())
    if found:
        records = [record for _, records in found for record in records]
        states = {trial.number: trial.state for trial, _ in found}
        session.write(records, trials=states, is_decision=True)
    return len(found)


def expired(state: CampaignState, *, now: datetime) -> list[tuple[Trial, list[Record]]]:
    """Returns the trials that are to be let go, each with what is to be written."""
    awaiting = state.in_state(TrialState.AWAITING_APPROVAL)
    breaches = {each.number: find_breach(state.spec, each.configuration) for each in awaiting}
    found = [
        (each, _superseded(each, breach))
        for each in awaiting
        if (breach := breaches[each.number]) is not None
    ]
    lasts_s = state.spec.policy.expires
    if lasts_s is None:
        return found
    waiting = [each for each in awaiting if breaches[each.number] is None]
    waiting += state.in_state(TrialState.HELD)
    waiting += [each for each in state.in_state(TrialState.RUNNING) if _is_out(state, each)]
    late = [each for each in waiting if now - _since(each) > timedelta(seconds=lasts_s)]
    return [*found, *((each, _expiry(each, lasts_s)) for each in late)]


def _superseded(trial: Trial, breach: str) -> list[Record]:
    reason = f"it is outside of the limits now in force: {breach}"
    return [TrialMoved(trial=trial.number, to=TrialState.SUPERSEDED, reason=reason)]


def _expiry(trial: Trial, lasts_s: float) -> list[Record]:
    reason = f"it was {trial.state} for more than {duration(lasts_s)} (policy.expires)"
    records: list[Record] = []
    if trial.run is not None and is_open(trial.run):
        reason = (
            f"nobody told its result for more than {duration(lasts_s)} (policy.expires); it can "
            f"still be told"
        )
        records.append(RunMoved(key=trial.run.key, to=RunState.ABORTED, evidence=reason))
    return [*records, TrialMoved(trial=trial.number, to=TrialState.EXPIRED, reason=reason)]


def _is_out(state: CampaignState, trial: Trial) -> bool:
    """Tells whether a person or a script has a trial that is running."""
    return trial.handed or isinstance(state.spec.source, Person)


def _since(trial: Trial) -> datetime:
    return trial.since or trial.proposed_at
