"""The work list: what waits for whom, since when, and what to type; known without any model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planner.campaign import NumberOutcome, Person
from planner.ledger.replay import CampaignState
from planner.loop.rules.approval import n_missing
from planner.loop.rules.late import describe_late
from planner.trials import Trial, TrialState

SOMEBODY = "whoever may decide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one person, or one source that a person serves, has to do.

    Args:
        who: a person's name, or the source's.
        what: in a few words, such as ``tell the result``.
        trials: by number.
        since: when the first of them began to wait.
        to_type: the command that ends the waiting.
    """

    who: str
    what: str
    trials: tuple[int, ...]
    since: datetime
    to_type: str

    def in_words(self) -> str:
        """Says it in a sentence."""
        numbers = ", ".join(map(str, self.trials))
        word = "trial" if len(self.trials) == 1 else "trials"
        since = f"{self.since:%Y-%m-%d %H:%M} UTC"
        return f"{self.who}: {self.what} of {word} {numbers}, since {since} ({self.to_type})"


def list_work(state: CampaignState) -> tuple[Work, ...]:
    """Returns what waits for people, grouped by who it waits for; the oldest first."""
    waiting: dict[tuple[str, str, str], list[tuple[int, datetime]]] = {}
    for trial in state.trials.values():
        for key, since in _waits(state, trial):
            waiting.setdefault(key, []).append((trial.number, since))
    for trial, _ in describe_late(state):
        late = (SOMEBODY, "the verdict on a late result", "planner resolve FILE TRIAL VERDICT")
        waiting.setdefault(late, []).append((trial.number, trial.ended_at or trial.proposed_at))
    work = [
        Work(
            who=who,
            what=what,
            trials=tuple(number for number, _ in found),
            since=min(since for _, since in found),
            to_type=to_type,
        )
        for (who, what, to_type), found in waiting.items()
    ]
    return tuple(sorted(work, key=lambda each: each.since))


def _waits(state: CampaignState, trial: Trial) -> list[tuple[tuple[str, str, str], datetime]]:
    began = trial.run.opened_at if trial.run is not None else trial.proposed_at
    match trial.state:
        case TrialState.AWAITING_APPROVAL:
            who, what = SOMEBODY, "the approval"
            if trial.approved_by:
                who = f"somebody else than {' and '.join(trial.approved_by)}"
                what = "the second approval"
            elif n_missing(state, trial) > 1:
                what = "the approval by two people"
            key = (who, what, "planner approve FILE TRIAL")
            return [(key, trial.proposed_at)]
        case TrialState.IN_DOUBT:
            key = (
                SOMEBODY,
                "the verdict on what became",
                "planner resolve FILE TRIAL, which shows what is known",
            )
            return [(key, began)]
        case TrialState.RUNNING if trial.handed or isinstance(state.spec.source, Person):
            who = trial.run.source if trial.run is not None else state.spec.source.name
            return [((who, "the result", "planner tell FILE TRIAL NAME=VALUE, or a table"), began)]
        case TrialState.COMPLETED:
            return _outcomes(state, trial)
    return []


def _outcomes(state: CampaignState, trial: Trial) -> list[tuple[tuple[str, str, str], datetime]]:
    """Returns what was not measured when the trial ended, for the source that measures it."""
    ended = trial.ended_at or trial.proposed_at
    here = trial.run.source if trial.run is not None else state.spec.source.name
    found = []
    for name in state.awaited(trial):
        outcome = state.spec.outcomes[name]
        if isinstance(outcome, NumberOutcome) and outcome.reduce is not None:
            continue  # it comes with what it is computed from
        who = state.spec.measured_elsewhere.get(name, here)
        found.append(((who, name, f"planner tell FILE TRIAL {name}=VALUE"), ended))
    return found
