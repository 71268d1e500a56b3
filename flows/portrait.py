"""What Prefect's pages show of a campaign: a few words, a picture of progress, the last trials."""

from __future__ import annotations

import base64
import math

import numpy as np

from planner.campaign import CampaignSpec, utility
from planner.ledger.replay import CampaignState
from planner.pictures import Progress, draw_progress
from planner.pictures.progress import TrialState as Drawn
from planner.report.goal import goal_of
from planner.trials import CHARGED, PENDING, TERMINAL_TRIALS, Trial, TrialState

LAST_TRIALS = 50
WIDTH_PX = 700.0


def share_done(state: CampaignState) -> float:
    """Return how much of the budget in trials is used up, in percent; 100 once it has stopped."""
    if state.stopped is not None:
        return 100.0
    ended = sum(trial.state in CHARGED for trial in state.trials.values())
    budget = state.spec.budget.trials
    return min(100.0, 100.0 * ended / budget) if budget else 0.0


def say_standing(state: CampaignState) -> str:
    """Return in a sentence or two how far the campaign is."""
    ended = sum(trial.state in TERMINAL_TRIALS for trial in state.trials.values())
    of = f" of {state.spec.budget.trials}" if state.spec.budget.trials else ""
    best = best_trial(state)
    parts = [f"{ended}{of} trials have ended."]
    if best is not None:
        parts.append(f"Best: trial {best.number} with {_measured(best, state.spec)}.")
    if state.stopped is not None:
        parts.append(f"Stopped: {state.stopped.reason}.")
    return " ".join(parts)


def say_trial(trial: Trial, spec: CampaignSpec) -> str:
    """Return in a line what an observed trial brought, and what had been predicted."""
    predicted = trial.proposal.predictions.get(spec.outcome.name)
    units = {name: parameter.unit for name, parameter in spec.scalars.items()}
    settings = ", ".join(
        f"{name} {_shown(value)}" + (f" {units[name]}" if units[name] not in ("", "1") else "")
        for name, value in trial.configuration.items()
    )
    said = f"Trial {trial.number}: {_measured(trial, spec)} at {settings}"
    if predicted is not None:
        said += f"; predicted {predicted.low:.4g} to {predicted.high:.4g}"
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
    return "\n\n".join(filter(None, parts))


def draw(state: CampaignState) -> str:
    """Return the picture of progress as a ``data:`` URL, which needs no server to show it."""
    spec = state.spec
    taken = [trial for trial in state.trials.values() if _is_drawn(trial)]
    values = [_value(trial, state) for trial in taken]
    progress = Progress(
        outcome=spec.outcome.name,
        unit=spec.outcome.unit if spec.outcome.label != spec.outcome.name else "",
        goal=goal_of(spec.objective),
        values=np.array([math.nan if value is None else value for value in values]),
        states=[_drawn(trial, value) for trial, value in zip(taken, values, strict=True)],
        is_start=np.array([trial.proposal.origin == "start" for trial in taken], dtype=bool),
    )
    svg = draw_progress(progress, width_px=WIDTH_PX)
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _table(state: CampaignState) -> str:
    spec = state.spec
    names = [parameter.label for parameter in spec.scalars.values()]
    outcome = spec.outcome
    head = ["trial", outcome.label, "predicted", *names, "state"]
    last = list(state.trials.values())[-LAST_TRIALS:]
    rows = [_row(trial, state) for trial in reversed(last)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _row(trial: Trial, state: CampaignState) -> list[str]:
    value = _value(trial, state)
    predicted = trial.proposal.predictions.get(state.spec.objective.outcome)
    return [
        str(trial.number),
        "" if value is None else f"**{value:.4g}**",
        "" if predicted is None else f"{predicted.low:.4g} to {predicted.high:.4g}",
        *(_shown(each) for each in trial.configuration.values()),
        str(trial.state),
    ]


def _shown(value: float | str) -> str:
    return value.replace("|", "\\|") if isinstance(value, str) else f"{value:.6g}"


def _measured(trial: Trial, spec: CampaignSpec) -> str:
    outcome = spec.outcome
    value = spec.goal_value(trial.observation.outcomes) if trial.observation else None
    unit = f" {outcome.unit}" if outcome.label != outcome.name else ""
    return f"no {outcome.name} yet" if value is None else f"{outcome.name} {value:.4g}{unit}"


def _value(trial: Trial, state: CampaignState) -> float | None:
    if trial.state is not TrialState.COMPLETED or trial.observation is None:
        return None
    return state.spec.goal_value(trial.observation.outcomes)


def _is_drawn(trial: Trial) -> bool:
    return trial.state in CHARGED or trial.state in PENDING


def _drawn(trial: Trial, value: float | None) -> Drawn:
    if value is not None:
        return "observed"
    if trial.quarantined:
        return "quarantined"
    return "pending" if trial.state in PENDING else "failed"
