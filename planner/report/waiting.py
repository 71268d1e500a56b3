"""What waits for whom, and what to do about it."""

from __future__ import annotations

from planner.ledger.replay import CampaignState
from planner.loop.dispatch.holding_back import why_held
from planner.loop.rules.approval import missing_in_words
from planner.loop.rules.late import describe_late
from planner.loop.work_list import values_to_type
from planner.report.facts import WaitingItem
from planner.trials import Trial, TrialState, Wanted


def list_waiting(state: CampaignState, *, file: str = "FILE") -> tuple[WaitingItem, ...]:
    """Returns what only a person can move on, most urgent first.

    Args:
        state: of the campaign.
        file: the campaign file, as it stands in a command.
    """
    trials = sorted(state.open_trials, key=lambda each: each.state is not TrialState.IN_DOUBT)
    items = [item for trial in trials if (item := _item(trial, state, file)) is not None]
    aside = [
        WaitingItem(
            trial=trial.number,
            what=f"a result of trial {trial.number} was put aside: {'; '.join(trial.quarantined)}",
            to_do="nothing, unless the trial's end was a mistake: the result is kept",
        )
        for trial in state.trials.values()
        if trial.quarantined and trial.state not in (TrialState.IN_DOUBT, TrialState.RUNNING)
    ]
    return (*_late(state, file), *items, *_awaited(state, file), *aside, *_whole(state, file))


def _late(state: CampaignState, file: str) -> list[WaitingItem]:
    return [
        WaitingItem(
            trial=trial.number,
            what=said,
            to_do=f"planner resolve {file} {trial.number}, with take-in or leave-out, and a reason",
        )
        for trial, said in describe_late(state)
    ]


def _awaited(state: CampaignState, file: str) -> list[WaitingItem]:
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
            to_do=f"planner tell {file} {numbers[0]} {name}=VALUE; {name}=lost and a reason where "
            f"it never will",
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


def _item(trial: Trial, state: CampaignState, file: str) -> WaitingItem | None:
    number = trial.number
    match trial.state:
        case TrialState.IN_DOUBT:
            what = f"trial {number} is in doubt: {trial.reason or 'nobody knows what became of it'}"
            to_do = (
                f"look at the device and its log, then say what you saw: planner resolve {file} "
                f"{number}, with performed (and the result), no-result, partly or not-performed"
            )
        case TrialState.AWAITING_APPROVAL:
            what = f"trial {number} waits for {missing_in_words(state, trial)}"
            to_do = f"planner approve {file} {number}; with --reject and a reason to turn it down"
        case TrialState.HELD:
            what = f"trial {number} is held: {why_held(state, trial) or 'no reason was given'}"
            to_do = f"mend the cause and run the campaign again, or planner abort {file} {number}"
            if trial.held_by == "person":
                to_do = (
                    f"planner hold {file} {number} --undo when it may go on, or planner abort "
                    f"{file} {number}"
                )
        case TrialState.RUNNING if trial.handed or state.spec.source.kind == "person":
            who = trial.run.source if trial.handed and trial.run is not None else "a person"
            what = f"trial {number} is with {who}, who has not told the result"
            typed = values_to_type(state.spec)
            to_do = (
                f"planner tell {file} {number} {typed}; where it brought none, --failed machine or "
                f"process with --reason"
            )
        case _:
            return None
    return WaitingItem(trial=number, what=what, to_do=to_do)


def _whole(state: CampaignState, file: str) -> list[WaitingItem]:
    if state.stopped is not None and state.stopped.failed:
        what = f"the campaign stopped after failures: {state.stopped.reason}"
        return [
            WaitingItem(trial=None, what=what, to_do=f"mend the cause, then planner run {file}")
        ]
    if state.wanted is not Wanted.RUN and state.stopped is None:
        what = f"the campaign was asked to {state.wanted}"
        return [WaitingItem(trial=None, what=what, to_do=f"planner run {file}, when it may go on")]
    return []
