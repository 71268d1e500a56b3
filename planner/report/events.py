"""What people and the planner did to the campaign as a whole: who, when, what."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from planner.campaign.words.phrases import count
from planner.ledger.entries import (
    CampaignAmended,
    CampaignOpened,
    CampaignStopped,
    CoverageAlarm,
    Entry,
    FitFailed,
    ImportExcluded,
    IntervalsCorrected,
    MessagesRefused,
    ModelsCompared,
    Noted,
    ObservationImported,
    OutcomeGivenUp,
    OutcomesObserved,
    Record,
    ServiceSet,
    StockCounted,
    StopCleared,
    StopLatched,
    TrialExcluded,
    TrialVetoed,
    VerdictGiven,
    WantedSet,
)
from planner.ledger.replay import CampaignState
from planner.report import words
from planner.report.facts import Event
from planner.space import Configuration

# Kinds of entries that are told; give ``Ledger.read`` these to get the history of a report.
HISTORY = (
    "campaign opened",
    "campaign amended",
    "campaign stopped",
    "wanted set",
    "verdict given",
    "outcomes observed",
    "outcome given up",
    "observation imported",
    "trial excluded",
    "trial vetoed",
    "import excluded",
    "stock counted",
    "service set",
    "messages refused",
    "fit failed",
    "models compared",
    "intervals corrected",
    "coverage alarm",
    "noted",
)


THE_PLANNER = "the planner"
# Written in the name of whoever asked for trials, but decided by nobody.
_ITS_OWN = (CampaignStopped, FitFailed, ModelsCompared, IntervalsCorrected, CoverageAlarm)
_ROUTINE = (ModelsCompared, IntervalsCorrected)


def list_events(state: CampaignState, history: Iterable[Entry]) -> tuple[Event, ...]:
    """Returns the events in their order; without a history those that the state still knows."""
    told: list[Event] = []
    ours = (entry for entry in history if entry.campaign == state.campaign)
    for imports, entries in itertools.groupby(ours, key=_import_of):
        if imports is not None:
            told.append(_imported(list(entries)))
            continue
        told += [
            _event(entry, what)
            for entry in entries
            if (what := _describe(entry, state)) is not None
        ]
    if told:
        return tuple(told)
    known = [*map(_fit_failed, state.fit_failures), *map(_noted, state.notes)]
    return tuple(Event(at=None, author="", what=what) for what in known)


def _event(entry: Entry, what: str) -> Event:
    is_own = isinstance(entry.record, _ITS_OWN)
    return Event(
        at=entry.at,
        author=THE_PLANNER if is_own else entry.author,
        what=what,
        is_routine=isinstance(entry.record, _ROUTINE),
    )


def _import_of(entry: Entry) -> tuple[str, str] | None:
    """Returns who imported from where; entries that follow each other are one import."""
    record = entry.record
    return (entry.author, record.origin) if isinstance(record, ObservationImported) else None


def _imported(entries: list[Entry]) -> Event:
    record = entries[0].record
    assert isinstance(record, ObservationImported)  # they were grouped as such
    n = "1 measurement" if len(entries) == 1 else f"{len(entries)} measurements"
    origin = f" from {record.origin}" if record.origin else ""
    return Event(at=entries[0].at, author=entries[0].author, what=f"imported {n}{origin}")


def _describe(entry: Entry, state: CampaignState) -> str | None:
    if isinstance(entry.record, CampaignOpened):
        return f"opened with seed {entry.record.seed}, by version {entry.software}"
    record = entry.record
    return _of_campaign(record) or _of_the_lab(record) or _of_trials(record, state)


def _of_campaign(record: Record) -> str | None:
    match record:
        case CampaignAmended(changes=changes):
            return f"amended: {'; '.join(changes) or 'the file changed'}"
        case CampaignStopped(rule=rule, reason=why):
            return f"stopped ({rule}): {why}"
        case WantedSet(wanted=wanted, reason=why):
            return f"asked to {wanted}" + (f": {why}" if why else "")
        case StockCounted(consumable=name, amount=amount, reason=why):
            return f"{name} counted, {amount:g}" + (f": {why}" if why else "")
        case FitFailed():
            return _fit_failed(record)
        case ModelsCompared(words=said):
            return said[0].lower() + said[1:].rstrip(".")
        case IntervalsCorrected(reason=why) | CoverageAlarm(said=why):
            return why[0].lower() + why[1:].rstrip(".")
        case Noted():
            return _noted(record)
    return None


def _of_the_lab(record: Record) -> str | None:
    match record:
        case StopLatched(reason=why):
            return f"emergency stop of all devices: {why}"
        case StopCleared(reason=why):
            return f"emergency stop cleared: {why}"
        case ServiceSet():
            return _service(record)
        case MessagesRefused():
            return f"{count(record.n, 'message')} refused: {record.reason}"
    return None


def _of_trials(record: Record, state: CampaignState) -> str | None:
    match record:
        case VerdictGiven(trial=trial, verdict=verdict, reason=why):
            return f"trial {trial}, verdict {verdict}: {why}"
        case OutcomesObserved() if record.version > 1:
            return _later_part(record, state)
        case OutcomeGivenUp(trial=trial, outcome=outcome, reason=why):
            return f"{outcome} of trial {trial} was given up: {why}"
        case TrialExcluded(trial=trial):
            return _exclusion(f"trial {trial}", record)
        case ImportExcluded(number=number):
            return _exclusion(f"imported measurement {number}", record)
        case TrialVetoed(trial=trial, reason=why):
            return f"settings of trial {trial} are not to be tried: {why or 'no reason given'}"
    return None


def _later_part(told: OutcomesObserved, state: CampaignState) -> str:
    values = words.part(_before(told, state), told, state.spec)
    if told.reason:
        return f"result of trial {told.trial} corrected to {values}: {told.reason}"
    return f"result of trial {told.trial} told further: {values}"


def _before(told: OutcomesObserved, state: CampaignState) -> Configuration:
    """Returns what the settings of the trial were known to be before this part."""
    trial = state.trials[told.trial]
    earlier = [each for each in trial.versions if each.version < told.version]
    return earlier[-1].configuration if earlier else trial.configuration


def _exclusion(what: str, record: TrialExcluded | ImportExcluded) -> str:
    why = record.reason or "no reason given"
    if record.excluded:
        return f"{what} left out of what the model learns from: {why}"
    return f"{what} taken in again: {why}"


def _service(record: ServiceSet) -> str:
    which = f"{record.source}, device {record.device}" if record.device else record.source
    word = "back in service" if record.in_service else "out of service"
    return f"{which} is {word}" + (f": {record.reason}" if record.reason else "")


def _fit_failed(record: FitFailed) -> str:
    return f"no model could be fitted: {record.reason}; {record.consequence}"


def _noted(record: Noted) -> str:
    about = f" on trial {record.trial}" if record.trial is not None else ""
    return f"note{about}: {record.text}"
