"""What Prefect's pages show of a campaign: a few words, a picture of progress, the last trials."""

from __future__ import annotations

import base64
import math

import numpy as np

from planner.campaign import CampaignSpec, ClassOutcome, utility
from planner.ledger.replay import CampaignState
from planner.loop.deciding.stating import is_class, wanted_classes
from planner.pictures import ClassTrials, Progress, draw_class_trials, draw_progress
from planner.pictures.objective import goal_of
from planner.pictures.progress import TrialState as Drawn
from planner.trials import (
    PENDING,
    TERMINAL_TRIALS,
    Prediction,
    Trial,
    TrialState,
    is_charged,
)

LAST_TRIALS = 50
LAST_REASONS = 10
WIDTH_PX = 700.0


def share_done(state: CampaignState) -> float:
    """Return how much of the budget in trials is used up, in percent; 100 once it has stopped."""
    if state.stopped is not None:
        return 100.0
    ended = sum(is_charged(trial) for trial in state.trials.values())
    budget = state.spec.budget.trials
    return min(100.0, 100.0 * ended / budget) if budget else 0.0


def say_standing(state: CampaignState) -> str:
    """Return in a sentence or two how far the campaign is."""
    ended = sum(trial.state in TERMINAL_TRIALS for trial in state.trials.values())
    of = f" of {state.spec.budget.trials}" if state.spec.budget.trials else ""
    best = best_trial(state)
    parts = [f"{ended}{of} trials have ended."]
    if best is not None and is_class(state.spec):
        parts.append(_hits(state))
    elif best is not None:
        parts.append(f"Best: trial {best.number} with {_measured(best, state.spec)}.")
    if state.stopped is not None:
        parts.append(f"Stopped: {state.stopped.reason}.")
    return " ".join(parts)


def say_trial(trial: Trial, spec: CampaignSpec) -> str:
    """Return in a line what an observed trial brought, and what had been predicted."""
    predicted = trial.proposal.predictions.get(spec.objective.outcome)
    units = {name: parameter.unit for name, parameter in spec.scalars.items()}
    settings = ", ".join(
        f"{name} {_shown(value)}" + (f" {units[name]}" if units[name] not in ("", "1") else "")
        for name, value in trial.configuration.items()
    )
    said = f"Trial {trial.number}: {_measured(trial, spec)} at {settings}"
    if predicted is not None:
        said += f"; predicted {_predicted(predicted, spec)}"
    return said


def best_trial(state: CampaignState) -> Trial | None:
    """Return the trial with the best measured outcome so far."""
    objective = state.spec.objective
    values = ((trial, _value(trial, state)) for trial in state.trials.values())
    known = [(trial, value) for trial, value in values if value is not None]
    if not known:
        return None
    return max(known, key=lambda each: utility(objective, each[1]))[0]


def describe(state: CampaignState) -> str:
    """Return the page in Markdown: words, picture, table; it needs no other file."""
    spec = state.spec
    kind = "simulated" if state.simulated else "real"
    parts = [f"## {spec.campaign}", spec.about, f"Source **{spec.source.name}** ({kind})."]
    n = min(LAST_TRIALS, len(state.trials))
    if state.trials:
        parts += [
            f"![Progress]({draw(state)})",
            f"### The last {n} trials",
            _table(state),
        ]
    parts += _open_trials(state)
    return "\n\n".join(filter(None, parts))


def _open_trials(state: CampaignState) -> list[str]:
    """Return why the trials were chosen that have not ended, the last first."""
    last = list(reversed(state.open_trials))[:LAST_REASONS]
    if not last:
        return []
    lines = [f"- **Trial {each.number}** ({each.state}): {_safe(each)}" for each in last]
    return ["### Why these are tried", "\n".join(lines)]


def _safe(trial: Trial) -> str:
    """Return a reason on one line; what a person wrote may break lines."""
    return " ".join(trial.proposal.reason.split())


def draw(state: CampaignState) -> str:
    """Return the picture of progress as a ``data:`` URL, which needs no server to show it."""
    spec = state.spec
    taken = [trial for trial in state.trials.values() if _is_drawn(trial)]
    values = [_value(trial, state) for trial in taken]
    states = [_drawn(trial, value) for trial, value in zip(taken, values, strict=True)]
    if is_class(spec):
        return _as_url(draw_class_trials(_classes(taken, states, spec), width_px=WIDTH_PX))
    progress = Progress(
        outcome=spec.outcome.name,
        unit=spec.outcome.unit if spec.outcome.label != spec.outcome.name else "",
        goal=goal_of(spec.objective),
        values=np.array([math.nan if value is None else value for value in values]),
        states=states,
        is_start=np.array([trial.proposal.origin == "start" for trial in taken], dtype=bool),
    )
    return _as_url(draw_progress(progress, width_px=WIDTH_PX))


def _classes(taken: list[Trial], states: list[Drawn], spec: CampaignSpec) -> ClassTrials:
    outcome = spec.measured_outcome
    assert isinstance(outcome, ClassOutcome)  # that is what is wanted
    chances = [trial.proposal.predictions.get(outcome.name) for trial in taken]
    return ClassTrials(
        outcome=outcome.name,
        classes=outcome.classes,
        wanted=wanted_classes(spec),
        seen=[
            _class(trial, spec) if state == "observed" else None
            for trial, state in zip(taken, states, strict=True)
        ],
        states=states,
        chance=np.array([math.nan if each is None else each.mean for each in chances]),
    )


def _as_url(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _table(state: CampaignState) -> str:
    spec = state.spec
    names = [parameter.label for parameter in spec.scalars.values()]
    said = spec.outcome.name if is_class(spec) else "predicted"
    head = ["trial", spec.measured_outcome.label, said, *names, "state"]
    last = list(state.trials.values())[-LAST_TRIALS:]
    rows = [_row(trial, state) for trial in reversed(last)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _row(trial: Trial, state: CampaignState) -> list[str]:
    value = _value(trial, state)
    predicted = trial.proposal.predictions.get(state.spec.objective.outcome)
    return [
        str(trial.number),
        "" if value is None else f"**{_class(trial, state.spec) or f'{value:.4g}'}**",
        "" if predicted is None else _predicted(predicted, state.spec),
        *(_shown(each) for each in trial.configuration.values()),
        str(trial.state),
    ]


def _shown(value: float | str) -> str:
    return value.replace("|", "\\|") if isinstance(value, str) else f"{value:.6g}"


def _measured(trial: Trial, spec: CampaignSpec) -> str:
    outcome = spec.measured_outcome
    value = spec.goal_value(trial.observation.outcomes) if trial.observation else None
    unit = f" {outcome.unit}" if outcome.label != outcome.name else ""
    if value is None:
        return f"no {outcome.name} yet"
    return f"{outcome.name} {_class(trial, spec) or f'{value:.4g}{unit}'}"


def _class(trial: Trial, spec: CampaignSpec) -> str:
    """Return the class that a trial came to; nothing where the outcome is no class."""
    if not is_class(spec) or trial.observation is None:
        return ""
    return str(trial.observation.outcomes[spec.objective.outcome].value)


def _predicted(predicted: Prediction, spec: CampaignSpec) -> str:
    if is_class(spec):
        return f"{100 * predicted.mean:.0f} %"
    return f"{predicted.low:.4g} to {predicted.high:.4g}"


def _hits(state: CampaignState) -> str:
    """Return how many trials came to what is wanted."""
    values = [_value(trial, state) for trial in state.trials.values()]
    known = [value for value in values if value is not None]
    wanted = " or ".join(wanted_classes(state.spec))
    return f"{sum(known):.0f} of {len(known)} came to {wanted}."


def _value(trial: Trial, state: CampaignState) -> float | None:
    if trial.state not in TERMINAL_TRIALS or trial.observation is None:
        return None
    return state.spec.goal_value(trial.observation.outcomes)


def _is_drawn(trial: Trial) -> bool:
    return is_charged(trial) or trial.state in PENDING


def _drawn(trial: Trial, value: float | None) -> Drawn:
    if value is not None:
        return "observed"
    if trial.quarantined:
        return "quarantined"
    # a trial that has ended may still wait for its outcome
    is_to_come = trial.state in PENDING or trial.state is TrialState.COMPLETED
    return "pending" if is_to_come else "failed"
