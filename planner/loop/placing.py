"""Which trials may be dispatched now, and where; how many may be proposed; and until when to wait.

Known from the ledger and the clock alone, so that whoever only looks knows it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from planner.campaign.sources import Runner
from planner.ledger.replay import CampaignState
from planner.loop.allowance import Allowance
from planner.loop.bench import (
    Device,
    has_place,
    in_order,
    in_service,
    last_set_up,
    longest_needed,
    put_on,
    shared_values,
    time_needed,
    waiting_trials,
)
from planner.loop.budget import trials_left
from planner.loop.opening_hours import may_begin, next_start
from planner.loop.samples import room_for_samples
from planner.trials import Trial, TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A trial and the device that gets it.

    Args:
        device: None where the source has no several.
    """

    trial: int
    device: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placements:
    """Where approved trials go.

    Args:
        now: those that may be dispatched at once, in this order.
        needed: how long the shortest of those takes that only the hours keep from it; None where
            there is none.
    """

    now: tuple[Placement, ...]
    needed: timedelta | None


def place(state: CampaignState, *, now: datetime) -> Placements:
    """Decides which approved trials may be dispatched, and on which devices."""
    source = state.spec.source
    approved = [each for each in waiting_trials(state) if each.state is TrialState.APPROVED]
    if not approved:
        return Placements(now=(), needed=None)
    free = {each.name: each for each in in_service(state)}
    placed: list[Placement] = []
    late: list[timedelta] = []
    for trial in in_order(approved, source, set_to=last_set_up(free.values())):
        device = _best_device(list(free.values()), trial, source, now=now)
        if device is None:
            continue
        needed = time_needed(device, trial.configuration, source, now=now)
        if may_begin(source, needed=needed, now=now):
            placed.append(Placement(trial=trial.number, device=device.name))
            free[device.name] = put_on(device, trial, source, now=now)
        else:
            late.append(needed)
    return Placements(now=tuple(placed), needed=min(late, default=None))


def room(state: CampaignState, *, now: datetime) -> int:
    """Returns how many trials may be proposed now.

    As many as have a place, as the budget admits, as there is stock for, and as may wait for an
    analysis; none while it is too late for another to end before the source closes, unless people
    approve them in the meantime.
    """
    is_timely = may_begin(state.spec.source, needed=longest_needed(state.spec.source), now=now)
    if not is_timely and state.spec.policy.approval == "automatic":
        return 0
    return room_at_any_time(state)


def room_at_any_time(state: CampaignState) -> int:
    """Returns how many trials may be proposed, if the source were open."""
    if state.nothing_fits is not None:
        return 0
    limits = (trials_left(state), Allowance.of(state).most(), room_for_samples(state))
    return max(0, min(n_free_places(state), *(each for each in limits if each is not None)))


def n_free_places(state: CampaignState) -> int:
    """Returns how many trials the devices in service can take besides those that wait for them.

    Where trials share parameters, those of one free device: a batch is chosen for it as a whole.
    """
    source, waiting = state.spec.source, waiting_trials(state)
    there = in_service(state)
    if not source.shared:
        return sum(max(0, source.capacity - len(each.trials)) for each in there) - len(waiting)
    n_free = sum(not each.trials for each in there) - _n_devices_for(waiting, there, source)
    return source.capacity if n_free > 0 else 0


def wait_until(state: CampaignState, *, is_proposing: bool, now: datetime) -> datetime | None:
    """Returns when the opening hours let the next trial begin; None where they are not the cause.

    Args:
        state: of a campaign in which nothing can be dispatched or proposed now.
        is_proposing: whether trials may be proposed, but for the hours.
        now: the time.
    """
    needed = [each for each in (place(state, now=now).needed,) if each is not None]
    if is_proposing and room_at_any_time(state) > 0:
        needed.append(longest_needed(state.spec.source))
    starts = [next_start(state.spec.source, needed=each, now=now) for each in needed]
    return min((each for each in starts if each is not None), default=None)


def never_fits(state: CampaignState, *, now: datetime) -> timedelta | None:
    """Returns how long a trial takes for which the source is never open; None where it is."""
    needed = longest_needed(state.spec.source)
    return needed if next_start(state.spec.source, needed=needed, now=now) is None else None


def _best_device(
    free: list[Device], trial: Trial, source: Runner, *, now: datetime
) -> Device | None:
    """Returns the device that begins soonest, of equal ones the emptiest; None where all are full.

    Where trials share parameters, the device with a batch that it can join.
    """
    able = [each for each in free if has_place(each, trial.configuration, source)]
    if source.shared:
        able = [each for each in able if each.trials] or able
    return min(
        able,
        key=lambda each: (
            time_needed(each, trial.configuration, source, now=now),
            len(each.trials),
        ),
        default=None,
    )


def _n_devices_for(waiting: list[Trial], there: list[Device], source: Runner) -> int:
    """Returns how many free devices the batches that wait will take."""
    sizes: dict[tuple[object, ...], int] = {}
    for trial in waiting:
        values = shared_values(trial.configuration, source)
        sizes[values] = sizes.get(values, 0) + 1
    n = 0
    for values, size in sizes.items():
        joined = sum(
            source.capacity - len(each.trials)
            for each in there
            if each.trials and shared_values(each.trials[0].configuration, source) == values
        )
        n += ceil(max(0, size - joined) / source.capacity)
    return n
