"""A trial of a person's own, in words and as facts: what to expect, beside the planner's choice."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from planner.campaign import CampaignSpec, Maximise, Minimise, Person
from planner.campaign.words.phrases import after, typeset
from planner.cli.live import describe, describe_courses
from planner.ledger.replay import CampaignState
from planner.loop.deciding.stating import is_class
from planner.loop.deciding.why_words import trial_table
from planner.loop.people import Proposed
from planner.loop.work_list import values_to_type
from planner.trials import Prediction, Trial, TrialState

if TYPE_CHECKING:
    from planner.loop.people.comparing import Compared, Expected


def proposed_in_words(proposed: Proposed, state: CampaignState, *, file: str) -> str:
    """Returns what a person reads who has proposed a trial.

    Args:
        proposed: what was entered.
        state: of the campaign.
        file: the campaign file, as it stands in a command.
    """
    trial, spec = proposed.trial, state.spec
    lines = [
        f"Trial {trial.number} is entered: {describe(trial.configuration, spec)}. "
        f"{_what_next(trial, spec, file)}"
    ]
    lines += [f"  {course}" for course in describe_courses(trial.configuration, spec)]
    lines += [f"  {line}" for line in _comparison(proposed.compared, spec)]
    if proposed.repeats:
        word = "trial" if len(proposed.repeats) == 1 else "trials"
        lines.append(f"  A replicate of {word} {', '.join(map(str, proposed.repeats))}.")
    lines += [f"  {note}" for note in proposed.notes]
    return "\n".join(lines)


def proposed_json(proposed: Proposed) -> dict[str, Any]:
    """Returns the same as facts."""
    return {
        "trial": proposed.trial.number,
        "state": str(proposed.trial.state),
        "configuration": dict(proposed.trial.configuration),
        "compared": asdict(proposed.compared),
        "repeats": list(proposed.repeats),
        "notes": list(proposed.notes),
    }


def trial_in_words(trial: Trial, spec: CampaignSpec, *, figures: bool = False) -> list[str]:
    """Returns what to set, what to expect and why, in lines.

    Args:
        trial: as it was proposed.
        spec: of its campaign.
        figures: whether the figures behind the reason are shown too, as the ledger has them.
    """
    lines = [f"Trial {trial.number}: {describe(trial.configuration, spec)}"]
    lines += [f"  {course}" for course in describe_courses(trial.configuration, spec)]
    for prediction in trial.proposal.predictions.values():
        lines.append(f"  expected {prediction_in_words(prediction, spec)}")
    lines.append(f"  {trial.proposal.reason}")
    return [*lines, *(f"    {each}" for each in trial_table(trial, spec))] if figures else lines


def prediction_in_words(prediction: Prediction, spec: CampaignSpec) -> str:
    """Returns a prediction with its interval; of a class its chance alone, which has none."""
    name = spec.outcome.name
    if is_class(spec):
        return f"{name} {prediction.mean:.0%}"
    mean, low, high = (
        typeset(f"{each:.4g}") for each in (prediction.mean, prediction.low, prediction.high)
    )
    unit = after(spec.outcome.unit)
    return f"{name} {mean}{unit} ({low} to {high} with probability {prediction.level:g})"


def _what_next(trial: Trial, spec: CampaignSpec, file: str) -> str:
    if trial.handed:
        names = ", ".join(spec.measured_at_once) or "what came out"
        typed = f"planner tell {file} {trial.number} {values_to_type(spec)}"
        return f"It is yours to run; then tell {names}: {typed}."
    if trial.state is TrialState.AWAITING_APPROVAL:
        return f"It waits for approval: planner approve {file} {trial.number}."
    assert not isinstance(spec.source, Person)
    return f"Source {spec.source.name!r} runs it when the campaign runs (planner run {file})."


def _comparison(compared: Compared, spec: CampaignSpec) -> list[str]:
    if compared.own.prediction is None:
        return [f"The model cannot say yet what to expect: {compared.why_not}"]
    lines = [f"expected {prediction_in_words(compared.own.prediction, spec)}"]
    if compared.own.probability is not None:
        lines.append(f"{_goal(compared, spec)} {compared.own.probability:.0%}")
    planners = compared.planners
    if planners is not None:
        lines.append(f"the planner's own choice: {_expected(planners, spec)}")
    if compared.better_than is not None:
        lines.append(
            f"in the planner's measure it looks better than {compared.better_than:.0%} of "
            f"{compared.n_pool} settings"
        )
    return lines


def _expected(expected: Expected, spec: CampaignSpec) -> str:
    words = describe(expected.configuration, spec)
    if expected.prediction is not None:
        words += f"; expected {prediction_in_words(expected.prediction, spec)}"
    if expected.probability is not None:
        words += f", chance {expected.probability:.0%}"
    return words


def _goal(compared: Compared, spec: CampaignSpec) -> str:
    objective = spec.objective
    is_open = isinstance(objective, Maximise | Minimise) and objective.goal is None
    if not is_open:
        return "chance to meet the goal:"
    assert isinstance(objective, Maximise | Minimise)
    best = f" ({compared.best[1]}, {compared.best[0]:.4g})" if compared.best else ""
    gain = f" by {objective.gain:g}" if objective.gain else ""
    return f"chance to beat the best so far{best}{gain}:"
