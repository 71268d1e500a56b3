"""What people and the planner did to the campaign as a whole: who, when, what."""

from __future__ import annotations

from collections.abc import Iterable

from planner.ledger.entries import (
    CampaignAmended,
    CampaignOpened,
    CampaignStopped,
    Entry,
    FitFailed,
    Noted,
    OutcomesObserved,
    VerdictGiven,
    WantedSet,
)
from planner.ledger.replay import CampaignState
from planner.report.facts import Event

# Kinds of entries that are told; give ``Ledger.read`` these to get the history of a report.
HISTORY = (
    "campaign opened",
    "campaign amended",
    "campaign stopped",
    "wanted set",
    "verdict given",
    "outcomes observed",
    "fit failed",
    "noted",
)


def list_events(state: CampaignState, history: Iterable[Entry]) -> tuple[Event, ...]:
    """Returns the events in their order; without a history those that the state still knows."""
    told = [
        Event(at=entry.at, author=entry.author, what=what)
        for entry in history
        if entry.campaign == state.campaign and (what := _describe(entry)) is not None
    ]
    if told:
        return tuple(told)
    known = [*map(_fit_failed, state.fit_failures), *map(_noted, state.notes)]
    return tuple(Event(at=None, author="", what=what) for what in known)


def _describe(entry: Entry) -> str | None:
    match entry.record:
        case CampaignOpened():
            return f"opened with seed {entry.record.seed}, by version {entry.software}"
        case CampaignAmended():
            return f"amended: {'; '.join(entry.record.changes) or 'the file changed'}"
        case CampaignStopped():
            return f"stopped ({entry.record.rule}): {entry.record.reason}"
        case WantedSet():
            reason = f": {entry.record.reason}" if entry.record.reason else ""
            return f"asked to {entry.record.wanted}{reason}"
        case VerdictGiven():
            given = entry.record
            return f"trial {given.trial}, verdict {given.verdict}: {given.reason}"
        case OutcomesObserved() if entry.record.version > 1:
            told = entry.record
            return f"result of trial {told.trial} corrected: {told.reason or 'no reason given'}"
        case FitFailed():
            return _fit_failed(entry.record)
        case Noted():
            return _noted(entry.record)
        case _:
            return None


def _fit_failed(record: FitFailed) -> str:
    return f"no model could be fitted: {record.reason}; {record.consequence}"


def _noted(record: Noted) -> str:
    about = f" on trial {record.trial}" if record.trial is not None else ""
    return f"note{about}: {record.text}"
