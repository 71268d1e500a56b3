"""What waits for whom, and what to do about it."""

from __future__ import annotations

from planner.ledger.replay import CampaignState
from planner.loop.dispatch.holding_back import why_held
from planner.loop.rules.approval import missing_in_words
from planner.loop.rules.late import describe_late
from planner.report.facts import WaitingItem
from planner.trials import Trial, TrialState, Wanted


def list_waiting(state: CampaignState) -> tuple[WaitingItem, ...]:
    """Returns what only a person can move on, most urgent first."""
    trials = sorted(state.open_trials, key=lambda each: each.state is not TrialState.IN_DOUBT)
    items = [item for trial in trials if (item := _item(trial, state)) is not None]
    aside = [
        WaitingItem(
            trial=trial.number,
            what=f"a result of trial {trial.number} was put aside: {'; '.join(trial.quarantined)}",
            to_do="nothing, unless the trial's end was a mistake: the result is kept",
        )
        for trial in state.trials.values()
        if trial.quarantined and trial.state not in (TrialState.IN_DOUBT, TrialState.RUNNING)
    ]
    return (*_late(state), *items, *_awaited(state), *aside, *_whole(state))


def _late(state: CampaignState) -> list[WaitingItem]:
    return [
        WaitingItem(
            trial=trial.number,
            what=said,
            to_do="planner resolve, with take-in or leave-out, and a reason",
        )
        for trial, said in describe_late(state)
    ]


def _awaited(state: CampaignState) -> list[WaitingItem]:
    """Returns an item for each outcome that completed trials still wait for, with its source."""
    waiting: dict[str, list[int]] = {}
    for trial in state.trials.values():
        for name in state.awaited(trial):
            if getattr(state.spec.outcomes[name], "reduce", None) is None:
                waiting.setdefault(name, []).append(trial.number)
    return [
        WaitingItem(
            trial=numbers[0] if len(numbers) == 1 else None,
            what=f"{name} of {_trials(numbers)} is still to come{_from(name, state)}",
            to_do=f"planner tell TRIAL {name}=VALUE; {name}=lost and a reason where it never will",
        )
        for name, numbers in waiting.items()
    ]


def _trials(numbers: list[int]) -> str:
    listed = ", ".join(map(str, numbers[:10])) + (" ..." if len(numbers) > 10 else "")
    return f"trial {listed}" if len(numbers) == 1 else f"trials {listed}"


def _from(name: str, state: CampaignState) -> str:
    elsewhere = state.spec.measured_elsewhere.get(name)
    if elsewhere is not None:
        return f" from {elsewhere}"
    return f"; source {state.spec.source.name} did not report it"


def _item(trial: Trial, state: CampaignState) -> WaitingItem | None:
    number = trial.number
    match trial.state:
        case TrialState.IN_DOUBT:
            what = f"trial {number} is in doubt: {trial.reason or 'nobody knows what became of it'}"
            to_do = (
                "look at the device and its log, then say what you saw: planner resolve, with "
                "performed (and the result), no-result, partly or not-performed"
            )
        case TrialState.AWAITING_APPROVAL:
            what = f"trial {number} waits for {missing_in_words(state, trial)}"
            to_do = "planner approve; with --reject and a reason to turn it down"
        case TrialState.HELD:
            what = f"trial {number} is held: {why_held(state, trial) or 'no reason was given'}"
            to_do = "mend the cause and run the campaign again, or planner abort"
            if trial.held_by == "person":
                to_do = "planner hold with --undo when it may go on, or planner abort"
        case TrialState.RUNNING if trial.handed or state.spec.source.kind == "person":
            who = trial.run.source if trial.handed and trial.run is not None else "a person"
            what = f"trial {number} is with {who}, who has not told the result"
            to_do = "planner tell, with the result or with why it failed"
        case _:
            return None
    return WaitingItem(trial=number, what=what, to_do=to_do)


def _whole(state: CampaignState) -> list[WaitingItem]:
    if state.stopped is not None and state.stopped.failed:
        what = f"the campaign stopped after failures: {state.stopped.reason}"
        return [WaitingItem(trial=None, what=what, to_do="mend the cause, then planner run")]
    if state.wanted is not Wanted.RUN and state.stopped is None:
        what = f"the campaign was asked to {state.wanted}"
        return [WaitingItem(trial=None, what=what, to_do="planner run, when it may go on")]
    return []
