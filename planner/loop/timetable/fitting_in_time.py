"""How many trials that a person asks for end before the source closes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from planner.campaign.slots import n_fit
from planner.campaign.sources import Runner
from planner.campaign.times import written_time
from planner.errors import Refused
from planner.ledger.replay import CampaignState
from planner.loop.rules.opening_hours import closes, time_in_words
from planner.loop.timetable.bench import (
    expected_ends,
    in_service,
    last_set_up,
    order_to_run,
    put_on,
    time_needed,
)
from planner.loop.timetable.past_runs import is_at_the_source
from planner.space import Configuration
from planner.trials import TrialState

Window = tuple[datetime, datetime]


def find_window(state: CampaignState, n: int, *, now: datetime) -> Window | None:
    """Returns the window in which ``n`` trials fit: the present one, or the next.

    Raises:
        Refused: fewer do.
    """
    source = state.spec.source
    if not closes(source):
        return None
    window = _window(source, now)
    if source.duration is None or window is None:
        return window
    fitting = _n_that_fit(state, now)
    if fitting < 1:  # what is left of this window is too short
        after = _window(source, window[1])
        if after is None:
            return None
        window, fitting = after, _n_that_fit(state, window[1])
    if n <= fitting:
        return window
    later = source.opening.next_opening(window[1])
    opens, closing, next_ = (time_in_words(at, source, now=now) for at in (*window, later))
    what = "fewer" if fitting > 0 else "them later"
    raise Refused(
        f"Source {source.name!r} is open from {opens} to {closing}; in that time "
        f"{max(0, fitting)} more trials of {written_time(source.duration)} fit, with "
        f"{source.places} at once, not {n}. Ask for {what}: it opens again {next_}."
    )


def n_in_time(
    state: CampaignState,
    configurations: Sequence[Configuration],
    *,
    window: Window | None,
    device: str | None,
) -> int:
    """Returns how many trials end within a window, with set-up, each where it ends soonest.

    Args:
        state: of the campaign.
        configurations: of the trials.
        window: in which they begin and end; None where the source never closes.
        device: that all of them run on; None where any may.
    """
    source = state.spec.source
    if window is None or source.set_up is None or source.duration is None:
        return len(configurations)
    start, closing = window
    there = [each for each in in_service(state) if device in (None, each.name)]
    free = {(each.name, k): (each, start) for each in there for k in range(source.capacity)}
    n = 0
    for index in order_to_run(configurations, source, set_to=last_set_up(there)):
        configuration = configurations[index]
        ends = {
            key: at + time_needed(device_, configuration, source, now=at)
            for key, (device_, at) in free.items()
        }
        soonest = min(ends, key=lambda key: ends[key])
        if ends[soonest] > closing:
            continue
        n += 1
        on, at = free[soonest]
        changed = put_on(on, configuration, source, now=at)
        free[soonest] = changed, ends[soonest]
        for key in free:  # the places of a device are set up together
            if key[0] == soonest[0] and key != soonest:
                free[key] = changed, free[key][1]
    return n


def _n_that_fit(state: CampaignState, at: datetime) -> int:
    source = state.spec.source
    there = in_service(state)
    fitting = n_fit(
        at,
        hours=source.opening,
        duration=timedelta(seconds=source.duration or 0.0),
        capacity=source.capacity,
        n_devices=len(there),
        busy=[end for each in there for end in expected_ends(each, source)],
    )
    in_hand = sum(
        trial.handed and is_at_the_source(trial, source)
        for trial in state.in_state(TrialState.RUNNING)
    )
    return 0 if fitting is None else fitting - in_hand


def _window(source: Runner, at: datetime) -> Window | None:
    """Returns the present window from now on, or the next; None where it never ends."""
    window = next(source.opening.ahead(at))
    assert window.start is not None  # cut at the time that was asked for
    return None if window.end is None else (window.start, window.end)
