"""What may be handed to a person who asks: as much as has a place, and time, and suffices.

Whoever asks may ask ahead: for the window in which the source is open, or for the next one. Where
trials share parameters they are one batch on one device, that of an open batch while it has places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from planner.errors import InputError, Refused
from planner.ledger.replay import CampaignState
from planner.loop.deciding.chosen import Chosen
from planner.loop.rules.allowance import MONEY, Allowance
from planner.loop.rules.budget import amount_in_words
from planner.loop.steps.waiting import describe_service
from planner.loop.timetable.bench import (
    Device,
    has_place,
    in_service,
    put_on,
)
from planner.loop.timetable.fitting_in_time import Window, find_window, n_in_time
from planner.loop.timetable.placing import with_those_that_wait
from planner.space import Configuration, SearchSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOut:
    """Where and when trials may run that a person asks for.

    Args:
        space: what may be chosen: where an open batch is joined, what agrees with it.
        device: that all of them run on, where they share parameters; else None.
        window: in which they begin and end; None where the source never closes.
    """

    space: SearchSpace
    device: str | None = None
    window: Window | None = None


def plan_hand_out(state: CampaignState, space: SearchSpace, n: int, *, now: datetime) -> HandOut:
    """Decides whether ``n`` trials may be handed out, and what they can be.

    Args:
        state: of the campaign.
        space: what may be chosen, with the person's own wishes.
        n: how many are asked for.
        now: the time.

    Raises:
        Refused: the source is out of service, or has no place, time or stock for as many; the
            message has the numbers, and says when it is possible.
    """
    _check_service(state)
    _check_stock(state, n)
    window = find_window(state, n, now=now)
    if not state.spec.source.shared:
        return HandOut(space=space, window=window)
    return _in_a_batch(state, HandOut(space=space, window=window), n, now=now)


def check_chosen(state: CampaignState, chosen: Chosen, *, plan: HandOut, n: int) -> None:
    """Accepts what was chosen for a person, where money, stock and time suffice for it.

    Args:
        state: of the campaign.
        chosen: what money and stock suffice for together.
        plan: where and when they may run.
        n: how many were asked for.

    Raises:
        Refused: something does not suffice.
    """
    configurations = [pick.configuration for pick in chosen.picks]
    if chosen.short is not None:
        what = _capitalised(chosen.short.reason)
        raise Refused(f"{what}. {_remedy(state, chosen.short.short_of)}")
    if chosen.is_cut:
        _refuse_cut(state, n_chosen=len(configurations), n=n)
    n_timely = n_in_time(state, configurations, window=plan.window, device=plan.device)
    if n_timely < len(configurations):
        raise Refused(
            f"With the changes of set-up that they need, only {n_timely} of these {n} trials end "
            f"before source {state.spec.source.name!r} closes. Ask for {n_timely}."
        )


def devices_of(
    state: CampaignState, chosen: Chosen, *, plan: HandOut, now: datetime
) -> list[str | None]:
    """Returns the device of each trial that was chosen for a person."""
    configurations = [pick.configuration for pick in chosen.picks]
    if state.spec.source.shared:
        return [plan.device] * len(configurations)
    return devices_for(state, configurations, now=now)


def check_own(
    state: CampaignState, configuration: Configuration, *, now: datetime, is_handed: bool
) -> str | None:
    """Accepts a trial that a person made.

    Args:
        state: of the campaign.
        configuration: of the trial.
        now: the time.
        is_handed: whether the person runs it.

    Returns:
        The device that it is to run on, where the person is told.

    Raises:
        Refused: money or stock does not suffice for it, or it has no place or time.
    """
    for each in Allowance.of(state).resources:
        taken = each.taken_by(configuration)
        if taken is None or taken > each.left:
            needed = (
                "an amount that nobody can tell"
                if taken is None
                else amount_in_words(taken, each.unit)
            )
            raise Refused(
                f"It takes {needed}, and {each.in_words()} is left. {_remedy(state, each.name)}"
            )
    if not is_handed:
        return None
    _check_service(state)
    find_window(state, 1, now=now)
    return devices_for(state, [configuration], now=now)[0]


def devices_for(
    state: CampaignState, configurations: Sequence[Configuration], *, now: datetime
) -> list[str | None]:
    """Returns which device each of a person's trials runs on, where they take one.

    Raises:
        Refused: no device has a place beside trials of the same shared parameters.
    """
    source = state.spec.source
    if not (source.shared or source.kind == "person"):
        return [None] * len(configurations)
    there = {each.name: each for each in with_those_that_wait(state, now=now)}
    found: list[str | None] = []
    for configuration in configurations:
        able = [
            each
            for each in there.values()
            if not source.shared or has_place(each, configuration, source)
        ]
        if not able:
            raise Refused(_no_place(state, list(there.values())))
        # a batch goes on where it began, other trials to where there are fewest
        best = min(able, key=lambda each: -len(each.on) if source.shared else len(each.on))
        there[best.name] = put_on(best, configuration, source, now=now)
        found.append(best.name)
    return found


def _refuse_cut(state: CampaignState, *, n_chosen: int, n: int) -> None:
    """Refuses fewer trials than were asked for, as money or stock does not suffice for all."""
    varying = [each for each in Allowance.of(state).resources if each.constant is None]
    what = ", ".join(each.in_words() for each in varying)
    verb = "suffices" if len(varying) == 1 else "suffice"
    raise Refused(
        f"{what} {verb} for {n_chosen} of the {n} trials that are best together. Ask for "
        f"{n_chosen}. {_remedy(state, varying[0].name)}"
    )


def _check_service(state: CampaignState) -> None:
    if not in_service(state):
        what = "; ".join(describe_service(state))
        raise Refused(f"{_capitalised(what)}. When it is back: planner maintenance FILE --back.")


def _check_stock(state: CampaignState, n: int) -> None:
    for each in Allowance.of(state).resources:
        if each.name is MONEY:
            continue  # the budget is looked at as a whole, before
        n_left = int(each.left // each.constant) if each.constant else n
        if each.left < 0 or n_left < n:
            raise Refused(
                f"{_capitalised(each.in_words())} suffices for {max(0, n_left)} more trials, not "
                f"{n}. {_remedy(state, each.name)}"
            )


def _in_a_batch(state: CampaignState, plan: HandOut, n: int, *, now: datetime) -> HandOut:
    """Returns where ``n`` trials can be one batch: an open one that has places, or a free device.

    Raises:
        Refused: no device has as many places.
    """
    source = state.spec.source
    there = with_those_that_wait(state, now=now)
    for device in sorted(there, key=lambda each: -len(each.on)):
        if source.capacity - len(device.on) < n:
            continue
        if not device.on:
            return replace(plan, device=device.name)
        values = {name: device.on[0].configuration[name] for name in source.shared}
        try:
            return replace(plan, space=plan.space.restricted(values), device=device.name)
        except InputError:  # it does not agree with what is wished for
            continue
    raise Refused(_no_place(state, there))


def _no_place(state: CampaignState, there: Sequence[Device]) -> str:
    source = state.spec.source
    shared = " and ".join(source.shared)
    taken = []
    for each in there:
        where = f"device {each.name!r}" if each.name is not None else f"source {source.name!r}"
        at = ""
        if each.on:
            settings = each.on[0].configuration
            at = f" at {', '.join(f'{name} {settings[name]}' for name in source.shared)}"
        taken.append(f"{where} has {source.capacity - len(each.on)} places{at}")
    return (
        f"Trials that run together have {shared or 'nothing'} in common, {source.capacity} at most "
        f"on a device; {', '.join(taken)}. Ask for as many as there are places, or tell first what "
        f"became of those that are out."
    )


def _remedy(state: CampaignState, name: str | None) -> str:
    if name is MONEY:
        return "Raise budget.cost in the file and enter it: planner amend FILE."
    unit = state.spec.source.consumables[name].unit if name is not None else ""
    return (
        f"When it was filled up, enter what there is now: planner stock FILE {name}="
        f"AMOUNT{'' if unit in ('', '1') else unit} --reason ..."
    )


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
