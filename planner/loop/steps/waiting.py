"""What a campaign waits for when no machine is at work; known without any model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from planner.campaign.words.phrases import listed
from planner.ledger.entries import WantedSet
from planner.ledger.replay import CampaignState
from planner.loop.dispatch.holding_back import why_held
from planner.loop.rules.allowance import find_shortage
from planner.loop.rules.approval import missing_in_words
from planner.loop.rules.late import describe_late
from planner.loop.rules.opening_hours import time_in_words
from planner.loop.rules.samples import samples_waiting
from planner.loop.sessions.session import Session
from planner.loop.timetable.placing import never_fits
from planner.trials import Run, RunState, Trial, TrialState, Wanted


def describe_waiting(session: Session) -> str:
    """Says what waits for whom, and what to type."""
    state = session.state
    parts = _of_trials(state)
    parts += [f"{said} (planner resolve)" for _, said in describe_late(state)]
    parts += [each.in_words() for each in samples_waiting(state)]
    parts += _of_the_source(state, now=session.clock.now())
    if state.latched is not None:
        parts.append(
            f"the emergency stop is on ({state.latched.reason}); when all is safe: planner clear"
        )
    if state.wanted is not Wanted.RUN:
        parts.append(f"the campaign is asked to {state.wanted} (planner go lets it go on)")
    return "; ".join(parts) or "nothing is under way"


def waits_for_people(state: CampaignState) -> bool:
    """Tells whether something waits that a person can do something about."""
    is_short = find_shortage(state) is not None
    return bool(
        state.open_trials
        or samples_waiting(state)
        or state.late
        or state.latched is not None
        or (state.stopped is None and (is_short or state.out_of_service))
        or (state.stopped is None and state.wanted is not Wanted.RUN)
    )


_MEANS = {
    Wanted.RUN: "it proposes and dispatches",
    Wanted.DRAIN: "nothing more is proposed, and what is approved is finished",
    Wanted.HOLD: "it proposes, and nothing is sent to a device",
    Wanted.PAUSE: "nothing is proposed or sent to a device, and open runs are finished",
}


def describe_wish(wish: WantedSet, *, by: str) -> str:
    """Says what is wanted of a campaign from now on, and what that means."""
    why = f" ({wish.reason})" if wish.reason else ""
    return f"asked to {wish.wanted} by {by}{why}: {_MEANS[wish.wanted]}."


def describe_time(state: CampaignState, until: datetime, *, now: datetime) -> str:
    """Says until when it waits, and why."""
    source, budget = state.spec.source, state.spec.budget
    when = time_in_words(until, source, now=now)
    ends = None if budget.time is None else state.opened_at + timedelta(seconds=budget.time)
    if ends == until and not source.opening.is_open(until):
        return f"waits until {when} (the end of budget.time; source {source.name!r} is closed)"
    return f"waits until {when} (opening hours of {source.name!r})"


def describe_service(state: CampaignState) -> list[str]:
    """Says what is out of service, and why."""
    name = state.spec.source.name
    return [
        f"{'source ' + repr(name) if device is None else f'device {device!r} of {name!r}'} is out "
        f"of service{f' ({reason})' if reason else ''}"
        for device, reason in state.out_of_service.items()
    ]


def _of_trials(state: CampaignState) -> list[str]:
    """Says how the open trials stand; those of which the same is to be said are one clause."""
    alike: dict[tuple[str, str], list[int]] = {}
    for trial in state.open_trials:
        if (around := _of_trial(state, trial)) is not None:
            alike.setdefault(around, []).append(trial.number)
    return [f"{before}{_each_of(found)} {after}" for (before, after), found in alike.items()]


def _each_of(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    return f"each of trials {listed(map(str, numbers))}"


def _of_trial(state: CampaignState, trial: Trial) -> tuple[str, str] | None:
    """Returns what is said before and after the name of a trial."""
    match trial.state:
        case TrialState.AWAITING_APPROVAL:
            return "", f"waits for {missing_in_words(state, trial)} (planner approve)"
        case TrialState.IN_DOUBT:
            return "", f"is in doubt (planner resolve): {trial.reason}"
        case TrialState.HELD:
            return "", f"is held: {why_held(state, trial)}"
        case TrialState.RUNNING if trial.handed or state.spec.source.kind == "person":
            return "", "waits for its result (planner tell)"
        case TrialState.RUNNING:
            return _of_run(trial)
    return None


def _of_run(trial: Trial) -> tuple[str, str] | None:
    """Says how a run at a machine stands."""
    run = trial.run
    if run is None:
        return None
    where = repr(run.device or run.source)
    if run.state is RunState.ABORTING:
        return "", f"at {where} is asked to end ({run.evidence})"
    if run.kept_back:
        return "the order of ", f"waits: {run.kept_back.rstrip('.')}"
    changed = f"; {_last_change(run)}" if run.adjustments else ""
    return "", f"is {run.state} at {where}{changed}"


def _last_change(run: Run) -> str:
    """Says what became of the last change of a run."""
    last = run.adjustments[-1]
    what = ", ".join(
        f"{name}={value if isinstance(value, str) else f'{value:g}'}"
        for name, value in last.parameters.items()
    )
    said = f"change {last.number} ({what}, by {last.asked_by}) "
    match last.state:
        case "awaiting approval":
            return f"{said}waits for a second person (planner adjust, with the same)"
        case "approved":
            return f"{said}is on its way"
        case "taken":
            return f"{said}was taken"
    return f"{said}was refused: {last.said.rstrip('.')}"


def _of_the_source(state: CampaignState, *, now: datetime) -> list[str]:
    """Says what keeps the source from going on: stock, hours that are too short, maintenance."""
    source, parts = state.spec.source, []
    short = find_shortage(state)
    if short is not None and short.short_of is not None:
        parts.append(
            f"{short.reason} (when it was filled up: planner stock FILE "
            f"{short.short_of}=AMOUNT --reason ...)"
        )
    too_long = never_fits(state, now=now)
    if too_long is not None:
        parts.append(
            f"a trial with its set-up takes {too_long.total_seconds() / 3600:g} h, and source "
            f"{source.name!r} is never open for so long (change hours, duration or set_up, "
            f"then planner amend)"
        )
    if state.out_of_service:
        parts += [f"{each} (planner maintenance --back)" for each in describe_service(state)]
    return parts
