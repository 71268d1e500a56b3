"""Which trials may be dispatched now, and where; how many may be proposed; and until when to wait.

Known from the ledger and the clock alone, so that whoever only looks knows it too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from planner.campaign.sources import Runner
from planner.ledger.replay import CampaignState
from planner.loop.rules.allowance import Allowance
from planner.loop.rules.budget import trials_left
from planner.loop.rules.opening_hours import may_begin, next_start
from planner.loop.rules.samples import room_for_samples
from planner.loop.timetable.bench import (
    Device,
    has_place,
    in_service,
    last_set_up,
    longest_needed,
    order_to_run,
    put_on,
    time_needed,
    waiting_trials,
)
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


def place(
    state: CampaignState, *, now: datetime, closed: Collection[str | None] = ()
) -> Placements:
    """Decides which approved trials may be dispatched, and on which devices.

    Args:
        state: of the campaign.
        now: the time.
        closed: devices at which nothing may begin now.
    """
    source = state.spec.source
    approved = [each for each in waiting_trials(state) if each.state is TrialState.APPROVED]
    if not approved:
        return Placements(now=(), needed=None)
    free = {each.name: each for each in in_service(state) if each.name not in closed}
    placed: list[Placement] = []
    late: list[timedelta] = []
    for trial in _in_order(approved, list(free.values()), source):
        device = _best_device(list(free.values()), trial, source, now=now)
        if device is None:
            continue
        needed = time_needed(device, trial.configuration, source, now=now)
        if may_begin(source, needed=needed, now=now):
            placed.append(Placement(trial=trial.number, device=device.name))
            free[device.name] = put_on(device, trial.configuration, source, now=now)
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
    if not is_timely and state.spec.policy.approval.default == "automatic":
        return 0
    return room_at_any_time(state, now=now)


def room_at_any_time(state: CampaignState, *, now: datetime) -> int:
    """Returns how many trials may be proposed, if the source were open."""
    if state.nothing_fits is not None:
        return 0
    limits = (trials_left(state), Allowance.of(state).most(), room_for_samples(state))
    return max(
        0, min(n_free_places(state, now=now), *(each for each in limits if each is not None))
    )


def n_free_places(state: CampaignState, *, now: datetime) -> int:
    """Returns how many trials the devices in service can take besides those that wait for them.

    Where trials share parameters, those of one free device: a batch is chosen for it as a whole.
    """
    source, there = state.spec.source, with_those_that_wait(state, now=now)
    if source.shared:
        return source.capacity if any(not each.on for each in there) else 0
    return sum(source.capacity - len(each.on) for each in there)


def with_those_that_wait(state: CampaignState, *, now: datetime) -> list[Device]:
    """Returns the devices in service as they will be once all that waits is dispatched.

    What finds no place on them is left out, and then they are full.
    """
    source = state.spec.source
    there = {each.name: each for each in in_service(state)}
    for trial in _in_order(waiting_trials(state), list(there.values()), source):
        device = _best_device(list(there.values()), trial, source, now=now)
        if device is not None:
            there[device.name] = put_on(device, trial.configuration, source, now=now)
    return list(there.values())


def wait_until(state: CampaignState, *, is_proposing: bool, now: datetime) -> datetime | None:
    """Returns when the opening hours let the next trial begin; None where they are not the cause.

    Args:
        state: of a campaign in which nothing can be dispatched or proposed now.
        is_proposing: whether trials may be proposed, but for the hours.
        now: the time.
    """
    needed = [each for each in (place(state, now=now).needed,) if each is not None]
    if is_proposing and room_at_any_time(state, now=now) > 0:
        needed.append(longest_needed(state.spec.source))
    starts = [next_start(state.spec.source, needed=each, now=now) for each in needed]
    known = [each for each in starts if each is not None]
    if not known:
        return None
    time = state.spec.budget.time
    return min([*known, *([state.opened_at + timedelta(seconds=time)] if time is not None else [])])


def never_fits(state: CampaignState, *, now: datetime) -> timedelta | None:
    """Returns how long a trial takes for which the source is never open; None where it is."""
    needed = longest_needed(state.spec.source)
    return needed if next_start(state.spec.source, needed=needed, now=now) is None else None


def _in_order(trials: list[Trial], there: list[Device], source: Runner) -> list[Trial]:
    """Returns trials in the order that saves set-up time."""
    configurations = [each.configuration for each in trials]
    order = order_to_run(configurations, source, set_to=last_set_up(there))
    return [trials[index] for index in order]


def _best_device(
    free: list[Device], trial: Trial, source: Runner, *, now: datetime
) -> Device | None:
    """Returns the device that begins soonest, of equal ones the emptiest; None where all are full.

    Where trials share parameters, the device with a batch that it can join.
    """
    able = [each for each in free if has_place(each, trial.configuration, source)]
    if source.shared:
        able = [each for each in able if each.on] or able
    return min(
        able,
        key=lambda each: (
            time_needed(each, trial.configuration, source, now=now),
            len(each.on),
        ),
        default=None,
    )
