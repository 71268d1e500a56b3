"""The work list: what waits for whom, since when, and what to type; known without any model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from planner.campaign import CampaignSpec, NumberOutcome, Person
from planner.ledger.replay import CampaignState
from planner.loop.rules.approval import n_missing
from planner.loop.rules.late import describe_late
from planner.trials import Trial, TrialState

SOMEBODY = "whoever may decide"
_MOST_NAMED = 3  # outcomes in a command that is shown

# who, what, the verb of the command, and what comes behind the number of a trial
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one person, or one source that a person serves, has to do.

    Args:
        who: a person's name, or the source's.
        what: in a few words, such as ``tell the result``.
        trials: by number.
        since: when the first of them began to wait.
        to_type: the command that ends the waiting, of the first of these trials.
    """

    who: str
    what: str
    trials: tuple[int, ...]
    since: datetime
    to_type: str

    def in_words(self) -> str:
        """Says it in a sentence."""
        since = f"{self.since:%Y-%m-%d %H:%M} UTC"
        what = f"{self.what} of {trials_in_words(self.trials)}"
        return f"{self.who}: {what}, since {since} ({self.to_type})"


def trials_in_words(numbers: Sequence[int]) -> str:
    """Returns ``trial 2`` or ``trials 2, 3``."""
    return f"trial{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def values_to_type(spec: CampaignSpec) -> str:
    """Returns what is typed of a trial that was performed, such as ``yield=VALUE``."""
    names = spec.measured_at_once
    if len(names) > _MOST_NAMED:
        return "NAME=VALUE"
    return " ".join(f"{name}=VALUE" for name in names) or "--done"


def list_work(state: CampaignState, *, file: str = "FILE") -> tuple[Work, ...]:
    """Returns what waits for people, grouped by who it waits for; the oldest first.

    Args:
        state: of the campaign.
        file: the campaign file, as it stands in a command.
    """
    waiting: dict[_Key, list[tuple[int, datetime]]] = {}
    for trial in state.trials.values():
        for key, since in _waits(state, trial):
            waiting.setdefault(key, []).append((trial.number, since))
    for trial, _ in describe_late(state):
        late = (SOMEBODY, "the verdict on a late result", "resolve", " VERDICT")
        waiting.setdefault(late, []).append((trial.number, trial.ended_at or trial.proposed_at))
    work = [
        Work(
            who=who,
            what=what,
            trials=tuple(number for number, _ in found),
            since=min(since for _, since in found),
            to_type=f"planner {verb} {file} {found[0][0]}{tail}",
        )
        for (who, what, verb, tail), found in waiting.items()
    ]
    return tuple(sorted(work, key=lambda each: each.since))


def _waits(state: CampaignState, trial: Trial) -> list[tuple[_Key, datetime]]:
    began = trial.run.opened_at if trial.run is not None else trial.proposed_at
    match trial.state:
        case TrialState.AWAITING_APPROVAL:
            who, what = SOMEBODY, "the approval"
            if trial.approved_by:
                who = f"somebody else than {' and '.join(trial.approved_by)}"
                what = "the second approval"
            elif n_missing(state, trial) > 1:
                what = "the approval by two people"
            return [((who, what, "approve", ""), trial.proposed_at)]
        case TrialState.IN_DOUBT:
            known = ", which shows what is known"
            return [((SOMEBODY, "the verdict on what became", "resolve", known), began)]
        case TrialState.RUNNING if trial.handed or isinstance(state.spec.source, Person):
            who = trial.run.source if trial.run is not None else state.spec.source.name
            typed = f" {values_to_type(state.spec)}, or a table"
            return [((who, "the result", "tell", typed), began)]
        case TrialState.COMPLETED:
            return _outcomes(state, trial)
    return []


def _outcomes(state: CampaignState, trial: Trial) -> list[tuple[_Key, datetime]]:
    """Returns what was not measured when the trial ended, for the source that measures it."""
    ended = trial.ended_at or trial.proposed_at
    here = trial.run.source if trial.run is not None else state.spec.source.name
    found = []
    for name in state.awaited(trial):
        outcome = state.spec.outcomes[name]
        if isinstance(outcome, NumberOutcome) and outcome.reduce is not None:
            continue  # it comes with what it is computed from
        who = state.spec.measured_elsewhere.get(name, here)
        found.append(((who, name, "tell", f" {name}=VALUE"), ended))
    return found
