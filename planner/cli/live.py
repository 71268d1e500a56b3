"""Live progress of a run: one line a trial, and below it what is going on now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from planner.campaign import CampaignSpec, utility
from planner.campaign.words.phrases import count
from planner.ledger.entries import (
    AdjustmentAnswered,
    AdjustmentAsked,
    CoverageAlarm,
    Entry,
    FitFailed,
    OrderKeptBack,
    OutcomesObserved,
    ResultArrived,
    RunOpened,
    StopLatched,
    TrialMoved,
    TrialProposed,
    WantedSet,
)
from planner.ledger.replay import CampaignState
from planner.loop.deciding.stating import is_class, wanted_classes
from planner.loop.rules.late import say_late
from planner.loop.steps.waiting import describe_wish
from planner.space import Configuration
from planner.trials import Trial, TrialState

_REMARKABLE = (
    TrialState.HELD,
    TrialState.IN_DOUBT,
    TrialState.FAILED_BY_MACHINE,
    TrialState.FAILED_BY_PROCESS,
    TrialState.ABORTED,
    TrialState.REJECTED,
    TrialState.EXPIRED,
    TrialState.SUPERSEDED,
)


@dataclass(slots=True)
class Progress:
    """Hears the entries of a campaign and shows them.

    Args:
        console: where to.
        started: seconds of the monotonic clock, when this run began.
    """

    console: Console
    started: float = field(default_factory=time.monotonic)
    best: float | None = None
    best_trial: int | None = None
    _live: Live | None = None

    def hear(self, entry: Entry, state: CampaignState) -> None:
        """Shows one entry."""
        record = entry.record
        match record:
            case OutcomesObserved():
                self._show_result(state, state.trial(record.trial))
            case TrialProposed():
                self._show_now(state, f"trial {record.trial} proposed: {record.proposal.reason}")
            case RunOpened():
                self._show_now(state, f"trial {record.trial} runs at {record.source}")
            case WantedSet():
                said = describe_wish(record, by=entry.author)
                self._say(f"{state.campaign}: {said}", style="yellow")
            case _:
                remark = _remark_on(entry, state)
                if remark is not None:
                    self._say(remark[0], style=remark[1])

    def message(self, text: str) -> None:
        """Shows a sentence of the engine."""
        self._say(text, style="dim")

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Keeps a line with what is going on at the bottom, on a terminal."""
        if not self.console.is_terminal:
            yield
            return
        waiting = Spinner("dots", Text("starting"))
        with Live(waiting, console=self.console, refresh_per_second=8, transient=True) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def _show_result(self, state: CampaignState, trial: Trial) -> None:
        spec = state.spec
        name = spec.objective.outcome
        value = spec.goal_value(trial.observation.outcomes) if trial.observation else None
        if value is None:
            return
        self._note_best(state, trial.number, value)
        of = spec.budget.trials or "?"
        line = Text(f"[{trial.number:>3}/{of}] ")
        line.append(describe(trial.configuration, spec))
        line.append("  ")
        if is_class(spec):
            line.append(_chance(trial, spec), style="cyan")
            line.append(f"  came to {_class(trial, name)}", style="bold")
            line.append(f"  {_hits(state)}", style="green")
        else:
            line.append(_predicted(trial, name), style="cyan")
            line.append(f"  measured {value:.4g}", style="bold")
            line.append(f"  best {self.best:.4g} (trial {self.best_trial})", style="green")
        line.append(f"  {self._left(state)}", style="dim")
        self._print(line)

    def _note_best(self, state: CampaignState, number: int, value: float) -> None:
        objective = state.spec.objective
        if self.best is None or utility(objective, value) > utility(objective, self.best):
            self.best, self.best_trial = value, number

    def _left(self, state: CampaignState) -> str:
        spent = time.monotonic() - self.started
        budget = state.spec.budget
        parts = [f"{spent:.0f} s"]
        if budget.trials is not None:
            parts.append(f"{count(budget.trials - state.n_committed, 'trial')} left")
        if budget.time is not None and state.last_at is not None:
            gone = (state.last_at - state.opened_at).total_seconds()
            parts.append(f"{(budget.time - gone) / 3600:.1f} h left")
        return ", ".join(parts)

    def _show_now(self, state: CampaignState, text: str) -> None:
        if self._live is not None:
            best = "" if self.best is None else f"best {self.best:.4g}  "
            if is_class(state.spec):
                best = f"{_hits(state)}  "
            self._live.update(Spinner("dots", Text(f"{best}{self._left(state)}  {text}")))

    def _say(self, text: str, *, style: str) -> None:
        self._print(Text(text, style=style))

    def _print(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)


def _remark_on(entry: Entry, state: CampaignState) -> tuple[str, str] | None:
    """Returns what to say of an entry that is no progress, and in which colour."""
    record = entry.record
    match record:
        case OrderKeptBack():
            number = state.run_of(record.key)[0].number
            return f"[{number:>3}] its order waits: {record.reason}", "yellow"
        case AdjustmentAsked():
            number = state.run_of(record.key)[0].number
            return f"[{number:>3}] is to be changed by {entry.author}: {record.reason}", "yellow"
        case AdjustmentAnswered():
            number = state.run_of(record.key)[0].number
            why = f": {record.reason}" if record.reason else ""
            return f"[{number:>3}] the change was {record.state}{why}", "yellow"
        case TrialMoved() if record.to in _REMARKABLE:
            colour = "red" if record.to is TrialState.IN_DOUBT else "yellow"
            return f"[{record.trial:>3}] {record.to}: {record.reason}", colour
        case ResultArrived(late=True):
            trial, run = state.run_of(record.key)
            return f"[{trial.number:>3}] {say_late(trial, run)} (planner resolve)", "red"
        case StopLatched():
            return f"Emergency stop by {entry.author}: {record.reason}", "red"
        case CoverageAlarm():
            return record.reason, "yellow"
        case FitFailed():
            return f"No model: {record.reason}; {record.consequence}.", "yellow"
    return None


def describe(configuration: Configuration, spec: CampaignSpec) -> str:
    """Returns a configuration with its units, for a person."""
    parts = []
    for name, value in configuration.items():
        unit = spec.scalars[name].unit
        shown = value if isinstance(value, str) else f"{value:.6g}"
        parts.append(f"{name} {shown}" + ("" if unit in ("", "1") else f" {unit}"))
    return ", ".join(parts)


def describe_courses(configuration: Configuration, spec: CampaignSpec) -> list[str]:
    """Returns a line for each programme in time: all its knots, the fixed ones too."""
    tables = {name: profile.table(configuration) for name, profile in spec.profiles.items()}
    return [f"{name}: {table}" for name, table in tables.items()]


def seed_best(progress: Progress, state: CampaignState) -> None:
    """Takes over the best of the trials that earlier runs made."""
    objective = state.spec.objective
    for trial in state.measured:
        value = state.spec.goal_value(trial.observation.outcomes) if trial.observation else None
        if value is None:
            continue
        if progress.best is None or utility(objective, value) > utility(objective, progress.best):
            progress.best, progress.best_trial = value, trial.number


def _chance(trial: Trial, spec: CampaignSpec) -> str:
    predicted = trial.proposal.predictions.get(spec.objective.outcome)
    wanted = " or ".join(wanted_classes(spec))
    if predicted is None:
        return "no prediction yet"
    return f"chance of {wanted} {100 * predicted.mean:.0f} %"


def _class(trial: Trial, name: str) -> str:
    assert trial.observation is not None  # the caller looked
    return str(trial.observation.outcomes[name].value)


def _hits(state: CampaignState) -> str:
    """Says how many trials came to a wanted class."""
    values = [
        state.spec.goal_value(trial.observation.outcomes)
        for trial in state.trials.values()
        if trial.observation is not None  # the one just told is about to be completed
    ]
    known = [value for value in values if value is not None]
    return f"{sum(known):.0f} of {len(known)} came to what is wanted"


def _predicted(trial: Trial, name: str) -> str:
    predicted = trial.proposal.predictions.get(name)
    if predicted is None:
        return "no prediction yet"
    return f"predicted {predicted.mean:.4g} ({predicted.low:.4g} to {predicted.high:.4g})"
