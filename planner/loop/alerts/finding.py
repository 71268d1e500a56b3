"""Finding what people are to be told of: in an entry, or in how the campaign stands now.

Both are functions of the ledger, the time and what devices answer, so that after a restart the same
alerts are found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from planner.campaign.alerts import AlertKind, Alerts
from planner.campaign.sources import Runner
from planner.ledger.devices import place_of
from planner.ledger.entries import (
    CampaignStopped,
    CoverageAlarm,
    Entry,
    HeardLate,
    NothingFits,
    OrderKeptBack,
    ResultArrived,
    TrialMoved,
)
from planner.ledger.replay import CampaignState, is_open
from planner.loop.rules.late import say_late
from planner.loop.rules.stock import in_words, stock_left
from planner.space.base import as_decimal
from planner.trials import DeviceState, RunState, TrialState

FAILURES = 3  # in a row, before the stop rule ends the campaign
_ENDS_IT_S = 60.0  # who is at work on the campaign has ended a run by then that is over its limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that people are to be told of.

    Args:
        name: tells it from all others of the campaign; the same after a restart.
        about: its kind.
        text: what happened and what to do, for a person.
        at: since when.
        trial: which one it is about, if it is about one.
    """

    name: str
    about: AlertKind
    text: str
    at: datetime
    trial: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A device with a trial under way that was asked and did not answer.

    Args:
        heard_at: when it was heard last, by the clock of then.
        ago_s: how long ago that was; infinite where nobody knows, for the clock was set since.
    """

    heard_at: datetime
    ago_s: float


def find_in_entry(entry: Entry, state: CampaignState) -> Alert | None:
    """Returns what an entry gives reason to tell, if anything.

    Args:
        entry: the last one that was folded.
        state: with it.
    """
    record = entry.record
    name = f"entry {entry.sequence}"
    match record:
        case TrialMoved(trial=number, to=TrialState.IN_DOUBT):
            text = (
                f"Trial {number} is in doubt: {record.reason or 'nobody knows what became of it'}. "
                f"Look at the device, then give a verdict: planner resolve FILE {number} shows "
                f"what is known, and what you can say."
            )
            return Alert(name=name, about="in doubt", text=text, at=entry.at, trial=number)
        case TrialMoved(trial=number, to=TrialState.HELD) if record.held_by is not None:
            text = f"Trial {number} is held: {record.reason or 'no reason was given'}."
            about: AlertKind = "interlock open" if record.held_by == "interlock" else "held"
            return Alert(name=name, about=about, text=text, at=entry.at, trial=number)
        case OrderKeptBack(by="limits"):
            number = state.run_of(record.key)[0].number
            text = f"The order of trial {number} waits: {record.reason}."
            return Alert(name=name, about="held", text=text, at=entry.at, trial=number)
        case OrderKeptBack(by="locked" | "precondition" | "clock"):
            number = state.run_of(record.key)[0].number
            text = f"The order of trial {number} waits: {record.reason}."
            return Alert(name=name, about="interlock open", text=text, at=entry.at, trial=number)
        case TrialMoved(trial=number) if _is_one_too_many(record, state):
            text = (
                f"{FAILURES} trials in a row have failed, the last of them trial {number}: "
                f"{record.reason}. {state.spec.stop.failures} in a row stop the campaign."
            )
            return Alert(name=name, about="repeated failure", text=text, at=entry.at, trial=number)
        case ResultArrived(late=True) | HeardLate():
            return _late(record, state, name=name, at=entry.at)
        case CampaignStopped():
            return _stopped(record, name=name, at=entry.at)
        case CoverageAlarm():
            return Alert(name=name, about="coverage alarm", text=record.said, at=entry.at)
        case NothingFits() if record.short_of is not None:
            return Alert(name=name, about="stock low", text=f"{record.reason}.", at=entry.at)
    return None


def _stopped(record: CampaignStopped, *, name: str, at: datetime) -> Alert:
    if record.failed:
        text = f"The campaign has stopped: {record.reason}. Mend the cause, then planner run."
        return Alert(name=name, about="repeated failure", text=text, at=at)
    text = f"The campaign has ended: {record.reason}."
    return Alert(name=name, about="campaign done", text=text, at=at)


def _late(
    record: ResultArrived | HeardLate, state: CampaignState, *, name: str, at: datetime
) -> Alert | None:
    """A result that came late, or a device at work on what was said not to be performed."""
    trial, run = state.run_of(record.key)
    if isinstance(record, HeardLate):
        is_other = run.state is RunState.VOID and record.state is not DeviceState.REFUSED
        if not is_other or record.state is DeviceState.DONE:  # its result is told of by itself
            return None
        text = f"{say_late(trial, run)}. Look there."
    else:
        text = (
            f"{say_late(trial, run)}. Take its result in, or leave it out: planner resolve FILE "
            f"{trial.number} take-in or leave-out --reason WHY."
        )
    return Alert(name=name, about="late result", text=text, at=at, trial=trial.number)


def find_standing(
    state: CampaignState,
    settings: Alerts,
    *,
    now: datetime,
    ages: Mapping[str, float],
    lost: Mapping[str, Lost],
) -> Iterator[Alert]:
    """Yields what is so now and no entry says: overdue runs, low stock, devices not heard.

    Args:
        state: of the campaign.
        settings: of its alerts.
        now: the time.
        ages: for how many seconds each run has been under way, by its key (see ``runs_under_way``).
        lost: the devices that do not answer.
    """
    yield from _overdue(state, settings, now=now, ages=ages)
    yield from _low(state, settings, now=now)
    yield from _lost(lost, now=now)


def runs_under_way(state: CampaignState) -> dict[str, datetime]:
    """Returns since when each open run is under way at a device, by its key.

    An order that waits for something is not.
    """
    found = {}
    for trial in state.in_state(TrialState.RUNNING, TrialState.IN_DOUBT):
        run = trial.run
        if run is None or trial.handed or not is_open(run):
            continue
        if run.acknowledged_at is not None or not run.kept_back:
            found[run.key] = run.acknowledged_at or run.opened_at
    return found


def busy_devices(state: CampaignState) -> frozenset[str]:
    """Returns the devices with a trial under way, each by its place in the ledger.

    A device that has nothing to do may be switched off.
    """
    return frozenset(
        place_of(state.spec.source.name, trial.run.device)
        for trial in state.in_state(TrialState.RUNNING, TrialState.IN_DOUBT)
        if trial.run is not None and not trial.handed and trial.run.state is not RunState.IN_DOUBT
    )


def _overdue(
    state: CampaignState, settings: Alerts, *, now: datetime, ages: Mapping[str, float]
) -> Iterator[Alert]:
    longest_s, expected = _longest(state.spec.source, settings)
    for trial in state.in_state(TrialState.RUNNING):
        run = trial.run
        if run is None or ages.get(run.key, 0.0) <= longest_s:
            continue
        text = (
            f"Trial {trial.number} has been under way at {run.device or run.source!r} for "
            f"{_time(ages[run.key])}; {expected}. Nothing was done about it."
        )
        yield Alert(
            name=f"overdue {run.key}", about="overdue", text=text, at=now, trial=trial.number
        )


def _longest(source: Runner, settings: Alerts) -> tuple[float, str]:
    """Returns after how many seconds a run is overdue, and what was expected, in words."""
    found = [(math.inf, "")]
    if source.duration is not None:
        expected = f"{_time(source.duration)} were expected"
        found.append((source.duration * settings.late_after, expected))
    if source.time_limit is not None:
        limit = f"its time limit is {_time(source.time_limit)}"
        found.append((source.time_limit + _ENDS_IT_S, limit))
    return min(found)


def _low(state: CampaignState, settings: Alerts, *, now: datetime) -> Iterator[Alert]:
    consumables = state.spec.source.consumables
    if not consumables or state.stopped is not None:
        return
    left = stock_left(state)
    for name, consumable in consumables.items():
        counted = state.counted.get(name)
        there = consumable.stock if counted is None else counted.amount
        if left[name] >= as_decimal(there) * as_decimal(settings.stock_below):
            continue
        since = "the beginning" if counted is None else counted.at.isoformat()
        text = (
            f"Stock is low: {in_words(state, name)}. Fill it up, then: planner stock FILE "
            f"{name}=AMOUNT --reason WHY."
        )
        yield Alert(name=f"stock {name} since {since}", about="stock low", text=text, at=now)


def _lost(lost: Mapping[str, Lost], *, now: datetime) -> Iterator[Alert]:
    for device, found in sorted(lost.items()):
        ago = f", {_time(found.ago_s)} ago" if found.ago_s < math.inf else ""
        text = (
            f"Device {device!r} has a trial under way, was heard last at "
            f"{found.heard_at:%H:%M:%S} UTC{ago}, and does not answer now. Look whether it still "
            f"works."
        )
        name = f"heartbeat of {device} after {found.heard_at.isoformat()}"
        yield Alert(name=name, about="heartbeat lost", text=text, at=now)


def _is_one_too_many(record: TrialMoved, state: CampaignState) -> bool:
    is_failure = record.to in (TrialState.FAILED_BY_MACHINE, TrialState.FAILED_BY_PROCESS)
    return is_failure and state.failures_in_row == FAILURES < state.spec.stop.failures


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
