"""The bench: which devices a source has, what is on each, and what the next trial can join.

On the bench are the trials that an engine has dispatched. Those that were handed to a person are
there too where the source is a person, or where trials share a parameter: one oven has one
temperature, whoever runs it. A trial in doubt may still be on a device that others share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from planner.campaign.sources import Runner
from planner.ledger.replay import CampaignState, is_open
from planner.loop.rules.budget import n_uses_so_far
from planner.loop.timetable.past_runs import device_of, runs_that_matter
from planner.loop.timetable.setup_order import SetUp, order_to_save_set_up
from planner.space import Configuration, Value
from planner.trials import Run, RunState, Trial, TrialState, is_used

NOW = timedelta(0)
_WAITING = (TrialState.AWAITING_APPROVAL, TrialState.APPROVED, TrialState.HELD)

Shared = tuple[Value | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnIt:
    """A trial on a device.

    Args:
        configuration: its settings.
        begins: when the device was or will be set to it.
        is_handed: whether a person has it.
    """

    configuration: Configuration
    begins: datetime
    is_handed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of the source, or the source itself where it has no several.

    Args:
        name: None where the source has no several.
        on: the trials that are on it now.
        set_to: the settings of the last run on it; None where that is not known.
        ready_at: when the change to these was done, or will be.
    """

    name: str | None
    on: tuple[OnIt, ...] = ()
    set_to: Configuration | None = None
    ready_at: datetime | None = None


def devices(state: CampaignState) -> list[Device]:
    """Returns all devices of the source with what is on them, in the file's order."""
    source = state.spec.source
    found = []
    for name in source.devices or (None,):
        device = Device(name=name)
        for trial, run in runs_that_matter(state, name):
            device = _after(device, run, trial, source)
        found.append(device)
    return found


def hours_used(state: CampaignState) -> float:
    """Returns the hours that trials have run or will, by the duration that the file states."""
    duration = state.spec.source.duration or 0.0
    return n_uses_so_far(state) * duration / 3600


def set_up_hours_used(state: CampaignState) -> float:
    """Returns the hours that went into changing the set-up between the trials that were run."""
    source = state.spec.source
    if source.set_up is None:
        return 0.0
    n_changes, known = 0, dict[str | None, tuple[Value | None, ...]]()
    runs = sorted(
        ((run, trial) for trial in state.trials.values() for run in trial.runs if is_used(run)),
        key=lambda each: (each[0].opened_at, each[1].number),
    )
    for run, trial in runs:
        settings = tuple(trial.configuration.get(name) for name in source.set_up.parameters)
        device = device_of(run, source)
        n_changes += known.get(device) != settings
        known[device] = settings
    return n_changes * source.set_up.time / 3600


def in_service(state: CampaignState) -> list[Device]:
    """Returns the devices that are not out of service."""
    out = state.out_of_service
    return [] if None in out else [each for each in devices(state) if each.name not in out]


def waiting_trials(state: CampaignState) -> list[Trial]:
    """Returns the trials that an engine will dispatch, once they may be."""
    return [each for each in state.in_state(*_WAITING) if not each.handed]


def shared_values(configuration: Configuration, source: Runner) -> Shared:
    """Returns what a trial must have in common with all others on its device."""
    return tuple(configuration.get(name) for name in source.shared)


def has_place(device: Device, configuration: Configuration, source: Runner) -> bool:
    """Tells whether a trial can join those on a device."""
    values = shared_values(configuration, source)
    return len(device.on) < source.capacity and all(
        shared_values(each.configuration, source) == values for each in device.on
    )


def time_needed(
    device: Device, configuration: Configuration, source: Runner, *, now: datetime
) -> timedelta:
    """Returns how long a trial takes on a device from now on, with the set-up it needs.

    What is set up before the first run is not known, so the change is counted.
    """
    return _set_up_time(device, configuration, source, now=now) + _duration(source)


def longest_needed(source: Runner) -> timedelta:
    """Returns how long a trial takes, whatever was set up before."""
    change = timedelta(seconds=source.set_up.time) if source.set_up is not None else NOW
    return change + _duration(source)


def put_on(
    device: Device, configuration: Configuration, source: Runner, *, now: datetime
) -> Device:
    """Returns the device with a trial more, for which it is set up from now on."""
    begins = now + _set_up_time(device, configuration, source, now=now)
    on = (*device.on, OnIt(configuration=configuration, begins=begins))
    return replace(device, on=on, set_to=configuration, ready_at=begins)


def expected_ends(device: Device, source: Runner) -> list[datetime]:
    """Returns when what machines have on a device is expected to end; empty where unknown.

    What people have in hand may not have begun.
    """
    if source.duration is None:
        return []
    return [each.begins + _duration(source) for each in device.on if not each.is_handed]


def order_to_run(
    configurations: Sequence[Configuration], source: Runner, *, set_to: Configuration | None
) -> list[int]:
    """Returns the positions of configurations, so that changing the set-up takes least time."""
    if source.set_up is None or len(configurations) < 2:
        return list(range(len(configurations)))
    set_up = SetUp(source.set_up.time, source.set_up.parameters)
    return list(order_to_save_set_up(configurations, [set_up], now=set_to).order)


def last_set_up(among: Iterable[Device]) -> Configuration | None:
    """Returns the settings that a device was changed to last; None where none is known."""
    known = [each for each in among if each.ready_at is not None]
    return max(known, key=lambda each: each.ready_at or datetime.min).set_to if known else None


def _after(device: Device, run: Run, trial: Trial, source: Runner) -> Device:
    """Returns a device after one more run was opened on it."""
    after = put_on(device, trial.configuration, source, now=run.opened_at)
    is_there = is_open(run) and (run.state is not RunState.IN_DOUBT or bool(source.shared))
    last = replace(after.on[-1], is_handed=trial.handed)
    return replace(after, on=(*device.on, last) if is_there else device.on)


def _set_up_time(
    device: Device, configuration: Configuration, source: Runner, *, now: datetime
) -> timedelta:
    """Returns how long it takes until a device is set to a configuration."""
    if source.set_up is None:
        return NOW
    same = device.set_to is not None and all(
        device.set_to.get(name) == configuration.get(name) for name in source.set_up.parameters
    )
    if not same:
        return timedelta(seconds=source.set_up.time)
    return max(NOW, (device.ready_at or now) - now)


def _duration(source: Runner) -> timedelta:
    return timedelta(seconds=source.duration or 0.0)
